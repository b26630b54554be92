from oscar.apps.shipping.apps import ShippingConfig as OscarShippingConfig


class ShippingConfig(OscarShippingConfig):
    """Oscar's `shipping` with our classes; the label and the migrations stay Oscar's."""

    name = "marketplace.oscar_apps.shipping"
