"""The ledger: the only place that makes LedgerEntry rows. Each is written in the transaction that records the movement.

An account is the sum of its debits less its credits: above zero it is owned or spent, below zero owed or earned. The
accounts are those of `chart.py`; docs/money.md shows them with examples:

| account | holds |
|---|---|
| stripe, bank | the network's money |
| institutions | owed by institutions that ordered by invoice |
| orders | captured for orders, owed to shops and network; one order's part by its entries |
| shop:<id> | what a shop has earned and not been paid (its credits); more debits than credits: the shop owes |
| exchange:<currency> | what stands behind the units of a local currency |
| gift_cards, local:<currency>, pool | owed to holders of cards, of a local currency, to the shops that share the pool |
| disputes | taken back by a bank, not decided yet |
| tax:<jurisdiction> | tax on commission and dues, and in prices what the network collects, owed to that place |
| commission, dues | the network's income |
| stripe_fees, promotions, goodwill, losses, dividends, rounding | the network's costs |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, Sum

from marketplace.payments.chart import account_of
from marketplace.payments.models import LedgerEntry, MoneyCall, Payment
from marketplace.payments.partner_shares import shares
from marketplace.payments.worth import NOTHING, borne, returned
from shops.models import ShopOrder

STRIPE, ORDERS, COMMISSION, STRIPE_FEES = "stripe", "orders", "commission", "stripe_fees"
BANK, POOL, DUES, DIVIDENDS, ROUNDING = "bank", "pool", "dues", "dividends", "rounding"
GIFT_CARDS, DISPUTES, PROMOTIONS, LOSSES = "gift_cards", "disputes", "promotions", "losses"
INSTITUTIONS = "institutions"
REFERRALS = "referrals"
# Kinds of tax in the price, beside the tax on what the network charges.
SALES_TAX = ("sales_tax", "sales_tax_back")


def shop_account(shop_id: int | str) -> str:
    return f"shop:{shop_id}"


def shop_of(account: str) -> int | None:
    """The shop whose account it is: "shop:12" is 12."""
    kind, _, shop_id = account.partition(":")
    return int(shop_id) if kind == "shop" else None


def partner_account(partner_id: int) -> str:
    return f"partner:{partner_id}"


def bearer_account(shop_id: int | None) -> str:
    """Who bears what a reader does not pay: one shop, or the network."""
    return PROMOTIONS if shop_id is None else shop_account(shop_id)


def tax_account(jurisdiction: str) -> str:
    return f"tax:{jurisdiction}"


def local_account(currency: str) -> str:
    return f"local:{currency}"


def exchange_account(currency: str) -> str:
    return f"exchange:{currency}"


def post(
    kind: str,
    *,
    debit: str,
    credit: str,
    amount_minor: int,
    currency: str,
    key: str,
    cause: str,
    now: datetime,
    order_id: int | None = None,
    shop_order: ShopOrder | None = None,
    stripe_id: str = "",
) -> LedgerEntry | None:
    """Record one movement once: an entry with this key that is there already stays, whatever calls again. Nothing is
    written for an amount of 0. Raises UnknownAccountError."""
    account_of(debit), account_of(credit)
    if not amount_minor:
        return None
    entry, made = LedgerEntry.objects.get_or_create(
        key=key,
        defaults={
            "at": now,
            "kind": kind,
            "debit": debit,
            "credit": credit,
            "amount_minor": amount_minor,
            "currency": currency,
            "order_id": order_id or (shop_order.order_id if shop_order else None),
            "shop_order": shop_order,
            "stripe_id": stripe_id,
            "cause": cause,
        },
    )
    return entry if made else None


def record_capture(payment: Payment, *, amount_minor: int, fee_minor: int, stripe_id: str, now: datetime) -> None:
    order_id = payment.checkout.order_id
    common: Any = {"currency": payment.currency, "now": now, "order_id": order_id, "stripe_id": stripe_id}
    cause = f"payment {payment.pk} captured"
    key = f"capture:{payment.pk}"
    post("capture", debit=STRIPE, credit=ORDERS, amount_minor=amount_minor, key=key, cause=cause, **common)
    post(
        "fee", debit=STRIPE_FEES, credit=STRIPE, amount_minor=fee_minor, key=f"fee:{payment.pk}", cause=cause, **common
    )


def record_refund(call: MoneyCall, *, stripe_id: str, now: datetime) -> None:
    post(
        "refund",
        debit=ORDERS,
        credit=STRIPE,
        amount_minor=call.amount_minor,
        currency=call.currency,
        key=call.key,
        cause=call.reason or "refund",
        now=now,
        order_id=call.payment.checkout.order_id,
        stripe_id=stripe_id,
    )


def record_transfer(call: MoneyCall, *, stripe_id: str, now: datetime) -> None:
    """A shop order handed over: the shop earns its value less commission and the tax on it, and is paid that less what
    it owed, with what its account held besides."""
    shop_order = call.shop_order
    assert shop_order is not None
    record_earning(
        shop_order,
        earned_minor=call.amount_minor + call.netted_minor - call.credit_minor,
        commission_minor=call.commission_minor,
        taxes=call.commission_tax,
        sales_taxes=call.sales_tax,
        key=call.key,
        now=now,
    )
    post(
        "transfer",
        debit=shop_account(shop_order.shop_id),
        credit=STRIPE,
        amount_minor=call.amount_minor,
        currency=call.currency,
        key=call.key,
        cause=f"{shop_order.number} handed over",
        stripe_id=stripe_id,
        now=now,
        shop_order=shop_order,
    )


def record_earning(
    shop_order: ShopOrder,
    *,
    earned_minor: int,
    commission_minor: int,
    taxes: Sequence[tuple[str, int]],
    sales_taxes: Sequence[tuple[str, int]] = (),
    key: str,
    now: datetime,
) -> None:
    """What was captured for a shop order becomes the shop's, the network's and, by jurisdiction, the tax office's: the
    tax on the commission, and what the network collects of the tax in the price. What
    of it the reader does not pay, since another shop had promised it for less, is borne first."""
    if shop_order.instead_of_id:
        bear(
            order_id=shop_order.order_id,
            amount_minor=borne(shop_order.lines.all(), returned([shop_order.pk]).get(shop_order.pk, NOTHING)),
            currency=shop_order.currency,
            key=f"reroute:{shop_order.number}",
            cause=f"{shop_order.number} is dearer than what it is instead of",
            now=now,
            shop_id=shop_order.bearer_id,
        )
    cause, account = f"{shop_order.number} handed over", shop_account(shop_order.shop_id)
    common: Any = {"debit": ORDERS, "currency": shop_order.currency, "now": now, "shop_order": shop_order}
    common["cause"] = cause
    post("earning", credit=account, amount_minor=earned_minor, key=f"earning:{key}", **common)
    post("commission", credit=COMMISSION, amount_minor=commission_minor, key=f"kept:{key}", **common)
    share_with_partners(shop_order, commission_minor, key=key, now=now)
    for place, tax in taxes:
        post("commission_tax", credit=tax_account(place), amount_minor=tax, key=f"tax:{place}:{key}", **common)
    for place, tax in sales_taxes:
        post("sales_tax", credit=tax_account(place), amount_minor=tax, key=f"sales-tax:{place}:{key}", **common)


def share_with_partners(shop_order: ShopOrder, kept_minor: int, *, key: str, now: datetime) -> None:
    """Who brought the sale gets its share: a cost of the network's, so that the shop's statement is as without it."""
    for partner_id, minor in shares(shop_order.lines.all(), kept_minor=kept_minor).items():
        post(
            "referral", debit=REFERRALS, credit=partner_account(partner_id), amount_minor=minor,
            currency=shop_order.currency, key=f"referral:{partner_id}:{key}", cause=f"{shop_order.number} brought",
            now=now, order_id=shop_order.order_id,
        )  # fmt: skip


def bear(
    *, order_id: int, amount_minor: int, currency: str, key: str, cause: str, now: datetime, shop_id: int | None = None
) -> None:
    """What the reader does not pay of an order though a shop is to get it: a voucher, the higher price of a shop that
    took over. The network bears it, or one shop; with it the order's account covers what its shops earn."""
    common: Any = {"currency": currency, "order_id": order_id, "cause": cause, "now": now}
    post("borne", debit=bearer_account(shop_id), credit=ORDERS, amount_minor=amount_minor, key=f"borne:{key}", **common)


def balance(account: str, *, currency: str, order_id: int | None = None) -> int:
    """Debits less credits of one account, in minor units; of one order's entries where named."""
    entries = LedgerEntry.objects.filter(Q(debit=account) | Q(credit=account), currency=currency)
    if order_id is not None:
        entries = entries.filter(order_id=order_id)
    sums = entries.aggregate(
        debits=Sum("amount_minor", filter=Q(debit=account), default=0),
        credits=Sum("amount_minor", filter=Q(credit=account), default=0),
    )
    return sums["debits"] - sums["credits"]


def balances(*, currency: str) -> dict[str, int]:
    """Every account that was ever used, debits less credits; their sum is 0."""
    found: dict[str, int] = {}
    for column, sign in (("debit", 1), ("credit", -1)):
        sums = LedgerEntry.objects.filter(currency=currency).values(column).annotate(sum=Sum("amount_minor"))
        for row in sums.order_by():
            found[row[column]] = found.get(row[column], 0) + sign * row["sum"]
    return dict(sorted(found.items()))
