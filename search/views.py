"""Readers' search pages. Oscar's search app is replaced by this one, so its class names stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views import View
from oscar.apps.catalogue.models import Category, Product

from marketplace.catalogue.models import OtherGtin
from marketplace.foundation.addresses import address_of
from search import facets, ignored, loosening, misses, queries, suggestions, text
from search.directory import ShopCard
from search.elsewhere import elsewhere
from search.engines.base import DEEPEST_HIT, Page, Query, SearchError
from search.forms import PAGE_SIZE, SORTS, Choices, query_of
from search.reader import Reader, entrance_of, reader_of
from search.rows import rows

_PAGES_BESIDE = 2


class FacetedSearchView(View):
    """`/search/`: all of its state is in the address."""

    def get(self, request: HttpRequest) -> HttpResponse:
        reader = reader_of(request)
        chosen, left_out = ignored.known_choices(request.GET, reader)
        found = Found.of(chosen, left_out, partial(query_of, reader=reader), plain_search)
        chosen, page, failed = found.chosen, found.page, found.failed
        if not failed:
            misses.note(chosen, page, reader, address=address_of(request))
        if straight := straight_hit(chosen, page):
            return redirect(straight)
        entrance = entrance_of(request)
        shown = context(chosen, page, reader, failed=failed, entrance=entrance)
        response = render(request, "search/results.html", {**shown, **found.said(shown["chips"])})
        parameters = chosen.parameters(page=chosen.page if chosen.page > 1 else "")
        response["HX-Push-Url"] = f"{request.path}?{parameters}" if parameters else request.path
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is for a reader's choices. `failed`: the search engine is down, and SQL answered. `left_out` says in
    words what of the address was not looked for."""

    chosen: Choices
    page: Page
    failed: bool
    left_out: Sequence[str]
    query: Callable[[Choices], Query]

    @classmethod
    def of(
        cls,
        chosen: Choices,
        left_out: Sequence[str],
        query: Callable[[Choices], Query],
        plain: Callable[[Choices], Page],
    ) -> Found:
        """`query` makes the engine's question of some choices, `plain` answers from SQL. A page beyond the last is the
        last."""
        page, failed = _page_of(chosen, query, plain)
        if page.total and chosen.page > (last := last_page(page.total)):
            left_out = [*left_out, _page_is_beyond(last)]
            chosen = replace(chosen, page=last)
            page, failed = _page_of(chosen, query, plain)
        return cls(chosen=chosen, page=page, failed=failed, left_out=left_out, query=query)

    def said(self, chips: list[facets.Chip]) -> dict[str, Any]:
        """For the page: what was left out, and where nothing was found which filters keep titles away."""
        looser: list[loosening.Looser] = []
        if not self.page.total and not self.failed:
            with suppress(SearchError):
                looser = loosening.looser(self.chosen, chips, self.query, text=self.page.suggestion)
        return {"left_out": self.left_out, "looser": looser}


def _page_of(chosen: Choices, query: Callable[[Choices], Query], plain: Callable[[Choices], Page]) -> tuple[Page, bool]:
    try:
        return queries.search(query(chosen)), False
    except SearchError:
        return plain(chosen), True


def _page_is_beyond(last: int) -> str:
    said = ngettext("There is only one page.", "There are only %(count)d pages; this is the last.", last)
    return said % {"count": last}


class CatalogueView(View):
    """Oscar's `/catalogue/`: browsing is a search without words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("search:search")


class ProductCategoryView(View):
    """Oscar's category pages group goods that have no subject; its titles are looked up in SQL."""

    def get(self, request: HttpRequest, category_slug: str, pk: int) -> HttpResponse:
        category = get_object_or_404(Category, pk=pk, is_public=True)
        if request.path != category.get_absolute_url():
            return redirect(category, permanent=True)
        below = Category.objects.filter(path__startswith=category.path)
        found = Product.objects.filter(is_public=True, categories__in=below).order_by("title", "pk").distinct()
        pages = Paginator(found.values_list("pk", flat=True), PAGE_SIZE)
        shown = pages.get_page(request.GET.get("page"))
        return render(
            request,
            "search/category.html",
            {"category": category, "pages": shown, "rows": rows(list(shown), reader_of(request))},
        )


def suggest(request: HttpRequest) -> HttpResponse:
    """`/suggest/?q=`: the options of the search box's list, as a piece of HTML."""
    typed = request.GET.get("q", "")[:200]
    found = suggestions.groups(typed) if typed.strip() else []
    response = render(request, "search/suggestions.html", {"groups": found})
    response["Cache-Control"] = "private, max-age=60"
    return response


def context(
    chosen: Choices,
    page: Page,
    reader: Reader,
    *,
    failed: bool = False,
    shop_id: int | None = None,
    entrance: ShopCard | None = None,
) -> dict[str, Any]:
    """What the result page shows. The offer of `shop_id`, or else of the shop whose entrance this is, stands first."""
    shop_id = shop_id or (entrance.pk if entrance else None)
    subjects = facets.subject_names(page, chosen)
    switches = [(name, label, name in chosen.switches) for name, label in facets.switch_labels(reader).items()]
    return {
        "chosen": chosen,
        "page": page,
        "failed": failed,
        "rows": rows(page.ids, reader, shop_id=shop_id),
        "facets": facets.facets(page, chosen, subjects),
        "chips": facets.chips(chosen, reader, subjects),
        "first_switches": [switch for switch in switches if switch[0] in facets.FIRST_SWITCHES],
        "switches": [switch for switch in switches if switch[0] not in facets.FIRST_SWITCHES],
        "sorts": SORTS,
        "reader": reader,
        "pages": page_links(chosen, page.total),
        "elsewhere": None if page.total else elsewhere(chosen.text),
        "scope": _scope(chosen, entrance) if entrance else None,
        "suggestion_parameters": Choices(text=page.suggestion).parameters() if page.suggestion else "",
    }


def _scope(chosen: Choices, entrance: ShopCard) -> tuple[bool, str]:
    """Whether only the titles of the entrance's shop are shown, and the parameters of the other way."""
    shops = chosen.chosen.get("shop", ())
    if entrance.slug in shops:
        return True, chosen.parameters(shop=())
    return False, chosen.parameters(shop=(entrance.slug,))


def straight_hit(chosen: Choices, page: Page) -> str:
    """An ISBN that finds its one title leads straight to it; so does that of a title that was joined with another."""
    gtin = text.isbn_query(chosen.text)
    if gtin and page.total == 0:
        joined = OtherGtin.objects.filter(gtin=gtin).select_related("product").first()
        return joined.product.get_absolute_url() if joined else ""
    if chosen.is_filtered or page.total != 1 or text.isbn_query(chosen.text) is None:
        return ""
    product = Product.objects.filter(pk=page.ids[0]).first()
    return product.get_absolute_url() if product else ""


def plain_search(chosen: Choices, where: Q | None = None, order: Sequence[Any] = ("title", "pk")) -> Page:
    """While the search engine is down: titles whose words contain those typed, from SQL, without facets. `where` and
    `order` are those of a page with one thing fixed."""
    condition = Q(is_public=True) & (where or Q())
    if gtin := text.isbn_query(chosen.text):
        condition &= Q(facts__gtin=gtin)
    else:
        for word in chosen.text.split()[:8]:
            condition &= Q(title__icontains=word) | Q(facts__contributors_text__icontains=word)
    found = Product.objects.filter(condition).order_by(*order).values_list("pk", flat=True)
    start = (chosen.page - 1) * PAGE_SIZE
    return Page(ids=tuple(found[start : start + PAGE_SIZE]), total=found.count())


def last_page(total: int) -> int:
    return max(1, -(-min(total, DEEPEST_HIT) // PAGE_SIZE))


def page_links(chosen: Choices, total: int) -> dict[str, Any]:
    """Numbers to click, with gaps (None) where pages are left out."""
    last = last_page(total)
    here = min(chosen.page, last)
    wanted = sorted({1, last, *range(max(1, here - _PAGES_BESIDE), min(last, here + _PAGES_BESIDE) + 1)})
    numbers: list[tuple[int, str] | None] = []
    for number in wanted:
        if numbers and numbers[-1] and numbers[-1][0] != number - 1:
            numbers.append(None)
        numbers.append((number, chosen.parameters(page=number if number > 1 else "")))
    return {
        "last": last,
        "here": here,
        "numbers": numbers,
        "before": chosen.parameters(page=here - 1 if here > 2 else "") if here > 1 else None,
        "after": chosen.parameters(page=here + 1) if here < last else None,
    }
