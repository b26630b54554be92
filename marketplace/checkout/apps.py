from django.apps import AppConfig


class PlacingConfig(AppConfig):
    name = "marketplace.checkout"
    label = "placing"
    verbose_name = "Checkout"

    def ready(self) -> None:
        from marketplace.checkout import tax
        from marketplace.payments import commission_tax

        commission_tax.use(tax.commission_parts)
