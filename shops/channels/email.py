"""Shop orders by e-mail: the shop answers in the portal. Written into the outbox, which sends and retries."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import links, money
from marketplace.foundation.models import MailMessage
from shops import mailing
from shops.channels.base import Channel, Receipt
from shops.models import Cancellation, DeliveryOption, ShopOrder

MAIL_KIND = "shop_order_new"
CANCEL_KIND = "shop_order_taken_back"


class EmailChannel(Channel):
    kind = "email"
    capabilities = frozenset({"cancel"})

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        shop, order, option = self.shop, shop_order.order, shop_order.delivery_option
        lines = [line for line in shop_order.lines.all() if line.left_units]  # what the reader took back since is not
        total_minor = sum(line.left_minor for line in lines)
        with override(shop.language):
            due = localtime(shop_order.answer_due_at, ZoneInfo(shop.timezone))
            answer_until = date_format(due, "DATETIME_FORMAT")
        mailing.post(
            MAIL_KIND,
            shop,
            mailing.About.ORDERS,
            dedupe_key=_dedupe_key(shop_order),
            context={
                "shop_order": shop_order,
                "shop": shop,
                "lines": lines,
                "is_pickup": shop_order.delivery_kind == DeliveryOption.Kind.PICKUP,
                "address": None if option is None or option.is_collected else order.shipping_address,
                "total": money.display(total_minor, shop_order.currency, shop.language),
                "answer_until": answer_until,
                "url": _portal_url(shop_order),
            },
            now=now,
            answer_by=shop_order.answer_due_at,
        )
        return Receipt(reference=_dedupe_key(shop_order))

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        key = _dedupe_key(shop_order)
        return Receipt(reference=key) if MailMessage.objects.filter(dedupe_key=key).exists() else None

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """A mail is no answer: someone puts the copies back and says so in the portal. Who has said so before is not
        asked to."""
        if cancellation.put_back_at and cancellation.cause == Cancellation.Cause.UNCOLLECTED:
            return True
        shop_order = cancellation.line.shop_order
        mailing.post(
            CANCEL_KIND,
            self.shop,
            mailing.About.ORDERS,
            dedupe_key=f"{CANCEL_KIND}:{cancellation.key}",
            context={
                "shop_order": shop_order,
                "line": cancellation.line,
                "units": cancellation.units,
                "uncollected": cancellation.cause == Cancellation.Cause.UNCOLLECTED,
                "left": sum(line.left_units for line in shop_order.lines.all()),
                "url": _portal_url(shop_order),
            },
            now=now,
        )
        return False


def _portal_url(shop_order: ShopOrder) -> str:
    return links.absolute(f"/portal/orders/{shop_order.number}/")


def _dedupe_key(shop_order: ShopOrder) -> str:
    return f"{MAIL_KIND}:{shop_order.number}"
