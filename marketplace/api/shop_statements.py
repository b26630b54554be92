"""A shop's closed months, as its own program reads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from marketplace.api.shop_keyed import ShopKeyed, key_of
from marketplace.payments import settlements, statement_files
from marketplace.payments.models import Settlement
from shops.models import ShopScope

router = Router(tags=["shop statements"], auth=ShopKeyed(ShopScope.STATEMENTS))
MOST = 120  # ten years


class StatementHead(Schema):
    """In minor units of `currency`; above zero is the shop's."""

    number: int
    begins_at: datetime
    ends_at: datetime
    currency: str
    opening_minor: int
    closing_minor: int


class StatementLine(Schema):
    """`amount_minor` = goods − commission − tax + other − transferred. `what`: in words, in the shop's language."""

    at: datetime
    kind: str
    what: str
    order: str | None
    goods_minor: int
    commission_minor: int
    tax_minor: int
    other_minor: int
    transferred_minor: int
    amount_minor: int


class StatementOut(StatementHead):
    lines: list[StatementLine]


@router.get("/statements", response=list[StatementHead], summary="Closed months, newest first")
def statements(request: HttpRequest) -> list[dict[str, Any]]:
    rows = Settlement.objects.filter(shop=key_of(request).shop_id).order_by("-ends_at", "-pk")
    return [_head(row) for row in rows[:MOST]]


@router.get("/statements/{int:number}", response=StatementOut, summary="One month, line by line")
def statement(request: HttpRequest, number: int) -> dict[str, Any]:
    rows = Settlement.objects.filter(shop=key_of(request).shop_id, number=number).select_related("shop")
    settlement = rows.first()
    if settlement is None:
        raise HttpError(404, "There is no such statement.")
    found = settlements.statement_of(settlement)
    return _head(settlement) | {"lines": [_line(line) for line in found.lines]}


def _head(row: Settlement) -> dict[str, Any]:
    return {name: getattr(row, name) for name in StatementHead.model_fields}


def _line(line: settlements.Line) -> dict[str, Any]:
    same = [name for name in StatementLine.model_fields if name not in {"what", "order"}]
    order = line.shop_order.number if line.shop_order else None
    return {name: getattr(line, name) for name in same} | {"what": str(statement_files.said(line)), "order": order}
