from oscar.apps.basket.apps import BasketConfig as OscarBasketConfig


class BasketConfig(OscarBasketConfig):
    """Oscar's `basket` with our classes; the label and the migrations stay Oscar's."""

    name = "marketplace.oscar_apps.basket"
