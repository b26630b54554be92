"""What we know of the person who looks: only what they said.

Their shop is kept in their session. Their place is kept by their own browser, in a signed cookie that ends with it: no
table of ours ever has it, nor has a copy of the database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from marketplace.foundation import network
from search import directory
from search.availability import Place
from search.directory import ShopCard

PLACE_COOKIE = "halles_place"
_SIGNER = Signer(salt="search.reader.place")
_SHOP = "my_shop"
_AGE = "age_stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """`place` and `shop_id` (their own shop) are None where not said."""

    place: Place | None = None
    shop_id: int | None = None
    age: int = 0
    """Years: the reader states to be at least so old."""
    use: str = ""
    """Where what is found goes beyond our own pages (`shops.sharing.Use`): who does not allow that is left out."""
    now: datetime

    @property
    def area(self) -> str:
        """Where things go, as far as is known: the reader's country or the part of it ("CA-QC"), else the network's
        own country."""
        return (self.place.area if self.place else "") or network.current().country

    @property
    def shop(self) -> ShopCard | None:
        return directory.active().get(self.shop_id) if self.shop_id else None


def reader_of(request: HttpRequest) -> Reader:
    """Read once per request; no query where there is no session cookie."""
    known = getattr(request, "_reader", None)
    if known is None:
        entrance = entrance_of(request)
        known = Reader(
            place=_place(request.COOKIES.get(PLACE_COOKIE, "")),
            shop_id=entrance.pk if entrance else request.session.get(_SHOP),
            age=request.session.get(_AGE, 0),
            now=timezone.now(),
        )
        request._reader = known  # type: ignore[attr-defined]
    return known


def entrance_of(request: HttpRequest) -> ShopCard | None:
    """The shop through whose own entrance the visitor came (`storefront.entrances`): theirs, while they are in it."""
    return getattr(request, "entrance", None)


def remember_place(response: HttpResponse, place: Place) -> None:
    """Until the browser is closed. Signed, so that a page never works with degrees that we did not write."""
    response.set_cookie(
        PLACE_COOKIE,
        _SIGNER.sign_object(asdict(place)),
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    patch_vary_headers(response, ["Cookie"])


def remember_age(request: HttpRequest, years: int) -> None:
    """As long as the session lasts; of two ages the higher."""
    request.session[_AGE] = max(years, request.session.get(_AGE, 0))


def remember_shop(request: HttpRequest, shop_id: int) -> None:
    request.session[_SHOP] = shop_id


def forget_place(response: HttpResponse) -> None:
    response.delete_cookie(PLACE_COOKIE, samesite="Lax")


def forget_shop(request: HttpRequest) -> None:
    request.session.pop(_SHOP, None)


def _place(kept: str) -> Place | None:
    """None too for a cookie that is not ours, or of an older form."""
    try:
        return Place(**_SIGNER.unsign_object(kept)) if kept else None
    except (BadSignature, TypeError, ValueError):
        return None
