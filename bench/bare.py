"""The bare two-query Django page: no middleware, two SQL statements, a small template with eight offers. And the bare
Django answer: one word, of no row and no template."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

OFFERS = 8
_TEMPLATE = Engine().from_string("""<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>{{ product.title }}</title></head><body>
<h1>{{ product.title }}</h1><p>{{ product.upc }}</p>{{ product.description }}
<table>{% for offer in offers %}<tr><td>{{ offer.partner_sku }}</td>
<td>{{ offer.price }} {{ offer.price_currency }}</td>
<td>{% if offer.num_in_stock %}{{ offer.num_in_stock }}{% else %}–{% endif %}</td></tr>{% endfor %}</table>
</body></html>""")


def page(request: HttpRequest) -> HttpResponse:
    product = Product.objects.order_by("pk").first()
    offers = list(StockRecord.objects.order_by("pk")[:OFFERS])
    return HttpResponse(_TEMPLATE.render(Context({"product": product, "offers": offers})))


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Bonjour")


def use_these_urls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The only middleware: this page stands under no urlconf of the project."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = "bare"
        return get_response(request)

    return middleware


urlpatterns = [path("bare/", page), path("answer/", answer)]
