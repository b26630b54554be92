"""What the audit trail says of who somebody is, taken out of it; what was done, when, to which row and by which number
stays, and so does the chain (decision 0030)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q

from marketplace.foundation import audit
from marketplace.foundation.models_trail import ERASED, AuditEntry

RECORDED_AS = "audit.erase"
_AT_ONCE = 500


def erase(person: models.Model, known_as: Iterable[str], *, by: object) -> tuple[int, int]:
    """Of a user's entries the label, and wherever one of `known_as` (addresses that they confirmed, a name) is written
    by itself, what it is written in: ana@example.org is no part of diana@example.org. The erasure is recorded with the
    numbers of the entries. Returns how many labels, how many words."""
    written = list(known_as)
    names, words = Q(actor_id=person.pk), Q(pk__in=[])
    for one in written:
        names |= Q(actor_label__iexact=one) | Q(actor_label__iendswith=f" ({one})")  # in place of whom support acts
        # SQLite keeps JSON as it is sent, with accents escaped; PostgreSQL as it reads.
        words |= Q(reason__icontains=one) | Q(facts__icontains=one) | Q(facts__icontains=json.dumps(one)[1:-1])
    kept = AuditEntry.objects.exclude(action=RECORDED_AS)
    labels = list(kept.filter(names).exclude(name_salt="").order_by("pk").values_list("pk", flat=True))
    found = kept.filter(words).exclude(words_salt="").order_by("pk").values_list("pk", "reason", "facts")
    says = _names_one_of(written)
    said = [pk for pk, reason, facts in found.iterator() if says.search(reason) or any(map(says.search, _texts(facts)))]
    if not labels and not said:
        return 0, 0
    for some in _parts(labels):
        AuditEntry.objects.filter(pk__in=some).update(name_salt="", actor_label=ERASED)
    for some in _parts(said):
        AuditEntry.objects.filter(pk__in=some).update(words_salt="", reason="", facts={})
    audit.record(RECORDED_AS, person, by=by, labels=labels, words=said)
    return len(labels), len(said)


def _names_one_of(written: Iterable[str]) -> re.Pattern[str]:
    """One of them by itself, in letters of any size: with nothing beside it that makes another address of it."""
    found = "|".join(re.escape(one) for one in written) or "(?!)"
    return re.compile(rf"(?<![\w.+\-@])(?:{found})(?!\w|[+\-@]|\.\w)", re.IGNORECASE)


def _texts(facts: Any) -> Iterable[str]:
    if isinstance(facts, str):
        yield facts
    elif isinstance(facts, dict):
        yield from (text for value in facts.values() for text in _texts(value))
    elif isinstance(facts, list):
        yield from (text for value in facts for text in _texts(value))


def _parts(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
