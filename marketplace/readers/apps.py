from django.apps import AppConfig


class ReadersConfig(AppConfig):
    name = "marketplace.readers"
    label = "readers"
    verbose_name = "What readers keep"
