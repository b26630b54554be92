"""A request as the middlewares leave it."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails
from oscar.apps.basket.models import Basket

from marketplace.models import User
from search.directory import ShopCard


class ReaderRequest(HttpRequest):
    """For types alone: `basket` is Oscar's, loaded when it is touched; `entrance` is missing outside of one."""

    basket: Basket
    htmx: HtmxDetails
    entrance: ShopCard


def account(request: HttpRequest) -> User | None:
    """The reader's account when they are signed in."""
    return request.user if isinstance(request.user, User) else None


def person(request: HttpRequest) -> User:
    """The same behind `login_required`, where there is one."""
    assert isinstance(request.user, User)
    return request.user
