"""What a shop's own system said of a line and a person has to answer: back-ordered, another article in its place, taken
otherwise than it was ordered. It stands on the line until the system says something else of it.

It changes nothing by itself, and the reader hears nothing of it: what staff answer is answered as always. Written with
the line's order locked, since what changes a line writes all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marketplace.foundation import audit
from shops.channels.base import Answer
from shops.models import ShopOrder, ShopOrderLine

# In the trail and the history of the order; whatever else it says is for a person who reads it.
DEEDS = {
    Answer.BACK_ORDERED: "shop_order.back_order",
    Answer.SUBSTITUTED: "shop_order.substitute",
    Answer.TAKEN_OUT: "shop_order.take_out",
}
OTHER_DEED = "shop_order.question"
MOST = 10  # of a line


@dataclass(frozen=True)
class Saying:
    """`units` 0: of how many it did not say. `article`: the number of what it puts in the place of the line's own."""

    answer: Answer
    units: int = 0
    detail: str = ""
    article: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Said:
    """`by`: the system's name; `at`: when we first heard it."""

    by: str
    at: datetime
    sayings: tuple[Saying, ...]


def keep(line: ShopOrderLine, sayings: Iterable[Saying], *, by: str, now: datetime) -> bool:
    """What it says now, in the place of what it said. The same again stays as old as it is, and is in the trail once.
    Returns whether it is another word than before."""
    rows = [_frozen(saying) for saying in [*sayings][:MOST]]
    if rows == line.system_said.get("rows", []):
        return False
    line.system_said = {"by": by[:60], "at": now.isoformat(), "rows": rows} if rows else {}
    ShopOrderLine.objects.filter(pk=line.pk).update(system_said=line.system_said)
    for row in rows:
        audit.record(
            DEEDS.get(row["answer"], OTHER_DEED), line.shop_order, by=by, reason=row["detail"],
            shop_id=line.shop_order.shop_id, line=line.pk, units=row["units"] or None, article=row["article"],
            on=row["on"],
        )  # fmt: skip
    return True


def of(line: ShopOrderLine) -> Said | None:
    said = line.system_said
    if not said:
        return None
    return Said(said["by"], datetime.fromisoformat(said["at"]), tuple(_thawed(row) for row in said["rows"]))


def to_answer(line: ShopOrderLine, order: ShopOrder) -> Said | None:
    """What nobody has answered since: of units that are to answer, or said after the order was answered of what has not
    left the shop. No query."""
    said = of(line)
    if said is None or line.left_units <= line.handed_over:
        return None
    is_news = order.answered_at is None or said.at > order.answered_at
    return said if line.open_units or is_news else None


def _frozen(saying: Saying) -> dict[str, Any]:
    return {
        "answer": str(saying.answer),
        "units": saying.units,
        "detail": saying.detail[:300],
        "article": saying.article[:60],
        "on": saying.on.isoformat() if saying.on else "",
    }


def _thawed(row: dict[str, Any]) -> Saying:
    on = date.fromisoformat(row["on"]) if row["on"] else None
    return Saying(Answer(row["answer"]), row["units"], row["detail"], row["article"], on)
