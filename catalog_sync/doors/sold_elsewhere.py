"""A copy that the shop sold through another Halles: its order webhook (docs/order-webhook.md), posted to the webhook of
a feed here and signed with the secret that both sides know.

No number is touched: the copies are withheld from sale, as those that staff did not find, until the shop says that its
till is right, or for seven days (DESIGN §5). The same message is taken once, by its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from oscar.apps.partner.models import StockRecord

from catalog_sync.doors.pushing import WrongRow
from catalog_sync.identifiers import identify
from catalog_sync.models import Feed, Webhook
from marketplace.foundation import audit
from marketplace.foundation.models import AuditEntry
from shops import withholding
from shops.models import Condition

TYPE = "shop_order.new"
ACTION = "stock.sold_elsewhere"
MOST_LINES, MOST_UNITS = 500, 1000


def take(webhook: Webhook, sent_id: str, message: Mapping[str, Any], *, now: datetime) -> tuple[int, list[WrongRow]]:
    """How many lines were withheld, and those that name no article of the shop's, or nothing that we understand."""
    data = message.get("data")
    lines = data.get("lines") if isinstance(data, dict) else None
    if not isinstance(lines, list) or len(lines) > MOST_LINES:
        return 0, [WrongRow(1, f"“lines” is a list of at most {MOST_LINES} objects.")]
    feed = webhook.feed
    with transaction.atomic():
        Webhook.objects.select_for_update().get(pk=webhook.pk)
        known = AuditEntry.objects.filter(shop=feed.shop_id, action=ACTION, facts__key=sent_id).first()
        if known is not None:
            return int(known.facts.get("lines", 0)), []
        found, wrong = _found(feed, lines)
        for record, units in sorted(found, key=lambda one: one[0].pk):
            withholding.withhold(record, units, now=now, by="webhook")
        audit.record(ACTION, feed, by="webhook", shop_id=feed.shop_id, key=sent_id, lines=len(found))
    return len(found), wrong


def _found(feed: Feed, lines: Sequence[Any]) -> tuple[list[tuple[StockRecord, int]], list[WrongRow]]:
    found, wrong = [], []
    for row, line in enumerate(lines, start=1):
        units = line.get("units") if isinstance(line, dict) else None
        if type(units) is not int or not 0 <= units <= MOST_UNITS:
            wrong.append(WrongRow(row, "“units” is a whole number."))
        elif line.get("supply", "stock") != "stock":
            continue  # what is to be ordered, or has not appeared, is on no shelf
        elif units and (record := _record(feed, line)):
            found.append((record, units))
        elif units:
            wrong.append(WrongRow(row, "No article of this shop has this number."))
    return found, wrong


def _record(feed: Feed, line: Mapping[str, Any]) -> StockRecord | None:
    """By the shop's own number; else a new copy by its GTIN, where one article of the shop's has it."""
    mine = StockRecord.objects.filter(partner__shop=feed.shop_id).select_related("partner__shop")
    if isinstance(sku := line.get("sku"), str) and (same := mine.filter(partner_sku=sku[:128]).first()):
        return same
    gtin = identify(str(line.get("gtin") or "")).gtin
    if gtin is None or line.get("condition", Condition.NEW) != Condition.NEW:
        return None
    same_title = mine.filter(product__facts__gtin=gtin).exclude(terms__condition__in=set(Condition.values) - {"new"})
    several = list(same_title[:2])
    return several[0] if len(several) == 1 else None
