"""Addresses, lists, saved searches, alerts and reviews: what `storefront/urls.py` includes."""

from django.urls import path, re_path

from marketplace.storefront import (
    address_views,
    alert_views,
    consent_views,
    leaving_views,
    list_views,
    review_views,
    sign_in_views,
    support_views,
)

urlpatterns = [
    path("account/addresses/", address_views.mine, name="addresses"),
    path("account/addresses/new/", address_views.change, name="address-new"),
    path("account/addresses/<int:pk>/", address_views.change, name="address"),
    path("account/addresses/<int:pk>/first/", address_views.prefer, name="address-prefer"),
    path("account/addresses/<int:pk>/remove/", address_views.remove, name="address-remove"),
    path("account/sign-ins/", sign_in_views.mine, name="sign-ins"),
    path("account/sign-ins/<int:pk>/end/", sign_in_views.end, name="session-end"),
    path("account/sign-ins/end-others/", sign_in_views.end_others, name="sessions-end"),
    path("account/support/", support_views.mine, name="support"),
    path("account/support/grant/", support_views.grant, name="support-grant"),
    path("account/support/take-back/", support_views.take_back, name="support-take-back"),
    path("account/consents/", consent_views.listed, name="consents"),
    path("account/consents/give/", consent_views.give, name="consent-give"),
    path("account/consents/<int:pk>/withdraw/", consent_views.withdraw, name="consent-withdraw"),
    path("account/consents/brought/<int:pk>/end/", consent_views.end_brought, name="consent-brought-end"),
    path("account/data/", leaving_views.data, name="account-data"),
    path("account/end/", leaving_views.leave, name="account-end"),
    path("lists/", list_views.mine, name="lists"),
    path("lists/put/<int:product_id>/", list_views.put, name="list-put"),
    path("lists/<str:key>/", list_views.one, name="list"),
    path("lists/<str:key>/change/", list_views.change, name="list-change"),
    path("lists/<str:key>/off/<int:product_id>/", list_views.take_off, name="list-off"),
    path("searches/", list_views.searches, name="searches"),
    path("searches/<int:pk>/forget/", list_views.forget_search, name="search-forget"),
    path("alerts/", alert_views.mine, name="alerts"),
    path("alerts/ask/<int:product_id>/", alert_views.ask, name="alert-ask"),
    path("alerts/<int:pk>/end/", alert_views.end, name="alert-end"),
    path("alerts/<int:pk>/<str:key>/stop/", alert_views.stop, name="alert-stop"),
    re_path(r"^catalogue/(?P<slug>[\w-]*)_(?P<pk>\d{1,18})/reviews/$", review_views.of_title, name="reviews"),
    path("reviews/write/<int:product_id>/", review_views.write, name="review-write"),
    path("reviews/<int:pk>/report/", review_views.report, name="review-report"),
]
