from oscar.apps.checkout.apps import CheckoutConfig as OscarCheckoutConfig


class CheckoutConfig(OscarCheckoutConfig):
    """Oscar's `checkout` with our classes; the label and the migrations stay Oscar's."""

    name = "marketplace.oscar_apps.checkout"
