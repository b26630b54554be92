"""The search as its address says it: what each parameter may be, and the query it makes. Nothing here raises for a
wrong value; it is left out, since addresses are typed, shortened and shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from search import availability, directory, words
from search.engines.base import FACETS, Query, Sort
from search.reader import Reader
from shops.models import Condition

LONGEST_TEXT = 200
MOST_CHOSEN = 50
"""Values of one filter that count; a page with more would be long and slow."""
PAGE_SIZE = 20
SORTS = (
    (Sort.BEST, _("Best match")),
    (Sort.PRICE, _("Lowest price")),
    (Sort.NEWEST, _("Newest first")),
    (Sort.TITLE, _("Title A to Z")),
)
_CHOSEN_SORTS = {sort.value for sort, _label in SORTS}
SEVERAL = ("shop", "subject", "language", "form", "audience", "condition")
SWITCHES = ("near", "mine", "open", "today", "pickup", "sent", "order", "new", "picks")
"""In stock near me, in my shop, in a shop open now, to collect today, in a shop one can collect at, in one that sends;
count what shops can order as well; only what came this week; only what someone of a shop stands for."""
_NEW_DAYS = 7
_YEARS = (1, 3, 6, 11)
"""Years of publication are counted in steps: this year, the two before, the three before those, five, older."""


class SearchForm(forms.Form):
    """Oscar's class name: what the header's search box sends."""

    q = forms.CharField(required=False, max_length=LONGEST_TEXT, label=_("Search"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the reader chose, cleaned; makes addresses and the engine's query."""

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    price: tuple[int | None, int | None] | None = None
    published: tuple[int | None, int | None] | None = None
    sort: Sort = Sort.BEST
    usual_sort: Sort = Sort.BEST
    """The order that the address need not say."""
    page: int = 1

    @property
    def is_filtered(self) -> bool:
        return bool(self.chosen or self.switches or self.price or self.published)

    @property
    def is_plain(self) -> bool:
        """Nothing chosen at all; the page does not count."""
        return not self.is_filtered and not self.text and self.sort is self.usual_sort

    def parameters(self, **changes: Any) -> str:
        """The address's parameters (without "?") for these choices with some of them changed; what is not chosen is
        left out, and any change but of the page begins at the first page."""
        query = QueryDict(mutable=True)
        values = {
            "q": self.text,
            **self.chosen,
            **dict.fromkeys(sorted(self.switches), "1"),
            "price": span_parameter(self.price),
            "published": span_parameter(self.published),
            "sort": "" if self.sort is self.usual_sort else self.sort.value,
            "page": "",
            **changes,
        }
        for name, value in values.items():
            if isinstance(value, tuple):
                query.setlist(name, [str(part) for part in value])
            elif value:
                query[name] = str(value)
        return query.urlencode()

    def without(self, name: str, value: str = "") -> str:
        """Parameters after one chip was taken away."""
        if name in self.chosen:
            return self.parameters(**{name: tuple(other for other in self.chosen[name] if other != value)})
        return self.parameters(**{name: ""})


def choices(parameters: QueryDict, usual_sort: Sort = Sort.BEST) -> Choices:
    """Read an address. Values that cannot be are left out; `usual_sort` is what a page has that says none."""
    chosen = {
        name: tuple(dict.fromkeys(part[:60] for part in parameters.getlist(name) if part and part.isprintable()))
        for name in SEVERAL
    }
    sort = parameters.get("sort", "")
    page = parameters.get("page", "")
    return Choices(
        text=readable(parameters.get("q", ""))[:LONGEST_TEXT].rstrip(),
        chosen={name: values[:MOST_CHOSEN] for name, values in chosen.items() if values},
        switches=frozenset(name for name in SWITCHES if parameters.get(name) == "1"),
        price=span_of(parameters.get("price", "")),
        published=span_of(parameters.get("published", "")),
        sort=Sort(sort) if sort in _CHOSEN_SORTS else usual_sort,
        usual_sort=usual_sort,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def readable(typed: str) -> str:
    """With single spaces, without characters that are not seen."""
    return " ".join("".join(filter(lambda one: one.isprintable() or one.isspace(), typed)).split())


def query_of(chosen: Choices, reader: Reader, *, facets: tuple[str, ...] = FACETS) -> Query:
    """The engine's query: whatever depends on which shop becomes sets of shop ids."""
    by_slug = {card.slug: pk for pk, card in directory.active().items()}
    shops = chosen.chosen.get("shop")
    low, high = chosen.price or (None, None)
    since, until = chosen.published or (None, None)
    return Query(
        text=chosen.text,
        shops=None if shops is None else frozenset(by_slug[slug] for slug in shops if slug in by_slug),
        within=within(chosen.switches, reader),
        orderable="order" in chosen.switches,
        on_shelf="today" in chosen.switches or ("pickup" in chosen.switches and "order" not in chosen.switches),
        subjects=chosen.chosen.get("subject", ()),
        languages=chosen.chosen.get("language", ()),
        forms=chosen.chosen.get("form", ()),
        audiences=chosen.chosen.get("audience", ()),
        conditions=chosen.chosen.get("condition", ()),
        price_from_minor=low,
        price_to_minor=high,
        published_from=since,
        published_to=until,
        published_spans=published_spans(reader.now),
        added_from=ordinal(reader.now - timedelta(days=_NEW_DAYS)) if "new" in chosen.switches else None,
        picked="picks" in chosen.switches,
        favoured=favoured(reader),
        sort=chosen.sort,
        page=chosen.page,
        page_size=PAGE_SIZE,
        facets=facets,
    )


def ordinal(day: datetime) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def published_spans(now: datetime) -> tuple[tuple[int | None, int | None], ...]:
    """Spans of whole years, the youngest first, without end at both sides."""
    begins = [now.year + 1 - years for years in _YEARS]
    lows = [*(year * 10_000 + 101 for year in begins), None]
    highs = [None, *((year - 1) * 10_000 + 1231 for year in begins)]
    return tuple(zip(lows, highs, strict=True))


def within(switches: frozenset[str], reader: Reader) -> frozenset[int] | None:
    """The shops that count at all; None where no switch speaks of shops. A switch that needs what the reader has not
    said (near without a place) narrows nothing."""
    sets = []
    if "near" in switches and reader.place:
        sets.append(availability.near(reader.place, reader.place.radius_km))
    if "mine" in switches and reader.shop:
        sets.append(frozenset({reader.shop.pk}))
    if "open" in switches:
        sets.append(availability.open_now(reader.now))
    if "today" in switches:
        sets.append(availability.collect_today(reader.now))
    if "pickup" in switches:
        sets.append(availability.collect())
    if "sent" in switches:
        sets.append(availability.send())
    return frozenset.intersection(*sets) if sets else None


def favoured(reader: Reader) -> frozenset[int]:
    """Shops whose stock moves a title forward: the reader's own and those near."""
    mine = {reader.shop.pk} if reader.shop else set()
    return frozenset(mine | (availability.near(reader.place, reader.place.radius_km) if reader.place else set()))


def span_of(parameter: str) -> tuple[int | None, int | None] | None:
    """ "1000-1499" → (1000, 1499), "-499" → (None, 499), "10000-" → (10000, None): prices in minor units, or days as
    `yyyymmdd`."""
    low, dash, high = parameter.partition("-")
    if not dash or not all(part.isascii() and (not part or part.isdigit()) and len(part) < 9 for part in (low, high)):
        return None
    if not low and not high:
        return None
    return (int(low) if low else None, int(high) if high else None)


def span_parameter(span: tuple[int | None, int | None] | None) -> str:
    return "" if span is None else "-".join("" if end is None else str(end) for end in span)


def value_label(name: str, value: str, subjects: Mapping[str, str]) -> str:
    """What a facet's value is called on screen; `subjects` holds the names of codes."""
    if name == "shop":
        card = directory.by_slug(value)
        return card.name if card else value
    if name == "audience":
        return words.audience(value)
    if name == "condition":
        return words.condition(value) if value in Condition.values else value
    if name == "form":
        return words.form(value)
    if name == "language":
        return words.language(value)
    return subjects.get(value, value)
