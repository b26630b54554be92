"""What nothing came of is not kept for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts
from marketplace.checkout.models import Checkout
from marketplace.readers import forgetting
from marketplace.readers.forgetting import KEEP, forget_unplaced
from shops.models import Reservation
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
GIVEN = dict.fromkeys(forgetting.WRITTEN, "x") | {"country": "CA", "email": "lea@example.org", "recipient_email": ""}


def written(state: str, age: timedelta, **columns: object) -> Checkout:
    token = f"{state}-{age.days}-{len(columns)}"
    made = timezone.now() - age
    columns = {"token": token, "state": state, "currency": "CAD", "created_at": made} | GIVEN | columns
    return Checkout.objects.create(**columns)


def test_forget_unplaced_empties_what_was_left_alone_and_nothing_else():
    now, old = timezone.now(), KEEP + DAY
    gone = [written(state, old) for state in ("open", "ended", "refunded")]
    kept = [
        written("open", KEEP - DAY),
        written("paying", old),
        written("paid", old),
        written("placed", old),
        written("open", old, touched_at=now - DAY),
        written("ended", old, expires_at=now - DAY, touched_at=None),
    ]
    assert (forget_unplaced(now), forget_unplaced(now)) == (3, 0)
    for row in (*gone, *kept):
        row.refresh_from_db()
    assert {tuple(getattr(row, name) for name in GIVEN if name != "country") for row in gone} == {
        ("",) * 10 + ("",) * 2
    }
    assert {(row.email, row.name, row.country) for row in kept} == {("lea@example.org", "x", "CA")}


def test_forget_unplaced_works_in_batches_and_what_is_written_counts_from_then(monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 1)
    now = timezone.now()
    rows = [written("open", KEEP + DAY * days) for days in (1, 2, 3)]
    checkouts.set_person(rows[0], email="lea@example.org", name="Léa")
    assert [forget_unplaced(now) for _ in range(3)] == [1, 1, 0]
    assert list(Checkout.objects.exclude(name="").values_list("pk", flat=True)) == [rows[0].pk]


def test_forget_unplaced_empties_guests_reservations_that_ended():
    now, shop = timezone.now(), factories.shop()
    _guest, running, _of_account = (
        factories.reservation(factories.stock_record(shop), user=user, email=f"{n}@example.org")
        for n, user in enumerate((None, None, factories.user()))
    )
    Reservation.objects.exclude(pk=running.pk).update(ended_at=now - KEEP - DAY)
    assert forget_unplaced(now) == 1
    rows = Reservation.objects.order_by("pk").values_list("email", "name")
    assert list(rows) == [("", ""), ("1@example.org", "Léa"), ("2@example.org", "Léa")]
