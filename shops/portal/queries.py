"""What a person may see of what lies to the right of `shops`, and of their stock. All of it begins at
`shops.queries.shops_for`."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q, QuerySet, Sum
from oscar.apps.partner.models import StockRecord

from catalog_sync.models import Feed, SyncRun
from marketplace.models import User
from marketplace.payments.models import Invoice, MoneyCall, Settlement
from search.text import isbn_query
from shops import queries
from shops.models import Allocation, EarlierOrder, EarlierStatement, ShopOrder, StockIncident
from shops.onboarding.brought_rows import folded

Person = User | AnonymousUser


def feeds_for(user: Person) -> QuerySet[Feed]:
    return Feed.objects.filter(shop__in=queries.shops_for(user))


def runs_for(user: Person) -> QuerySet[SyncRun]:
    """Runs of the person's feeds, newest first."""
    return SyncRun.objects.filter(feed__in=feeds_for(user)).select_related("feed", "approved_by").order_by("-pk")


def stock_records_for(user: Person) -> QuerySet[StockRecord]:
    return StockRecord.objects.filter(partner__shop__in=queries.shops_for(user))


def withheld_for(user: Person) -> QuerySet[Allocation]:
    """Open allocations of copies that were not found, newest first."""
    return (
        Allocation.objects.filter(
            stock_record__in=stock_records_for(user), cause=Allocation.Cause.NOT_FOUND, ended_at=None
        )
        .select_related("stock_record__product__facts")
        .order_by("-created_at", "-pk")
    )


def incidents_for(user: Person) -> QuerySet[StockIncident]:
    """Records that promise more than the shop's number holds, oldest first, with what they promise now."""
    return (
        StockIncident.objects.filter(stock_record__in=stock_records_for(user), closed_at=None)
        .select_related("stock_record__product__facts")
        .annotate(now_in_stock=F("stock_record__num_in_stock"), now_promised=F("stock_record__num_allocated"))
        .order_by("opened_at", "pk")
    )


def transfers_for(user: Person) -> QuerySet[MoneyCall]:
    """What was or will be paid to the person's shops, and taken back, newest first."""
    return (
        MoneyCall.objects.filter(
            shop_order__in=queries.orders_for(user), kind__in=[MoneyCall.Kind.TRANSFER, MoneyCall.Kind.REVERSAL]
        )
        .filter(refused_at=None)  # a reversal that was refused is a debt
        .select_related("shop_order")
        .order_by("-pk")
    )


def waiting_for_transfer(user: Person) -> QuerySet[ShopOrder]:
    """Handed over, paid out after the network's delay."""
    return (
        queries.orders_for(user)
        .filter(status=ShopOrder.Status.HANDED_OVER)
        .exclude(money_calls__kind=MoneyCall.Kind.TRANSFER)
    )


def settlements_for(user: Person) -> QuerySet[Settlement]:
    """Closed months of the person's shops, newest first."""
    return (
        Settlement.objects.filter(shop__in=queries.shops_for(user)).select_related("shop").order_by("-ends_at", "-pk")
    )


def invoices_for(user: Person) -> QuerySet[Invoice]:
    """Invoices and credit notes in the name of the person's shops, and the network's to them, newest first."""
    return Invoice.objects.filter(shop__in=queries.shops_for(user)).select_related("shop", "shop_order").order_by("-pk")


def earlier_orders_for(user: Person) -> QuerySet[EarlierOrder]:
    """What the person's shops brought along from earlier networks, newest first."""
    return EarlierOrder.objects.filter(shop__in=queries.shops_for(user)).order_by("-ordered_at", "-pk")


def earlier_found(rows: QuerySet[EarlierOrder], text: str) -> QuerySet[EarlierOrder]:
    """Those that have every word of what was typed: of a number, a title, an ISBN with or without hyphens, a SKU."""
    plain = text.replace("-", "").replace(" ", "")
    words = [plain] if plain.isdecimal() else folded(text).split()
    if text and not words:
        return rows.none()
    isbn = isbn_query(text)
    for word in words:
        rows = rows.filter(Q(text__contains=word) | (Q() if isbn is None else Q(text__contains=str(isbn))))
    return rows


def earlier_statements_for(user: Person) -> QuerySet[EarlierStatement]:
    """Closed months of the person's shops at earlier networks, newest first."""
    rows = EarlierStatement.objects.filter(shop__in=queries.shops_for(user)).select_related("network")
    return rows.order_by("-ends_at", "-pk")


def total_minor(rows: QuerySet[MoneyCall], column: str = "amount_minor") -> int:
    """Transfers less reversals, in minor units."""
    paid = rows.filter(kind=MoneyCall.Kind.TRANSFER).aggregate(sum=Sum(column))["sum"] or 0
    return paid - (rows.filter(kind=MoneyCall.Kind.REVERSAL).aggregate(sum=Sum(column))["sum"] or 0)
