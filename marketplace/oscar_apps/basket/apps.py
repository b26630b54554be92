from django.urls import URLPattern, path
from oscar.apps.basket.apps import BasketConfig as OscarBasketConfig


class BasketConfig(OscarBasketConfig):
    """Oscar's `basket` with our classes; the label and the migrations stay Oscar's."""

    name = "marketplace.oscar_apps.basket"

    def get_urls(self) -> list[URLPattern]:
        """Only the name that Oscar reverses: its form adds a product without saying whose it is."""
        return self.post_process_urls([path("", self.summary_view.as_view(), name="summary")])
