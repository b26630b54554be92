"""The worked examples of docs/money.md are played and booked as their tables say. A new one is a heading with a table
there and a function here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from marketplace.checkout.models import Checkout
from marketplace.payments import (
    bank,
    calls,
    captures,
    commission_tax,
    counter_sales,
    gateway,
    gift_card_refunds,
    gift_card_sales,
    invariants_corrections,
    ledger,
    local_currency,
    membership,
    pooling,
    receivables,
    refunds,
    settlements,
    transfers,
)
from marketplace.payments.bank import BankLine
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.invariants import INVARIANTS
from marketplace.payments.models import BankAccount, BankPayout, Dues, LedgerEntry, LineCommission, Payment
from marketplace.payments.worth import earning
from shops import reservations
from shops.models import Partner, Shop, ShopOrder
from tests import factories
from tests.payments import paying
from tests.payments.test_pooling import captured, network_shop

pytestmark = pytest.mark.django_db
Entry = tuple[str, str, str, Decimal]


def tables() -> dict[str, list[Entry]]:
    """What the page says, by heading: (entry, debit, credit, amount)."""
    text = (settings.BASE_DIR / "docs" / "money.md").read_text().partition("\n## Worked examples\n")[2]
    found: dict[str, list[Entry]] = {}
    for part in text.partition("\n## ")[0].split("\n### ")[1:]:
        rows = [re.findall(r"[^|]+", line) for line in part.splitlines() if re.match(r"\| [a-z_]+ \|.*\d", line)]
        found[part.splitlines()[0]] = [
            (kind.strip(), debit.strip(), credit.strip(), Decimal(amount)) for kind, debit, credit, amount in rows
        ]
    return found


def booked() -> list[Entry]:
    names = {f"shop:{shop.pk}": f"shop:{shop.name[-1]}" for shop in Shop.objects.all()}
    names |= {f"partner:{partner.pk}": f"partner:{partner.name}" for partner in Partner.objects.all()}
    rows = (
        LedgerEntry.objects.filter(currency="CAD").order_by("pk").values_list("kind", "debit", "credit", "amount_minor")
    )
    return [
        (kind, names.get(debit, debit), names.get(credit, credit), Decimal(minor) / 100)
        for kind, debit, credit, minor in rows
    ]


def work(now: datetime) -> None:
    for _ in range(4):
        captures.settle_answers(now), transfers.due_transfers(now), calls.move_money(now)


def handed_over(*declined_later: int) -> None:
    """Paid, accepted, captured; perhaps declined in part; handed over; transferred after the delay."""
    now, payment = timezone.now(), paying.placed()
    paying.answer(payment, 0, 0, 0)
    work(now)
    if declined_later:
        paying.answer(payment, *declined_later)
        work(now)
    for shop in Shop.objects.all():
        columns = {"email": shop.email, "display_name": shop.name, "metadata": {}, "idempotency_key": shop.slug}
        account = gateway.create_account(country="CA", currency="CAD", **columns)
        hosted.activate_account(DatabaseStore(), account.id)
        Shop.objects.filter(pk=shop.pk).update(stripe_account=account.id, stripe_account_ready=True)
    ShopOrder.objects.update(status="handed_over", handed_over_at=now)
    work(now + timedelta(days=8))


def part_of_b() -> tuple[Payment, ShopOrder]:
    payment = paying.placed()
    return payment, ShopOrder.objects.order_by("pk").last()


def earn(part: ShopOrder, taxes: tuple[tuple[str, int], ...] = ()) -> None:
    found = earning(part, part.lines.all())
    earned = found.shop_minor - sum(tax for _, tax in taxes)
    ledger.record_earning(
        part, earned_minor=earned, commission_minor=found.kept_minor, taxes=taxes, key=part.number, now=timezone.now()
    )


def with_pst() -> None:
    """Played to the end: handed over, paid, one of two copies given back afterwards, looked at by `verify`."""
    now, payment = timezone.now(), paying.placed()
    line = paying.lines_of(payment)[0]
    line.tax_parts = [{"code": "PST", "of": "CA-BC", "rate_milli": 5000, "minor": 100, "delivery_minor": 0}]
    line.save()
    paying.answer(payment, 0, 0, 0)
    work(now)
    paying.handed_over(payment, now)
    later = now + timedelta(days=8)
    work(later)
    payment.refresh_from_db()
    wanted = refunds.Wanted(refunds.Kind.LINE, line.shop_order, line, units=1)
    refunds.ask(payment, wanted, reason="x", by=None, once="x", now=later)
    work(later)
    verify = [invariants_corrections.collected_tax_is_owed, invariants_corrections.requests_are_borne]
    assert [check() for check in verify] == [[], []]
    made = settlements.statement(line.shop_order.shop, now, later + timedelta(days=1), currency="CAD")
    assert made.sums == {"goods": 2550, "commission": 173, "tax": 0, "other": 0, "transferred": 2377}
    with transaction.atomic():
        LedgerEntry.objects.filter(kind="sales_tax_back").update(debit="tax:CA-SK")
        assert len(verify[0]()) == 1
        transaction.set_rollback(True)


def taxed() -> None:
    _, part = part_of_b()
    earn(part, (("CA", 9), ("CA-QC", 18)))


def dearer_third() -> None:
    payment, _ = part_of_b()
    order, shop = payment.checkout.order, factories.shop("Librairie C")
    record, before = factories.stock_record(shop, price="12.00"), ShopOrder.objects.order_by("pk")[0]
    part = factories.shop_order(shop, (record, 1), placed=order, instead_of=before)
    part.lines.update(delivery_minor=200, total_minor=1400, borne_minor=1400 - 1250)
    earn(part)


def dearer_third_given_back() -> None:
    now, payment = timezone.now(), paying.placed()
    line = paying.lines_of(payment)[1]
    part = paying.take_over(line, 1, 1400, shop=factories.shop("Librairie C"), bearer=line.shop_order.shop, now=now)
    [taken] = part.lines.all()
    brought = {"partner": factories.partner("P"), "partner_minor": 42}
    LineCommission.objects.create(line=taken, amount_minor=112, basis_points=800, **brought)
    paying.answer(payment, 0, 1, 0, 0)
    work(now)
    paying.handed_over(payment, now)
    later = now + timedelta(days=8)
    work(later)
    payment.refresh_from_db()
    refunds.ask(payment, refunds.Wanted("line", part, taken, units=1), reason="x", by=None, once="x", now=later)
    work(later)
    assert {name: found for name, test in INVARIANTS.items() if (found := test())} == {}


def voucher_of_a_shop() -> None:
    payment, part = part_of_b()
    first, now = Shop.objects.order_by("pk").first(), timezone.now()
    ledger.record_capture(payment, amount_minor=1990, fee_minor=0, stripe_id="", now=now)
    common = {"currency": "CAD", "key": "voucher", "cause": "voucher", "now": now}
    ledger.bear(order_id=part.order_id, amount_minor=500, shop_id=first.pk, **common)
    earn(part)


def gift_card_over_two_shops() -> None:
    now = timezone.now()
    paying.captured(now)  # another order, so that the network has money at Stripe
    LedgerEntry.objects.all().delete()
    Shop.objects.update(name="Librairie Z")
    made = paying.checkout(now)
    card = factories.gift_card(5000, shop=made.parcels.order_by("pk")[0].shop)
    payment = paying.placed(now, made=made, card=card)
    paying.answer(payment, 0, 0, 0)
    work(now)
    paying.handed_over(payment, now)
    work(now + timedelta(days=8))


def gift_card_online() -> None:
    now, urls = timezone.now(), {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}
    for once in ("kept", "given back"):
        how = {"buyer": ("Léa", "lea@example.org"), "once": once, "language": "fr", "now": now}
        purchase = gift_card_sales.open_session(gift_card_sales.start(2500, **how), now=now, **urls)
        paying.pay(purchase)
        purchase = gift_card_sales.refresh(purchase, now=now)
    gift_card_refunds.ask(purchase, by=factories.user(), reason="unused", now=now)
    gift_card_sales.watch(now)


def by_invoice() -> None:
    now = timezone.now()
    made = paying.checkout(now)
    institution = factories.institution()
    Checkout.objects.filter(pk=made.pk).update(by_invoice=True, user=institution.user)
    made.refresh_from_db()
    assert receivables.hold(made, amount_minor=made.total_minor, now=now)
    payment = paying.placed(now, made=made)
    order = payment.checkout.order
    receivables.book(made.pk, order_id=order.pk, order_number=order.number, now=now)
    paying.answer(payment, 0, 0, 0)
    ShopOrder.objects.update(status="handed_over", handed_over_at=now)
    for minor in (2000, 4140):
        bank.book_earnings(now + timedelta(days=8))
        how = {"kind": "hand", "on": now.date(), "key": str(minor), "by": None, "now": now}
        receivables.receive(made.receivable, minor, **how)
    bank.book_earnings(now + timedelta(days=8)), work(now + timedelta(days=8))


def in_local_currency() -> None:
    now = timezone.now()
    made = paying.checkout(now)
    reader, currency = factories.user(), factories.local_currency()
    account = factories.local_account(reader, currency, 4000)
    parts = [(parcel.shop_id, total) for parcel, total in zip(made.parcels.order_by("pk"), (3650, 2490), strict=True)]
    for (shop_id, _), basis_points in zip(parts, (5000, 1000), strict=True):
        currency.acceptances.create(shop_id=shop_id, basis_points=basis_points)
    [choice] = local_currency.choices(parts, reader.pk)
    assert (choice.most_minor, choice.account) == (1825 + 249, account)
    local_currency.enter(made.pk, choice, 2000)
    plan = local_currency.planned(made.pk, parts, made.total_minor)
    assert local_currency.hold(plan, now=now)
    made.local_minor = plan.value_minor
    made.save(update_fields=["local_minor"])
    payment = paying.placed(now, made=made)
    paying.answer(payment, 0, 0, 0)
    work(now)
    paying.handed_over(payment, now)
    work(now + timedelta(days=8))


def paid_at_the_counter() -> None:
    shop = factories.shop("Librairie A")
    made = factories.reservation(factories.stock_record(shop, price="20.00"))
    reservations.sell(made, by="staff", now=timezone.now())
    assert [counter_sales.book_counter_sales(timezone.now()) for _ in range(2)] == [1, 0]


def members() -> None:
    one, two = factories.shop("Librairie A"), factories.shop("Librairie B")
    now = datetime(2026, 1, 15, tzinfo=UTC)
    for shop, minor in ((one, 240), (two, 182)):
        part = factories.shop_order(shop, (factories.stock_record(shop), 1))
        columns = {"currency": "CAD", "cause": "x", "now": now - timedelta(days=60), "shop_order": part}
        ledger.post("before", debit="orders", credit="commission", amount_minor=minor, key=part.number, **columns)
    Dues.objects.create(shop=one, amount_minor=2000, currency="CAD", next_on=date(2026, 1, 1))
    membership.charge_dues(now)
    membership.declare_dividend(2025, 1000, currency="CAD", by=None, now=now)
    pooled = {"order_id": factories.order().pk, "currency": "CAD", "key": "1", "cause": "e-book", "now": now}
    membership.put_into_pool(301, **pooled)
    membership.share_pool([one, two], currency="CAD", key="2026-01", by=None, now=now)
    LedgerEntry.objects.filter(kind="before").delete()  # other orders' commission, only to have been there


def pooled() -> None:
    """One sold for the pool, half of it given back afterwards, the pool shared; one that A sells."""
    network_shop()
    one, two = (factories.shop(f"Librairie {letter}", stripe_account_ready=False) for letter in "AB")
    BankAccount.objects.create(shop=one, holder="A", iban="x", changed_at=timezone.now())
    part, later = captured(), timezone.now() + timedelta(days=8)
    pooling.book_pooled(later)
    payment = Payment.objects.get()
    wanted = refunds.Wanted(refunds.Kind.OTHER, part, amount_minor=575)
    request = refunds.ask(payment, wanted, reason="x", by=None, once="x", now=later)
    ledger.record_refund(request.calls.get(), stripe_id="", now=later)
    refunds.carried_out(request, now=later)
    membership.share_pool([one, two], currency="CAD", key="2026-01", by=None, now=later)
    captured(one.pk)
    bank.book_earnings(later)


def by_bank() -> None:
    shop, now = factories.shop("Librairie B"), timezone.now()
    payout = {"currency": "CAD", "holder": "B", "iban": "x", "asked_at": now}
    BankPayout.objects.create(end_to_end_id="H1-1", shop=shop, amount_minor=2308, **payout)
    for minor in (-2308, 2308):
        assert bank.match([BankLine("H1-1", minor, "CAD", now.date())], by=None, now=now) == []


EXAMPLES: dict[str, Callable[[], None]] = {
    "The simple sale": handed_over,
    "One line declined after the capture": lambda: handed_over(0, 1, 0),
    "Commission with tax on it": taxed,
    "Tax that the network collects": with_pst,
    "A line supplied by a dearer third shop": dearer_third,
    "What another shop supplied is given back": dearer_third_given_back,
    "A voucher borne by one shop": voucher_of_a_shop,
    "Gift card over two shops": gift_card_over_two_shops,
    "A gift card bought online": gift_card_online,
    "Dues, dividend, solidarity pool": members,
    "Downloads of the network": pooled,
    "A payout by bank, and one that came back": by_bank,
    "An order by invoice": by_invoice,
    "Part payment in local currency": in_local_currency,
    "Paid at the counter": paid_at_the_counter,
}


def test_every_example_of_the_page_is_played():
    assert list(tables()) == list(EXAMPLES)


@pytest.mark.parametrize("heading", EXAMPLES)
def test_example_is_booked_as_the_page_says(heading, monkeypatch):
    monkeypatch.setattr(commission_tax, "_rules", [])
    EXAMPLES[heading]()
    assert booked() == tables()[heading]
