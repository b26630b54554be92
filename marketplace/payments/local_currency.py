"""A local currency pays a part of an order: how much, of which shops, held with the stock, spent with the order, given
back, and what of a shop's earning is paid to it in that currency. Who keeps the accounts is behind `local_providers`.

The order's account in the ledger is covered in money: `exchange:<code>` is what stands behind the units. A shop earns
its order as any other; its part in local currency is then paid to its local account (`local_paid`), and what is left
by transfer or bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from marketplace.foundation import money, secrets
from marketplace.payments import earnings, ledger, local_providers
from marketplace.payments.local_kept import money_side
from marketplace.payments.local_service import code_name
from marketplace.payments.models import LocalAcceptance, LocalAccount, LocalCurrency, LocalShare, LocalUse, Payment
from marketplace.payments.stored_money import shares
from shops.models import ShopOrder

WHOLE = 10_000  # basis points


@dataclass(frozen=True)
class Choice:
    """A currency in which a reader may pay a part of what is in the basket; `most_minor` of it, in the order's
    currency, since each shop says how far it accepts it. `balance_minor`: units on the reader's account; None where
    an outside service keeps it."""

    currency: LocalCurrency
    most_minor: int
    account: LocalAccount | None = None
    balance_minor: int | None = None


@dataclass(frozen=True)
class Planned:
    """What a use would pay: `units` of its currency, worth `value_minor` of the order; of each shop, by its id."""

    use: LocalUse | None = None
    units: int = 0
    value_minor: int = 0
    by_shop: dict[int, int] = field(default_factory=dict)


def choices(parts: Sequence[tuple[int, int]], user_id: int | None) -> list[Choice]:
    """Of a basket given as (shop id, total in minor units): what this reader could pay along with; two queries, one
    where no shop accepts any."""
    most: dict[int, int] = {}
    currencies: dict[int, LocalCurrency] = {}
    accepted = LocalAcceptance.objects.filter(currency__active=True, shop__in=[shop_id for shop_id, _ in parts])
    for row in accepted.select_related("currency"):
        currencies[row.currency_id] = row.currency
        cap = sum(total * row.basis_points // WHOLE for shop_id, total in parts if shop_id == row.shop_id)
        most[row.currency_id] = most.get(row.currency_id, 0) + cap
    held = LocalAccount.objects.filter(user=user_id, currency__in=most) if user_id and most else []
    accounts = {account.currency_id: account for account in held}
    found = []
    for pk, cap in most.items():
        currency, account = currencies[pk], accounts.get(pk)
        if cap and currency.provider == LocalCurrency.Provider.SERVICE:
            found.append(Choice(currency, cap))
        elif cap and account and account.balance_minor:
            found.append(Choice(currency, cap, account, account.balance_minor))
    return found


def enter(checkout_id: int, choice: Choice, wanted_minor: int, *, account: str = "", code: str = "") -> LocalUse | None:
    """Remember it for a checkout that is being filled in, instead of another. `wanted_minor` in units; `account` and
    `code` are the payer's at an outside service. The caller has locked the checkout. None: what is held, spent or was
    asked of a service stays, since it is given back as what it was taken as."""
    sealed = secrets.seal(code, row=code_name(checkout_id)) if code else ""
    values = {
        "currency": choice.currency, "account": choice.account, "wanted_minor": wanted_minor,
        "service_account": account, "service_code": sealed,
    }  # fmt: skip
    use, made = LocalUse.objects.get_or_create(checkout_id=checkout_id, defaults=values)
    if not made and not _untouched(checkout_id).update(**values):
        return None
    return use


def take_off(checkout_id: int) -> None:
    _untouched(checkout_id).delete()


def _untouched(checkout_id: int) -> QuerySet[LocalUse]:
    return LocalUse.objects.filter(checkout=checkout_id, held=False, spent_at=None, calls=None)


def planned(checkout_id: int, parts: Sequence[tuple[int, int]], total_minor: int) -> Planned:
    """What is paid of `total_minor` in local currency: as much as was asked for, is there, and the shops of `parts`
    (shop id, total) accept; what is left is nothing or enough for the payment page. One query, two where it is used."""
    use = (
        LocalUse.objects.filter(checkout=checkout_id, currency__active=True)
        .select_related("currency", "account")
        .first()
    )
    if use is None:
        return Planned()
    rows = LocalAcceptance.objects.filter(currency=use.currency, shop__in=[shop_id for shop_id, _ in parts])
    accepts = dict(rows.values_list("shop", "basis_points"))
    caps: dict[int, int] = {}
    for shop_id, total in parts:  # a shop may have two: what it sends, and downloads
        caps[shop_id] = caps.get(shop_id, 0) + total * accepts.get(shop_id, 0) // WHOLE
    units = min(use.wanted_minor, local_providers.of(use.currency).free(use))
    [value] = shares([min(use.currency.value_of(units), sum(caps.values()))], total_minor)
    if not value:
        return Planned(use)
    parted = money.split(value, list(caps.values()))
    return Planned(use, use.currency.units_for(value), value, dict(zip(caps, parted, strict=True)))


def hold(plan: Planned, *, now: datetime) -> bool:
    """In the transaction that freezes. False: the units are not there any more; the caller undoes it."""
    use = plan.use
    if use is None:
        return True
    if not local_providers.of(use.currency).hold(use, plan.units, now=now):
        return False
    LocalUse.objects.filter(pk=use.pk).update(value_minor=plan.value_minor)
    LocalShare.objects.filter(use=use).delete()
    LocalShare.objects.bulk_create(
        LocalShare(use=use, shop_id=shop_id, value_minor=minor) for shop_id, minor in plan.by_shop.items() if minor
    )
    return True


def confirm(checkout_id: int, *, now: datetime) -> bool:
    """After the freezing transaction, before anything is charged: whether the units are held for certain. False: the
    service refused. Raises ServiceError where nobody knows; called again it looks first."""
    use = _held(checkout_id)
    return use is None or local_providers.of(use.currency).confirm(use, now=now)


def hold_again(checkout_id: int, *, now: datetime) -> bool:
    """A payment that came after its hold ended: the same units once more."""
    use = LocalUse.objects.filter(checkout=checkout_id, spent_at=None).select_related("currency", "account").first()
    if use is None or use.held or not use.amount_minor:
        return True
    with transaction.atomic():
        held = local_providers.of(use.currency).hold(use, use.amount_minor, now=now)
        if not held:
            transaction.set_rollback(True)
    return held


def release_hold(checkout_id: int, *, now: datetime) -> None:
    if use := _held(checkout_id):
        local_providers.of(use.currency).release(use, now=now)


def spend(checkout_id: int, *, order_id: int, now: datetime) -> None:
    """In the transaction that places the order: what is held becomes the order's."""
    use = _held(checkout_id)
    if use is None or not LocalUse.objects.filter(pk=use.pk, spent_at=None).update(spent_at=now):
        return
    about: Any = {"order_id": order_id, "now": now, "cause": f"paid in {use.currency}"}
    money_side(use.currency, use.value_minor, credit=ledger.ORDERS, key=f"local-spent:{use.pk}", **about)
    local_providers.of(use.currency).spend(use, order_id=order_id, now=now)


def give_back(payment: Payment, amount_minor: int, *, cause: str, now: datetime) -> int:
    """As much of it as the local currency paid, back to the payer's account; returns how much that was, in minor units
    of the order's currency. Units are rounded in the payer's favour. Called by `means.give_back`."""
    use = (
        LocalUse.objects.filter(checkout=payment.checkout_id).exclude(spent_at=None).select_related("currency").first()
    )
    amount = min(amount_minor, use.value_minor - use.back_value_minor) if use else 0
    if use is None or not amount:
        return 0
    units = min(use.currency.units_for(amount), use.amount_minor - use.back_minor)
    if amount == use.value_minor - use.back_value_minor:  # the last of it: whatever is left
        units = use.amount_minor - use.back_minor
    columns = {"back_minor": F("back_minor") + units, "back_value_minor": F("back_value_minor") + amount}
    LocalUse.objects.filter(pk=use.pk).update(**columns)
    key, order_id = f"local-back:{use.pk}:{use.back_value_minor + amount}", payment.checkout.order_id
    about: Any = {"order_id": order_id, "now": now}
    money_side(use.currency, amount, debit=ledger.ORDERS, key=key, cause=cause, kind="local_back", **about)
    if units:
        local_providers.of(use.currency).give_back(use, units, key=key, **about)
    return amount


def pay_shop(shop_order: ShopOrder, earned_minor: int, *, now: datetime) -> int:
    """Of what a shop earned with an order, its part in local currency, paid to its local account at once: returns it in
    minor units of the order's currency. Called in the transaction that books or writes the earning, under its lock:
    the shop's account is that much lower then, which its transfer keeps back."""
    rows = LocalShare.objects.filter(use__checkout__order=shop_order.order_id, shop=shop_order.shop_id, paid_at=None)
    share = rows.exclude(use__spent_at=None).select_related("use__currency", "shop").first()
    if share is None:
        return 0
    use = share.use
    paid = sum(use.shares.values_list("paid_value_minor", flat=True))
    left = share.value_minor - share.paid_value_minor
    value = max(0, min(left, earned_minor, use.value_minor - use.back_value_minor - paid))
    units = use.currency.units_for(value)
    key = f"local-paid:{share.pk}:{shop_order.pk}"
    if units and not local_providers.of(use.currency).pay_shop(share, units, key=key, now=now):
        value = 0
    over = value == left or not _earns_more(shop_order)
    columns = {"paid_value_minor": F("paid_value_minor") + value, "paid_at": now if over else None}
    LocalShare.objects.filter(pk=share.pk).update(**columns)
    account = ledger.shop_account(shop_order.shop_id)
    about: Any = {"shop_order": shop_order, "now": now, "cause": f"{shop_order.number} in {use.currency}"}
    money_side(use.currency, value, debit=account, key=key, kind="local_paid", **about)
    return value


def _earns_more(shop_order: ShopOrder) -> bool:
    """Whether its shop has another part of the order that is still to be earned."""
    of_shop = ShopOrder.objects.filter(order=shop_order.order_id, shop=shop_order.shop_id, is_pooled=False)
    others = of_shop.exclude(pk=shop_order.pk).exclude(status=ShopOrder.Status.DECLINED)
    return any(earnings.booked(other) is None for other in others)


def _held(checkout_id: int) -> LocalUse | None:
    held = LocalUse.objects.filter(checkout=checkout_id, held=True, spent_at=None)
    return held.select_related("currency", "account", "checkout").first()
