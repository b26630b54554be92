"""Whatever the shop's webhook was sent, or would have been, read again from any place on."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from marketplace.api import cursors
from marketplace.api.shop_keyed import ShopKeyed, key_of
from shops.channels import messages, webhook
from shops.models import Cancellation, ShopOrder, ShopScope
from shops.orders import places, sight

router = Router(tags=["shop messages"], auth=ShopKeyed(ShopScope.READ))
MOST = 100
_OF_ORDER = ("transmission", "shop", "order__shipping_address__country", "delivery_option")


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
    asked = ("places of messages", shop_id)
    after = cursors.unseal(cursor, asked=asked)["after"] if cursor else 0
    places.give(shop_id)
    news = places.orders(shop_id).select_related(*_OF_ORDER).prefetch_related("lines")
    taken = places.taken_back(shop_id).select_related(*(f"line__shop_order__{name}" for name in _OF_ORDER))
    found: list[Any] = [
        *news.filter(place__gt=after).order_by("place")[: limit + 1],
        *taken.prefetch_related("line__shop_order__lines").filter(place__gt=after).order_by("place")[: limit + 1],
    ]
    found.sort(key=lambda row: row.place)
    given = found[:limit]
    last = given[-1].place if given else after
    unseen = sight.out_of_sight([_order_of(row) for row in given], timezone.now())
    return {
        "messages": [_message(row, unseen) for row in given],
        "next": cursors.seal({"after": last}, asked=asked),
        "more": len(found) > limit,
    }


def _order_of(row: ShopOrder | Cancellation) -> ShopOrder:
    return row if isinstance(row, ShopOrder) else row.line.shop_order


def _message(row: ShopOrder | Cancellation, unseen: Container[int]) -> dict[str, Any]:
    of_order, shop_order = isinstance(row, ShopOrder), _order_of(row)
    told = messages.new_order(row) if isinstance(row, ShopOrder) else messages.taken_back(row)
    if shop_order.pk in unseen:
        told["data"]["delivery"]["address"] = None
    key = webhook.message_id(shop_order) if of_order else webhook.cancellation_id(row)  # type: ignore[arg-type]
    return {"id": key, **told}
