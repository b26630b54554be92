"""The audit trail's chain: each entry gets a place after it was committed, and a digest over the one before and itself.

The order of the chain is its own: on PostgreSQL a lower number may become visible after a higher one, and a chain by
number would either wait for it for ever or leave it out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.models_trail import AuditEnd, AuditEntry, AuditLink, AuditRoot

BATCH = 2_000
# No transaction lasts so long: what has a lower number than a link of yesterday is no more to come.
SETTLED = timedelta(days=1)
# What a link says of its entry; what tells who somebody is only as digests that stay when it is erased.
COLUMNS = ("pk", "at", "actor_id", "action", "subject_type", "subject_id", "shop_id", "name_digest", "words_digest")


def chain_audit(now: datetime) -> int:
    """The step: give each new entry its place, and note where the chain ended yesterday. Returns how many."""
    done = _chain(now) if waiting().exists() else 0
    _note_root(now)
    return done


def waiting() -> QuerySet[AuditEntry]:
    """The entries that have no place yet."""
    return _waiting(AuditEnd.objects.filter(pk=1).first() or AuditEnd(pk=1))


def digest(before: str, place: int, entry: Sequence[Any]) -> str:
    """Of a link; `entry` are its `COLUMNS`."""
    key, at, *others = entry
    said = [before, place, key, at.astimezone(UTC).isoformat(timespec="microseconds"), *others]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def _waiting(end: AuditEnd) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(pk__gt=end.looked_from, link=None)


def _chain(now: datetime) -> int:
    with transaction.atomic():
        AuditEnd.objects.get_or_create(pk=1)
        end = AuditEnd.objects.select_for_update().get(pk=1)
        links = []
        for entry in _waiting(end).order_by("pk").values_list(*COLUMNS)[:BATCH]:
            end.place += 1
            end.digest = digest(end.digest, end.place, entry)
            links.append(AuditLink(place=end.place, entry_id=entry[0], digest=end.digest, at=now))
        settled = AuditLink.objects.filter(at__lt=now - SETTLED).order_by("-at", "-place").first()
        end.looked_from = max(end.looked_from, settled.entry_id if settled else 0)
        AuditLink.objects.bulk_create(links)
        end.save()
        failpoint("audit.before_commit")
    failpoint("audit.after_commit")
    return len(links)


def _note_root(now: datetime) -> None:
    """Of yesterday; of a day on which no worker ran there is none, and the next one speaks for it."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = (midnight - timedelta(days=1)).date()
    if AuditRoot.objects.filter(day__gte=day).exists():
        return
    last = AuditLink.objects.filter(at__lt=midnight).order_by("-place").first()
    if last is not None:
        root = {"place": last.place, "digest": last.digest, "made_at": now}
        AuditRoot.objects.get_or_create(day=day, defaults=root)
