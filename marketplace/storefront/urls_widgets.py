"""Pages for other people's sites, and the one that says how to put them there."""

from django.urls import path

from marketplace.storefront import widget_views

urlpatterns = [
    path("", widget_views.widgets, name="widgets"),
    path("buy/<str:gtin>/", widget_views.buy, name="widget-buy"),
    path("shop/<slug:slug>/", widget_views.window, name="widget-shop"),
]
