"""What every page of ours needs, without a query unless a template asks."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from oscar.apps.basket.models import Basket, Line

from marketplace.foundation import network
from search.availability import Opening, Place, opening
from search.directory import ShopCard
from search.reader import entrance_of, reader_of


@dataclass(frozen=True, slots=True)
class MyShop:
    """The header's first word: the reader's shop with its hours, or the place they gave."""

    card: ShopCard | None
    opening: Opening | None
    place: Place | None


def storefront(request: HttpRequest) -> dict[str, object]:
    current = network.current()
    return {
        "network": current,
        "entrance": entrance_of(request),
        "site_languages": [
            pair for pair in settings.LANGUAGES if not current.languages or pair[0] in current.languages
        ],
        "my_shop": SimpleLazyObject(lambda: my_shop(request)),
        "basket_count": SimpleLazyObject(lambda: basket_count(request)),
        "basket_add_address": reverse("storefront:basket-add"),
    }


def my_shop(request: HttpRequest) -> MyShop:
    if not hasattr(request, "session"):
        return MyShop(None, None, None)
    reader = reader_of(request)
    card = reader.shop
    return MyShop(card, opening(card, reader.now) if card else None, reader.place)


def basket_count(request: HttpRequest) -> int:
    """Units in the reader's open basket: one query, and none for a visitor without a basket. `request.basket` would
    load, price and write."""
    mine = Q()
    if basket_id := _cookie_basket(request):
        mine |= Q(basket_id=basket_id)
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        mine |= Q(basket__owner_id=user.pk)
    if not mine:
        return 0
    lines = Line.objects.filter(mine, basket__status=Basket.OPEN)
    return lines.aggregate(units=Sum("quantity"))["units"] or 0


def _cookie_basket(request: HttpRequest) -> int | None:
    signed = request.COOKIES.get(settings.OSCAR_BASKET_COOKIE_OPEN)  # type: ignore[misc]
    try:
        return int(Signer().unsign(signed)) if signed else None
    except (BadSignature, ValueError):
        return None
