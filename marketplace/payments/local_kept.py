"""Accounts of a local currency that are kept here: credited against money, spent, earned by shops, changed back. The
only file that changes their balances, by the mechanism of `stored_money.py`, and the only provider without an outside.

The ledger has the units in the currency itself (`local:<code>`, owed to whoever holds them), their worth in the
network's (`exchange:<code>`, what stands behind them); each movement is booked in both, the second with its rate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.foundation import audit, network
from marketplace.foundation.money import display
from marketplace.models import User
from marketplace.payments import debts, ledger, stored_money
from marketplace.payments.local_provider import Provider
from marketplace.payments.models import LocalAccount, LocalCurrency, LocalEntry, LocalShare, LocalUse
from marketplace.payments.stored_money import Store
from shops.models import Shop

STORE = Store(LocalAccount, LocalUse, LocalEntry, "account")
Kind = LocalEntry.Kind
# What a typing error must not exceed; no law.
MOST_MINOR = 1_000_000
# What a shop may owe while its staff credit readers for money in its till, in the network's currency: some weeks' worth
# of a small shop's earnings, from which it is kept back.
MOST_OWED_MINOR = 50_000


class LocalMoneyError(Exception):
    """It cannot be done; the message says why, to a person."""


def account_of(currency: LocalCurrency, *, user: User | None = None, shop: Shop | None = None) -> LocalAccount:
    """Made where there is none."""
    return LocalAccount.objects.get_or_create(currency=currency, user=user, shop=shop)[0]


def credit(
    account: LocalAccount,
    units: int,
    *,
    payer: str,
    by: User | None,
    once: str,
    now: datetime,
    shop: Shop | None = None,
) -> LocalEntry:
    """Against money: `payer` is the account of the ledger that has it (`bank`, `promotions`, or `shop:<id>` of the shop
    that took it at its counter). `once` is the form's. Raises
    LocalMoneyError; of a shop also where it would owe more than MOST_OWED_MINOR."""
    if not 0 < units <= MOST_MINOR:
        raise LocalMoneyError(_("Give an amount above zero, and not above 10,000."))
    return _once(once, lambda: _credit(account, units, payer=payer, by=by, once=once, now=now, shop=shop))


def _credit(
    account: LocalAccount, units: int, *, payer: str, by: User | None, once: str, now: datetime, shop: Shop | None
) -> LocalEntry:
    currency = account.currency
    value, shop_id = currency.value_of(units), shop.pk if shop else None
    if shop:
        _check_debt(shop, value)
    stored_money.put(STORE, account.pk, units)
    entry = stored_money.move(STORE, account.pk, Kind.CREDIT, units, now, shop=shop, by=by, once=once)
    key = f"local-credit:{entry.pk}"
    money_side(currency, value, debit=payer, key=key, cause=f"{currency} bought", now=now)
    _units_side(currency, units, onto=True, key=key, cause="bought", now=now)
    audit.record("local.credit", account, by=by or "system", shop_id=shop_id, units_minor=units, payer=payer)
    return entry


def _check_debt(shop: Shop, value_minor: int) -> None:
    """Its staff promise the network's money: never more than the shop will soon have earned. Its row is locked, so
    that two at once do not both see the old debt."""
    Shop.objects.select_for_update(of=("self",)).only("pk").get(pk=shop.pk)
    currency = network.current().currency
    room = max(0, MOST_OWED_MINOR - debts.debt(shop.pk, currency=currency))
    if value_minor > room:
        left = display(room, currency, get_language() or "fr")
        text = _("Your shop may credit %(amount)s more before it has settled what it owes the network.")
        raise LocalMoneyError(text % {"amount": left})


def change_into_money(account: LocalAccount, units: int, *, by: User, once: str, now: datetime) -> LocalEntry:
    """A shop's units become money that it is owed, paid with what it is paid next. Raises LocalMoneyError."""
    shop = account.shop
    if shop is None:
        raise LocalMoneyError(_("Only shops change it into money."))
    return _once(once, lambda: _change(account, shop, units, by=by, once=once, now=now))


def _change(account: LocalAccount, shop: Shop, units: int, *, by: User, once: str, now: datetime) -> LocalEntry:
    currency = account.currency
    if units < 1 or not take_guarded(account.pk, units):
        raise LocalMoneyError(_("So much is not on this account."))
    entry = stored_money.move(STORE, account.pk, Kind.CHANGED, -units, now, shop=shop, by=by, once=once)
    key, owed = f"local-changed:{entry.pk}", ledger.shop_account(shop.pk)
    money_side(currency, currency.value_of(units), credit=owed, key=key, cause=f"{currency} changed", now=now)
    _units_side(currency, units, onto=False, key=key, cause="changed", now=now)
    audit.record("local.change", account, by=by, shop_id=shop.pk, units_minor=units)
    return entry


def _once(once: str, act: Callable[[], LocalEntry]) -> LocalEntry:
    """The form's entry: made now, or the first that was sent with it."""
    sent_before = LocalEntry.objects.filter(once=once)
    if known := sent_before.first():
        return known
    try:
        with transaction.atomic():
            return act()
    except (IntegrityError, LocalMoneyError):
        # Pressed twice: the other was quicker by a moment, and all of this one is undone; or it waited for the other's
        # lock, and what it asks for is not there a second time.
        if known := sent_before.first():
            return known
        raise


def take_guarded(account_id: int, units: int) -> bool:
    return stored_money.take_guarded(STORE, account_id, units, Q())


def money_side(
    currency: LocalCurrency, value_minor: int, *, key: str, cause: str, now: datetime, debit: str = "",
    credit: str = "", kind: str = "local", **about: Any,
) -> None:  # fmt: skip
    """In the network's currency, against what stands behind the units: the side that is not named."""
    behind = ledger.exchange_account(currency.code)
    ledger.post(
        kind, debit=debit or behind, credit=credit or behind, amount_minor=value_minor,
        currency=network.current().currency, key=key, cause=cause[:200], now=now, **about,
    )  # fmt: skip


def _units_side(currency: LocalCurrency, units: int, *, onto: bool, key: str, cause: str, now: datetime) -> None:
    """In the currency itself: onto somebody's account, or off it."""
    sides = [ledger.exchange_account(currency.code), ledger.local_account(currency.code)]
    debit, credit = sides if onto else sides[::-1]
    common: Any = {"amount_minor": units, "currency": currency.code, "key": f"{key}:units", "cause": cause, "now": now}
    ledger.post("local_units", debit=debit, credit=credit, **common)


class Kept(Provider):
    def free(self, use: LocalUse) -> int:
        return use.account.balance_minor if use.account else 0

    def hold(self, use: LocalUse, units: int, *, now: datetime) -> bool:
        return stored_money.hold(
            STORE, [(use, units)], now=now, take=lambda account, minor: take_guarded(account, minor)
        )

    def confirm(self, use: LocalUse, *, now: datetime) -> bool:
        return True

    def release(self, use: LocalUse, *, now: datetime) -> None:
        stored_money.release_hold(STORE, use.checkout_id, now=now)

    def spend(self, use: LocalUse, *, order_id: int, now: datetime) -> None:
        key = f"local-spent:{use.pk}"
        _units_side(use.currency, use.amount_minor, onto=False, key=key, cause="spent", now=now)

    def give_back(self, use: LocalUse, units: int, *, key: str, order_id: int, now: datetime) -> None:
        assert use.account_id is not None
        stored_money.put(STORE, use.account_id, units)
        stored_money.move(STORE, use.account_id, Kind.BACK, units, now, use=use)
        _units_side(use.currency, units, onto=True, key=key, cause="given back", now=now)

    def pay_shop(self, share: LocalShare, units: int, *, key: str, now: datetime) -> bool:
        account = account_of(share.use.currency, shop=share.shop)
        stored_money.put(STORE, account.pk, units)
        stored_money.move(STORE, account.pk, Kind.EARNED, units, now, use=share.use, shop=share.shop, once=key)
        _units_side(share.use.currency, units, onto=True, key=key, cause="earned", now=now)
        return True
