"""What a title's limits of sale mean to one reader: from its facts, which were read already; no query."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.catalogue import sale_limits, sale_words
from marketplace.catalogue.models import ProductFacts
from search.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`refusal`: why new copies are not sold where the reader is, `in_short` the same; empty where they are. `years`:
    the age from which it is sold there, 0 from any; `stated`: the reader has said to be as old."""

    refusal: str = ""
    in_short: str = ""
    years: int = 0
    stated: bool = False

    @property
    def asks(self) -> bool:
        """Whether the reader is to state an age before anything can be bought."""
        return self.years > 0 and not self.stated

    @property
    def sold_from(self) -> str:
        return sale_words.sold_from(self.years) if self.years else ""

    @property
    def statement(self) -> str:
        return sale_words.i_am(self.years)

    def hinders(self, *, used: bool) -> bool:
        """Whether a copy cannot be put into the basket now."""
        return self.asks or bool(self.refusal and not used)


def of(facts: ProductFacts | None, reader: Reader) -> Limit | None:
    """None for nearly all titles: nothing limits their sale."""
    if facts is None or not (facts.territory or facts.age_limit):
        return None
    refused = sale_limits.refuses(facts, reader.area[:2])
    years = sale_limits.years(facts, reader.area)
    if not refused and not years:
        return None
    return Limit(
        refusal=sale_words.refusal(facts, reader.area) if refused else "",
        in_short=sale_words.refusal_in_short(reader.area) if refused else "",
        years=years,
        stated=years <= reader.age,
    )
