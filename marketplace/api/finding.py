"""The search for programs: what the result page finds, in pages that are followed by a cursor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field, StringConstraints

from marketplace.api import cursors
from marketplace.api.callers import Reads
from marketplace.api.failures import CallError
from marketplace.api.models import Scope
from marketplace.api.places import NEAR_KM, Where, reader_at
from marketplace.api.titles import FAILURES, WITHOUT_KEY, Title, said
from marketplace.catalogue.models import Form
from search import directory, queries
from search.engines.base import DEEPEST_HIT, SearchError
from search.engines.query import MOST_PER_PAGE
from search.forms import LONGEST_TEXT, PAGE_SIZE, SEVERAL, Choices, choices, query_of, span_of
from search.reader import Reader
from search.rows import Row, rows
from search.views import plain_search
from shops.models import Condition

MOST_VALUES = 50
_NAMES_TOLD = 20
router = Router(auth=Reads(Scope.SEARCH), tags=["search"])

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_]{1,20}$")]
_SWITCHES = ("near", "open", "today", "pickup", "sent", "order", "new", "picks")


class Asked(Where):
    """The parameters of the result page, and where the list goes on."""

    q: str = Field("", max_length=LONGEST_TEXT, description="Words of titles, names, series; or an ISBN.")
    shop: list[Slug] = Field([], max_length=MOST_VALUES, description="Slugs: titles that any of these shops has.")
    subject: list[Code] = Field([], max_length=MOST_VALUES, description="Thema codes; what lies below counts.")
    language: list[Code] = Field([], max_length=MOST_VALUES, description="ISO 639 codes.")
    form: list[Form] = Field([], max_length=MOST_VALUES)
    audience: list[Code] = Field([], max_length=MOST_VALUES, description="general, children, young_adult, …")
    condition: list[Condition] = Field([], max_length=MOST_VALUES)
    price: str = Field(
        "", max_length=20, description="From and to in minor units, both included: 500-1500, -999, 2000-."
    )
    published: str = Field("", max_length=20, description="From and to as yyyymmdd, both included.")
    near: bool = Field(False, description=f"In stock within km of lat and lon ({NEAR_KM} where km is left out).")
    open: bool = Field(False, description="In stock in a shop that is open now.")
    today: bool = Field(False, description="In stock where it can be collected today.")
    pickup: bool = Field(False, description="In stock in a shop where one can collect.")
    sent: bool = Field(False, description="In stock in a shop that sends.")
    new: bool = Field(False, description="Came into the catalogue within seven days.")
    picks: bool = Field(False, description="Someone of a shop stands for it.")
    order: bool = Field(False, description="What shops can order counts as if they had it.")
    sort: Literal["best", "price", "newest", "title"] = "best"
    limit: int = Field(20, ge=1, le=MOST_PER_PAGE)
    cursor: str = Field("", max_length=cursors.LONGEST, description="The “next” of the page before.")


class Found(Title):
    """`from_price_minor`: the cheapest that can be bought now, else the cheapest of all; null where no shop has a
    price. `shops_in_stock`: how many have it now; `shops_near`: of these, within km."""

    from_price_minor: int | None
    currency: str | None
    shops_in_stock: int
    shops_near: int


class Results(BaseModel):
    """`total`: all hits, exactly. `next`: the cursor of the next page, null on the last; lists end after 10,000 titles.
    `plain`: the search engine is down, and the titles come from the database, by words of titles and names, without
    filters. `corrected`: nothing has all that was typed; the hits are for a similar spelling, or leave words out.
    `suggestion`: the nearest spelling known. `ignored`: parameters that do not exist."""

    total: int
    results: list[Found]
    next: str | None
    plain: bool
    corrected: bool
    suggestion: str | None
    ignored: list[str]


@dataclass(frozen=True, slots=True)
class _Hits:
    ids: list[int]
    place: int
    total: int
    plain: bool
    corrected: bool = False
    suggestion: str | None = None


@router.get(
    "/search",
    response={200: Results, 304: None, **FAILURES},
    openapi_extra=WITHOUT_KEY,
    summary="Titles of all shops, in pages",
)
def search(request: HttpRequest, asked: Query[Asked]) -> Results:
    reader = reader_at(asked, timezone.now())
    chosen = _chosen(asked, reader)
    same = asked.model_dump(mode="json", exclude={"cursor", "limit"})
    position = cursors.unseal(asked.cursor, asked=same) if asked.cursor else {"at": 0, "after": []}
    try:
        hits = _hits(asked, chosen, reader, position)
    except SearchError:
        hits = _plain_hits(asked, chosen, position)
    goes_on = hits.place + len(hits.ids)
    more = hits.ids and goes_on < min(hits.total, DEEPEST_HIT)
    following = {"at": goes_on, "after": hits.ids[-cursors.ANCHORS :]}
    return Results(
        total=hits.total,
        results=[_found(request, row) for row in rows(hits.ids, reader)],
        next=cursors.seal(following, asked=same) if more else None,
        plain=hits.plain,
        corrected=hits.corrected,
        suggestion=hits.suggestion,
        ignored=[name[:60] for name in list(request.GET) if name not in Asked.model_fields][:_NAMES_TOLD],
    )


def _chosen(asked: Asked, reader: Reader) -> Choices:
    """As the result page reads them; what that one would pass over is refused by name."""
    if asked.price and span_of(asked.price) is None:
        raise CallError(422, "A price is like 500-1500, -999 or 2000-, in minor units.", where="query.price")
    if asked.published and span_of(asked.published) is None:
        raise CallError(422, "Days are like 20240101-20241231, as yyyymmdd.", where="query.published")
    if asked.near and reader.place is None:
        raise CallError(422, "near needs lat and lon.", where="query.near")
    known = {card.slug for card in directory.active().values()}
    if unknown := [slug for slug in asked.shop if slug not in known]:
        raise CallError(422, f"There is no shop “{unknown[0]}”.", where="query.shop")
    parameters = QueryDict(mutable=True)
    parameters.update({"q": asked.q, "price": asked.price, "published": asked.published, "sort": asked.sort})
    parameters.update({name: "1" for name in _SWITCHES if getattr(asked, name)})
    for name in SEVERAL:
        parameters.setlist(name, [str(value) for value in getattr(asked, name)])
    return choices(parameters)


def _hits(asked: Asked, chosen: Choices, reader: Reader, position: dict[str, Any]) -> _Hits:
    query = replace(query_of(chosen, reader, facets=()), page_size=MOST_PER_PAGE)
    pages = {}

    def block(number: int) -> tuple[int, ...]:
        pages[number] = queries.search(replace(query, page=number + 1))
        return pages[number].ids

    found, place = cursors.hits_from(
        block, MOST_PER_PAGE, start=position["at"], anchors=position["after"], limit=asked.limit
    )
    page = next(iter(pages.values()))
    return _Hits(found, place, page.total, plain=False, corrected=page.corrected, suggestion=page.suggestion)


def _plain_hits(asked: Asked, chosen: Choices, position: dict[str, Any]) -> _Hits:
    totals = []

    def block(number: int) -> tuple[int, ...]:
        page = plain_search(replace(chosen, page=number + 1))
        totals.append(page.total)
        return page.ids

    found, place = cursors.hits_from(
        block, PAGE_SIZE, start=position["at"], anchors=position["after"], limit=asked.limit
    )
    return _Hits(found, place, totals[0], plain=True)


def _found(request: HttpRequest, row: Row) -> Found:
    cheapest = row.cheapest
    return Found(
        **said(request, row.product),
        from_price_minor=cheapest.price_minor if cheapest else None,
        currency=cheapest.currency if cheapest else None,
        shops_in_stock=row.shops_in_stock,
        shops_near=row.shops_near,
    )
