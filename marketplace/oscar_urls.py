"""What is mounted of Oscar: names that its models and templates ask for, two dashboards (categories, reviews).
Promotions, vouchers, orders, stock, partners, users and readers' pages are ours: Oscar's would go round the rules that
stock, money and shops' privacy rest on, so names that lead there lead to ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path, re_path, reverse
from django.views.generic import RedirectView

from marketplace.operations.access import operator_page

DASHBOARDS = ("catalogue-category-", "reviews-")


class ToReviews(RedirectView):
    """Oscar's address of one review, which its dashboard names, to the title's reviews."""

    def get_redirect_url(self, *args: object, **kwargs: object) -> str:
        return reverse("storefront:reviews", args=[kwargs["product_slug"], kwargs["product_pk"]])


class Elsewhere(RedirectView):
    """To a page of ours that takes none of the arguments of Oscar's."""

    def get_redirect_url(self, *args: object, **kwargs: object) -> str | None:
        return super().get_redirect_url()


def _to(name: str) -> Callable[..., HttpResponseBase]:
    return Elsewhere.as_view(pattern_name=name)


def _dashboards(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The same tree with only the addresses of the two dashboards left in it, behind the board's door."""
    kept: list[URLPattern | URLResolver] = []
    for entry in patterns:
        if isinstance(entry, URLResolver):
            if inner := _dashboards(entry.url_patterns):
                kept.append(URLResolver(entry.pattern, inner, entry.default_kwargs))
        elif (entry.name or "").startswith(DASHBOARDS):
            kept.append(URLPattern(entry.pattern, operator_page(entry.callback), entry.default_args, entry.name))
    return kept


def _app(label: str) -> Any:
    """Oscar's application of that label: a config that carries its addresses."""
    return apps.get_app_config(label)


# Django's permissions, for which Oscar asks, know nothing of roles, and let in who has one of a partner.
for _of_dashboard in ("catalogue_dashboard", "reviews_dashboard"):
    _app(_of_dashboard).permissions_map = {}
    _app(_of_dashboard).default_permissions = None
_board = _to("operations:board")
dashboard = [
    path("", _board, name="index"),
    path("login/", _to("account_login"), name="login"),
    path("logout/", _to("account_logout"), name="logout"),
    path("orders/<str:number>/", _board, name="order-detail"),
    path("users/<int:pk>/", _board, name="user-detail"),
    path("products/", _board, name="catalogue-product-list"),
    path("products/<int:pk>/", _board, name="catalogue-product"),
    *_dashboards(_app("dashboard").urls[0]),
]
search, basket, checkout, catalogue = (_app(label) for label in ("search", "basket", "checkout", "catalogue"))
category = [
    entry for entry in catalogue.urls[0] if isinstance(entry, URLPattern) and entry.name in {"detail", "category"}
]
urlpatterns = [
    path(
        "catalogue/",
        include(
            (
                [
                    *category,
                    re_path(
                        r"^(?P<product_slug>[\w-]*)_(?P<product_pk>\d{1,18})/reviews/(?P<pk>\d{1,18})/$",
                        ToReviews.as_view(),
                        name="reviews-detail",
                    ),
                    path("", _to("search:search"), name="index"),
                    re_path(r"^ranges/(?P<slug>[\w-]+)/$", _to("search:search"), name="range"),
                ],
                "catalogue",
            )
        ),
    ),
    path("basket/", basket.urls),
    path("checkout/", checkout.urls),
    path("search/", search.urls),
    path("dashboard/", include((dashboard, "dashboard"))),
    path("offers/", include(([path("<slug:slug>/", _to("home"), name="detail")], "offer"))),
    path("account/summary/", include(([path("", _to("storefront:account"), name="summary")], "customer"))),
]
