"""Orders that have left their shop, and what their readers then ask for."""

from __future__ import annotations

import html
import io
from datetime import datetime, timedelta

from django.utils import timezone
from oscar.apps.address.models import Country
from oscar.apps.order.models import ShippingAddress
from PIL import Image

from shops.models import Parcel, Return, Shop, ShopOrder
from shops.returns import asking, moving
from shops.returns.moving import Checked
from tests import factories


def handed_over(
    *copies: int, shop: Shop | None = None, days_ago: int = 0, to: str = "CA", kind: str = "post", **columns: object
) -> ShopOrder:
    """One shop's part, sent to a country by post, which takes a day; `copies` of each line."""
    at = timezone.now() - timedelta(days=days_ago)
    shop = shop or factories.shop()
    wanted = [(factories.stock_record(shop, price="10.00", units=9), units) for units in copies]
    country, _ = Country.objects.get_or_create(iso_3166_1_a2=to, defaults={"name": to, "printable_name": to})
    address = ShippingAddress.objects.create(last_name="Léa", line1="1, rue", line4="Lyon", country=country)
    placed = columns.pop("placed", None) or factories.order(shipping_address=address)
    option = factories.delivery_option(shop, kind)
    made = factories.shop_order(shop, *wanted, placed=placed, delivery_option=option, **columns)
    return leave(made, at)


def leave(made: ShopOrder, at: datetime) -> ShopOrder:
    for line in made.lines.all():
        line.accepted = line.packed = line.handed_over = line.left_units
        line.save()
    Parcel.objects.create(shop_order=made, kind=made.delivery_kind, handed_over_at=at)
    ShopOrder.objects.filter(pk=made.pk).update(status="handed_over", handed_over_at=at, answered_at=at)
    return ShopOrder.objects.select_related("shop", "order__shipping_address", "delivery_option").get(pk=made.pk)


def case(shop_order: ShopOrder, now: datetime | None = None) -> asking.Case:
    parcels = list(shop_order.parcels.all())
    return asking.case_of(shop_order, parcels, is_consumer=True, now=now or timezone.now())


def ask(
    shop_order: ShopOrder,
    *units: int,
    reason: str = "changed",
    goes_to: Shop | None = None,
    once: str = "1",
    now: datetime | None = None,
    by: object = "reader 1",
    **said: object,
) -> Return:
    """Units of each line, in their order."""
    now = now or timezone.now()
    lines = list(shop_order.lines.order_by("pk"))
    by_line = {line.pk: count for line, count in zip(lines, units, strict=False)}
    wanted = asking.Wanted(by_line, reason, goes_to or shop_order.shop, **said)
    kept = {line.pk: line.left_units for line in lines}
    return asking.ask(shop_order, wanted, case=case(shop_order, now), kept=kept, once=once, by=by, now=now)


def check(row: Return, *paid: int, worn: int = 0, now: datetime | None = None, **how: object) -> None:
    """All of each line came; so many of each are paid, `worn` of the first not as they had left."""
    found = {}
    for position, (line, units) in enumerate(zip(row.lines.order_by("pk"), paid, strict=True)):
        bad = worn if position == 0 else 0
        found[line.pk] = Checked(good=line.units - bad, worn=bad, refunded=units)
    moving.check(row, found, by="port", now=now or timezone.now(), **({"note": "torn"} | how))


def picture(width: int = 300, height: int = 200) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(made, "JPEG")
    return made.getvalue()


def shown(response) -> str:
    """The page as it is read."""
    return html.unescape(response.content.decode())
