"""Shop orders by e-mail: the shop answers in the portal. Written into the outbox, which sends and retries."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import links, mail, money
from marketplace.foundation.models import MailMessage
from shops.channels.base import Channel, Receipt
from shops.models import DeliveryOption, ShopOrder

MAIL_KIND = "shop_order_new"


class EmailChannel(Channel):
    kind = "email"

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        shop, order = self.shop, shop_order.order
        with override(shop.language):
            due = localtime(shop_order.answer_due_at, ZoneInfo(shop.timezone))
            answer_until = date_format(due, "DATETIME_FORMAT")
        mail.post(
            MAIL_KIND,
            to=shop.email,
            language=shop.language,
            dedupe_key=_dedupe_key(shop_order),
            context={
                "shop_order": shop_order,
                "shop": shop,
                "lines": list(shop_order.lines.all()),
                "is_pickup": shop_order.delivery_kind == DeliveryOption.Kind.PICKUP,
                "address": None if shop_order.delivery_option.is_collected else order.shipping_address,
                "total": money.display(shop_order.total_minor, shop_order.currency, shop.language),
                "answer_until": answer_until,
                "url": links.absolute(f"/portal/orders/{shop_order.number}/"),
            },
            now=now,
            shop_id=shop.pk,
        )
        return Receipt(reference=_dedupe_key(shop_order))

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        key = _dedupe_key(shop_order)
        return Receipt(reference=key) if MailMessage.objects.filter(dedupe_key=key).exists() else None


def _dedupe_key(shop_order: ShopOrder) -> str:
    return f"{MAIL_KIND}:{shop_order.number}"
