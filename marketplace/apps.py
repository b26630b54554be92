from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    label = "marketplace"
    verbose_name = "Halles"

    def ready(self) -> None:
        from marketplace import checks  # noqa: F401
