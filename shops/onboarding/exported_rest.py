"""What a shop has here beside articles, orders and statements: how it is set up and what it says of itself, what was
written, what came back, and its pictures. The names and addresses of readers are in none of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Model

from catalog_sync.models import OwnArticle, PriceRule
from marketplace.catalogue import cover_files
from marketplace.foundation import links
from shops.models import (
    BufferRule,
    DeliveryOption,
    DeliverySlot,
    OpeningHours,
    QuickReply,
    Return,
    Shop,
    ShopAddress,
    SpecialHours,
    Thread,
)

_AT_ONCE = 200
ABOUT = ("name", "kind", "goods", "services", "email", "phone", "line1", "city", "region", "postcode", "country",
         "latitude", "longitude", "timezone", "language", "description_fr", "description_en", "colour", "colour_dark",
         "legal_name", "registration", "tax_number", "qst_number", "return_terms_fr", "return_terms_en")  # fmt: skip
RULES = ("stock_kind", "booking_lag_minutes", "reserves_on_accept", "buffer", "freshness_hours", "preparation_minutes",
         "kept_days", "uncollected", "orders_per_day", "refuses_when_full", "quiet_from", "quiet_until",
         "receives_for_others", "return_days", "bears_return_postage", "returns_need_answer", "receives_returns",
         "reserve_hours", "kept_back")  # fmt: skip
HOURS = ("weekday", "opens", "closes")
SPECIAL = ("first_day", "last_day", "opens", "closes", "note_fr", "note_en")
BUFFERS = ("kind", "subject", "price_minor", "keep")
PRICES = ("place", "subject", "publisher", "worn", "change_bp", "change_minor", "rounding", "floor_minor")
REPLIES = ("label", "text_fr", "text_en")
ADDRESSES = ("kind", "email")
DELIVERY = ("kind", "name_fr", "name_en", "price_minor", "free_above_minor", "days_min", "days_max", "countries",
            "postcode_prefixes", "rates", "packaging_grams", "active", "position")  # fmt: skip
SLOT = ("weekday", "begins", "ends", "capacity", "active")
MESSAGE = ("side", "text", "at", "by_mail")
RETURN = ("number", "basis", "reason", "state", "asked_at", "agreed_at", "sent_at", "arrived_at", "checked_at",
          "ended_at", "desk_note", "excepted", "refund_by")  # fmt: skip
RETURNED = ("units", "good", "worn", "refunded", "restocked")
PICTURES = ("of", "sku", "address")
Row = dict[str, Any]


def settings(shop: Shop) -> Row:
    """`shop.json`: texts, hours, rules. Nothing secret: no key, no account, no password."""
    return {
        "about": _row(shop, ABOUT),
        "rules": _row(shop, RULES),
        "opening_hours": _rows(OpeningHours, shop, HOURS),
        "special_hours": _rows(SpecialHours, shop, SPECIAL),
        "counter_rules": _rows(BufferRule, shop, BUFFERS),
        "price_rules": [
            _row(rule, PRICES) | {"list": rule.feed.name if rule.feed else ""}
            for rule in PriceRule.objects.filter(shop=shop).select_related("feed")
        ],
        "delivery": [_delivery(option) for option in _delivered(shop)],
        "quick_replies": _rows(QuickReply, shop, REPLIES),
        "mail": _rows(ShopAddress, shop, ADDRESSES),
    }


def threads(shop: Shop) -> Iterator[Row]:
    """Conversations as the shop sees them. Who of it wrote is named; of a reader only what they wrote."""
    seen = Thread.objects.filter(shop=shop, confirmed_at__isnull=False)
    related = seen.select_related("shop_order", "product").prefetch_related("messages__files").order_by("pk")
    for thread in related.iterator(chunk_size=_AT_ONCE):
        yield {
            "order": thread.shop_order.number if thread.shop_order else "",
            "title": thread.product.title if thread.product else "",
            "language": thread.language,
            "begun_at": _plain(thread.created_at),
            "messages": [
                _row(message, MESSAGE)
                | {
                    "by": "" if message.side == "reader" else message.by_name,
                    "files": [file.name for file in message.files.all()],
                }
                for message in thread.messages.all()
            ],
        }


def returns(shop: Shop) -> Iterator[Row]:
    """Of what it sold, wherever it was sent back to. Without the reader's note."""
    sold = Return.objects.filter(shop_order__shop=shop).select_related("shop_order", "goes_to")
    for row in sold.prefetch_related("lines__line").order_by("pk").iterator(chunk_size=_AT_ONCE):
        lines = [
            {"sku": one.line.sku, "gtin": one.line.gtin, "title": one.line.title} | _row(one, RETURNED)
            for one in row.lines.all()
        ]
        yield _row(row, RETURN) | {"order": row.shop_order.number, "sent_to": row.goes_to.name, "lines": lines}


def pictures(shop: Shop) -> Iterator[tuple[str, str, str]]:
    """Where its pictures are: its own, and those of used copies."""
    if shop.logo:
        yield "shop", "", links.absolute(shop.logo.url)
    photographed = OwnArticle.objects.filter(feed__shop=shop).exclude(photo="").order_by("pk")
    for sku, photo in photographed.values_list("sku", "photo").iterator(chunk_size=_AT_ONCE):
        yield "article", sku, links.absolute(default_storage.url(cover_files.name_of(photo, "page")))


def _delivered(shop: Shop) -> Iterator[DeliveryOption]:
    options = DeliveryOption.objects.filter(shop=shop).select_related("point", "receiving_shop")
    yield from options.prefetch_related("slots").order_by("position", "pk")


def _delivery(option: DeliveryOption) -> Row:
    slots: list[DeliverySlot] = list(option.slots.all())
    place = option.point or option.receiving_shop
    return _row(option, DELIVERY) | {
        "place": place.name if place else "",
        "slots": [_row(slot, SLOT) for slot in slots],
    }


def _rows(model: type[Model], shop: Shop, names: tuple[str, ...]) -> list[Row]:
    """In the model's own order."""
    return [_row(row, names) for row in model._default_manager.filter(shop=shop)]


def _row(row: Model, names: tuple[str, ...]) -> Row:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime, date, time)) else value
