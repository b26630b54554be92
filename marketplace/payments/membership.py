"""What members pay and get beside their sales: dues of a period, the yearly dividend by use, the solidarity pool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from marketplace.foundation import audit, money, network
from marketplace.foundation.models import Network
from marketplace.payments import commission_tax, incidents, ledger
from marketplace.payments.ledger import COMMISSION, DIVIDENDS, DUES, ORDERS, POOL, shop_account, tax_account
from marketplace.payments.models import CounterSale, Dividend, DividendShare, Dues, LedgerEntry
from shops.models import Shop, ShopOrder

MONTHS = {Dues.Every.MONTH: 1, Dues.Every.QUARTER: 3, Dues.Every.YEAR: 12}
BATCH = 100


class DividendError(Exception):
    """The dividend cannot be declared; the text says why."""


def after(day: date, every: str) -> date:
    """The first day of the next period: one that begins on the 31st begins on the last day of a shorter month."""
    month = day.month - 1 + MONTHS[Dues.Every(every)]
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


def charge_dues(now: datetime) -> int:
    """Step: charge each period that has begun, with its tax, to the shop's account; what a shop cannot pay from it is
    its debt, taken from its next transfers. Those of a shop whose tax nobody knows wait."""
    due = Dues.objects.filter(next_on__lte=now.date()).filter(Q(ends_on=None) | Q(next_on__lte=F("ends_on")))
    waiting = {
        dues.pk
        for dues in due.select_related("shop")
        if commission_tax.unknown_of([dues.shop], now=now, on=dues.next_on)
    }
    ready = due.exclude(pk__in=waiting).order_by("next_on", "pk").values_list("pk", flat=True)
    rows = incidents.batch(ready, step="charge_dues", most=BATCH)
    return incidents.one_by_one(rows, lambda dues_id: _charge(dues_id, now), step="charge_dues", now=now)


def _charge(dues_id: int, now: datetime) -> bool:
    with transaction.atomic():
        dues = Dues.objects.select_for_update(of=("self",)).select_related("shop").get(pk=dues_id)
        day = dues.next_on
        if not Dues.objects.filter(pk=dues_id, next_on=day).update(next_on=after(day, dues.every)):
            return False
        cause = f"dues of the {dues.every} from {day}"
        common: Any = {"debit": shop_account(dues.shop_id), "currency": dues.currency, "cause": cause, "now": now}
        ledger.post("dues", credit=DUES, amount_minor=dues.amount_minor, key=f"dues:{dues_id}:{day}", **common)
        for place, tax in commission_tax.parts(dues.shop, dues.amount_minor, day):
            key = f"dues-tax:{place}:{dues_id}:{day}"
            ledger.post("dues_tax", credit=tax_account(place), amount_minor=tax, key=key, **common)
    return True


def use_of(year: int, *, currency: str) -> dict[int, int]:
    """Commission that each shop paid in a year (UTC), at its counter too, less what was given back, by shop id; shops
    with none are left out. What the pool sold is nobody's use."""
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    entries = LedgerEntry.objects.filter(at__gte=begins, at__lt=ends, currency=currency, shop_order__is_pooled=False)
    sums = (
        entries.order_by()
        .values("shop_order__shop")
        .annotate(
            paid=Sum("amount_minor", filter=Q(credit=COMMISSION), default=0),
            back=Sum("amount_minor", filter=Q(debit=COMMISSION), default=0),
        )
    )
    used = {row["shop_order__shop"]: row["paid"] - row["back"] for row in sums}
    counter = CounterSale.objects.filter(booked_at__gte=begins, booked_at__lt=ends, currency=currency)
    for shop_id, paid in counter.order_by().values_list("shop").annotate(sum=Sum("commission_minor")):
        used[shop_id] = used.get(shop_id, 0) + paid
    return {shop_id: minor for shop_id, minor in used.items() if minor > 0}


def declare_dividend(year: int, surplus_minor: int, *, currency: str, by: object, now: datetime) -> Dividend:
    """Share a year's surplus among the shops by their use, by largest remainder, and book it to their accounts. Raises
    DividendError."""
    if year >= now.year:
        raise DividendError(_("%(year)s is not over yet.") % {"year": year})
    if surplus_minor <= 0:
        raise DividendError(_("There is no surplus to share."))
    with transaction.atomic():
        used = sorted(use_of(year, currency=currency).items())
        if not used:
            raise DividendError(
                _("No shop paid commission in %(year)s: there is nobody to share it among.") % {"year": year}
            )
        dividend, made = Dividend.objects.get_or_create(
            year=year,
            currency=currency,
            defaults={"surplus_minor": surplus_minor, "declared_at": now, "declared_by": by},  # type: ignore[misc]
        )
        if not made:
            raise DividendError(_("The dividend of %(year)s is declared already.") % {"year": year})
        parts = money.split(surplus_minor, [minor for _, minor in used])
        shares = [
            DividendShare(dividend=dividend, shop_id=shop_id, used_minor=minor, amount_minor=part)
            for (shop_id, minor), part in zip(used, parts, strict=True)
        ]
        for share in DividendShare.objects.bulk_create(shares):
            ledger.post(
                "dividend",
                debit=DIVIDENDS,
                credit=shop_account(share.shop_id),
                amount_minor=share.amount_minor,
                currency=currency,
                key=f"dividend:{year}:{currency}:{share.shop_id}",
                cause=f"dividend of {year}",
                now=now,
            )
        audit.record("dividend.declare", dividend, by=by, year=year, surplus_minor=surplus_minor)
    return dividend


def put_into_pool(
    amount_minor: int,
    *,
    order_id: int,
    currency: str,
    key: str,
    cause: str,
    now: datetime,
    shop_order: ShopOrder | None = None,
) -> None:
    """What an order without a chosen shop earned: it waits in the pool to be shared."""
    common: Any = {"currency": currency, "order_id": order_id, "key": f"pool:{key}", "cause": cause, "now": now}
    common["shop_order"] = shop_order
    ledger.post("pool", debit=ORDERS, credit=POOL, amount_minor=amount_minor, **common)


def share_pool(
    shops: Sequence[Shop], *, currency: str, key: str, by: object, now: datetime, weights: Sequence[int] = ()
) -> dict[int, int]:
    """Share all that is in the pool among shops, evenly or by weights, by largest remainder; parts by shop id. `key`
    names the sharing ("2026-11"): shared once under it. Raises ValueError without shops."""
    with transaction.atomic():
        Network.objects.select_for_update().get(pk=network.current().pk)  # one at a time, whichever shops share
        if LedgerEntry.objects.filter(key__startswith=f"pool-share:{key}:").exists():
            return {}
        held = -ledger.balance(POOL, currency=currency)
        parts = money.split(max(held, 0), weights or [1] * len(shops))
        for shop, part in zip(shops, parts, strict=True):
            common: Any = {"currency": currency, "cause": f"solidarity pool {key}", "now": now}
            name = f"pool-share:{key}:{shop.pk}"
            ledger.post("pool_share", debit=POOL, credit=shop_account(shop.pk), amount_minor=part, key=name, **common)
            audit.record("pool.share", shop, by=by, shop_id=shop.pk, amount_minor=part, key=key)
    return {shop.pk: part for shop, part in zip(shops, parts, strict=True)}
