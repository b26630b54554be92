"""Downloads of the network: sold by the shop that the reader chose, or for the solidarity pool."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from marketplace.checkout import checkouts, invoicing
from marketplace.payments import (
    bank,
    earnings,
    invariants_corrections,
    invariants_pool,
    ledger,
    pooling,
    refunds,
    settlements,
)
from marketplace.payments.models import BankAccount, BankEarning, Invoice, LedgerEntry, LineCommission, Payment
from marketplace.payments.refunds import Wanted
from shops.models import Shop, ShopOrder
from tests import factories
from tests.checkout.downloading import broken, e_book, placed, ready

LATER = timedelta(days=8)


def network_shop() -> Shop:
    return factories.shop("Halles", sells_for_all=True, stripe_account_ready=False)


def captured(shop_id: int | None = None) -> ShopOrder:
    """An e-book of the network at 10.00, handed over and charged: 11.50 with GST and QST."""
    record = e_book(Shop.objects.filter(sells_for_all=True).first() or network_shop())
    checkout = placed(factories.basket((record, 1)), shop_id=shop_id)
    Payment.objects.filter(checkout=checkout).update(state="captured", captured_minor=checkout.total_minor)
    payment, now = Payment.objects.get(checkout=checkout), timezone.now()
    ledger.record_capture(payment, amount_minor=checkout.total_minor, fee_minor=0, stripe_id="", now=now)
    return ShopOrder.objects.get(order=checkout.order_id)


def wrong() -> list[str]:
    checks = [*invariants_pool.INVARIANTS.values(), invariants_corrections.ledger_sums_to_zero]
    return [text for check in checks for text in check()]


def test_chosen_shop_is_the_seller(db):
    network_shop()
    mine = factories.shop("Mine")
    part = captured(mine.pk)
    assert (part.shop, part.is_pooled, part.total_minor, broken()) == (mine, False, 1150, {})
    assert pooling.book_pooled(timezone.now() + LATER) == 0
    assert list(earnings.due(timezone.now() + LATER, Shop.objects.all())) == [part]


def test_commission_is_the_one_of_the_offering_shop(db):
    Shop.objects.filter(pk=network_shop().pk).update(commission_basis_points=7000)
    part = captured(factories.shop("Mine").pk)
    assert part.lines.get().commission.amount_minor == 700


def test_sale_without_a_shop_goes_into_the_pool_once(db):
    part = captured()
    assert (part.shop.name, part.is_pooled, broken()) == ("Halles", True, {})
    later = timezone.now() + LATER
    assert (pooling.book_pooled(timezone.now()), pooling.book_pooled(later), pooling.book_pooled(later)) == (0, 1, 0)
    assert ledger.balances(currency="CAD") == {
        "commission": -80,
        "pool": -920,
        "stripe": 1150,
        "tax:CA": -50,
        "tax:CA-QC": -100,
    } | {"orders": 0}
    assert (list(earnings.due(later, Shop.objects.all())), wrong()) == ([], [])
    statement = settlements.statement(part.shop, timezone.now() - LATER, later + LATER, currency="CAD")
    assert statement.lines == []


def test_network_is_charged_no_commission_for_what_it_sold_for_the_pool(db):
    part, now = captured(), timezone.now()
    assert pooling.book_pooled(now + LATER) == 1
    dues = {"debit": ledger.shop_account(part.shop_id), "credit": ledger.DUES, "amount_minor": 500, "cause": "x"}
    ledger.post("dues", currency="CAD", key="dues:x", now=now + LATER, **dues)
    assert settlements.close_months(now + timedelta(days=62)) == 1
    assert invoicing.issue_commission_invoices(now + timedelta(days=62)) == 1
    assert Invoice.objects.get(kind="commission").total_minor == 500


def test_what_was_given_back_before_is_not_booked(db):
    part = captured()
    wanted = Wanted(refunds.Kind.OTHER, part, amount_minor=575)
    payment = Payment.objects.get()
    refunds.ask(payment, wanted, reason="x", by=None, once="x", now=timezone.now())
    pooling.book_pooled(timezone.now() + LATER)
    row = BankEarning.objects.get()
    assert (row.amount_minor, row.commission_minor, row.commission_tax) == (460, 40, [["CA", 25], ["CA-QC", 50]])


def test_pool_that_differs_is_noticed(db):
    """Negative control."""
    captured()
    pooling.book_pooled(timezone.now() + LATER)
    LedgerEntry.objects.filter(kind="pool").update(amount_minor=1)
    assert wrong() == ["the pool holds 1 CAD, sold for it and neither given back nor shared are 920"]
    LedgerEntry.objects.filter(kind="pool").update(credit=f"shop:{Shop.objects.first().pk}")
    assert "was sold for the pool and paid to a shop" in wrong()[-1]


def test_shop_that_cannot_be_paid_is_not_chosen(db):
    network_shop()
    unpaid = factories.shop("Unpaid", stripe_account_ready=False)
    checkout = ready(factories.basket((e_book(Shop.objects.get(sells_for_all=True)), 1)), shop_id=unpaid.pk)
    plan = checkouts.plan_of(checkout, now=timezone.now())
    assert ([parcel.is_pooled for parcel in plan.parcels], checkouts.unpayable(plan)) == ([True], [])
    by_bank = {"holder": "U", "iban": "x", "changed_at": timezone.now()}
    BankAccount.objects.create(shop=unpaid, **by_bank)
    checkouts.let_earn(checkout, unpaid)
    assert [parcel.shop for parcel in checkouts.plan_of(checkout, now=timezone.now()).parcels] == [unpaid]
    assert bank.book_earnings(timezone.now()) == 0


def test_partner_who_brought_a_pooled_sale_gets_its_share(db):
    network_shop()
    part, partner = captured(), factories.partner()
    LineCommission.objects.update(partner=partner, partner_minor=40)
    kept = LineCommission.objects.get().amount_minor
    assert [pooling.book_pooled(timezone.now() + LATER) for _ in range(2)] == [1, 0]
    assert -ledger.balance(ledger.partner_account(partner.pk), currency="CAD") == min(40, kept) > 0
    assert (part.is_pooled, wrong()) == (True, [])
