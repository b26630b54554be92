"""What every page of ours needs, without a query unless a template asks."""

from __future__ import annotations

from django.http import HttpRequest

from marketplace.foundation import network


def storefront(request: HttpRequest) -> dict[str, object]:
    return {"network": network.current()}
