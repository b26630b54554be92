"""Titles for the operator: find one, join it with another that is the same, part what is two, undo either."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from oscar.apps.catalogue.models import Product

from catalog_sync.models import TitleMove
from catalog_sync.titles import joining, move_undoing, moves, parting
from catalog_sync.titles.joining import MoveError
from marketplace.catalogue.models import OtherGtin, ProductFacts
from marketplace.operations.access import operator_action, operator_page
from search import text

SHOWN = 50
_LARGEST_KEY = 2**63 - 1
WHAT_MOVES = {
    "partner.StockRecord": gettext_lazy("Offers of shops"),
    "articles": gettext_lazy("Articles in feeds"),
    "order.Line": gettext_lazy("Lines of orders"),
    "basket.Line": gettext_lazy("Lines in baskets"),
    "wishlists.Line": gettext_lazy("Wishes"),
    "reviews.ProductReview": gettext_lazy("Reviews"),
}


@require_safe
@operator_page
def titles(request: HttpRequest) -> HttpResponse:
    """Found by ISBN or EAN, by number, or by words of the title."""
    asked = request.GET.get("q", "").strip()
    found = _found(asked).select_related("facts").order_by("-pk")
    pages = Paginator(found, SHOWN).get_page(request.GET.get("page"))
    return render(request, "operations/titles.html", {"asked": asked, "pages": pages, "kept": _kept(asked)})


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def join(request: HttpRequest, product_id: int) -> HttpResponse:
    """What would move to this title from another one; and then it does."""
    kept = _title(product_id)
    if request.method == "POST":
        other = get_object_or_404(Product, pk=_number(request.POST.get("other", "")))
        return _moved(request, kept, lambda now: joining.join(kept, other, **_by(request), now=now))
    asked = request.GET.get("other", "").strip()
    other = _one(asked)
    swap = other is not None and moves.gtin_of(kept) is None and moves.gtin_of(other) is not None
    if swap and other is not None:
        kept, other = other, kept
    context = {
        "kept": kept,
        "other": other,
        "asked": asked,
        "swapped": swap,
        "rows": _side_by_side(kept, other) if other else [],
        "reasons": joining.why_not(kept, other) if other else [],
        "moving": [(WHAT_MOVES[kind], count) for kind, count in _counts(other)] if other else [],
    }
    return render(request, "operations/title_join.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def part(request: HttpRequest, product_id: int) -> HttpResponse:
    """Choose the offers that are another title's."""
    title = _title(product_id)
    if request.method == "POST":
        keys = request.POST.getlist("article")
        return _moved(request, title, lambda now: parting.part(title, keys, **_by(request), now=now))
    context = {"title": title, "articles": moves.articles_of(title.pk)}
    return render(request, "operations/title_part.html", context)


@require_safe
@operator_page
def title_changes(request: HttpRequest) -> HttpResponse:
    """What was joined and parted, the last first."""
    pages = Paginator(TitleMove.objects.select_related("by", "undone_by"), SHOWN).get_page(request.GET.get("page"))
    ids = {key for move in pages for key in (move.from_product_id, move.to_product_id)}
    names = dict(Product.objects.filter(pk__in=ids).values_list("pk", "title"))
    rows = [(move, names.get(move.from_product_id, ""), names.get(move.to_product_id, "")) for move in pages]
    return render(request, "operations/title_changes.html", {"rows": rows, "pages": pages, "kept": ""})


@operator_action
def undo(request: HttpRequest, move_id: int) -> HttpResponse:
    move = get_object_or_404(TitleMove, pk=move_id)
    try:
        left = move_undoing.undo(move, by=request.user, now=timezone.now())
    except MoveError as error:
        for reason in error.reasons:
            messages.error(request, reason)
    else:
        messages.success(request, _("Undone: everything is where it was."))
        for words in left:
            messages.info(request, words)
    return redirect("operations:title-changes")


def _moved(request: HttpRequest, title: Product, move: Any) -> HttpResponse:
    try:
        done = move(timezone.now())
    except MoveError as error:
        for reason in error.reasons:
            messages.error(request, reason)
        return redirect(request.get_full_path())
    if done.kind == TitleMove.Kind.JOIN:
        messages.success(request, _("Joined. The address of the other title leads here now."))
    else:
        messages.success(request, _("Parted: these offers have a title of their own now."))
    return redirect("operations:title-changes")


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user, "reason": request.POST.get("reason", "").strip()}


def _title(product_id: int) -> Product:
    return get_object_or_404(Product.objects.select_related("facts"), pk=min(product_id, _LARGEST_KEY))


def _number(typed: str) -> int:
    return min(int(typed), _LARGEST_KEY) if typed.isascii() and typed.isdigit() else 0


def _found(asked: str) -> QuerySet[Product]:
    """Titles that this may mean; without a word, all."""
    shown = Product.objects.filter(moved_to=None)
    if gtin := text.isbn_query(asked) or _number(asked):
        ids = ProductFacts.objects.filter(gtin=gtin).values_list("pk", flat=True)
        others = OtherGtin.objects.filter(gtin=gtin).values_list("product_id", flat=True)
        return shown.filter(pk__in=[*ids, *others] or [gtin])
    return shown.filter(title__icontains=asked) if asked else shown


def _one(asked: str) -> Product | None:
    """The title with this ISBN, EAN or number."""
    number = text.isbn_query(asked) or _number(asked)
    return _found(asked).select_related("facts").first() if number else None


def _side_by_side(kept: Product, other: Product) -> list[tuple[str, str, str]]:
    """(fact, of the one, of the other)"""
    words = {
        _("Number"): lambda product, facts: product.pk,
        _("Title"): lambda product, facts: product.title,
        "ISBN, EAN": lambda product, facts: facts and facts.gtin,
        _("By"): lambda product, facts: facts and facts.contributors_text,
        _("Publisher"): lambda product, facts: facts and facts.publisher,
        _("Format"): lambda product, facts: facts and facts.get_form_display(),
        _("Language"): lambda product, facts: facts and facts.language,
        _("Series"): lambda product, facts: facts and f"{facts.series} {facts.series_number}".strip(),
        _("Published"): lambda product, facts: facts and facts.publication_date,
        _("Pages"): lambda product, facts: facts and facts.pages,
    }
    pair = [(product, getattr(product, "facts", None)) for product in (kept, other)]
    return [(label, *(str(say(*one) or "") for one in pair)) for label, say in words.items()]  # type: ignore[misc]


def _counts(other: Product) -> list[tuple[str, int]]:
    counted = joining.counts(other)
    return [(kind, counted[kind]) for kind in WHAT_MOVES]


def _kept(asked: str) -> str:
    """The question, for the links to other pages of its answer."""
    return f"{urlencode({'q': asked})}&" if asked else ""
