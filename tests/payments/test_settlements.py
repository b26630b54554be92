"""Statements: what they say is the ledger and what Stripe transferred; months are closed once, in order, for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from marketplace.payments import (
    calls,
    captures,
    commission_tax,
    gateway,
    invariants,
    ledger,
    settlements,
    statement_files,
    transfers,
)
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import Settlement
from marketplace.payments.sessions import transfer_group
from shops.models import Shop, ShopOrder
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
JANUARY = datetime(2026, 1, 1, 5, tzinfo=UTC)  # midnight in Montréal


@pytest.fixture
def sold(monkeypatch):
    """Both shops of `paying` are paid what they handed over; A's second line was declined after capture."""
    monkeypatch.setattr(commission_tax, "_rules", [lambda shop, network, minor, on: [("CA", minor // 20)]])
    now = timezone.now()
    for shop in (payment := paying.placed(now)) and Shop.objects.all():
        account = gateway.create_account(
            country="CA",
            currency="CAD",
            email=shop.email,
            display_name=shop.name,
            metadata={},
            idempotency_key=f"a:{shop.pk}",
        )
        hosted.activate_account(DatabaseStore(), account.id)
        Shop.objects.filter(pk=shop.pk).update(stripe_account=account.id, stripe_account_ready=True)
    paying.answer(payment, 0, 0, 0)
    captures.settle_answers(now), calls.move_money(now)
    paying.answer(payment, 0, 1, 0)
    ShopOrder.objects.update(status="handed_over", handed_over_at=now)
    for _ in range(3):
        (
            captures.settle_answers(now),
            transfers.due_transfers(now + timedelta(days=8)),
            calls.move_money(now + timedelta(days=8)),
        )
    return payment


def test_statement_is_the_ledger_and_what_stripe_transferred(sold):
    until = timezone.now() + timedelta(days=9)
    found = {}
    for part in ShopOrder.objects.select_related("shop").order_by("pk"):
        made = settlements.statement(part.shop, JANUARY, until, currency="CAD")
        found[part.number[-1]] = list(made.sums.values())
        assert made.closing_minor == -ledger.balance(f"shop:{part.shop_id}", currency="CAD") == 0
        assert {line.shop_order for line in made.lines} == {part}
    assert found == {"A": [2400, 160, 8, 0, 2232], "B": [2490, 182, 9, 0, 2299]}
    sent = {row.destination: row.amount_minor for row in gateway.list_transfers(transfer_group=transfer_group(sold))}
    accounts = Shop.objects.order_by("pk").values_list("stripe_account", flat=True)
    assert [sent[account] for account in accounts] == [2232, 2299]
    assert ledger.balances(currency="CAD")["tax:CA"] == -17
    assert {name: check() for name, check in invariants.INVARIANTS.items() if check()} == {}


def move(shop: Shop, minor: int, at: datetime, kind: str = "dividend") -> None:
    side = {"debit": "dividends", "credit": f"shop:{shop.pk}"}
    if kind == "transfer":
        side = {"debit": f"shop:{shop.pk}", "credit": "stripe"}
    ledger.post(kind, **side, amount_minor=minor, currency="CAD", key=f"{shop.pk} {at} {kind}", cause=kind, now=at)


def test_months_are_closed_in_the_shops_time_with_numbers_without_a_gap():
    shop, other = factories.shop(), factories.shop(timezone="Europe/Paris")
    for days, minor in ((0, 100), (30, 200), (95, 400)):  # January, again January, April
        move(shop, minor, JANUARY + timedelta(days=days))
    move(other, 7, JANUARY - timedelta(hours=5))  # already January in Paris
    move(shop, 250, JANUARY + timedelta(days=31), "transfer")
    at = JANUARY + timedelta(days=31, hours=23)
    assert [settlements.close_months(now) for now in (at, at + timedelta(hours=2), at + timedelta(hours=3))] == [
        1,
        1,
        0,
    ]
    assert settlements.close_months(JANUARY + timedelta(days=365)) == 2
    columns = ("shop", "number", "begins_at", "opening_minor", "other_minor", "transferred_minor", "closing_minor")
    rows = Settlement.objects.filter(shop=shop).order_by("number").values_list(*columns)
    assert list(rows) == [
        (shop.pk, 1, JANUARY, 0, 300, 0, 300),
        (shop.pk, 2, JANUARY + timedelta(days=31), 300, 0, 250, 50),
        (shop.pk, 3, datetime(2026, 4, 1, 4, tzinfo=UTC), 50, 400, 0, 450),
    ]
    assert Settlement.objects.get(shop=other).closing_minor == 7
    assert invariants.statements_agree() == []


def test_entry_written_into_a_closed_month_is_noticed():
    """Negative control of the invariant."""
    shop = factories.shop()
    move(shop, 100, JANUARY)
    settlements.close_months(JANUARY + timedelta(days=40))
    move(shop, 1, JANUARY + timedelta(days=1))
    assert [text.partition(": ")[2] for text in invariants.statements_agree()] == [
        "other 100, the ledger 101",
        "closing 100, the ledger 101",
    ]


def test_files_say_the_same_in_both_languages(sold):
    until = timezone.now() + timedelta(days=9)
    part = ShopOrder.objects.select_related("shop").order_by("pk").first()
    part.lines.update(title="«Cœur» à 5 € Ωδή")
    move(part.shop, 100, until - timedelta(days=1), "=1+1")
    made = settlements.statement(part.shop, until - timedelta(days=20), until, currency="CAD")
    with translation.override("fr"):
        rows = [row.split(";") for row in "".join(statement_files.csv_lines(made)).split("\r\n")]
        assert rows[2][-6:] == ["24,00", "1,60", "0,08", "0,00", "0,00", "22,32"]
        assert statement_files.pdf(made, None) == statement_files.pdf(made, None)
    with translation.override("en"):
        text = "".join(statement_files.csv_lines(made))
        assert ("24.00,1.60,0.08,0.00,0.00,22.32\r\n" in text, text[0]) == (True, "\ufeff")
        assert statement_files.pdf(made, None).startswith(b"%PDF-")
