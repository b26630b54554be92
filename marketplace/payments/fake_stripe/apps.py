from django.apps import AppConfig


class FakeStripeConfig(AppConfig):
    name = "marketplace.payments.fake_stripe"
    label = "fake_stripe"
    verbose_name = "Fake Stripe"
    default_auto_field = "django.db.models.BigAutoField"
