"""Titles as programs read them: what each is, found by GTIN or by our own number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from ninja import Path, Router
from oscar.apps.catalogue.models import Product
from pydantic import BaseModel

from catalog_sync import identifiers
from marketplace.api.callers import Reads
from marketplace.api.failures import CallError, Failure
from marketplace.api.models import Scope
from marketplace.catalogue import sale_limits, sanitising
from marketplace.catalogue.models import OtherGtin, ProductFacts, ProductRedirect
from marketplace.foundation import network

FAILURES = {400: Failure, 401: Failure, 403: Failure, 404: Failure, 422: Failure, 429: Failure}
WITHOUT_KEY: dict[str, Any] = {"security": [{}]}
"""For the document: beside a key, no key will do."""

LARGEST_ID = 2**63 - 1
router = Router(auth=Reads(Scope.SEARCH), tags=["titles"])


class Contributor(BaseModel):
    """`name`: "Camus, Albert" or as the sender wrote it."""

    name: str
    role: str


class Title(BaseModel):
    """`id` is ours, and stays; `gtin`: thirteen digits or fourteen, null where it has none. `language`: ISO 639.
    `form`: hardback, paperback, pocket, book, comic, board, ebook, audio, … `subjects`: Thema codes, most telling
    first. What is not known is empty or null."""

    id: int
    gtin: str | None
    title: str
    subtitle: str
    contributors: list[Contributor]
    publisher: str
    series: str
    series_number: str
    language: str
    form: str
    publication_date: date | None
    subjects: list[str]
    cover: str | None
    url: str


class WholeTitle(Title):
    """`description`: sanitised HTML. `other_gtins`: numbers of titles that were found to be this one. `sold_in`: the
    countries (ISO 3166) where alone new copies may be sold, null where it is not limited so; `not_sold_in`: those where
    they may not. `age_limit`: years from which it is sold in the network's country, null from any age."""

    description: str
    pages: int | None
    audience: str
    unit_size: str
    other_gtins: list[str]
    sold_in: list[str] | None
    not_sold_in: list[str]
    age_limit: int | None
    availability: str


@router.get(
    "/products/{gtin}",
    response={200: WholeTitle, 304: None, **FAILURES},
    openapi_extra=WITHOUT_KEY,
    summary="A title by its GTIN or ISBN, in any spelling",
)
def product(request: HttpRequest, response: HttpResponse, gtin: str) -> WholeTitle:
    return _whole(request, response, by_gtin(gtin))


@router.get(
    "/products/id/{product_id}",
    response={200: WholeTitle, 304: None, **FAILURES},
    openapi_extra=WITHOUT_KEY,
    summary="A title by our own number",
)
def product_by_id(
    request: HttpRequest, response: HttpResponse, product_id: int = Path(..., ge=1, le=LARGEST_ID)
) -> WholeTitle:
    return _whole(request, response, by_id(product_id))


def by_gtin(asked: str) -> Product:
    """The title with this number, also where it was joined with another; CallError where there is none to see."""
    identified = identifiers.identify(asked)
    if identified.gtin is None:
        raise CallError(422, why_not(asked), where="path.gtin")
    found = product_ids([identified.gtin]).get(identified.gtin)
    product = _shown(found) if found else None
    if product is None:
        raise CallError(404, "No title with this number is known here.", where="path.gtin")
    return product


def why_not(text: str) -> str:
    """Why a text is no GTIN; in English, as all that the API says."""
    reason = identifiers.identify(text).reason
    with translation.override("en"):
        return reason.words() if reason else "This is no GTIN or ISBN."


def by_id(asked: int) -> Product:
    product = _shown(asked)
    if product is None:
        joined = ProductRedirect.objects.filter(old_id=asked).values_list("product_id", flat=True).first()
        product = _shown(joined) if joined else None
    if product is None:
        raise CallError(404, "No title with this id is known here.", where="path.product_id")
    return product


def product_ids(gtins: Iterable[int]) -> dict[int, int]:
    """GTIN → product, of titles that readers see. Two queries."""
    wanted = list(gtins)
    joined = OtherGtin.objects.filter(gtin__in=wanted, product__is_public=True)
    own = ProductFacts.objects.filter(gtin__in=wanted, product__is_public=True)
    known = [*joined.values_list("gtin", "product_id"), *own.values_list("gtin", "product_id")]
    return {gtin: product_id for gtin, product_id in known if gtin is not None}


def said(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The columns of `Title`."""
    facts = getattr(product, "facts", None) or ProductFacts(product=product)
    return {
        "id": product.pk,
        "gtin": written(facts.gtin),
        "title": product.title,
        "subtitle": facts.subtitle,
        "contributors": [{"name": one.get("name", ""), "role": one.get("role", "")} for one in facts.contributors],
        "publisher": facts.publisher,
        "series": facts.series,
        "series_number": facts.series_number,
        "language": facts.language,
        "form": facts.form,
        "publication_date": facts.publication_date,
        "subjects": facts.subject_codes,
        "cover": request.build_absolute_uri(facts.cover.url) if facts.cover else None,
        "url": request.build_absolute_uri(product.get_absolute_url()),
    }


def written(gtin: int | None) -> str | None:
    """Thirteen digits, or fourteen where it has so many."""
    return None if gtin is None else f"{gtin:013d}"


def _shown(product_id: int) -> Product | None:
    return Product.objects.filter(pk=product_id, is_public=True).select_related("facts").first()


def _whole(request: HttpRequest, response: HttpResponse, product: Product) -> WholeTitle:
    response["Cache-Control"] = "private, max-age=60"  # facts hardly ever change; what shops have is said elsewhere
    facts = getattr(product, "facts", None) or ProductFacts(product=product)
    only, countries = sale_limits.listed(facts.territory)
    others = product.other_gtins.order_by("gtin").values_list("gtin", flat=True)
    return WholeTitle(
        **said(request, product),
        description=sanitising.render(facts.description),
        pages=facts.pages,
        audience=facts.audience,
        unit_size=facts.unit_size,
        other_gtins=[str(written(gtin)) for gtin in others],
        sold_in=list(countries) if only else None,
        not_sold_in=[] if only else list(countries),
        age_limit=sale_limits.years(facts, network.current().country) or None,
        availability=request.build_absolute_uri(f"/api/v1/products/id/{product.pk}/availability"),
    )
