"""The audit trail: the database refuses to change it, each entry gets its place in the chain, `verify` finds what was
altered, removed or put elsewhere, and what says who somebody is can be erased without breaking it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from marketplace.foundation import audit, chaining, erasing, invariants
from marketplace.foundation.models import AuditEnd, AuditEntry, AuditLink, AuditRoot
from tests import factories

pytestmark = pytest.mark.django_db
ALL = {"audit_entry_stays": "foundation_auditentry", "audit_link_stays": "foundation_auditlink"}


def written(number: int = 3) -> list[AuditEntry]:
    someone = factories.user("zoe@example.org")
    return [audit.record("thing.do", someone, by=someone, reason=f"because {n}", n=n, share=0.5) for n in range(number)]


def unguarded(change: Callable[[], object]) -> None:
    """Do it as somebody would who may change the database's own rules: without the triggers."""
    with connection.cursor() as cursor:
        for name, table in ALL.items():
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                cursor.execute(f"DROP TRIGGER {name}_UPDATE")
                cursor.execute(f"DROP TRIGGER {name}_DELETE")
    change()


def found() -> dict[str, list[str]]:
    return {name: texts for name, check in invariants.INVARIANTS.items() if (texts := check())}


@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditEntry.objects.update(action="thing.undo"),
        lambda: AuditEntry.objects.update(actor_label="somebody else"),
        lambda: AuditEntry.objects.update(facts={"n": 7}),
        lambda: AuditEntry.objects.update(actor_label="(erased)", at=timezone.now()),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditLink.objects.update(digest="0" * 64),
        lambda: AuditLink.objects.all().delete(),
        lambda: AuditRoot.objects.update(digest="0" * 64),
    ],
)
def test_database_refuses_to_change_or_delete(change):
    written()
    chaining.chain_audit(timezone.now())
    chaining.chain_audit(timezone.now() + timedelta(days=1))
    with pytest.raises(DatabaseError, match="neither changed nor deleted"), transaction.atomic():
        change()
    assert found() == {}


def test_entries_outlive_whom_they_name():
    someone, shop = factories.user("zoe@example.org"), factories.shop()
    audit.record("thing.do", shop, by=someone, shop_id=shop.pk)
    number = someone.pk
    someone.delete()
    assert AuditEntry.objects.values_list("actor_id", "actor_label", "shop_id").get() == (
        number,
        "zoe@example.org",
        shop.pk,
    )
    assert AuditEntry.objects.select_related("actor").get().actor is None


def test_each_entry_gets_its_place_once():
    first = written()
    assert [chaining.chain_audit(timezone.now()) for _ in range(2)] == [3, 0]
    more = audit.record("thing.do", factories.shop())
    chaining.chain_audit(timezone.now())
    assert list(AuditLink.objects.order_by("place").values_list("place", "entry_id")) == [
        (place, entry.pk) for place, entry in enumerate([*first, more], start=1)
    ]
    assert found() == {}


def test_entry_that_becomes_visible_late_gets_its_place():
    """Of two transactions the one with the lower number may be committed later."""
    first, late, last = written()
    rows = AuditEntry.objects.filter(pk=late.pk).values()
    values = dict(rows[0])
    unguarded(AuditEntry.objects.filter(pk=late.pk).delete)
    chaining.chain_audit(timezone.now())
    AuditEntry.objects.create(**values)
    chaining.chain_audit(timezone.now())
    assert list(AuditLink.objects.order_by("place").values_list("entry_id", flat=True)) == [first.pk, last.pk, late.pk]
    assert found() == {}


def test_what_is_long_settled_is_not_looked_at_again():
    entries, now = written(), timezone.now()
    chaining.chain_audit(now)
    audit.record("thing.do", factories.shop())
    chaining.chain_audit(now + timedelta(days=2))
    assert AuditEnd.objects.get().looked_from == entries[-1].pk


HOLDS, SAID = "audit: the chain holds", "audit: what was said is what was written"


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(action="thing.undo"), {HOLDS: 1}),
        (lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(actor_id=7), {HOLDS: 1}),
        (lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(reason="no reason"), {SAID: 1}),
        (lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(facts={"n": 2}), {SAID: 1}),
        (lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(actor_label="me"), {SAID: 1}),
        (
            lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(words_salt="", reason="", facts={}),
            {"audit: every erasure is on record": 1},
        ),
        (lambda entry: AuditEntry.objects.filter(pk=entry.pk).delete(), {HOLDS: 1}),
        (lambda entry: AuditLink.objects.filter(entry_id=entry.pk).delete(), {HOLDS: 2}),
        (lambda entry: AuditLink.objects.filter(place=3).delete(), {HOLDS: 1}),
    ],
)
def test_verify_finds_what_was_changed(change, broken):
    _first, middle, _last = written()
    chaining.chain_audit(timezone.now())
    unguarded(lambda: change(middle))
    assert {name: len(texts) for name, texts in found().items()} == broken


def test_verify_finds_two_that_changed_places():
    first, second, _third = written()
    chaining.chain_audit(timezone.now())

    def swap() -> None:
        for place, entry_id in ((1, -1), (2, first.pk), (1, second.pk)):
            AuditLink.objects.filter(place=place).update(entry_id=entry_id)

    unguarded(swap)
    assert [text.partition(":")[0] for text in found()[HOLDS]] == ["place 1", "place 2"]


def test_verify_finds_what_never_got_a_place(monkeypatch):
    entry = written(1)[0]
    assert found() == {}, "no worker runs"
    chaining.chain_audit(timezone.now() + timedelta(hours=1))
    unguarded(AuditLink.objects.filter(entry=entry).delete)
    AuditEnd.objects.update(looked_from=entry.pk, place=0, digest="")
    audit.record("thing.do", factories.shop())
    later = timezone.now() + timedelta(hours=1)
    chaining.chain_audit(later)
    monkeypatch.setattr(invariants, "timezone", SimpleNamespace(now=lambda: later))
    assert list(found()) == ["audit: every entry has its place in the chain"]


def test_day_has_one_root_and_verify_compares_it():
    entries, now = written(), timezone.now()
    chaining.chain_audit(now)
    tomorrow = now + timedelta(days=1)
    for _ in range(2):
        chaining.chain_audit(tomorrow)
    root = AuditRoot.objects.get()
    assert (root.day, root.place) == (now.date(), len(entries))
    AuditRoot.objects.create(day=tomorrow.date(), place=2, digest="0" * 64, made_at=now)
    assert list(found()) == ["audit: the roots of days are on the chain"]


def test_erasing_a_person_breaks_nothing():
    entries = written(2)
    other = factories.user("max@example.org")
    audit.record("member.invite", other, by=other, email="zoe@example.org")
    audit.record("member.invite", other, by=other, email="someone@example.org")
    audit.record("member.invite", other, by=other, email="Zoé Tremblay")
    chaining.chain_audit(timezone.now())
    zoe = entries[0].actor
    assert zoe is not None
    assert erasing.erase(zoe, {"zoe@example.org", "Zoé Tremblay"}, by="reader 1") == (2, 2)
    chaining.chain_audit(timezone.now())
    rows = AuditEntry.objects.order_by("pk").values_list("actor_id", "actor_label", "reason", "facts")
    assert [tuple(row) for row in rows][:5] == [
        (zoe.pk, "(erased)", "because 0", {"n": 0, "share": 0.5}),
        (zoe.pk, "(erased)", "because 1", {"n": 1, "share": 0.5}),
        (other.pk, "max@example.org", "", {}),
        (other.pk, "max@example.org", "", {"email": "someone@example.org"}),
        (other.pk, "max@example.org", "", {}),
    ]
    assert found() == {}


def test_numbers_are_the_same_on_either_database():
    audit.record("thing.do", factories.shop(), big=1e16, small=1e-7, whole=2.0, deep={"of": [1.0, {"é": None}]})
    assert found() == {}
