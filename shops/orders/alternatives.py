"""What a shop offers in the place of what it declines: written down with the decline, and how it ends.

Whether it may be offered, what it costs and what becomes of it once the reader takes it is worked out further to the
right (`checkout/alternatives.py`), where orders are priced and payments known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import audit
from shops import slots, stock
from shops.models import Alternative, ReroutedUnits, Rerouting, Shop, ShopOrder, ShopOrderLine, Supply

Kind, State = Alternative.Kind, Alternative.State


@dataclass(frozen=True)
class Offered:
    """What staff offer: of another article its stock record, of the same one the day. Minor units; `total_minor` is
    what the reader would pay for all that is declined with it."""

    kind: Alternative.Kind
    unit_price_minor: int
    total_minor: int
    answer_by: datetime
    record_id: int | None = None
    expected_on: date | None = None


def articles(shop: Shop, *, beside: ShopOrder) -> QuerySet[StockRecord]:
    """What it may offer: its articles that are seen, no download, and not in the order already."""
    rows = StockRecord.objects.filter(partner=shop.partner_id, product__is_public=True, download=None)
    taken = [line.stock_record_id for line in beside.lines.all() if line.stock_record_id]
    return rows.exclude(pk__in=taken).select_related("partner__shop", "terms", "product__facts")


class NotThereError(Exception):
    """Not enough copies are there to be held."""


def asked(offered: Offered) -> dict[str, object]:
    """As a deed of the desk keeps it."""
    return {
        "kind": str(offered.kind),
        "price_minor": offered.unit_price_minor,
        "total_minor": offered.total_minor,
        "answer_by": offered.answer_by.isoformat(),
        "record": offered.record_id,
        "on": offered.expected_on.isoformat() if offered.expected_on else None,
    }


def thawed(said: Mapping[str, Any]) -> Offered:
    return Offered(
        kind=Kind(said["kind"]),
        unit_price_minor=int(said["price_minor"]),
        total_minor=int(said["total_minor"]),
        answer_by=datetime.fromisoformat(said["answer_by"]),
        record_id=said["record"],
        expected_on=date.fromisoformat(said["on"]) if said["on"] else None,
    )


def write(rerouting: Rerouting, offered: Offered, *, by: object, looks_elsewhere: bool, now: datetime) -> Alternative:
    """In the transaction of the decline whose `rerouting` it is. NotThereError where a copy is gone meanwhile."""
    line, shop_order = rerouting.spoken_of, rerouting.shop_order
    parts = list(rerouting.parts.select_related("line"))
    record = _record(shop_order, offered)
    made = Alternative.objects.create(
        rerouting=rerouting,
        shop_id=shop_order.shop_id,
        line=line,
        kind=offered.kind,
        units=next(part.units for part in parts if part.line_id == line.pk),
        stock_record=record or line.stock_record,
        product_id=record.product_id if record else line.product_id,
        title=record.product.get_title()[:255] if record else line.title,
        unit_price_minor=offered.unit_price_minor,
        total_minor=offered.total_minor,
        expected_on=offered.expected_on,
        looks_elsewhere=looks_elsewhere,
        offered_at=now,
        answer_by=offered.answer_by,
    )
    if stock.hold(_copies(made, parts), key=made.key, now=now, at_desk=True):
        raise NotThereError
    if shop_order.status == ShopOrder.Status.DECLINED:  # nothing else of it goes with the courier
        slots.set_aside(shop_order, key=made.key)
    audit.record(
        "shop_order.offer", shop_order, by=by, shop_id=shop_order.shop_id, units=made.units, title=made.title,
        kind=str(made.kind), on=str(made.expected_on or ""), until=made.answer_by.isoformat(),
    )  # fmt: skip
    return made


def _record(shop_order: ShopOrder, offered: Offered) -> StockRecord | None:
    if offered.record_id is None:
        return None
    records = StockRecord.objects.filter(partner__shop=shop_order.shop_id).select_related("product")
    found = records.filter(pk=offered.record_id).first()
    if found is None:
        raise NotThereError
    return found


def _copies(alternative: Alternative, parts: Sequence[ReroutedUnits]) -> list[tuple[int, int]]:
    """What is on the shelf of it, as stock is held: the article that is offered, and what goes with it."""
    return [(record_id, part.units) for part in parts if (record_id := held_record(alternative, part.line))]


def held_record(alternative: Alternative, line: ShopOrderLine) -> int | None:
    """Of which record copies are held for a line of its rerouting; None: it is ordered, no copy is there."""
    if line.pk == alternative.line_id:
        return alternative.stock_record_id if alternative.kind == Kind.OTHER else None
    return line.stock_record_id if line.supply == Supply.STOCK else None


def end(alternative: Alternative, state: Alternative.State, *, now: datetime) -> bool:
    """Once: it is taken (its copies are the new lines' then) or not (they are free). False: it had ended."""
    open_one = Alternative.objects.filter(pk=alternative.pk, state=State.OPEN)
    if not open_one.update(state=state, answered_at=now):
        return False
    alternative.state, alternative.answered_at = state, now
    if state != State.TAKEN:
        stock.release_hold(alternative.key, now=now)
        leave_place(alternative, now=now)
    return True


def leave_place(alternative: Alternative, *, now: datetime) -> None:
    """One that has ended does not go with the courier: another offer of the same order may yet."""
    other = open_ones(alternative.rerouting.shop_order).first()
    if other is None or not slots.hand_on(alternative.key, to=other.key):
        slots.release_hold(alternative.key, now=now)


def free_place(shop_order: ShopOrder, *, now: datetime) -> None:
    """Nothing of it goes with the courier; what is offered in the place of some of it may yet. That one is locked: it
    ends once, and then gives back what it finds under its key."""
    if other := open_ones(shop_order).select_for_update(of=("self",)).first():
        slots.set_aside(shop_order, key=other.key)
    else:
        slots.release_order(shop_order, now=now)


def place_of(alternative: Alternative) -> slots.Choice | None:
    """What is held with the courier for one that is taken. Where it is held for another offer of the same order, it is
    handed on: it goes with what is taken first."""
    if (place := slots.held(alternative.key)) is None:
        for other in open_ones(alternative.rerouting.shop_order):
            slots.hand_on(other.key, to=alternative.key)
        place = slots.held(alternative.key)
    return place


def lapse(rerouting: Rerouting, *, now: datetime) -> None:
    """Nobody waits for the reader's answer any more: the time is over."""
    alternative = Alternative.objects.filter(rerouting=rerouting, state=State.OPEN).first()
    if alternative and end(alternative, State.LAPSED, now=now):
        shop_order = rerouting.shop_order
        audit.record(
            "shop_order.offer_lapse", shop_order, shop_id=shop_order.shop_id, units=alternative.units,
            title=alternative.title,
        )  # fmt: skip


def silence(alternative: Alternative) -> str:
    """What no answer means: "takes" (the reader agreed at the checkout that it may come later than said), "elsewhere"
    (to have it from another shop), or "money"."""
    checkout = getattr(alternative.rerouting.shop_order.order, "checkout", None)
    if alternative.kind == Kind.LATER and checkout is not None and checkout.agrees_later:
        return "takes"
    return "elsewhere" if alternative.looks_elsewhere else "money"


def open_ones(shop_order: ShopOrder) -> QuerySet[Alternative]:
    """What its reader has not answered yet, the first offered first."""
    return Alternative.objects.filter(rerouting__shop_order=shop_order, state=State.OPEN).order_by("pk")
