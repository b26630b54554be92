"""Where each shop's part of an order is, as a line of stations: done with its time, the one at hand, those to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from django.db.models import Prefetch
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from oscar.apps.order.models import Order

from marketplace.foundation.models import AuditEntry
from marketplace.payments import worth
from shops.models import (
    Alternative,
    DeliveryOption,
    Parcel,
    PickupPoint,
    Rerouting,
    Shop,
    ShopOrder,
    ShopOrderLine,
)

Status = ShopOrder.Status
_PARCELS = Parcel.objects.select_related("carried_to", "waits_at").prefetch_related("lines__line")
_CARRIED = {DeliveryOption.Kind.OTHER_SHOP, DeliveryOption.Kind.POINT}


@dataclass(frozen=True)
class Station:
    """`state`: done, now, next, or off (it ends here: declined or cancelled). `at`: when it was; `by`: when it is
    due."""

    label: str
    state: str
    at: datetime | None = None
    by: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class ShopPart:
    """One shop's part as the reader sees it. `declined_minor`: what is not paid, or given back, for missing units."""

    shop_order: ShopOrder
    lines: Sequence[ShopOrderLine]
    parcels: Sequence[Parcel]
    stations: Sequence[Station]
    declined_minor: int
    borne_minor: int = 0  # of its total, what the reader does not pay: it took over from a cheaper shop
    thread: object = None  # as `order_threads` shows it

    @property
    def is_pickup(self) -> bool:
        return self.shop_order.delivery_kind == DeliveryOption.Kind.PICKUP

    @property
    def counter(self) -> Shop | PickupPoint | None:
        """Where its code counts."""
        return self.shop_order.shop if self.is_pickup else _elsewhere_at(self.shop_order)

    @property
    def sent_in_parts(self) -> bool:
        """Whether each parcel is to be told apart."""
        return len(self.parcels) > 1 or bool(self.parcels and self.shop_order.status != Status.HANDED_OVER)

    @property
    def shows_code(self) -> bool:
        if self.shop_order.status == Status.DECLINED:
            return False
        if self.is_pickup:
            return self.shop_order.status != Status.HANDED_OVER
        return any(
            parcel.arrived_at and not parcel.collected_at and not parcel.uncollected_at for parcel in self.parcels
        )

    def qr(self) -> SafeString:
        """The pick-up code for the desk's scanner; colours come from the style sheet."""
        drawn = segno.make(self.shop_order.pickup_code, error="m", micro=False).svg_inline(
            omitsize=True, border=2, svgclass="order-qr", lineclass="order-qr-dots"
        )
        return mark_safe(drawn)  # noqa: S308  (drawn by segno from six letters of ours)


def parts(order: Order) -> list[ShopPart]:
    """Every shop's part, in the order of their numbers. Eight queries, nine with pick-up points, however many shops and
    lines."""
    shop_orders = list(
        order.shop_orders.select_related(
            "shop", "delivery_option__point", "delivery_option__receiving_shop", "instead_of__shop", "bearer"
        )
        .prefetch_related(
            "lines__product__facts",
            "lines__reroutings__rerouting__alternative",
            "lines__reroutings__moved_to__shop_order",
            Prefetch("parcels", queryset=_PARCELS.order_by("pk")),
            "delivery_option__point__keepers",
        )
        .order_by("pk")
    )
    packed_at = _packed_at(shop_orders)
    return [_part(shop_order, packed_at) for shop_order in shop_orders]


def _part(shop_order: ShopOrder, packed_at: Mapping[int, datetime]) -> ShopPart:
    lines, every = list(shop_order.lines.all()), list(shop_order.parcels.all())
    lost = {parcel.instead_of_id for parcel in every}  # other copies were sent in their place
    parcels = [parcel for parcel in every if parcel.pk not in lost]
    return ShopPart(
        shop_order=shop_order,
        lines=lines,
        parcels=parcels,
        stations=stations(shop_order, lines, packed_at.get(shop_order.pk), parcels),
        declined_minor=worth.declined_worth(lines),
        borne_minor=sum(line.borne_minor for line in lines),
    )


def _packed_at(shop_orders: Sequence[ShopOrder]) -> dict[int, datetime]:
    """A shop order keeps no time of packing; the audit trail does."""
    entries = AuditEntry.objects.filter(
        subject_type=ShopOrder._meta.label_lower,
        subject_id__in=[str(shop_order.pk) for shop_order in shop_orders],
        action="shop_order.pack",
    )
    return {int(subject): at for subject, at in entries.order_by("at").values_list("subject_id", "at")}


def stations(
    shop_order: ShopOrder, lines: Sequence[ShopOrderLine], packed_at: datetime | None, parcels: Sequence[Parcel] = ()
) -> list[Station]:
    """Ordered, answered, ready, out; where another shop hands it over, there and collected too. Each named by what it
    is: done, at hand, or to come."""
    status = Status(shop_order.status)
    ordered = Station(_("Ordered"), "done", shop_order.created_at)
    if status == Status.DECLINED:
        note = "" if _elsewhere(lines) else _("You do not pay for it.")
        if shop_order.uncollected_at and shop_order.is_taken_back:
            return [ordered, Station(_("Nobody collected it in time"), "off", shop_order.uncollected_at, note=note)]
        if not any(line.missing_units for line in lines):
            return [ordered, Station(_("You cancelled it"), "off", shop_order.answered_at, note=note)]
        if offered := _offered(lines):
            return [ordered, Station(offered, "off", shop_order.answered_at)]
        return [ordered, Station(_("The shop cannot hand it over"), "off", shop_order.answered_at, note=note)]
    if shop_order.is_download:
        there = status == Status.HANDED_OVER
        words = _("Ready to download") if there else _("Is being made ready")
        return [ordered, Station(words, "done" if there else "now", shop_order.handed_over_at)]
    reached = {Status.NEW: 0, Status.ACCEPTED: 1, Status.PACKED: 2, Status.HANDED_OVER: 3}[status]
    carried = [parcel for parcel in parcels if parcel.carried_to_id or parcel.waits_at_id]
    gone = carried if status == Status.HANDED_OVER else []
    arrived = _last(parcel.arrived_at for parcel in gone)
    collected = _last(parcel.collected_at for parcel in gone)
    reached += bool(arrived) + bool(collected)
    times = (shop_order.answered_at, packed_at, shop_order.handed_over_at, arrived, collected)
    due = (shop_order.answer_due_at, *[None] * 4)
    made = [ordered]
    left = _last(parcel.uncollected_at for parcel in gone)
    for position, (done, at_hand) in enumerate(_words(shop_order, lines)):
        if position < reached:
            made.append(Station(done, "done", times[position]))
        elif left and position == len(times) - 1:
            made.append(Station(_("Nobody collected it in time"), "off", left))
        elif position == reached:
            made.append(Station(at_hand, "now", by=due[position]))
        else:
            made.append(Station(done, "next"))
    return made


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    """When the last of several was, once all were."""
    found = list(moments)
    known = [moment for moment in found if moment]
    return max(known) if known and len(known) == len(found) else None


def _elsewhere_at(shop_order: ShopOrder) -> Shop | PickupPoint | None:
    """Who hands it over instead of its shop, and says so: another shop, or a point with keepers. Once the parcel has
    left its shop that parcel knows; a point may have got its keepers later."""
    option, parcels = shop_order.delivery_option, list(shop_order.parcels.all())
    if parcels:
        return parcels[0].place
    if option is None or shop_order.delivery_kind not in _CARRIED:
        return None
    if option.point is not None:
        return option.point if shop_order.pickup_code and option.point.keepers.all() else None
    return option.receiving_shop


def _elsewhere(lines: Sequence[ShopOrderLine]) -> bool:
    """Whether another shop supplies some of what is missing, or is looked for."""
    outcomes = (part.rerouting.outcome for line in lines for part in line.reroutings.all())
    return any(outcome != Rerouting.Outcome.NOBODY for outcome in outcomes)


def _offered(lines: Sequence[ShopOrderLine]) -> str:
    """Of what is declined whole: that the reader has the choice, or has made it."""
    parts = [part for line in lines for part in line.reroutings.all()]
    states = {found.state for part in parts if (found := getattr(part.rerouting, "alternative", None))}
    if Alternative.State.OPEN in states:
        return _("The shop offers you something instead")
    return _("Something else in its place, see below") if Alternative.State.TAKEN in states else ""


def _words(shop_order: ShopOrder, lines: Sequence[ShopOrderLine]) -> list[tuple[str, str]]:
    """What each station is called once done, and while it is at hand."""
    missing = any(line.missing_units for line in lines)
    answered = _("The shop has a part of it") if missing else _("The shop has it")
    if shop_order.delivery_kind == DeliveryOption.Kind.PICKUP:
        ready, out = _("Ready to collect"), (_("Collected"), _("Waits for you in the shop"))
    else:
        ready, out = _("Packed"), (_("On its way to you"), _("Leaves the shop next"))
    words = [(answered, _("The shop looks for it")), (ready, _("The shop prepares it")), out]
    other = _elsewhere_at(shop_order)
    if other is not None:
        words[-1] = _("Has left the shop"), _("Leaves the shop next")
        at = {"shop": other.name}
        words.append((_("Ready to collect at %(shop)s") % at, _("On its way to %(shop)s") % at))
        words.append((_("Collected"), _("Waits for you at %(shop)s") % at))
    return words
