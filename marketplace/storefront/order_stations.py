"""Where each shop's part of an order is, as a line of stations: done with its time, the one at hand, those to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from oscar.apps.order.models import Order

from marketplace.foundation.models import AuditEntry
from marketplace.payments import worth
from shops.models import DeliveryOption, Parcel, ShopOrder, ShopOrderLine

Status = ShopOrder.Status


@dataclass(frozen=True)
class Station:
    """`state`: done, now, next, or off (it ends here: declined)."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class ShopPart:
    """One shop's part as the reader sees it. `declined_minor`: what is not paid, or given back, for missing units."""

    shop_order: ShopOrder
    lines: Sequence[ShopOrderLine]
    parcels: Sequence[Parcel]
    stations: Sequence[Station]
    declined_minor: int

    @property
    def is_pickup(self) -> bool:
        return self.shop_order.delivery_kind == DeliveryOption.Kind.PICKUP

    @property
    def shows_code(self) -> bool:
        return self.is_pickup and self.shop_order.status not in (Status.HANDED_OVER, Status.DECLINED)

    def qr(self) -> SafeString:
        """The pick-up code for the desk's scanner; colours come from the style sheet."""
        drawn = segno.make(self.shop_order.pickup_code, error="m", micro=False).svg_inline(
            omitsize=True, border=2, svgclass="order-qr", lineclass="order-qr-dots", dark=None, nl=False
        )
        return mark_safe(drawn)  # noqa: S308  (drawn by segno from six letters of ours)


def parts(order: Order) -> list[ShopPart]:
    """Every shop's part, in the order of their numbers. Four queries, however many shops and lines."""
    shop_orders = list(
        order.shop_orders.select_related("shop", "delivery_option")
        .prefetch_related("lines__product__facts", "parcels")
        .order_by("pk")
    )
    packed_at = _packed_at(shop_orders)
    return [_part(shop_order, packed_at) for shop_order in shop_orders]


def _part(shop_order: ShopOrder, packed_at: Mapping[int, datetime]) -> ShopPart:
    lines, parcels = list(shop_order.lines.all()), list(shop_order.parcels.all())
    return ShopPart(
        shop_order=shop_order,
        lines=lines,
        parcels=parcels,
        stations=stations(shop_order, lines, packed_at.get(shop_order.pk)),
        declined_minor=worth.declined_worth(lines),
    )


def _packed_at(shop_orders: Sequence[ShopOrder]) -> dict[int, datetime]:
    """A shop order keeps no time of packing; the audit trail does."""
    entries = AuditEntry.objects.filter(
        subject_type=ShopOrder._meta.label_lower,
        subject_id__in=[str(shop_order.pk) for shop_order in shop_orders],
        action="shop_order.pack",
    )
    return {int(subject): at for subject, at in entries.order_by("at").values_list("subject_id", "at")}


def stations(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], packed_at: datetime | None) -> list[Station]:
    status = Status(shop_order.status)
    ordered = Station(_("Ordered"), "done", shop_order.created_at)
    if status == Status.DECLINED:
        note = _("You do not pay for it.")
        return [ordered, Station(_("The shop cannot hand it over"), "off", shop_order.answered_at, note)]
    pickup = shop_order.delivery_kind == DeliveryOption.Kind.PICKUP
    answered = _answered(shop_order, lines)
    reached = {Status.NEW: 1, Status.ACCEPTED: 2, Status.PACKED: 3, Status.HANDED_OVER: 4}[status]
    rest = [
        (answered[0], shop_order.answered_at, answered[1]),
        (_("Ready to collect") if pickup else _("Packed"), packed_at, ""),
        (_("Collected") if pickup else _("On its way to you"), shop_order.handed_over_at, ""),
    ]
    made = [ordered]
    for position, (label, at, note) in enumerate(rest, start=1):
        state = "done" if position < reached else "now" if position == reached else "next"
        made.append(Station(label, state, at if state == "done" else None, note))
    return made


def _answered(shop_order: ShopOrder, lines: Sequence[ShopOrderLine]) -> tuple[str, str]:
    """Label and note of the shop's answer."""
    if shop_order.status == Status.NEW:
        return _("The shop looks for it"), ""
    if any(line.declined for line in lines):
        return _("The shop has a part of it"), ""
    return _("The shop has it"), ""
