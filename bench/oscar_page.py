"""Oscar's own product page, unmodified: its view, templates, context processors, middleware and default strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from oscar.apps.basket.apps import BasketConfig
from oscar.apps.catalogue.categories import create_from_breadcrumbs
from oscar.apps.catalogue.models import Product, ProductAttribute, ProductCategory, ProductRecommendation
from oscar.apps.catalogue.views import ProductDetailView
from oscar.apps.checkout.apps import CheckoutConfig
from oscar.apps.partner.strategy import Default

# Of `MIDDLEWARE`, what Oscar's documentation asks for: ours has a few more, which its page shall not pay for.
OURS_ALONE = {
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
}
MIDDLEWARE = [
    "oscar_page.use_these_urls",
    *(name for name in settings.MIDDLEWARE if name not in OURS_ALONE),
    "oscar_page.use_default_strategy",
]

# An engine of its own, since ours has other context processors and would see our templates first.
settings.TEMPLATES = [
    *settings.TEMPLATES,
    {
        "NAME": "oscar",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ]
        },
    },
]

Answer = Callable[[HttpRequest], HttpResponse]


def use_these_urls(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = "oscar_page"
        return get_response(request)

    return middleware


def use_default_strategy(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.strategy = Default(request)
        return get_response(request)

    return middleware


# What our page shows of a title, as an Oscar catalogue would hold it.
FACTS = {
    "contributors": "Albert Camus",
    "publisher": "Gallimard",
    "form": "Broché",
    "pages": "184",
    "language": "français",
    "isbn": "9782070360024",
}


def give_the_same_content(products: Iterable[Product]) -> None:
    """Oscar's page shows what ours does: the facts as attributes, a subject as category, the shelf of other titles as
    recommendations. Ours reads none of these rows."""
    titles = list(products)
    product_class, category = titles[0].product_class, create_from_breadcrumbs("Livres > Romans")
    attributes = {
        code: ProductAttribute.objects.create(product_class=product_class, name=code, code=code, type="text")
        for code in FACTS
    }
    for title in titles:
        for code, value in FACTS.items():
            attributes[code].productattributevalue_set.create(product=title, value_text=value)
        ProductCategory.objects.create(product=title, category=category)
        for other in titles:
            if other != title:
                ProductRecommendation.objects.create(primary=title, recommendation=other)


def _urls(label: str, config: type) -> tuple[list, str]:
    """All of an app's addresses as Oscar mounts them; ours leaves most of them out."""
    return config.get_urls(apps.get_app_config(label)), label


urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    re_path(r"^catalogue/(?P<product_slug>[\w-]*)_(?P<pk>\d+)/$", ProductDetailView.as_view(template_engine="oscar")),
    path("basket/", include(_urls("basket", BasketConfig))),
    path("checkout/", include(_urls("checkout", CheckoutConfig))),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
