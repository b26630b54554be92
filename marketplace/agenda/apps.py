from django.apps import AppConfig


class AgendaConfig(AppConfig):
    name = "marketplace.agenda"
    label = "agenda"
    verbose_name = "Events"
