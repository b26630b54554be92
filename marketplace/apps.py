import gc

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    label = "marketplace"
    verbose_name = "Halles"

    def ready(self) -> None:
        from marketplace import checks  # noqa: F401

        gc.freeze()  # all that was imported stays until the end: what looks for garbage later passes over it
        gc.enable()
