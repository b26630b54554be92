"""A shop's own program follows what readers send back of its orders, and answers. The rules are the desk's: where
somebody was quicker, the answer says who. What the shop receives for another one stays at the desk: a program that
keeps the shop's books has nothing to book of it."""

from __future__ import annotations

from collections.abc import Callable
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
from shops.models import Return, ShopScope
from shops.orders import sight
from shops.returns import moving
from shops.returns.asking import ReturnError
from shops.returns.moving import Checked

router = Router(tags=["shop returns"])
READ, WRITE = ShopKeyed(ShopScope.READ), ShopKeyed(ShopScope.WRITE)
MOST = 100
_STATES: Any = Query([], description="Only these.")
_ONCE: Any = {"alias": "Idempotency-Key", "min_length": 8, "max_length": 64}
State = Literal["asked", "agreed", "sent", "arrived", "checked", "refunded", "refused", "called_off"]
Excepted = Literal["", "c", "d", "e", "f", "i", "j", "m"]


class ReturnedLine(Schema):
    """`line`: of the order. `units` are sent back; of those that came `good` are as they left, `worn` are not, and
    `refunded` are paid back."""

    line: int
    sku: str
    gtin: str | None
    title: str
    units: int
    good: int
    worn: int
    refunded: int
    restocked: bool


class ReturnOut(Schema):
    """`basis`: withdrawal (by law: nobody is asked), terms, fault. `goes_to`: the shop that receives it, by its slug.
    `refund_by`: when the money must be on its way."""

    number: str
    order: str
    state: State
    basis: str
    reason: str
    note: str
    goes_to: str
    tracking: str
    asked_at: datetime
    sent_at: datetime | None
    arrived_at: datetime | None
    home_at: datetime | None
    checked_at: datetime | None
    ended_at: datetime | None
    refund_by: datetime | None
    lines: list[ReturnedLine]


class Returns(Schema):
    returns: list[ReturnOut]
    next: str | None


class Agree(Schema):
    note: str = Field("", max_length=300)


class Refuse(Schema):
    """`note`: why; the reader reads it. `excepted`: of a withdrawal, the letter of the exception of directive
    2011/83/EU, article 16."""

    note: str = Field(min_length=1, max_length=300)
    excepted: Excepted = ""


class Found(Schema):
    line: int
    good: int = Field(0, ge=0, le=10_000)
    worn: int = Field(0, ge=0, le=10_000)
    refunded: int = Field(ge=0, le=10_000)
    restocked: bool = False


class Check(Schema):
    """What came of each line. `note`: needed where not all of it is paid back."""

    lines: list[Found] = Field(min_length=1, max_length=500)
    note: str = Field("", max_length=300)


class Nothing(Schema):
    """An empty object."""


@router.get("/returns", response=Returns, auth=READ, summary="What readers send back, newest first")
def returns(
    request: HttpRequest,
    state: list[State] = _STATES,
    limit: int = Query(50, ge=1, le=MOST),
    cursor: str = Query("", max_length=cursors.LONGEST),
) -> dict[str, Any]:
    asked = ("returns", key_of(request).shop_id, sorted(set(state)))
    rows = _rows(request).order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=cursors.unseal(cursor, asked=asked)["before"])
    if state:
        rows = rows.filter(state__in=state)
    found = list(rows[: limit + 1])
    more = cursors.seal({"before": found[limit - 1].pk}, asked=asked) if len(found) > limit else None
    return {"returns": [return_out(row) for row in found[:limit]], "next": more}


@router.get("/returns/{number}", response=ReturnOut, auth=READ, summary="One return")
def sent_back(request: HttpRequest, number: str) -> dict[str, Any]:
    return return_out(_row(request, number))


@router.post("/returns/{number}/agree", response=ReturnOut, auth=WRITE, summary="The shop takes it back")
def agree_to_return(request: HttpRequest, number: str, said: Agree, once: str = Header("", **_ONCE)) -> dict[str, Any]:
    return _change(request, number, said, once, lambda row, how: moving.agree(row, note=said.note, **how))


@router.post("/returns/{number}/refuse", response=ReturnOut, auth=WRITE, summary="The shop does not take it back")
def refuse_return(request: HttpRequest, number: str, said: Refuse, once: str = Header("", **_ONCE)) -> dict[str, Any]:
    def act(row: Return, how: dict[str, Any]) -> None:
        moving.refuse(row, note=said.note, excepted=said.excepted, **how)

    return _change(request, number, said, once, act)


@router.post("/returns/{number}/arrive", response=ReturnOut, auth=WRITE, summary="The shop has it")
def return_arrived(request: HttpRequest, number: str, said: Nothing, once: str = Header("", **_ONCE)) -> dict[str, Any]:
    """Also where it was to go to another shop, or came from there."""

    def act(row: Return, how: dict[str, Any]) -> None:
        if row.arrived_at:
            moving.come_home(row, **how)
        else:
            moving.arrive(row, at_seller=True, **how)

    return _change(request, number, said, once, act)


@router.post("/returns/{number}/check", response=ReturnOut, auth=WRITE, summary="What came, and what is paid back")
def check_return(request: HttpRequest, number: str, said: Check, once: str = Header("", **_ONCE)) -> dict[str, Any]:
    """Every line of the return is named once. The money goes back by itself."""

    def act(row: Return, how: dict[str, Any]) -> None:
        keys = {line.line_id: line.pk for line in row.lines.all()}
        named = [each.line for each in said.lines]
        if len(set(named)) != len(named) or set(named) != set(keys):
            raise HttpError(422, f"Name each line of this return once: {', '.join(map(str, sorted(keys)))}.")
        found = {keys[each.line]: Checked(each.good, each.worn, each.refunded, each.restocked) for each in said.lines}
        moving.check(row, found, note=said.note, **how)

    return _change(request, number, said, once, act)


def return_out(row: Return) -> dict[str, Any]:
    """The reader's own words as long as the shop sees whose order it is."""
    same = ("number", "state", "basis", "reason", "refund_by")
    times = ("asked_at", "sent_at", "arrived_at", "home_at", "checked_at", "ended_at")
    seen = row.ended_at is None or row.ended_at >= sight.since(timezone.now())
    return {name: getattr(row, name) for name in (*same, *times)} | {
        "note": row.note if seen else "",
        "tracking": row.tracking if seen else "",
        "order": row.shop_order.number,
        "goes_to": row.goes_to.slug,
        "lines": [_line(line) for line in row.lines.all()],
    }


def _line(of: Any) -> dict[str, Any]:
    line = of.line
    told = {"line": line.pk, "sku": line.sku, "gtin": str(line.gtin) if line.gtin else None, "title": line.title}
    return told | {name: getattr(of, name) for name in ("units", "good", "worn", "refunded", "restocked")}


def _rows(request: HttpRequest) -> QuerySet[Return]:
    rows = Return.objects.filter(shop_order__shop=key_of(request).shop_id)
    return rows.select_related("shop_order__shop", "goes_to").prefetch_related("lines__line")


def _row(request: HttpRequest, number: str) -> Return:
    found = _rows(request).filter(number=number).first()
    if found is None:
        raise HttpError(404, "There is no such return.")
    return found


def _change(
    request: HttpRequest, number: str, said: Schema, once: str, act: Callable[[Return, dict[str, Any]], None]
) -> dict[str, Any]:
    """Carry it out once, whole or not at all, and give the return as it is then."""
    key, now = key_of(request), timezone.now()
    row = _row(request, number)
    asked = [request.path, said.model_dump(mode="json")]
    try:
        how = {"by": f"api: {key.label}", "now": now}
        order_keys.once(key.shop_id, once, asked, lambda: act(row, how), now=now)
    except (ReturnError, order_keys.KeyTakenError) as error:
        raise HttpError(409, str(error)) from error
    return return_out(_row(request, number))
