"""Of what a document is the sum: minor units of each line's goods and of its share of the delivery, without tax and of
each tax apart. A credit note takes from what is left of these, so that no rate is ever credited beyond its invoice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from marketplace.foundation import money
from marketplace.payments.models import RefundRequest
from marketplace.payments.worth import units_worth
from shops.models import ShopOrderLine

GOODS, DELIVERY = "goods", "delivery"
COMMISSION, COMMISSION_BACK, DUES, COUNTER = "commission", "commission_back", "dues", "counter"
NET = ""


class Part(NamedTuple):
    """What an amount is of. `line` is the id of a ShopOrderLine, 0 where there is none; `code` is empty for what is
    without tax, else the tax, as in ("GST", "CA", 5000)."""

    line: int
    what: str
    code: str = NET
    of: str = ""
    rate_milli: int = 0


Parts = dict[Part, int]


def of_line(line: ShopOrderLine) -> Parts:
    """What the reader pays of a line: all that was not declined, to the cent what `worth` says, shared over goods,
    delivery and their taxes as these were frozen, by largest remainder."""
    found: Parts = {}
    taxes = [(part["code"], part["of"], part["rate_milli"]) for part in line.tax_parts]
    goods_taxes = [part["minor"] for part in line.tax_parts]
    delivery_taxes = [part["delivery_minor"] for part in line.tax_parts]
    found[Part(line.pk, GOODS)] = line.total_minor - line.delivery_minor - sum(goods_taxes)
    found[Part(line.pk, DELIVERY)] = line.delivery_minor - sum(delivery_taxes)
    for what, minors in ((GOODS, goods_taxes), (DELIVERY, delivery_taxes)):
        for tax, minor in zip(taxes, minors, strict=True):
            found[Part(line.pk, what, *tax)] = minor
    if line.declined:
        paid = line.total_minor - units_worth(line.total_minor, line.declined, line.quantity)
        found = dict(zip(found, money.split(paid, list(found.values())), strict=True)) if paid else {}
    return found


def take(left: Mapping[Part, int], amount_minor: int, fits: Callable[[Part], bool]) -> Parts:
    """`amount_minor` out of the parts that fit, by what is left of them; what these do not have, out of the others.
    Never more than there is in all, nor of any part."""
    found: Parts = {}
    for some in (
        {part: minor for part, minor in left.items() if fits(part)},
        {part: minor for part, minor in left.items() if not fits(part)},
    ):
        amount = min(amount_minor - sum(found.values()), sum(some.values()))
        if amount > 0:
            found |= _shared(some, amount)
    return found


def fitting(kind: str, line_id: int | None) -> Callable[[Part], bool]:
    """Whether a part is what a refund of this kind, of this line if of one, is of."""
    if line_id is not None:
        return lambda part: part.line == line_id and part.what == GOODS
    if kind == RefundRequest.Kind.DELIVERY:
        return lambda part: part.what == DELIVERY
    return lambda part: True


def _shared(left: Mapping[Part, int], amount_minor: int) -> Parts:
    """First over what is without tax and each rate, so that a rate is right in all to the cent; then over the lines."""
    of_rate: dict[tuple[str, str, int], Parts] = {}
    for part, minor in left.items():
        of_rate.setdefault(part[2:], {})[part] = minor
    found: Parts = {}
    sums = [sum(parts.values()) for parts in of_rate.values()]
    for parts, amount in zip(of_rate.values(), money.split(amount_minor, sums), strict=True):
        shares = money.split(amount, list(parts.values()))
        found |= {part: minor for part, minor in zip(parts, shares, strict=True) if minor or part.code}
    return found


def less(parts: Mapping[Part, int], others: Iterable[Mapping[Part, int]]) -> Parts:
    """What is left of `parts` once the others are taken off."""
    left = dict(parts)
    for other in others:
        for part, minor in other.items():
            left[part] = left.get(part, 0) - minor
    return left


def total_of(parts: Mapping[Part, int]) -> int:
    return sum(parts.values())


def tax_of(parts: Mapping[Part, int]) -> int:
    return sum(minor for part, minor in parts.items() if part.code)


def net_of(parts: Mapping[Part, int], what: str, line: int = 0) -> int:
    """Without tax: of one line, or (0) of all that is `what`."""
    mine = (minor for part, minor in parts.items() if not part.code and part.what == what and line in (0, part.line))
    return sum(mine)


def rates_of(parts: Mapping[Part, int], what: str, line: int = 0) -> list[tuple[str, int]]:
    """The taxes on it: [("GST", 5000)], without those of 0 %."""
    found = {
        (part.code, part.rate_milli)
        for part in parts
        if part.code and part.rate_milli and part.what == what and line in (0, part.line)
    }
    return sorted(found)


def by_rate(parts: Mapping[Part, int]) -> list[tuple[str, str, int, int, int]]:
    """Each tax with what it is on: [("GST", "CA", 5000, 2000, 100)]: code, place, rate, amount without tax, tax."""
    sums: dict[tuple[str, str, int], list[int]] = {}
    for part, minor in parts.items():
        if part.code and (part.rate_milli or minor):
            both = sums.setdefault((part.code, part.of, part.rate_milli), [0, 0])
            both[0] += parts.get(Part(part.line, part.what), 0)
            both[1] += minor
    return [(*tax, base, minor) for tax, (base, minor) in sorted(sums.items())]


def frozen(parts: Mapping[Part, int]) -> list[dict[str, Any]]:
    """As a row keeps them: [{"line": 7, "what": "goods", "code": "GST", "of": "CA", "rate_milli": 5000, "minor": 6}]"""
    return [part._asdict() | {"minor": minor} for part, minor in parts.items()]


def thawed(kept: Sequence[Mapping[str, Any]]) -> Parts:
    return {Part(**{name: row[name] for name in Part._fields}): row["minor"] for row in kept}
