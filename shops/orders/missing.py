"""What a shop said is missing: written down for another shop to supply, or told to the reader as gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from shops import withholding
from shops.models import Condition, ReroutedUnits, Rerouting, ShopOrder, ShopOrderLine, Supply
from shops.orders import alternatives, reader_mail

Outcome, Reason = Rerouting.Outcome, ShopOrderLine.Reason
Counts = Mapping[ShopOrderLine, tuple[int, int]]

# What a reason says about the shelf: the copy is not there. "Sold" was rung up: the till knows it already.
_NOT_THERE = {Reason.NOT_FOUND, Reason.DAMAGED, Reason.SOLD, Reason.LATER}
_RUNG_UP = {Reason.SOLD}


def counted(lines: Iterable[ShopOrderLine]) -> Counts:
    """Of lines before some of their units are declined."""
    return {line: (line.missing_units, _paid_left(line)) for line in lines}


def note(shop_order: ShopOrder, spoken_of: ShopOrderLine, before: Counts, *, is_whole: bool, now: datetime) -> bool:
    """In the transaction of the decline: have another shop looked for, where the reader agreed to one, for what is
    missing since `before` (`counted`, of the same lines). By the shop's own word alone: never what the reader took
    back. False: nobody is looked for."""
    found = sought(shop_order, before, is_whole=is_whole)
    if found:
        write_down(shop_order, spoken_of, found, before, is_whole=is_whole, now=now, due_at=now)
    return bool(found)


def gone(before: Counts) -> list[ShopOrderLine]:
    """The lines of which units are missing since `before`."""
    return [line for line, (units, _) in before.items() if line.missing_units > units]


def sought(shop_order: ShopOrder, before: Counts, *, is_whole: bool) -> list[ShopOrderLine]:
    """Of the lines that are gone since `before` those that another shop is looked for, as the reader agreed to."""
    checkout, lines = getattr(shop_order.order, "checkout", None), gone(before)
    found = [line for line in lines if can_be_replaced(line)]
    if checkout is None or not checkout.agrees_other_shop or (is_whole and len(found) < len(lines)):
        return []
    return found


def write_down(
    shop_order: ShopOrder,
    spoken_of: ShopOrderLine,
    found: Iterable[ShopOrderLine],
    before: Counts,
    *,
    is_whole: bool,
    now: datetime,
    due_at: datetime,
) -> Rerouting:
    """What is gone of `found`, with what the reader was to pay for it; decided from `due_at` on."""
    row = Rerouting.objects.create(
        shop_order=shop_order, spoken_of=spoken_of, is_whole=is_whole, declined_at=now, due_at=due_at
    )
    ReroutedUnits.objects.bulk_create(
        ReroutedUnits(
            rerouting=row,
            line=line,
            units=line.missing_units - before[line][0],
            agreed_minor=before[line][1] - _paid_left(line),
        )
        for line in found
    )
    return row


def what_became(shop_order: ShopOrder) -> str:
    """What staff are told who answer what ended unanswered; empty where it did not."""
    seen = ShopOrder.objects.filter(pk=shop_order.pk).values_list("expired_at", flat=True).get()
    if seen is None:
        return ""
    over = _("Nobody answered this order in time.")
    moved = ReroutedUnits.objects.filter(line__shop_order=shop_order, moved_to__isnull=False)
    if names := sorted(set(moved.values_list("moved_to__shop_order__shop__name", flat=True))):
        return f"{over} " + _("%(shop)s supplies the reader now.") % {"shop": ", ".join(names)}
    if shop_order.reroutings.filter(outcome=Outcome.LOOKING).exists():
        return f"{over} " + _("Another shop is looked for.")
    return f"{over} " + _("The reader does not wait for it any more, and does not pay for it.")


def withhold(row: ShopOrderLine, units: int, reason: str, left: int | None, by: object, now: datetime) -> None:
    """What a reason or a count of the shelf says is not there is not sold meanwhile."""
    if row.stock_record is None or row.supply != Supply.STOCK:
        return  # of what was to be ordered nothing is missing from the shelf
    if reason in _RUNG_UP or (left is None and reason in _NOT_THERE):
        reflected_at = now if reason in _RUNG_UP else None
        withholding.withhold(row.stock_record, units, now=now, by=by, reflected_at=reflected_at)
    if left is not None:  # beyond that, of which the till knows nothing
        withholding.withhold_to_shelf(row.stock_record, left, now=now, by=by)


def _paid_left(line: ShopOrderLine) -> int:
    """What the reader pays for the units that are not declined."""
    return line.paid_minor - line.paid_minor * line.declined // line.quantity


def can_be_replaced(line: ShopOrderLine) -> bool:
    """A used copy is that copy; what has not appeared yet is on no other shelf either."""
    return (
        line.product_id is not None
        and line.condition == Condition.NEW
        and line.supply not in (Supply.PREORDER, Supply.DIGITAL)
    )


def decided(rows: Iterable[Rerouting], *, now: datetime) -> None:
    """Nobody has what no line took over: the reader is told. What was decided before stays; the caller has
    locked the payment."""
    for row in rows:
        parts = list(row.parts.select_related("line"))
        outcome = Outcome.MOVED if any(part.moved_to_id for part in parts) else Outcome.NOBODY
        done = {"outcome": outcome, "decided_at": now, "due_at": None, "lease_until": None, "lease_token": ""}
        if Rerouting.objects.filter(pk=row.pk, outcome=Outcome.LOOKING).update(**done, parked_at=None, last_error=""):
            alternatives.lapse(row, now=now)
            _tell(row, [part for part in parts if not part.moved_to_id], now)


def _tell(row: Rerouting, gone: Sequence[ReroutedUnits], now: datetime) -> None:
    shop_order = row.shop_order
    lines = list(shop_order.lines.all())
    if gone and row.declined_at == shop_order.expired_at:  # it was silent, and said of nothing that it is missing
        units = [(part.line, part.units) for part in gone]
        reader_mail.unanswered(shop_order, lines, units, rest=row.is_whole, now=now, key=str(row.pk))
        return
    if row.is_whole and gone:
        gone = [part for part in gone if part.line_id == row.spoken_of_id] or gone[:1]
    for part in gone:
        key = f"{row.pk}:{part.line_id}"
        reader_mail.declined(shop_order, lines, part.line, part.units, rest=row.is_whole, now=now, key=key)
