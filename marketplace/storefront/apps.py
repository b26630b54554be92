from django.apps import AppConfig


class StorefrontConfig(AppConfig):
    name = "marketplace.storefront"
    label = "storefront"
    verbose_name = "Storefront"

    def ready(self) -> None:
        from marketplace.storefront import sign_in_signals  # noqa: F401  (its receivers)
