from django.apps import AppConfig


class PlacingConfig(AppConfig):
    name = "marketplace.checkout"
    label = "placing"
    verbose_name = "Checkout"
