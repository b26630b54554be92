"""What all processes must see alike and is worth nothing after a moment: Django's cache in the database."""

from __future__ import annotations

from django.db import models


class SharedEntry(models.Model):
    """The table of Django's database cache, as that writes it (`foundation.shared_cache` says what is in it)."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
