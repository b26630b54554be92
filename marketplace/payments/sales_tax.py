"""Taxes in the price that whoever runs the marketplace owes in the shop's place: they go from an order's money to the
tax office's account, apart from the tax on commission, and never to the shop.

What goes back to a reader at the shop's cost takes its part of them along, by the rates of what it is of, as its credit
note says. What the network gives of its own leaves them as they are: it pays the price in the reader's stead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from marketplace.foundation import money
from marketplace.payments import invoice_parts
from marketplace.payments.models import RefundRequest
from shops.models import ShopOrderLine

# The retail taxes of BC, SK and MB (BC: Bulletin PST 142; SK and MB have the like for marketplaces).
MARKETPLACE_COLLECTS = frozenset({"PST", "RST"})


def collected(
    lines: Sequence[ShopOrderLine], requests: Iterable[RefundRequest], *, most_minor: int
) -> list[tuple[str, int]]:
    """[(place, minor)] in goods and delivery of one shop order's lines, less what was declined, less what the requests
    took along; in all no more than `most_minor`."""
    sums = _by_place(_left(lines, requests))
    capped = money.split(min(most_minor, sum(sums.values())), list(sums.values())) if sums else []
    return [(place, minor) for place, minor in zip(sums, capped, strict=True) if minor]


def taken_along(
    request: RefundRequest,
    lines: Sequence[ShopOrderLine],
    earlier: Iterable[RefundRequest],
    *,
    left: Iterable[tuple[str, int]],
) -> list[tuple[str, int]]:
    """[(place, minor)] of a request's amount, after the earlier ones of its shop order; of no place more than what of
    it is `left` on the tax account."""
    most = dict(left)
    if not most:
        return []
    parts = invoice_parts.take(
        _left(lines, earlier), request.worth_minor, invoice_parts.fitting(request.kind, request.line_id)
    )
    found = [(place, min(minor, most.get(place, 0))) for place, minor in _by_place(parts).items()]
    return [(place, minor) for place, minor in found if minor]


def _left(lines: Sequence[ShopOrderLine], requests: Iterable[RefundRequest]) -> invoice_parts.Parts:
    """As an invoice would have it: what was given back of copies that were then declined was never handed over, so that
    it takes nothing of the others."""
    left: invoice_parts.Parts = {}
    of_lines: dict[int | None, int] = {}
    for line in lines:
        parts = invoice_parts.of_line(line)
        left |= parts
        of_lines[line.pk] = sum(parts.values())
    for request in requests:
        if request.borne_by == RefundRequest.Bearer.SHOP:
            amount = min(request.worth_minor, of_lines.get(request.line_id, request.worth_minor))
            if request.line_id in of_lines:
                of_lines[request.line_id] -= amount
            fits = invoice_parts.fitting(request.kind, request.line_id)
            left = invoice_parts.less(left, [invoice_parts.take(left, amount, fits)])
    return left


def _by_place(parts: invoice_parts.Parts) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part, minor in parts.items():
        if part.code in MARKETPLACE_COLLECTS:
            sums[part.of] = sums.get(part.of, 0) + minor
    return sums
