"""Whatever the shop's webhook was sent, or would have been, read again from any place on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from marketplace.api import cursors
from marketplace.api.shop_keyed import ShopKeyed, key_of
from shops.channels import messages, webhook
from shops.models import Cancellation, ShopOrder, ShopScope
from shops.orders import sight

router = Router(tags=["shop messages"], auth=ShopKeyed(ShopScope.READ))
MOST = 100
# What is younger is not given yet: a transaction that began before may still come in before it, and be passed over.
SETTLED = timedelta(minutes=1)
_NEW, _TAKEN_BACK = 0, 1


class Message(Schema):
    """`id`: the webhook's. `data`: as the webhook says it, of the order as it is now."""

    id: str
    type: str
    timestamp: datetime
    version: int
    data: dict[str, Any]


class Messages(Schema):
    """`next` goes into `cursor` the next time, also where nothing came: it names the last one given."""

    messages: list[Message]
    next: str
    more: bool


@router.get("/messages", response=Messages, summary="What the webhook was sent, oldest first")
def said(
    request: HttpRequest,
    limit: int = Query(50, ge=1, le=MOST),
    cursor: str = Query("", max_length=cursors.LONGEST),
) -> dict[str, Any]:
    shop_id = key_of(request).shop_id
    after = cursors.unseal(cursor, asked=("messages", shop_id))["after"] if cursor else ["", _NEW, 0]
    until = timezone.now() - SETTLED
    orders = ShopOrder.objects.filter(shop=shop_id, is_download=False, created_at__lt=until)
    told = Q(told_at__isnull=False) | Q(due_at__isnull=False)
    taken = Cancellation.objects.filter(told, shop=shop_id, cancelled_at__lt=until)
    # A row of either table is at (when, which table, its key); each is read from there on.
    news = _after(orders, "created_at", _NEW, after)[: limit + 1]
    ends = _after(taken, "cancelled_at", _TAKEN_BACK, after)[: limit + 1]
    found: list[tuple[datetime, int, int, Any]] = [
        *((one.created_at, _NEW, one.pk, one) for one in news),
        *((one.cancelled_at, _TAKEN_BACK, one.pk, one) for one in ends),
    ]
    found.sort(key=lambda row: row[:3])
    given = found[:limit]
    last = [given[-1][0].isoformat(), *given[-1][1:3]] if given else after
    return {
        "messages": [_message(row[3]) for row in given],
        "next": cursors.seal({"after": last}, asked=("messages", shop_id)),
        "more": len(found) > limit,
    }


def _after(rows: QuerySet[Any], column: str, table: int, after: list[Any]) -> QuerySet[Any]:
    when, last_table, last_key = after
    related = (
        rows.select_related("shop", "order__shipping_address__country", "delivery_option").prefetch_related("lines")
        if table == _NEW
        else rows.select_related(
            "line__shop_order__shop",
            "line__shop_order__order__shipping_address__country",
            "line__shop_order__delivery_option",
        ).prefetch_related("line__shop_order__lines")
    )
    if when:
        same_moment = Q(**{column: datetime.fromisoformat(when)})
        same_moment &= Q(pk__gt=last_key) if table == last_table else Q() if table > last_table else Q(pk=None)
        related = related.filter(Q(**{f"{column}__gt": datetime.fromisoformat(when)}) | same_moment)
    return related.order_by(column, "pk")


def _message(row: ShopOrder | Cancellation) -> dict[str, Any]:
    of_order = isinstance(row, ShopOrder)
    shop_order = row if isinstance(row, ShopOrder) else row.line.shop_order
    told = messages.new_order(row) if isinstance(row, ShopOrder) else messages.taken_back(row)
    if not sight.is_seen(shop_order, timezone.now()):
        told["data"]["delivery"]["address"] = None
    key = webhook.message_id(shop_order) if of_order else webhook.cancellation_id(row)  # type: ignore[arg-type]
    return {"id": key, **told}
