"""Statements: what they say is the ledger and what Stripe transferred; months are closed once, in order, for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from marketplace.payments import (
    calls,
    captures,
    commission_tax,
    gateway,
    invariants,
    ledger,
    ledger_corrections,
    refunds,
    settlements,
    statement_files,
    transfers,
)
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import Dispute, DisputeShare, MoneyCall, Settlement
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


@pytest.fixture
def english():
    with translation.override("en"):
        yield


def test_month_with_refused_reversal_and_netting_says_every_cent(monkeypatch, english):
    """A earns 36.50 less 2.40 and tax 0.24; all of it goes back when its balance is empty; then it earns as much again,
    which is kept back; then a lost dispute is its."""
    monkeypatch.setattr(commission_tax, "_rules", [lambda shop, network, minor, on: [("CA", minor // 10)]])
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    paying.work(now + timedelta(days=8))
    part = paying.parts_of(payment)[0]
    shop = part.shop
    hosted.pay_out(DatabaseStore(), shop.stripe_account, paying.at_stripe(shop), "CAD", int(now.timestamp()))
    for once, minor in ((1, 1001), (2, 2649)):
        wanted = refunds.Wanted("other", part, amount_minor=minor)
        refunds.ask(payment, wanted, reason="damp", by=None, once=f"{once}", now=now + timedelta(days=8))
        paying.work(now + timedelta(days=8 + once))
    later = paying.captured(now)
    ShopOrder.objects.filter(pk=paying.parts_of(later)[0].pk).update(shop=shop)
    paying.handed_over(later, now, "A")
    paying.work(now + timedelta(days=11))
    lost = Dispute.objects.create(
        dispute_id="dp", charge_id="c", amount_minor=300, currency="CAD", opened_at=now, status="lost"
    )
    share = DisputeShare.objects.create(dispute=lost, shop_order=part, amount_minor=300, at=now, reason="no proof")
    ledger_corrections.record_dispute_share(share, now=now + timedelta(days=11))
    made = settlements.statement(shop, JANUARY, now + timedelta(days=12), currency="CAD")
    rows = [list(vars(line).values())[4:9] for line in made.lines]
    assert [(statement_files.said(line), row) for line, row in zip(made.lines, rows, strict=True)] == [
        ("Handed over", [3650, 240, 24, 0, 0]),
        ("Transfer to you", [0, 0, 0, 0, 3386]),
        ("Given back to the reader", [-1001, -65, -7, 0, 0]),
        ("Given back to the reader", [-2649, -175, -17, 0, 0]),
        ("Handed over", [3650, 240, 24, 0, 0]),
        ("Dispute", [0, 0, 0, -300, 0]),
    ]
    calls = MoneyCall.objects.filter(kind="transfer", shop_order__shop=shop).order_by("pk")
    assert [(call.amount_minor, call.netted_minor) for call in calls] == [(3386, 0), (0, 3386)]
    assert made.closing_minor == -300 == -ledger.balance(f"shop:{shop.pk}", currency="CAD")
    settlements.close(shop, JANUARY, now + timedelta(days=12), currency="CAD", now=now + timedelta(days=13))
    broken = {name for name, check in invariants.INVARIANTS.items() if check()}
    assert broken == {"disputes are borne once"}  # its own movement is not in this story


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


@pytest.mark.parametrize(("zone", "other"), [("America/Toronto", "Europe/Paris"), ("Europe/Paris", "America/Toronto")])
def test_shop_that_moves_to_another_time_zone_has_every_entry_in_one_statement(zone, other):
    shop = factories.shop(timezone=zone)
    end = datetime(2026, 2, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for number, at in enumerate((end - timedelta(days=3), end + timedelta(hours=2), end + timedelta(days=40)), start=1):
        move(shop, number * 100, at)
    assert settlements.close_months(end + timedelta(days=2)) == 1
    Shop.objects.filter(pk=shop.pk).update(timezone=other)
    assert settlements.close_months(end + timedelta(days=120)) == 2
    rows = Settlement.objects.filter(shop=shop).order_by("number")
    assert [row.other_minor for row in rows] == [100, 200, 300]
    assert [timezone.localtime(row.month, ZoneInfo(other)).month for row in rows] == [1, 2, 3]
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
