"""Small pages for other people's sites, in a frame: a title with its price and who has it, and a shop's window. No
cookie, no script; nothing in them depends on who looks, so that they may be kept for a minute anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt

from marketplace.api.titles import product_ids
from marketplace.checkout import referrals
from marketplace.cms.models import Pick
from marketplace.foundation import network
from marketplace.storefront.shop_views import stock_of
from search import directory
from search.directory import ShopCard
from search.reader import Reader
from search.rows import Row, rows
from search.text import isbn_query
from shops import sharing

SHOPS_NAMED = 3
WINDOW_TITLES = 6
KEPT_SECONDS = 60
BUY_SIZE, WINDOW_SIZE = (360, 290), (360, 600)  # of the frames in pixels, width and height

View = Callable[..., HttpResponse]


def framed(view: View) -> View:
    """Any site may frame it. In the language that the address says (`lang`), else in the network's own: that of the
    reader's browser need not be that of the page around it."""

    @wraps(view)
    def shown(request: HttpRequest, **names: str) -> HttpResponse:
        current = network.current()
        spoken = current.languages or [code for code, _name in settings.LANGUAGES]
        asked = request.GET.get("lang", "")
        language = asked if asked in spoken else current.default_language
        with translation.override(language):
            response = view(request, **names)
        response["Content-Language"] = language
        patch_cache_control(response, public=True, max_age=KEPT_SECONDS)
        return response

    return xframe_options_exempt(csp_replace({"frame-ancestors": ["*"]})(shown))  # type: ignore[return-value]  # what its views answer


@framed
def buy(request: HttpRequest, gtin: str) -> HttpResponse:
    """A title, what it costs at least, who has it, and the way to it."""
    row = _row_of(gtin)
    if row is None:
        return _nothing(request, _("This title is not known here."))
    holders = list(dict.fromkeys(offer.shop.name for offer in row.offers if offer.buyable))
    via = request.GET.get(referrals.PARAMETER, "")
    via = f"?{urlencode({referrals.PARAMETER: via})}" if referrals.read(via) else ""
    context = {"via": via, "row": row, "named": holders[:SHOPS_NAMED], "more": max(0, len(holders) - SHOPS_NAMED)}
    return render(request, "widgets/buy.html", context)


@framed
def window(request: HttpRequest, slug: str) -> HttpResponse:
    """What a shop stands for, and then its newest titles."""
    card = directory.by_slug(slug)
    if card is None or not sharing.allows(card, sharing.Use.PORTALS, *sharing.USES[sharing.Use.PORTALS]):
        return _nothing(request, _("This shop is not here."))
    reader = Reader(now=timezone.now(), use=sharing.Use.PORTALS)
    picked = _picked(card)
    newest, _total = stock_of(card, reader)
    shown = list(dict.fromkeys([*picked, *newest]))[:WINDOW_TITLES]
    context = {"card": card, "picked": bool(picked), "rows": rows(shown, reader, shop_id=card.pk)}
    return render(request, "widgets/window.html", context)


@csp_replace({"frame-src": ["'self'"]})
def widgets(request: HttpRequest) -> HttpResponse:
    """How they are put into a site: what to copy, and how it looks."""
    asked = request.GET.get("isbn", "")[:40].strip()
    card = directory.by_slug(request.GET.get("shop", ""))
    language = request.GET.get("lang", "")
    if language not in dict(settings.LANGUAGES):
        language = translation.get_language() or settings.LANGUAGE_CODE
    row = _row_of(asked)
    parts = []
    if row:
        via = request.GET.get(referrals.PARAMETER, "")
        brought = f"&{urlencode({referrals.PARAMETER: via})}" if referrals.read(via) else ""
        address = f"/widget/buy/{isbn_query(asked):013d}/?lang={language}{brought}"
        parts.append((_("Buy button"), *_frame(request, address, row.product.title, BUY_SIZE)))
    if card:
        parts.append(
            (_("Shop window"), *_frame(request, f"/widget/shop/{card.slug}/?lang={language}", card.name, WINDOW_SIZE))
        )
    context = {
        "asked": asked,
        "unknown": bool(asked) and row is None,
        "chosen": card,
        "spoken": language,
        "shops": directory.active().values(),
        "parts": parts,
    }
    return render(request, "widgets/widgets.html", context)


def _frame(request: HttpRequest, path: str, title: str, size: tuple[int, int]) -> tuple[str, str, int, int]:
    """(what to copy, its address, width, height)."""
    width, height = size
    address = request.build_absolute_uri(path)
    looks = "border: 0; max-width: 100%"
    code = format_html(
        '<iframe src="{}" title="{}" width="{}" height="{}" style="{}" loading="lazy"></iframe>',
        *(address, title, width, height, looks),
    )
    return code, address, width, height


def _row_of(gtin: str) -> Row | None:
    number = isbn_query(gtin)
    found = product_ids([number]).get(number) if number else None
    return next(iter(rows([found], Reader(now=timezone.now(), use=sharing.Use.PORTALS))), None) if found else None


def _picked(card: ShopCard) -> list[int]:
    gtins = list(Pick.objects.filter(shop_id=card.pk, live=True).values_list("gtin", flat=True)[:WINDOW_TITLES])
    known = product_ids(gtins) if gtins else {}
    return list(dict.fromkeys(known[gtin] for gtin in gtins if gtin in known))


def _nothing(request: HttpRequest, words: str) -> HttpResponse:
    return render(request, "widgets/nothing.html", {"words": words}, status=404)
