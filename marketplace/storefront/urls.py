"""Readers' pages. The title page keeps Oscar's path, so that a product's `get_absolute_url` leads to it."""

from django.urls import include, path, re_path

from marketplace.cms import legal
from marketplace.storefront import (
    account_views,
    listing_views,
    place_views,
    plain_views,
    shop_views,
    title_views,
    trail_views,
)
from search.views import suggest

app_name = "storefront"
urlpatterns = [
    path("favicon.ico", plain_views.favicon, name="favicon"),
    path("network.css", plain_views.network_css, name="network-css"),
    path("suggest/", suggest, name="suggest"),
    re_path(r"^catalogue/(?P<slug>[\w-]*)_(?P<pk>\d{1,18})/$", title_views.title, name="title"),
    re_path(r"^(?P<kind>author|publisher|series)/(?P<slug>[^/]+)/$", listing_views.named, name="named"),
    path("subject/<str:place>/", listing_views.subject, name="subject"),
    path("new/", listing_views.arrivals, name="new"),
    path("shops/<slug:slug>/titles/", listing_views.in_shop, name="shop-titles"),
    path("shops/", shop_views.shops, name="shops"),
    path("", include("marketplace.storefront.urls_events")),
    path("shops/<slug:slug>/", shop_views.shop, name="shop"),
    path("shops/<slug:slug>/colours.css", plain_views.network_css, name="shop-css"),
    path("map/", shop_views.shop_map, name="map"),
    path("place/", place_views.place, name="place"),
    path("place/towns/", place_views.towns, name="towns"),
    path("place/forget/", place_views.forget, name="place-forget"),
    path("place/shop/", place_views.choose_shop, name="my-shop"),
    path("account/", account_views.account, name="account"),
    path("account/join/", account_views.join, name="account-join"),
    path("", include("marketplace.storefront.urls_keeping")),
    *(path(f"{kind}/", plain_views.legal_page, {"kind": kind}, name=kind) for kind in legal.PAGES),
    path("open-data/", plain_views.open_data, name="open-data"),
    path("audit/", trail_views.audit_roots, name="audit-roots"),
    path("audit/roots.json", trail_views.audit_roots_json, name="audit-roots-json"),
    path("widget/", include("marketplace.storefront.urls_widgets")),
    path("", include("marketplace.storefront.urls_buying")),
    path("", include("marketplace.storefront.urls_words")),
    path("", include("marketplace.storefront.urls_feeds")),
]
