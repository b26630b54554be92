from django.apps import AppConfig


class CatalogSyncConfig(AppConfig):
    name = "catalog_sync"
    label = "catalog_sync"
    verbose_name = "Catalogue sync"

    def ready(self) -> None:
        from catalog_sync import promises
        from catalog_sync.titles import sources

        promises.connect()
        sources.connect()
