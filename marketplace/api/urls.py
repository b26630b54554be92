"""The interface for programs, version 1, described at `/api/v1/openapi.json`. The library's own pages of documentation
would come from a third party's server; `docs/api.md` says it instead."""

from django.urls import path
from ninja import NinjaAPI

from marketplace.api import feeds, runs

api = NinjaAPI(title="Halles", version="1", docs_url=None, urls_namespace="api")
api.add_router("/feed", feeds.router)
api.add_router("/feed", runs.router)

urlpatterns = [path("v1/", api.urls)]
