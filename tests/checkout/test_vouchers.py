"""Vouchers in a checkout. The basket: a book 2 × 12.90 and a mug at 8.00 from A, the same book at 20.00 from B."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from marketplace.checkout import checkouts, ending, freezing, invariants, placing, vouchers
from marketplace.checkout.models import Checkout, CheckoutLine, Institution, Voucher, VoucherUse
from marketplace.checkout.voucher_amounts import amounts, off_each
from marketplace.payments import invariants as money_invariants
from marketplace.payments.models import LedgerEntry, Payment
from shops.models import Shop, ShopOrder
from tests import factories
from tests.checkout.buying import pay, ready, two_shop_basket
from tests.payments import paying
from tests.shops.racing import at_once


def broken() -> dict[str, list[str]]:
    checks = {**invariants.INVARIANTS, **money_invariants.INVARIANTS}
    return {name: texts for name, check in checks.items() if (texts := check())}


def entered(voucher: Voucher, checkout: Checkout | None = None) -> Checkout:
    checkout = checkout or ready(two_shop_basket())
    vouchers.enter(checkout, voucher.code, now=timezone.now())
    return checkout


def plan_of(checkout: Checkout):
    return checkouts.plan_of(checkout, now=timezone.now())


def freeze(checkout: Checkout, shown: str = "") -> str:
    now = timezone.now()
    refusal = freezing.freeze_and_hold(checkout, seen=shown or freezing.shown(plan_of(checkout), 0), now=now)
    return refusal.reason if refusal else "frozen"


def placed(checkout: Checkout) -> ShopOrder:
    assert freeze(checkout) == "frozen"
    other = checkout.total_minor - checkout.charged_minor
    Payment.objects.create(
        checkout=checkout, currency="CAD", amount_minor=checkout.charged_minor, other_minor=other, session_id="cs"
    )
    pay(checkout)
    return placing.place(checkout.pk, now=timezone.now())


def test_shops_own_lowers_its_prices_and_their_tax(db):
    checkout = ready(two_shop_basket())
    before = plan_of(checkout)
    entered(factories.voucher(shop=before.parcels[0].shop, basis_points=1000), checkout)
    after = plan_of(checkout)
    # 10 % of 33.80; GST 5 % on all, QST on the mug
    assert [line.discount_minor for line in after.lines] == [258, 80, 0]
    assert [line.goods_minor for line in after.lines] == [2322, 720, 2000]
    assert [line.tax_minor for line in after.lines][1:] == [36 + 72, 100]
    assert (after.voucher_minor, after.total_minor < before.total_minor - 338) == (0, True)
    order = placed(checkout)
    assert (checkout.discount_minor, Voucher.objects.get().used) == (338, 1)
    line = CheckoutLine.objects.order_by("pk").first()
    assert (line.discount_minor, line.discount_borne_by) == (258, "shop")
    assert [part.goods_minor for part in order.shop_orders.order_by("pk")] == [2322 + 720, 2000]
    assert not LedgerEntry.objects.exists()
    assert broken() == {}


def test_networks_pays_a_part_and_the_shops_earn_their_prices(db):
    checkout = entered(factories.voucher(amount_minor=500))
    before = plan_of(ready(two_shop_basket()))
    plan = plan_of(checkout)
    assert (plan.total_minor, plan.voucher_minor, plan.discount_minor) == (before.total_minor, 500, 0)
    order = placed(checkout)
    assert (checkout.charged_minor, checkout.voucher_minor) == (before.total_minor - 500, 500)
    entry = LedgerEntry.objects.get()
    booked = (entry.debit, entry.credit, entry.amount_minor, entry.order)
    assert booked == ("promotions", "orders", 500, order)
    assert broken() == {}


def test_voucher_comes_back_only_after_all_that_was_charged(db):
    now, made = timezone.now(), paying.checkout()
    Checkout.objects.filter(pk=made.pk).update(voucher_minor=500)
    made.refresh_from_db()
    VoucherUse.objects.create(checkout=made, voucher=factories.voucher(amount_minor=500, used=1), held=True)
    payment = paying.placed(now, made=made)
    vouchers.spend(Checkout.objects.get(), order_id=payment.checkout.order_id, now=now)
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    paying.answer(payment, 2, 1, 3)
    paying.work(now)
    payment.refresh_from_db()
    assert (payment.captured_minor, payment.refunded_minor, payment.other_back_minor) == (5640, 5640, 500)
    assert set(LedgerEntry.objects.filter(kind="borne_back").values_list("credit", "amount_minor")) == {
        ("promotions", 500)
    }
    money = {name: texts for name, check in money_invariants.INVARIANTS.items() if (texts := check())}
    assert money == {}


@pytest.mark.parametrize(
    ("columns", "off"),
    [
        ({"basis_points": 1000}, [258, 80, 200]),
        ({"amount_minor": 1000}, [479, 149, 372]),
        ({"amount_minor": 1000, "minimum_minor": 5380}, [479, 149, 372]),
        ({"amount_minor": 1000, "minimum_minor": 5381}, [0, 0, 0]),
        ({"basis_points": 1000, "subject": "FB"}, [258, 0, 200]),
    ],
)
def test_what_is_taken_off_each_line(db, columns, off):
    plan = plan_of(ready(two_shop_basket()))
    facts = plan.lines[0].record.product.facts
    facts.subject_codes = ["FBA"]
    for line in plan.lines:
        if line.record.product_id == facts.product_id:
            line.record.product.facts.subject_codes = ["FBA"]
    assert list(off_each(Voucher(**columns), plan.parcels).values()) == off


def test_fixed_prices_are_lowered_no_more_than_the_law_allows(db):
    """France: 5 % off a new book, and only where it is collected in a bookshop (loi n° 81-766, article 1er)."""
    assert amounts(Voucher(basis_points=1000), [(1999, 500), (800, None), (2000, 0)]) == [99, 80, 0]
    assert amounts(Voucher(amount_minor=5000), [(1999, 500), (800, None), (2000, 0)]) == [99, 800, 0]
    checkout = entered(factories.voucher(basis_points=1000))
    Shop.objects.update(country="FR")
    Checkout.objects.update(country="FR", postcode="75001")
    checkout.refresh_from_db()
    plan = plan_of(checkout)
    assert plan.parcels[0].option is None  # the post goes to Canada: as if it were sent
    assert plan.voucher_minor == 0 + 80 + 100  # nothing off what is sent, the mug, 5 % off what is collected


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"ends_at": timezone.now() - timedelta(days=1)}, "This voucher has ended."),
        ({"most_uses": 1, "used": 1}, "This voucher is used up."),
        ({"begins_at": timezone.now() + timedelta(days=1)}, "There is no voucher with this code."),
        ({"currency": "EUR"}, "This voucher is in another currency."),
    ],
)
def test_voucher_that_does_not_count_says_why(db, columns, reason):
    with override("en"), pytest.raises(vouchers.VoucherError) as refused:
        entered(factories.voucher(**columns))
    assert str(refused.value) == reason


def test_institution_pays_the_regular_price(db):
    reader = factories.user()
    checkout = ready(two_shop_basket(reader), user=reader)
    entered(factories.voucher(), checkout)
    Institution.objects.create(user=reader, name="Bibliothèque", region="06")
    assert plan_of(checkout).voucher_minor == 0
    with override("en"), pytest.raises(vouchers.VoucherError, match="regular price"):
        entered(factories.voucher(), checkout)


def test_hold_ends_with_the_stocks_and_is_remembered(db):
    checkout = entered(factories.voucher(most_uses=1, once_each=True))
    assert freeze(checkout) == freeze(checkout) == "frozen"
    assert (Voucher.objects.get().used, VoucherUse.objects.get().reader) == (1, "lea@example.org")
    assert ending.end(checkout, now=timezone.now())
    assert (Voucher.objects.get().used, VoucherUse.objects.get().reader) == (0, "")
    again = checkouts.start(checkout.basket, None, language="en", now=timezone.now())
    assert again.voucher_use.voucher == checkout.voucher_use.voucher
    assert broken() == {}


def test_each_reader_uses_it_once(db):
    voucher = factories.voucher(once_each=True)
    placed(entered(voucher))
    assert freeze(entered(voucher)) == "voucher"
    assert Voucher.objects.get().used == 1
    other = ready(two_shop_basket())
    checkouts.set_person(other, email="max@example.org", name="Max")
    assert freeze(entered(voucher, other)) == "frozen"


def test_one_use_goes_to_one_of_two_checkouts(committed_db):
    voucher = factories.voucher(most_uses=1)
    both = [entered(voucher) for _ in range(2)]
    shown = [freezing.shown(plan_of(checkout), 0) for checkout in both]
    results = at_once(lambda number: freeze(both[number], shown[number]), 2)
    assert results.count("frozen") == 1
    assert set(results) <= {"frozen", "changed", "voucher"}
    assert (Voucher.objects.get().used, VoucherUse.objects.filter(held=True).count()) == (1, 1)
    assert broken() == {}


@pytest.mark.parametrize("guarded", [True, False])
def test_one_use_held_by_two_at_the_same_moment(committed_db, monkeypatch, guarded):
    """The guard is in the statement; without it (read, then write) both use it."""
    voucher = factories.voucher(most_uses=1)
    both = [entered(voucher) for _ in range(2)]
    both_read = threading.Barrier(2)

    def read_then_write(checkout: Checkout) -> bool:
        used = Voucher.objects.get(pk=voucher.pk).used
        both_read.wait(30)
        if used >= 1:
            return False
        Voucher.objects.filter(pk=voucher.pk).update(used=used + 1)
        return bool(VoucherUse.objects.filter(checkout=checkout).update(held=True))

    hold = (lambda checkout: vouchers.hold(checkout, now=timezone.now())) if guarded else read_then_write
    results = at_once(lambda number: hold(both[number]), 2)
    assert sorted(results) == ([False, True] if guarded else [True, True])
    noticed = "vouchers are counted"
    assert any("counted, 2 held" in text for text in broken().get(noticed, [])) is not guarded
