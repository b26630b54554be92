"""What a shop's price rules make of one price. Pure: no database, no clock but the day that is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catalog_sync.models import PriceRule
from catalog_sync.records import PriceKind
from marketplace.catalogue.models import ProductFacts
from search import text
from shops import book_law
from shops.models import Condition

LOWEST_MINOR = 10  # below it a price is a slip, as in a list (`Feed.price_floor_minor`)


@dataclass(frozen=True, slots=True)
class Article:
    """What a rule looks at. `listed_minor`: what the list says. `feeds`: those that list it. `fixed`: some source says
    that the price of a new copy is fixed by law."""

    listed_minor: int
    condition: str
    price_kind: str
    fixed: bool
    publisher: str
    subjects: Sequence[str]
    feeds: frozenset[int]
    facts: ProductFacts | None


def sold_for(article: Article, rules: Sequence[PriceRule], *, country: str, unit: int, today: date) -> int:
    """The price by the first rule that fits, in minor units (`unit` of them are one), within what the law on books of
    the shop's country allows; that of the list where none fits."""
    rule = next((rule for rule in rules if fits(rule, article)), None)
    if rule is None or not article.feeds:
        return article.listed_minor
    low, high = _allowed(article, country, today)
    wanted = max(_rounded(_changed(rule, article.listed_minor), rule.rounding, unit), rule.floor_minor)
    least = max(low, min(LOWEST_MINOR, article.listed_minor))
    return max(least, wanted if high is None else min(wanted, high))


def fits(rule: PriceRule, article: Article) -> bool:
    worn = PriceRule.Worn.NEW if article.condition == Condition.NEW else PriceRule.Worn.USED
    return (
        (not rule.subject or any(code.startswith(rule.subject) for code in article.subjects))
        and (not rule.publisher or text.key(rule.publisher) == text.key(article.publisher))
        and rule.worn in ("", worn)
        and (rule.feed_id is None or rule.feed_id in article.feeds)
    )


def _changed(rule: PriceRule, listed_minor: int) -> int:
    return (listed_minor * (10_000 + rule.change_bp) + 5_000) // 10_000 + rule.change_minor


def _rounded(minor: int, rounding: str, unit: int) -> int:
    """To the nearest; of two as near, the higher one. A currency without hundredths is rounded to whole amounts."""
    if rounding == PriceRule.Rounding.FIVE:
        return _nearest(minor, max(1, unit // 20))
    if rounding == PriceRule.Rounding.WHOLE:
        return _nearest(minor, unit)
    if rounding == PriceRule.Rounding.NINETY_FIVE and unit >= 20:
        under = unit // 20
        return max(unit - under, _nearest(minor + under, unit) - under)
    return minor


def _nearest(minor: int, step: int) -> int:
    return (2 * minor + step) // (2 * step) * step


def _allowed(article: Article, country: str, today: date) -> tuple[int, int | None]:
    """The lowest and the highest price; None: as high as it likes. A price fixed by law is neither lowered nor raised;
    where the law limits what is taken off, it says what the publisher's price is, which nobody exceeds. What is allowed
    only to readers who collect in the shop is not: the price is the same for all."""
    listed = article.listed_minor
    if article.price_kind == PriceKind.FIXED or (article.fixed and article.condition == Condition.NEW):
        return listed, listed
    new_book = book_law.is_new_book(article.facts, article.condition)
    most_off = book_law.discount_limit(country, new_book=new_book, in_bookshop=False, on=today)
    if most_off is None:
        return 0, None
    return listed - listed * most_off // 10_000, listed
