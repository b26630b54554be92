"""The interface for programs, version 1, described at `/api/v1/openapi.json`. The library's own pages of documentation
would come from a third party's server; `docs/api.md` says it instead."""

from django.urls import path
from ninja import NinjaAPI

from marketplace.api import (
    availability,
    door,
    failures,
    feeds,
    finding,
    runs,
    shop_messages,
    shop_offers,
    shop_orders,
    shop_returns,
    shop_statements,
    shops,
    titles,
)
from marketplace.api.parsing import PlainParser

api = NinjaAPI(title="Halles", version="1", docs_url=None, urls_namespace="api", parser=PlainParser())
failures.answer_all(api)
api.add_router("/feed", feeds.router)
api.add_router("/feed", runs.router)
for of_shop in (shop_orders, shop_offers, shop_returns, shop_messages, shop_statements):
    api.add_router("/shop", of_shop.router)
for part in (finding, titles, availability, shops):
    api.add_router("", part.router)

_routes, _app, _namespace = api.urls
_opened = [door.opened(route) for route in _routes]
urlpatterns = [path("v1/", ([*_opened, path("<path:rest>", door.through(door.nothing))], _app, _namespace))]
