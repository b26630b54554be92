"""What must always hold of the audit trail: no entry altered, removed or put elsewhere since it got its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from marketplace.foundation import audit, chaining
from marketplace.foundation.erasing import RECORDED_AS
from marketplace.foundation.models_trail import ERASED, AuditEnd, AuditEntry, AuditLink, AuditRoot

LATE = timedelta(minutes=10)
_AT_ONCE = 2_000


def broken_chain() -> list[str]:
    """Each link's digest is of the one before and of its entry as it is now. After the first that is wrong every digest
    is taken as it stands, so that one altered entry is one finding."""
    found, before, expected = [], "", 1
    for place, digest, entry_id, *entry in _links():
        if place != expected:
            found.append(f"places {expected} to {place - 1} are missing")
        if entry[0] is None:
            found.append(f"place {place}: entry {entry_id} is missing")
        elif chaining.digest(before, place, entry) != digest:
            found.append(f"place {place}: entry {entry_id} is not what it was, or not where it was")
        before, expected = digest, place + 1
    end = AuditEnd.objects.filter(pk=1).first() or AuditEnd()
    if (end.place, end.digest) != (expected - 1, before):
        found.append(f"the chain ends at place {expected - 1}, and ended at {end.place}")
    return found


def _links() -> Iterator[tuple[Any, ...]]:
    """(place, digest, number of the entry, its columns or nothing); without a join, which would leave out a link whose
    entry has gone."""
    links = AuditLink.objects.order_by("place").values_list("place", "digest", "entry_id")
    start = 0
    while some := list(links.filter(place__gt=start)[:_AT_ONCE]):
        entries = {
            row[0]: row
            for row in AuditEntry.objects.filter(pk__in=[entry_id for _place, _digest, entry_id in some])
            .order_by()
            .values_list(*chaining.COLUMNS)
        }
        for place, digest, entry_id in some:
            yield (place, digest, entry_id, *entries.get(entry_id, [None]))
        start = some[-1][0]


def without_place() -> list[str]:
    """What the chain went on without. Where no worker runs nothing gets a place, which `doctor` tells."""
    last = AuditLink.objects.order_by("-place").first()
    if last is None:
        return []
    before = min(last.at, timezone.now()) - LATE
    late = AuditEntry.objects.filter(link=None, at__lt=before).order_by("pk")
    return [f"entry {pk} of {at:%Y-%m-%d %H:%M}" for pk, at in late.values_list("pk", "at")]


def altered_words() -> list[str]:
    """What a digest stands for is what was said, or was erased."""
    found = []
    for entry in AuditEntry.objects.order_by("pk").iterator(_AT_ONCE):
        if not _is_as_said(entry):
            found.append(f"entry {entry.pk}: not what was written")
    return found


def _is_as_said(entry: AuditEntry) -> bool:
    if entry.name_salt:
        name = audit.digest_of_name(entry.name_salt, entry.actor_label) == entry.name_digest
    else:
        name = entry.actor_label == ERASED
    if entry.words_salt:
        return name and audit.digest_of_words(entry.words_salt, entry.reason, entry.facts) == entry.words_digest
    return name and (entry.reason, entry.facts) == ("", {})


def erased_by_nobody() -> list[str]:
    on_record: dict[str, set[int]] = {"labels": set(), "words": set()}
    for facts in AuditEntry.objects.filter(action=RECORDED_AS).order_by("pk").values_list("facts", flat=True):
        for name, keys in on_record.items():
            keys.update(facts.get(name, []))
    found = []
    for column, name in (("name_salt", "labels"), ("words_salt", "words")):
        erased = AuditEntry.objects.filter(**{column: ""}).order_by("pk").values_list("pk", flat=True)
        found += [f"entry {pk}: {name} are gone, and nobody erased them" for pk in erased if pk not in on_record[name]]
    return found


def roots_off_the_chain() -> list[str]:
    places = AuditRoot.objects.values_list("place", flat=True)
    links = dict(AuditLink.objects.filter(place__in=places).values_list("place", "digest"))
    return [
        f"root of {root.day}: place {root.place} has another digest"
        for root in AuditRoot.objects.order_by("day")
        if links.get(root.place) != root.digest
    ]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "audit: the chain holds": broken_chain,
    "audit: every entry has its place in the chain": without_place,
    "audit: what was said is what was written": altered_words,
    "audit: every erasure is on record": erased_by_nobody,
    "audit: the roots of days are on the chain": roots_off_the_chain,
}
