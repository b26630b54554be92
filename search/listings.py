"""Pages that are the search with one thing fixed: an author, a publisher, a series, a subject, a shop, new arrivals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q, TextField
from django.db.models.functions import Cast, Length
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import subjects
from marketplace.catalogue.models import ListedName, Subject
from marketplace.catalogue.slugs import slug
from search import names
from search.directory import ShopCard
from search.engines.base import FacetValue, Query, Sort
from search.forms import Choices, query_of
from search.reader import Reader

_BY_TITLE = ("title", "pk")
_BY_VOLUME = (Length("facts__series_number"), "facts__series_number", "pk")
LAST_FIRST = ("-pk",)
_LONGEST_CODE = 20


class Crumb(NamedTuple):
    """A step of the trail above a page."""

    label: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`fixed` are values of the engine's `Query` that hold whatever the reader chooses; `where` and `order` say the
    same in SQL, for while the search is down."""

    kind: str
    name: str
    address: str
    trail: tuple[Crumb, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    where: Q = field(default_factory=Q)
    order: tuple[Any, ...] = _BY_TITLE
    sort: Sort = Sort.BEST
    sort_label: str = ""
    shop_id: int | None = None
    feed: str = ""
    """Where its new arrivals are as an Atom feed."""

    def query(self, chosen: Choices, reader: Reader) -> Query:
        asked = query_of(chosen, reader)
        fixed = dict(self.fixed)
        if "within" in fixed and asked.within is not None:
            fixed["within"] &= asked.within
        return replace(asked, **fixed)


def named(kind: str, slug: str) -> Listing | None:
    """An author's, a publisher's or a series' page; its `address` is another one where another spelling has the page.
    None for a name nobody has. One query."""
    if not slug.isprintable():
        return None
    same = ListedName.objects.filter(kind=kind, slug=slug).values("key")
    row = ListedName.objects.filter(kind=kind, key__in=same).order_by("pk").first()
    if row is None:
        return None
    is_series = kind == names.Kind.SERIES
    said = {
        "author": Q(*(Q(facts__contributors_text__icontains=word) for word in row.name.split())),
        "publisher": Q(facts__publisher=row.name),
        "series": Q(facts__series=row.name),
    }
    return Listing(
        kind=kind,
        name=row.name,
        address=names.address_of(kind, row.slug),
        fixed={names.QUERIED[kind]: (row.key,)},
        where=said[kind],
        order=_BY_VOLUME if is_series else _BY_TITLE,
        sort=Sort.VOLUME if is_series else Sort.BEST,
        sort_label=_("In the order of the series") if is_series else "",
    )


def subject(code: str) -> Listing | None:
    """A subject with all that is under it; None for a code that has no name. One query."""
    above = [code[:end] for end in range(1, len(code) + 1)] if code.isalnum() and len(code) <= _LONGEST_CODE else []
    rows = list(Subject.objects.filter(scheme=subjects.SCHEME, code__in=above).order_by("code")) if above else []
    if not rows or rows[-1].code != code:
        return None
    row = rows[-1]
    in_sql = Product.objects.alias(codes=Cast("facts__subject_codes", TextField())).filter(codes__contains=f'"{code}')
    address = subject_address(code, row.label_fr, row.label_en)
    return Listing(
        kind="subject",
        name=_label(row),
        address=address,
        trail=tuple(_crumb(upper) for upper in rows[:-1]),
        fixed={"under": code},
        where=Q(pk__in=in_sql.values("pk")),
        feed=f"{address}feed.atom",
    )


def _label(row: Subject) -> str:
    return row.label_en if (get_language() or "").startswith("en") else row.label_fr


def _crumb(row: Subject) -> Crumb:
    return Crumb(_label(row), subject_address(row.code, row.label_fr, row.label_en))


@lru_cache(maxsize=4096)
def _trail(code: str, language: str) -> tuple[Crumb, ...]:
    levels = subjects.path(code)
    return tuple(Crumb(subjects.label(level, language), subject_address(level)) for level in levels)


def subject_trail(code: str) -> tuple[Crumb, ...]:
    """The upper levels of a Thema code and itself, as far as they have names. No query."""
    return _trail(code, get_language() or "")


def subjects_below(code: str, counted: Iterable[FacetValue]) -> list[tuple[Crumb, int]]:
    """The subjects one level below a code ("": the first level), with how many titles each has, by their code. No
    query above the levels that only a loaded table has names for; one there."""
    counts = {str(below): titles for below, titles in counted if len(str(below)) == len(code) + 1}
    below = sorted(one for one in counts if one.startswith(code))
    if len(code) < subjects.DEEPEST:
        return [(subject_trail(one)[-1], counts[one]) for one in below if subjects.path(one)[-1:] == [one]]
    rows = Subject.objects.filter(scheme=subjects.SCHEME, code__in=below).order_by("code") if below else []
    return [(_crumb(row), counts[row.code]) for row in rows]


def subject_address(code: str, french: str = "", english: str = "") -> str:
    """`/subject/fb-romans-et-litterature-generale/`, the same in every language."""
    main = english if settings.LANGUAGE_CODE.startswith("en") else french
    return f"/subject/{code.lower()}-{slug(main or subjects.label(code, settings.LANGUAGE_CODE))}/"


def in_shop(card: ShopCard) -> Listing:
    """All that a shop has."""
    records = StockRecord.objects.filter(partner__shop__pk=card.pk).exclude(price=None)
    return Listing(
        kind="shop",
        name=card.name,
        address=f"{card.address}titles/",
        trail=(Crumb(card.name, card.address),),
        fixed={"within": frozenset({card.pk})},
        where=Q(pk__in=records.exclude(terms__retired_at__isnull=False).values("product_id")),
        shop_id=card.pk,
        feed=f"{card.address}feed.atom",
    )


def everything() -> Listing:
    """All that some shop has or can order."""
    return Listing(kind="all", name=_("All titles"), address="/search/", fixed={"available": True, "orderable": True})


def arrivals() -> Listing:
    """What came into the catalogue last, of what some shop has."""
    return Listing(
        kind="new",
        name=_("New arrivals"),
        address="/new/",
        fixed={"available": True},
        order=LAST_FIRST,
        sort=Sort.ARRIVAL,
        sort_label=_("Last arrived first"),
    )
