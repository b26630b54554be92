"""A test order of a shop whose orders go into its own system: a real one of a single copy, under a number of ours that
is no order's, entered, found again by that number, and taken out as what a reader takes back is. What the system keeps,
its shop cancels there."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from marketplace.foundation.money import to_minor
from shops.channels import channel_class, channel_for
from shops.channels.base import ChannelError
from shops.channels.system import SystemChannel, as_channel_error, is_cancelled, shared
from shops.models import Shop, ShopOrder, ShopOrderLine, Supply
from shops.systems import SYSTEMS
from shops.systems.calling import SystemCallError, Trouble, understood, within

SECONDS = 45.0  # a person waits for it
LEAST, ASKED_FOR = 2, 20  # copies, so that none is missing meanwhile; articles
PAUSES = (0.0, 1.0, 2.0)  # until a system has done what it does by a job


class Tried(NamedTuple):
    """`trouble`: why it was not taken out, in words for people."""

    reference: str
    is_taken_out: bool
    trouble: str = ""


def system_of(shop: Shop) -> type[SystemChannel] | None:
    """The channel, where the shop's orders go into a system that we call."""
    kind = channel_class(shop.channel) if shop.channel in SYSTEMS else None
    return kind if kind is not None and issubclass(kind, SystemChannel) else None


def try_system(shop: Shop, number: str, *, now: datetime) -> Tried:
    """Raises ChannelError: nothing is there, or the text says that it may be."""
    channel = channel_for(shop, shop.channel)
    if not isinstance(channel, SystemChannel):
        raise ChannelError(f"{shop.channel} is no system that is called.", permanent=True)
    label = str(SYSTEMS[channel.kind].label)
    try:
        with within(SECONDS):
            client = channel.client(now)
            shop_order = _test_order(shop, number, now)
            with understood(label, client.caller.secrets, but=ChannelError):
                line = _line(channel, client, shop_order)
    except SystemCallError as error:
        raise as_channel_error(error) from error
    try:
        with within(SECONDS), understood(label, client.caller.secrets, but=ChannelError):
            return _there_and_back(channel, client, shop_order, line)
    except SystemCallError as error:
        if error.permanent and not error.unknown_outcome and error.trouble == Trouble.REFUSED:
            raise as_channel_error(error) from error
        hint = _("A test order %(number)s may stand there: look for it, and cancel it.") % {"number": number}
        raise ChannelError(f"{error} {hint}", unknown_outcome=True, status=error.status) from error


def _there_and_back(channel: SystemChannel, client: Any, shop_order: ShopOrder, line: ShopOrderLine) -> Tried:
    number = shop_order.number
    try:
        channel.finish(client, channel.enter(client, shop_order, [line]))
    except SystemCallError as error:
        begun = channel.find(client, number) if error.unknown_outcome else None
        if begun is None:
            raise
        channel.finish(client, begun)
    found = channel.find(client, number)
    if found is None:
        raise client.caller.refused(_("it was entered, and is not found by its number"), Trouble.UNCLEAR)
    reference = channel.said(client, found).receipt.reference or number
    if not channel.cancels:
        return Tried(reference, is_taken_out=False)
    try:
        channel.take_out(client, found)
        for pause in PAUSES:
            time.sleep(pause)
            if is_cancelled(channel.said(client, channel.find(client, number) or found)):
                return Tried(reference, is_taken_out=True)
    except SystemCallError as error:
        return Tried(reference, is_taken_out=False, trouble=str(error))
    return Tried(reference, is_taken_out=False)


def _line(channel: SystemChannel, client: Any, shop_order: ShopOrder) -> ShopOrderLine:
    """A copy of an article of which the system has some. Raises ChannelError and SystemCallError."""
    records = StockRecord.objects.filter(partner=channel.shop.partner_id, num_in_stock__gte=LEAST, price__isnull=False)
    rows = records.select_related("product").order_by("-num_in_stock", "pk")[:ASKED_FOR]
    lines = [_line_of(record, shop_order) for record in rows]
    free = channel.free(client, lines) if lines else {}
    several = shared(client, lines) if lines else frozenset()
    for line in lines:
        if line.sku not in several and (free is None or free.get(line.sku, 0) >= LEAST):
            lines_of(shop_order, [line])
            return line
    raise ChannelError(
        _("There is no article of which your system and we know of two copies: have its stock read first."),
        permanent=True,
    )


def _test_order(shop: Shop, number: str, now: datetime) -> ShopOrder:
    """As channels read one; it is never stored."""
    made = ShopOrder(
        pk=0,
        order=Order(number=number),
        shop=shop,
        number=number,
        delivery_kind="pickup",
        delivery_name=_("TEST: cancel it"),
        created_at=now,
        answer_due_at=now,
    )
    lines_of(made, [])
    return made


def _line_of(record: StockRecord, shop_order: ShopOrder) -> ShopOrderLine:
    minor = to_minor(record.price, record.price_currency)
    shop_order.currency = record.price_currency
    return ShopOrderLine(
        pk=0,
        shop_order=shop_order,
        title=record.product.title,
        sku=record.partner_sku,
        supply=Supply.STOCK,
        quantity=1,
        unit_price_minor=minor,
        goods_minor=minor,
        total_minor=minor,
    )


def lines_of(shop_order: ShopOrder, lines: list[ShopOrderLine]) -> None:
    """Have `shop_order.lines` give these, as where they were fetched before."""
    fetched = ShopOrderLine.objects.none()
    fetched._result_cache = lines
    shop_order._prefetched_objects_cache = {"lines": fetched}  # type: ignore[attr-defined]
