from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FoundationConfig(AppConfig):
    name = "marketplace.foundation"
    label = "foundation"
    verbose_name = "Foundation"

    def ready(self) -> None:
        from marketplace.foundation import walls

        post_migrate.connect(walls.build, sender=self, dispatch_uid="foundation.walls")
