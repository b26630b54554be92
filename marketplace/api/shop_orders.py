"""A shop's own program reads its orders and answers them. The rules are the desk's: a change names the version that the
program saw, and whoever was quicker is named where somebody was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Header, Query, Router, Schema
from ninja.errors import HttpError

from marketplace.api import cursors
from marketplace.api.shop_keyed import ShopKeyed, key_of
from shops import order_keys
from shops.channels import messages
from shops.models import ShopOrder, ShopOrderLine, ShopScope
from shops.orders import fulfilment, held, places, sight
from shops.orders.changing import FulfilmentError

router = Router(tags=["shop orders"])
READ, WRITE = ShopKeyed(ShopScope.READ), ShopKeyed(ShopScope.WRITE)
MOST = 100
_STATUSES: Any = Query([], description="Only these.")
ONCE: Any = {"alias": "Idempotency-Key", "min_length": 8, "max_length": 64}
Status = Literal["new", "accepted", "packed", "handed_over", "declined"]
Reason = Literal["sold", "damaged", "not_found", "wrong_price", "other"]


class OrderLine(Schema):
    """`ordered` is what was bought, `units` what is still the reader's: neither declined nor taken back."""

    line: int
    sku: str
    gtin: str | None
    title: str
    condition: str
    supply: str
    ordered: int
    units: int
    accepted: int
    declined: int
    taken_back: int
    packed: int
    handed_over: int
    decline_reason: str
    unit_price_minor: int
    total_minor: int


class OrderDelivery(Schema):
    """`address`: line by line, null where it is collected."""

    kind: str
    name: str
    address: list[str] | None


class ShopOrderOut(Schema):
    """`version` counts its changes: a change names the version that was seen. `to_put_back`: units that were taken
    back, and of which the shop has not said yet that they are on its shelf again."""

    number: str
    order: str
    shop: str
    status: Status
    version: int
    created_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    handed_over_at: datetime | None
    currency: str
    total_minor: int
    to_put_back: int
    delivery: OrderDelivery
    lines: list[OrderLine]
    url: str


class ShopOrders(Schema):
    orders: list[ShopOrderOut]
    next: str | None


class Seen(Schema):
    """`version`: of the order, as the program saw it."""

    version: int = Field(ge=0)


class Units(Schema):
    line: int
    units: int = Field(ge=1, le=10_000)


class Accept(Seen):
    """`lines` left out: everything that is not answered yet."""

    lines: list[Units] | None = Field(None, max_length=500)


class Decline(Seen, Units):
    """`left`: how many copies were counted on the shelf, where somebody counted."""

    reason: Reason
    left: int | None = Field(None, ge=0, le=10_000)
    note: str = Field("", max_length=300)


class Cancel(Seen):
    """The shop gives back all that has not left it."""

    reason: Reason
    note: str = Field("", max_length=300)


class HandOver(Seen):
    """`code`: the reader's, of what is collected. `lines` left out: all that was accepted; else a part, and the rest
    later in a parcel of its own."""

    lines: list[Units] | None = Field(None, max_length=500)
    code: str = Field("", max_length=20)
    carrier: str = Field("", max_length=60)
    tracking: str = Field("", max_length=80)


@router.get("/orders", response=ShopOrders, auth=READ, summary="Orders, oldest first")
def orders(
    request: HttpRequest,
    status: list[Status] = _STATUSES,
    limit: int = Query(50, ge=1, le=MOST),
    cursor: str = Query("", max_length=cursors.LONGEST),
) -> dict[str, Any]:
    """With `next` the list goes on after the last one given, also for those that come later, however they came: none
    is passed over (`shops.orders.places`)."""
    shop_id, wanted = key_of(request).shop_id, sorted(set(status))
    asked = ("places", shop_id, wanted)
    after = cursors.unseal(cursor, asked=asked)["after"] if cursor else 0
    places.give(shop_id)
    rows = _orders(request).filter(place__gt=after).order_by("place")
    if wanted:
        rows = rows.filter(status__in=wanted)
    found = list(rows[: limit + 1])
    more = cursors.seal({"after": found[limit - 1].place}, asked=asked) if len(found) > limit else None
    unseen = sight.out_of_sight(found[:limit], timezone.now())
    return {"orders": [order_out(one, unseen) for one in found[:limit]], "next": more}


@router.get("/orders/{number}", response=ShopOrderOut, auth=READ, summary="One order")
def order(request: HttpRequest, number: str) -> dict[str, Any]:
    return order_out(_order(request, number))


@router.post("/orders/{number}/accept", response=ShopOrderOut, auth=WRITE, summary="The shop has it")
def accept(request: HttpRequest, number: str, said: Accept, once: str = Header("", **ONCE)) -> dict[str, Any]:
    def act(shop_order: ShopOrder, by: str, now: datetime) -> None:
        if said.lines is None:
            fulfilment.accept_all(shop_order, by=by, now=now)
        for each in said.lines or ():
            fulfilment.accept(line_of(shop_order, each.line), each.units, by=by, now=now)

    return change(request, number, said, once, act)


@router.post("/orders/{number}/decline", response=ShopOrderOut, auth=WRITE, summary="The shop has not so many")
def decline(request: HttpRequest, number: str, said: Decline, once: str = Header("", **ONCE)) -> dict[str, Any]:
    def act(shop_order: ShopOrder, by: str, now: datetime) -> None:
        why = {"reason": said.reason, "note": said.note, "left": said.left}
        fulfilment.decline(line_of(shop_order, said.line), said.units, by=by, now=now, **why)  # type: ignore[arg-type]

    return change(request, number, said, once, act)


@router.post("/orders/{number}/cancel", response=ShopOrderOut, auth=WRITE, summary="The shop has none of it")
def cancel(request: HttpRequest, number: str, said: Cancel, once: str = Header("", **ONCE)) -> dict[str, Any]:
    def act(shop_order: ShopOrder, by: str, now: datetime) -> None:
        left = [(line.pk, line.quantity - line.declined - line.handed_over) for line in shop_order.lines.all()]
        if not any(units for _, units in left):
            raise FulfilmentError("Nothing of this order is in the shop any more.")
        for line_id, units in left:
            line = line_of(shop_order, line_id)
            units = min(units, line.quantity - line.declined - line.handed_over)  # all of it may be gone with the first
            if units:
                fulfilment.decline(line, units, by=by, now=now, reason=said.reason, note=said.note)

    return change(request, number, said, once, act)


@router.post("/orders/{number}/pack", response=ShopOrderOut, auth=WRITE, summary="All that was accepted lies ready")
def pack(request: HttpRequest, number: str, said: Seen, once: str = Header("", **ONCE)) -> dict[str, Any]:
    return change(request, number, said, once, lambda order, by, now: fulfilment.pack(order, by=by, now=now))


@router.post("/orders/{number}/hand-over", response=ShopOrderOut, auth=WRITE, summary="It leaves the shop")
def hand_over(request: HttpRequest, number: str, said: HandOver, once: str = Header("", **ONCE)) -> dict[str, Any]:
    def act(shop_order: ShopOrder, by: str, now: datetime) -> None:
        sent: dict[str, Any] = {"code": said.code, "carrier": said.carrier, "tracking": said.tracking}
        parts: Counter[int] = Counter()
        for each in said.lines or ():
            parts[each.line] += each.units
        fulfilment.hand_over(shop_order, by=by, now=now, parts=None if said.lines is None else parts, **sent)

    return change(request, number, said, once, act)


@router.post("/orders/{number}/put-back", response=ShopOrderOut, auth=WRITE, summary="It is on the shelf again")
def put_back(request: HttpRequest, number: str, said: Seen, once: str = Header("", **ONCE)) -> dict[str, Any]:
    """What the reader took back, or nobody answered in time."""

    return change(
        request, number, said, once, lambda order, by, now: fulfilment.put_back_as_seen(order, by=by, now=now)
    )


def order_out(shop_order: ShopOrder, unseen: Container[int] | None = None) -> dict[str, Any]:
    """As `ShopOrderOut` gives it: what a webhook says of it, and how far it is. `unseen`: as `sight.out_of_sight`, of
    several at once."""
    unseen = sight.out_of_sight([shop_order], timezone.now()) if unseen is None else unseen
    told = messages.order_as_told(shop_order)
    lines = {line.pk: line for line in shop_order.lines.all()}
    if shop_order.pk in unseen:
        told["delivery"]["address"] = None  # the shop is done with it, and has lost sight of whose it was
    return told | {
        **{name: getattr(shop_order, name) for name in ("status", "version", "answered_at", "handed_over_at")},
        "to_put_back": sum(
            row.units for line in lines.values() for row in line.cancellations.all() if row.put_back_at is None
        ),
        "lines": [said | _counts(lines[said["line"]]) for said in told["lines"]],
    }


def _counts(line: ShopOrderLine) -> dict[str, Any]:
    same = ("accepted", "packed", "handed_over", "decline_reason")
    own = {"declined": line.declined - line.cancelled, "taken_back": line.cancelled}
    return {name: getattr(line, name) for name in same} | own


def _orders(request: HttpRequest) -> QuerySet[ShopOrder]:
    """The shop's, but downloads, which deliver themselves."""
    rows = places.orders(key_of(request).shop_id)
    related = rows.select_related("shop", "order__shipping_address__country", "delivery_option")
    return related.prefetch_related("lines__cancellations")


def _order(request: HttpRequest, number: str) -> ShopOrder:
    found = _orders(request).filter(number=number).first()
    if found is None:
        raise HttpError(404, "There is no such order.")
    return found


def line_of(shop_order: ShopOrder, line_id: int) -> ShopOrderLine:
    """As it is now, with the order as the program saw it."""
    line = ShopOrderLine.objects.filter(shop_order=shop_order, pk=line_id).first()
    if line is None:
        raise HttpError(404, f"This order has no line {line_id}.")
    line.shop_order = shop_order
    return line


def change(
    request: HttpRequest, number: str, said: Seen, once: str, act: Callable[[ShopOrder, str, datetime], object]
) -> dict[str, Any]:
    """Carry it out once, whole or not at all, and give the order as it is then."""
    key, now = key_of(request), timezone.now()
    shop_order = _order(request, number)

    def answer() -> None:
        ShopOrder.objects.select_for_update().get(pk=shop_order.pk)  # as whoever presses does: nobody does now
        if held.pressed_on(shop_order)[0]:  # at the desk, half a minute ago at most
            raise FulfilmentError(held.meanwhile(shop_order, now=now))
        shop_order.version = said.version
        act(shop_order, f"api: {key.label}", now)

    try:
        asked = [request.path, said.model_dump(mode="json")]
        order_keys.once(key.shop_id, once, asked, answer, now=now)
    except (FulfilmentError, order_keys.KeyTakenError) as error:
        raise HttpError(409, str(error)) from error
    return order_out(_order(request, number))
