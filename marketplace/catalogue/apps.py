from django.apps import AppConfig


class TitlesConfig(AppConfig):
    name = "marketplace.catalogue"
    label = "titles"
    verbose_name = "Titles"
