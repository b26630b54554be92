"""The articles that a shop without any system types or scans, on its phone: what stands there, one more, one sold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from catalog_sync import decisions
from catalog_sync.doors import own_articles
from catalog_sync.doors.own_shelf import MeanwhileError, OnShelf, RefusedError, on_shelf
from catalog_sync.identifiers import gtin_text, identify, isbn_hyphenated
from catalog_sync.models import TYPED, OwnArticle, SyncRun
from marketplace.catalogue import cover_files
from marketplace.foundation import money, network
from shops.models import Condition, Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.own_forms import OwnArticleForm
from shops.portal.pressing import new_once

SHOWN = 30
RUNS_LOOKED_AT = 20
_STEPS = {"more": 1, "fewer": -1, "sold": -1}


@require_safe
@portal_page
def listed(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    text, now = _text(request), timezone.now()
    pages = Paginator(own_articles.articles_of(workplace.shop, text), SHOWN).get_page(request.GET.get("page"))
    articles, shop = list(pages), workplace.shop
    for article in articles:
        article.feed.shop = shop
    shelf = on_shelf(articles, at=now)
    titles, oldest = own_articles.titles_of(articles), own_articles.oldest(shop)
    context = {
        "rows": [_shown(article, shelf[article.sku], titles) for article in articles],
        "pages": pages,
        "text": text,
        "kept": f"{urlencode({'q': text})}&" if text else "",
        "oldest": oldest,
        "too_old": oldest is not None and now - oldest > timedelta(hours=shop.freshness_hours),
        "days": shop.freshness_hours // 24,
        "kept_back": _kept_back(shop),
        "counts_accepted": shop.reserves_on_accept,
    }
    return page(request, workplace, "portal/own_articles.html", context)


def _text(request: StaffRequest) -> str:
    return request.GET.get("q", "").strip()[:100]


def _shown(article: OwnArticle, shelf: OnShelf, titles: Mapping[int, str]) -> dict[str, object]:
    small = cover_files.name_of(article.photo, "list") if article.photo else ""
    return {
        "article": article,
        "title": article.title or titles.get(article.gtin or 0, "") or article.sku,
        "number": isbn_hyphenated(article.gtin) if article.gtin is not None else article.sku,
        "condition": Condition(article.condition).label,
        "currency": article.feed.currency,
        "units": shelf.units,
        "promised": shelf.promised,
        "photo": default_storage.url(small) if small else "",
    }


def _kept_back(shop: Shop) -> SyncRun | None:
    """What was typed at a price that waits for a look."""
    runs = SyncRun.objects.filter(feed__shop=shop, feed__kind=TYPED, pushed=True).order_by("-pk")
    waiting = [run for run in runs[:RUNS_LOOKED_AT] if run.state == SyncRun.State.AWAITING]
    return next(iter(waiting), None) or next(
        (run for run in runs[:RUNS_LOOKED_AT] if run.quarantined and decisions.has_prices_kept_back(run)), None
    )


@require_safe
@portal_page
def new(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """What was scanned is looked up: an article that is on the list already opens, a known title needs no typing."""
    number = request.GET.get("number", "").strip()[:60]
    form = OwnArticleForm(_currency(), initial={"number": number, "once": new_once()})
    gtin = identify(number)[0] if number else None
    ours = own_articles.articles_of(workplace.shop).filter(gtin=gtin) if gtin is not None else []
    return _form(request, workplace, form, gtin=gtin, ours=list(ours), number=number)


@require_safe
@portal_page
def change(request: StaffRequest, workplace: Workplace, article_id: int) -> HttpResponse:
    article = _own(workplace, article_id)
    form = OwnArticleForm(article.feed.currency, initial=_initial(article), is_kept=True)
    return _form(request, workplace, form, article=article, gtin=article.gtin)


def _initial(article: OwnArticle) -> dict[str, object]:
    number = gtin_text(article.gtin) if article.gtin is not None else article.sku.removeprefix("M-")
    units = on_shelf([article], at=timezone.now())[article.sku].units
    return {
        **{name: getattr(article, name) for name in ("title", "author", "condition", "note", "shelf")},
        "number": number,
        "price": money.to_decimal(article.price_minor, article.feed.currency),
        "units": units,
        "shown": units,
        "once": new_once(),
    }


def _form(
    request: StaffRequest,
    workplace: Workplace,
    form: OwnArticleForm,
    *,
    article: OwnArticle | None = None,
    gtin: int | None = None,
    ours: list[OwnArticle] | None = None,
    number: str = "",
    status: int = 200,
) -> HttpResponse:
    known = own_articles.known_title(gtin) if gtin is not None else None
    context = {
        "form": form,
        "article": article,
        "known": known[0] if known else "",
        "is_number": gtin is not None,
        "ours": ours or [],
        "asked": number,
    }
    return page(request, workplace, "portal/own_article.html", context, status=status)


@portal_action
def save(request: StaffRequest, workplace: Workplace, article_id: int | None = None) -> HttpResponse:
    article = _own(workplace, article_id) if article_id else None
    currency = article.feed.currency if article else _currency()
    initial = _initial(article) if article else {}
    form = OwnArticleForm(currency, request.POST, request.FILES, initial=initial, is_kept=article is not None)
    if not form.is_valid():
        return _form(request, workplace, form, article=article, gtin=form.gtin, status=422)
    try:
        kept = own_articles.put(
            workplace.shop, form.typed(), article=article, shown=form.shown_units(), by=request.user, now=timezone.now()
        )
    except RefusedError as refused:
        form.refuse(refused)
        return _form(request, workplace, form, article=article, gtin=form.gtin, status=422)
    said = ngettext("Kept: %(units)s copy.", "Kept: %(units)s copies.", kept.units) % {"units": kept.units}
    more = _("It is on sale in a moment.") if kept.units else ""
    messages.success(request, f"{said} {more}".strip())
    return redirect("portal:own-articles", slug=workplace.shop.slug)


@portal_action
def count(request: StaffRequest, workplace: Workplace, article_id: int) -> HttpResponse:
    """One more, one fewer, one sold at the counter."""
    article, step = _own(workplace, article_id), _STEPS.get(request.POST.get("step", ""))
    if step is not None:
        _change(request, article, step)
    kept = urlencode({name: request.POST[name] for name in ("q", "page") if request.POST.get(name)})
    where = reverse("portal:own-articles", args=[workplace.shop.slug])
    return redirect(f"{where}?{kept}#own-{article.pk}" if kept else f"{where}#own-{article.pk}")


def _change(request: StaffRequest, article: OwnArticle, step: int) -> None:
    said = request.POST.get("shown", "")
    shown = int(said) if said.isascii() and said.isdecimal() and len(said) <= 6 else -1
    try:
        left = own_articles.change(article, step, shown=shown)
    except MeanwhileError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, ngettext("%(units)s copy there.", "%(units)s copies there.", left) % {"units": left})


@portal_action
def remove(request: StaffRequest, workplace: Workplace, article_id: int) -> HttpResponse:
    if own_articles.remove(_own(workplace, article_id), by=request.user, now=timezone.now()):
        messages.success(request, _("Taken off the list: it is not sold any more."))
    else:
        said = _("Copies of it are promised: it stays listed with those, none is sold. Take it off once they left.")
        messages.warning(request, said)
    return redirect("portal:own-articles", slug=workplace.shop.slug)


@portal_action
def confirm(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    said = own_articles.confirm(workplace.shop, by=request.user)
    words = ngettext("%(count)s article counts from now on.", "%(count)s articles count from now on.", said)
    messages.success(request, words % {"count": said})
    return redirect("portal:own-articles", slug=workplace.shop.slug)


def _own(workplace: Workplace, article_id: int) -> OwnArticle:
    mine = own_articles.articles_of(workplace.shop).select_related("feed__shop")
    return get_object_or_404(mine, pk=article_id)


def _currency() -> str:
    return network.current().currency
