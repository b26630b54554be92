"""A shop's own program offers readers something in the place of what it lacks, follows what they say, and takes back
what they have not answered. The rules are the desk's (`checkout/alternatives.py`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.timezone import localdate
from ninja import Field, Header, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import model_validator

from marketplace.api import cursors
from marketplace.api.shop_keyed import key_of
from marketplace.api.shop_orders import MOST, ONCE, READ, WRITE, Reason, Seen, ShopOrderOut, Units, change, line_of
from marketplace.checkout import alternatives
from marketplace.checkout.alternative_plans import AlternativeError, What
from shops import order_keys
from shops.models import Alternative, ReroutedUnits, ShopOrder, ShopOrderLine
from shops.orders import alternatives as offers_of_shops
from shops.orders import fulfilment
from shops.orders.alternatives import Offered
from shops.orders.changing import FulfilmentError

router = Router(tags=["shop offers"])
LONGEST_WAIT = timedelta(days=366)
_STATES: Any = Query([], description="Only these.")
State = Literal["open", "taken", "refused", "lapsed", "recalled"]


class OfferOut(Schema):
    """`title` is what is offered, in the place of `units` of `line` of the order; `total_minor` what the reader would
    pay for it and what goes with it. `order`: what the units were declined of; `became`: the order that was made of it
    once the reader took it. `looks_elsewhere`: not taken, another shop is looked for."""

    offer: int
    order: str
    line: int
    kind: Literal["other", "later"]
    state: State
    units: int
    sku: str | None
    title: str
    currency: str
    unit_price_minor: int
    total_minor: int
    expected_on: date | None
    looks_elsewhere: bool
    offered_at: datetime
    answer_by: datetime
    answered_at: datetime | None
    became: str | None


class OffersOut(Schema):
    offers: list[OfferOut]
    next: str | None


class Made(Schema):
    """`order` is as it is now: the units are declined."""

    offer: OfferOut
    order: ShopOrderOut


class Offer(Seen, Units):
    """Either another article of the shop by its `sku`, with why the ordered one is not there; `price_minor` of one
    (left out: as in the shop, or what the reader paid where that is less). Or the same one `on` a day. `hours`: so
    long the reader has to answer; it may be less where the payment, or a courier, waits no longer."""

    sku: str = Field("", max_length=128)
    price_minor: int | None = Field(None, ge=0, le=100_000_000)
    on: date | None = None
    hours: int = Field(24, ge=2, le=96)
    reason: Reason | None = None
    left: int | None = Field(None, ge=0, le=10_000)
    note: str = Field("", max_length=300)

    @model_validator(mode="after")
    def one_way(self) -> Offer:
        if bool(self.sku) == bool(self.on):
            raise ValueError("Name either the sku of another article, or the day on which you have the same one.")
        if self.sku and self.reason is None:
            raise ValueError("Say why the ordered article is not there: reason.")
        return self


class Nothing(Schema):
    """An empty object."""


@router.get("/offers", response=OffersOut, auth=READ, summary="What was offered instead, newest first")
def offers(
    request: HttpRequest,
    state: list[State] = _STATES,
    order: str = Query("", max_length=32, description="Only in the place of lines of this order."),
    limit: int = Query(50, ge=1, le=MOST),
    cursor: str = Query("", max_length=cursors.LONGEST),
) -> dict[str, Any]:
    asked = ("offers", key_of(request).shop_id, sorted(set(state)), order)
    rows = _rows(request).order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=cursors.unseal(cursor, asked=asked)["before"])
    if state:
        rows = rows.filter(state__in=state)
    if order:
        rows = rows.filter(rerouting__shop_order__number=order)
    found = list(rows[: limit + 1])
    more = cursors.seal({"before": found[limit - 1].pk}, asked=asked) if len(found) > limit else None
    return {"offers": [offer_out(row) for row in found[:limit]], "next": more}


@router.post("/orders/{number}/offer", response=Made, auth=WRITE, summary="Not there: something else instead")
def offer_instead(request: HttpRequest, number: str, said: Offer, once: str = Header("", **ONCE)) -> dict[str, Any]:
    """The units are declined, and wait for the reader's answer."""

    def act(shop_order: ShopOrder, by: str, now: datetime) -> None:
        line = line_of(shop_order, said.line)
        made = _offered(shop_order, line, said, now)
        reason = said.reason if said.sku else ShopOrderLine.Reason.LATER
        why = {"reason": str(reason), "note": said.note, "left": said.left}
        fulfilment.decline(line, said.units, by=by, now=now, offered=made, **why)  # type: ignore[arg-type]

    order = change(request, number, said, once, act)
    made = _rows(request).filter(line=said.line).order_by("-pk").first()
    assert made is not None
    return {"offer": offer_out(made), "order": order}


@router.post("/offers/{offer}/withdraw", response=OfferOut, auth=WRITE, summary="The shop takes its offer back")
def withdraw_offer(request: HttpRequest, offer: int, said: Nothing, once: str = Header("", **ONCE)) -> dict[str, Any]:
    """As long as the reader has not answered: it goes on as if the units had been declined without an offer."""
    key, now, row = key_of(request), timezone.now(), _row(request, offer)

    def act() -> None:
        alternatives.withdraw(row, by=f"api: {key.label}", now=now)

    try:
        order_keys.once(key.shop_id, once, [request.path], act, now=now)
    except (AlternativeError, order_keys.KeyTakenError) as error:
        raise HttpError(409, str(error)) from error
    return offer_out(_row(request, offer))


def offer_out(row: Any) -> dict[str, Any]:
    same = ("kind", "state", "units", "title", "unit_price_minor", "total_minor", "expected_on", "looks_elsewhere")
    times = ("offered_at", "answer_by", "answered_at")
    order = row.rerouting.shop_order
    return {name: getattr(row, name) for name in (*same, *times)} | {
        "offer": row.pk,
        "order": order.number,
        "line": row.line_id,
        "sku": row.stock_record.partner_sku if row.stock_record else None,
        "currency": order.currency,
        "became": row.became,
    }


def _offered(shop_order: ShopOrder, line: ShopOrderLine, said: Offer, now: datetime) -> Offered:
    """FulfilmentError says why it cannot be."""
    if why := alternatives.refusal(shop_order, now=now):
        raise FulfilmentError(why)
    if said.units > line.left_units - line.handed_over:
        raise FulfilmentError("So many copies of this line are not the shop's any more to offer something for.")
    today = localdate(now, ZoneInfo(shop_order.shop.timezone))
    parts, record, price = alternatives.parts_of(shop_order, line, said.units), None, line.unit_price_minor
    if said.sku:
        articles = offers_of_shops.articles(shop_order.shop, beside=shop_order)
        record = articles.filter(partner_sku=said.sku).first()
        if record is None:
            raise FulfilmentError(f"The shop has no article {said.sku}, or it is in this order already.")
        part = next(part for part in parts if part.line.pk == line.pk)
        listed = alternatives.price_of(record, part, shop_order.currency)
        price = listed if said.price_minor is None else said.price_minor
    elif said.on is not None and not today < said.on <= today + LONGEST_WAIT:
        raise FulfilmentError("Choose a day after today, and within a year.")
    try:
        what = What(line.pk, record, price, said.on)
        return alternatives.offered(shop_order, parts, what, timedelta(hours=said.hours), now=now)
    except AlternativeError as error:
        raise FulfilmentError(str(error)) from error


def _rows(request: HttpRequest) -> QuerySet[Alternative]:
    """With the number of the order that came of each."""
    moved = ReroutedUnits.objects.filter(rerouting=OuterRef("rerouting"), line=OuterRef("line"))
    number = moved.annotate(number=F("moved_to__shop_order__number")).values("number")[:1]
    rows = Alternative.objects.filter(rerouting__shop_order__shop=key_of(request).shop_id)
    return rows.select_related("rerouting__shop_order", "stock_record").annotate(became=Subquery(number))


def _row(request: HttpRequest, offer: int) -> Alternative:
    found = _rows(request).filter(pk=offer).first()
    if found is None:
        raise HttpError(404, "There is no such offer.")
    return found
