"""What the audit trail says of who somebody is, taken out of it; what was done, when, to which row and by which number
stays, and so does the chain (decision 0030)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import models
from django.db.models import Q

from marketplace.foundation import audit
from marketplace.foundation.models_trail import ERASED, AuditEntry

RECORDED_AS = "audit.erase"
_AT_ONCE = 500


def erase(person: models.Model, known_as: Iterable[str], *, by: object) -> tuple[int, int]:
    """Of a user's entries the label, and wherever one of `known_as` (addresses, a name) is written what it is written
    in. The erasure is recorded with the numbers of the entries. Returns how many labels, how many words."""
    written = list(known_as)
    names = Q(actor_id=person.pk)
    words = Q(pk__in=[])
    for one in written:
        names |= Q(actor_label__icontains=one)
        # SQLite keeps JSON as it is sent, with accents escaped; PostgreSQL as it reads.
        words |= Q(reason__icontains=one) | Q(facts__icontains=one) | Q(facts__icontains=json.dumps(one)[1:-1])
    kept = AuditEntry.objects.exclude(action=RECORDED_AS)
    labels = list(kept.filter(names).exclude(name_salt="").order_by("pk").values_list("pk", flat=True))
    said = list(kept.filter(words).exclude(words_salt="").order_by("pk").values_list("pk", flat=True))
    if not labels and not said:
        return 0, 0
    for some in _parts(labels):
        AuditEntry.objects.filter(pk__in=some).update(name_salt="", actor_label=ERASED)
    for some in _parts(said):
        AuditEntry.objects.filter(pk__in=some).update(words_salt="", reason="", facts={})
    audit.record(RECORDED_AS, person, by=by, labels=labels, words=said)
    return len(labels), len(said)


def _parts(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
