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
from shops.channels.messages import came_otherwise, perhaps_there
from shops.models import Cancellation, DeliveryOption, ShopOrder
from shops.orders import answer_times

MAIL_KIND = mailing.ORDER_KIND
CANCEL_KIND = "shop_order_taken_back"


class EmailChannel(Channel):
    kind = "email"
    capabilities = frozenset({"cancel"})

    def send(self, shop_order: ShopOrder, *, now: datetime, part: bool = False) -> Receipt:
        """`part`: its system takes the rest of it."""
        key = mailing.order_key(shop_order.number, part=part)
        mailing.post(
            MAIL_KIND,
            self.shop,
            mailing.About.ORDERS,
            dedupe_key=key,
            context=self.said(shop_order),
            now=now,
            answer_by=shop_order.answer_due_at,
        )
        return Receipt(reference=key)

    def said(self, shop_order: ShopOrder) -> dict[str, object]:
        """What the mail says of an order, as it is told to the shop."""
        shop, order, option = self.shop, shop_order.order, shop_order.delivery_option
        lines = [line for line in shop_order.lines.all() if line.left_units]  # what the reader took back since is not
        total_minor = sum(line.left_minor for line in lines)
        with override(shop.language):
            due = localtime(shop_order.answer_due_at, ZoneInfo(shop.timezone))
            answer_until = date_format(due, "DATETIME_FORMAT")
        return {
            "shop_order": shop_order,
            "shop": shop,
            "lines": lines,
            "is_pickup": shop_order.delivery_kind == DeliveryOption.Kind.PICKUP,
            "address": None if option is None or option.is_collected else order.shipping_address,
            "total": money.display(total_minor, shop_order.currency, shop.language),
            "answer_until": answer_until,
            "instead_of": came_otherwise(shop_order),
            "perhaps_there": perhaps_there(shop_order),
            "url": _portal_url(shop_order),
        }

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        key = mailing.order_key(shop_order.number)
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


def said_now(message: MailMessage, *, now: datetime) -> dict[str, object]:
    """For a mail that leaves late: the order as it is now, and the time to answer as it begins. Empty: nothing of it is
    to be answered; who answered it has seen it, and would prepare it twice."""
    found = ShopOrder.objects.select_related("shop", "order", "delivery_option")
    shop_order = found.filter(number=mailing.number_of(message), status=ShopOrder.Status.NEW).first()
    if shop_order is None:
        return {}
    return EmailChannel(shop_order.shop).said(answer_times.as_told(shop_order, now=now))


def _portal_url(shop_order: ShopOrder) -> str:
    return links.absolute(f"/portal/orders/{shop_order.number}/")
