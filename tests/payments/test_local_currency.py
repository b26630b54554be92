"""A local currency pays a part: A's part of the order is 36.50, B's 24.90; A takes half of its own, B none."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.payments import debts, invariants, ledger, local_currency, local_kept, refunds, settlements
from marketplace.payments.models import LedgerEntry, LocalAccount, LocalShare, LocalUse, Payment
from marketplace.payments.refunds import Wanted
from shops.models import ShopOrder
from tests import factories
from tests.payments import paying
from tests.shops.racing import at_once

PARTS = (3650, 2490)


def broken() -> dict:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


def wanting(units: int, *, balance: int = 5000, reader=None, account: LocalAccount | None = None, **columns):
    """A checkout in which a reader asked to pay so much, and what is planned of it."""
    made = paying.checkout()
    currency = account.currency if account else factories.local_currency(**columns)
    account = account or factories.local_account(reader or factories.user(), currency, balance)
    parts = list(zip(made.parcels.order_by("pk").values_list("shop", flat=True), PARTS, strict=True))
    currency.acceptances.create(shop_id=parts[0][0], basis_points=5000)
    [choice] = local_currency.choices(parts, account.user_id)
    local_currency.enter(made.pk, choice, units)
    return made, account, local_currency.planned(made.pk, parts, made.total_minor)


def placed(units: int, **columns) -> tuple[Payment, LocalAccount]:
    now = timezone.now()
    made, account, plan = wanting(units, **columns)
    assert local_currency.hold(plan, now=now)
    made.local_minor = plan.value_minor
    made.save(update_fields=["local_minor"])
    return paying.placed(now, made=made), account


def on(account: LocalAccount) -> int:
    return LocalAccount.objects.get(pk=account.pk).balance_minor


@pytest.mark.parametrize(
    ("units", "balance", "rate", "value", "taken"),
    [
        (1000, 5000, (1, 1), 1000, 1000),
        (9000, 9000, (1, 1), 1825, 1825),  # A takes half of 36.50
        (1000, 400, (1, 1), 400, 400),
        (1000, 5000, (19, 20), 950, 1000),
        (333, 5000, (2, 3), 222, 333),
        (7, 5000, (3, 1), 21, 7),
    ],
)
def test_as_much_is_paid_as_is_asked_there_and_accepted(db, units, balance, rate, value, taken):
    columns = {"rate_numerator": rate[0], "rate_denominator": rate[1]}
    _, _, plan = wanting(units, balance=balance, **columns)
    assert (plan.value_minor, plan.units, sum(plan.by_shop.values())) == (value, taken, value)


def test_page_is_left_nothing_or_enough_to_charge(db):
    made, account, _ = wanting(1000)
    parts = [(account.currency.acceptances.get().shop_id, 2000)]
    assert local_currency.planned(made.pk, parts, 1020).value_minor == 970
    assert local_currency.planned(made.pk, parts, 1000).value_minor == 1000


def test_two_parcels_of_one_shop_count_together_and_both_are_paid_in_it(db):
    """What it sends and a download, each half payable."""
    now = timezone.now()
    made, account, _ = wanting(2000)
    shop_id = account.currency.acceptances.get().shop_id
    parts = [(shop_id, 3650), (shop_id, 2490)]
    [choice] = local_currency.choices(parts, account.user_id)
    plan = local_currency.planned(made.pk, parts, made.total_minor)
    assert (choice.most_minor, plan.value_minor, plan.by_shop) == (3070, 2000, {shop_id: 2000})
    assert local_currency.hold(plan, now=now)
    made.local_minor = plan.value_minor
    made.save(update_fields=["local_minor"])
    payment = paying.placed(now, made=made)
    ShopOrder.objects.exclude(shop=shop_id).update(shop=shop_id, is_download=True)
    first, second = paying.parts_of(payment)
    paid = [local_currency.pay_shop(first, 1200, now=now)]
    paid.append(local_currency.pay_shop(second, 2308, now=now))
    assert (paid, local_currency.pay_shop(second, 9, now=now)) == ([1200, 800], 0)
    of_shop = LocalAccount.objects.get(shop=shop_id)
    assert (of_shop.balance_minor, LocalShare.objects.get().paid_value_minor, broken()) == (2000, 2000, {})


def test_held_with_the_checkout_and_free_again_with_it(db):
    now = timezone.now()
    made, account, plan = wanting(1000)
    assert [local_currency.hold(plan, now=now), local_currency.hold(plan, now=now)] == [True, True]
    assert (on(account), broken()) == (4000, {})
    local_currency.release_hold(made.pk, now=now), local_currency.release_hold(made.pk, now=now)
    assert (on(account), broken()) == (5000, {})
    assert local_currency.hold_again(made.pk, now=now)
    assert on(account) == 4000
    local_currency.release_hold(made.pk, now=now)
    LocalAccount.objects.update(balance_minor=999)
    assert not local_currency.hold_again(made.pk, now=now)
    assert set(broken()) == {"a local account holds the sum of its entries", "the ledger owes what local accounts hold"}


def test_what_is_held_is_not_entered_anew_in_another_currency(db):
    now, reader = timezone.now(), factories.user()
    made, account, plan = wanting(1000, reader=reader)
    dear = factories.local_currency(code="DEA", name="Dear", rate_numerator=10)
    other = factories.local_account(reader, dear, 1)
    choice = local_currency.Choice(dear, 1000, other, 1)
    assert local_currency.hold(plan, now=now)
    assert local_currency.enter(made.pk, choice, 1) is None
    local_currency.release_hold(made.pk, now=now)
    assert (on(account), on(other), broken()) == (5000, 1, {})
    entered = local_currency.enter(made.pk, choice, 1)  # free again, it may
    assert entered
    assert (LocalUse.objects.get().currency, LocalUse.objects.get().wanted_minor) == (dear, 1)


def test_declined_goes_back_after_what_the_page_took_and_shops_get_the_rest_in_it(db):
    now = timezone.now()
    payment, account = placed(1825)
    paying.answer(payment, 2, 1, 3)  # everything
    paying.work(now)
    assert (on(account), Payment.objects.get().state, broken()) == (5000, "cancelled", {})


def test_shop_is_paid_its_share_in_units_and_the_rest_by_transfer(db):
    now = timezone.now()
    payment, account = placed(1825)
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    paying.handed_over(payment, now)
    paying.work(now + timedelta(days=8))
    a, b = (part.shop for part in paying.parts_of(payment))
    of_shop = LocalAccount.objects.get(shop=a)
    assert (of_shop.balance_minor, paying.at_stripe(a), paying.at_stripe(b)) == (1825, 3410 - 1825, 2308)
    assert (debts.debt(a.pk, currency="CAD"), broken()) == (0, {})
    month = settlements.statement(a, now - timedelta(days=1), now + timedelta(days=9), currency="CAD")
    assert (month.sum_of("transferred"), month.closing_minor) == (3410, 0)
    local_kept.change_into_money(of_shop, 825, by=factories.user(), once="change", now=now)
    with pytest.raises(local_kept.LocalMoneyError):
        local_kept.change_into_money(of_shop, 1001, by=factories.user(), once="again", now=now)
    assert (on(of_shop), debts.credit(a.pk, currency="CAD"), broken()) == (1000, 825, {})
    # given back afterwards: the reader has it again, the shop owes it in money
    part = paying.parts_of(payment)[0]
    how = {"reason": "x", "by": None, "once": "o" * 20, "now": now}
    refunds.ask(payment, Wanted("amount", part, amount_minor=3650), **how)
    paying.work(now)
    refunds.ask(payment, Wanted("amount", paying.parts_of(payment)[1], amount_minor=2490), **how | {"once": "p" * 20})
    paying.work(now)
    assert (on(account), Payment.objects.get().other_back_minor) == (5000, 1825)
    assert set(broken()) <= {"shops have what was transferred"}
    LocalShare.objects.update(paid_value_minor=1)
    assert "shops got their share in local currency, once" in broken()


def test_parts_given_back_are_rounded_for_the_reader_and_never_more_than_was_taken(db):
    payment, account = placed(1000, rate_numerator=2, rate_denominator=3)
    use = LocalUse.objects.get()
    assert (use.amount_minor, use.value_minor, on(account)) == (999, 666, 4001)
    payment.checkout.refresh_from_db()
    given = [local_currency.give_back(payment, minor, cause="x", now=timezone.now()) for minor in (1, 1, 600, 600)]
    use.refresh_from_db()
    assert (given, use.back_minor, use.back_value_minor, on(account)) == ([1, 1, 600, 64], 999, 666, 5000)
    assert ledger.balance(ledger.exchange_account("GON"), currency="GON") == 5000


def test_counter_sells_it_once_and_owes_the_money(db):
    shop, reader = factories.shop(), factories.user()
    account = local_kept.account_of(factories.local_currency(), user=reader)
    how = {"payer": ledger.shop_account(shop.pk), "by": None, "once": "form", "shop": shop, "now": timezone.now()}
    assert local_kept.credit(account, 1000, **how) == local_kept.credit(account, 1000, **how)
    with pytest.raises(local_kept.LocalMoneyError):
        local_kept.credit(account, 0, **how | {"once": "other"})
    assert (on(account), debts.debt(shop.pk, currency="CAD"), broken()) == (1000, 1000, {})
    assert LedgerEntry.objects.filter(currency="GON").count() == 1


def test_counter_credits_no_more_than_the_shop_may_owe(db):
    shop, reader = factories.shop(), factories.user()
    account = local_kept.account_of(factories.local_currency(), user=reader)
    how = {"payer": ledger.shop_account(shop.pk), "by": None, "shop": shop, "now": timezone.now()}
    most = local_kept.MOST_OWED_MINOR
    local_kept.credit(account, most - 100, once="a", **how)
    with pytest.raises(local_kept.LocalMoneyError, match=r"1[.,]00"):
        local_kept.credit(account, 101, once="b", **how)
    local_kept.credit(account, 100, once="c", **how)
    assert (on(account), debts.debt(shop.pk, currency="CAD"), broken()) == (most, most, {})
    bank = {"payer": ledger.BANK, "by": None, "now": timezone.now()}
    local_kept.credit(account, 101, once="d", **bank)  # paid to the network: nobody owes it


def test_pressed_twice_at_the_same_moment_moves_once(committed_db):
    """Both looked before either wrote: the second is undone and given the first's entry."""
    reader, shop = factories.user(), factories.shop()
    currency = factories.local_currency()
    account, of_shop = (local_kept.account_of(currency, **whose) for whose in ({"user": reader}, {"shop": shop}))
    now = timezone.now()

    def press(act) -> int:
        made = at_once(lambda _: act().pk, 2)
        assert made[0] == made[1]
        return made[0]

    press(lambda: local_kept.credit(account, 1000, payer=ledger.BANK, by=None, once="credit", now=now))
    local_kept.credit(of_shop, 1000, payer=ledger.BANK, by=None, once="shop", now=now)
    press(lambda: local_kept.change_into_money(of_shop, 600, by=reader, once="change", now=now))
    assert (on(account), on(of_shop), broken()) == (1000, 400, {})


@pytest.mark.parametrize("guarded", [True, False])
def test_last_of_an_account_pays_one_of_two_checkouts(committed_db, monkeypatch, guarded):
    """The guard is in the statement; without it (read, then write) both spend the same units."""
    _, account, first = wanting(1000, balance=1000)
    _, _, second = wanting(1000, account=account)
    both_read = threading.Barrier(2)

    def read_then_write(account_id: int, units: int) -> bool:
        balance = LocalAccount.objects.get(pk=account_id).balance_minor
        both_read.wait(30)
        LocalAccount.objects.filter(pk=account_id).update(balance_minor=balance - units)
        return balance >= units

    if not guarded:
        monkeypatch.setattr(local_kept, "take_guarded", read_then_write)
    plans = (first, second)
    results = at_once(lambda number: local_currency.hold(plans[number], now=timezone.now()), 2)
    assert sorted(results) == ([False, True] if guarded else [True, True])
    assert on(account) == 0
    noticed = {"a local account holds the sum of its entries", "the ledger owes what local accounts hold"}
    assert set(broken()) == (set() if guarded else noticed)
