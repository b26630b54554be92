"""Keys by which programs read, and how often each caller has called."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a key opens."""

    SEARCH = "read:search", _("Search and titles")
    AVAILABILITY = "read:availability", _("Availability, also of 1,000 titles at once")
    SHOPS = "read:shops", _("Shops")


class ReadKey(models.Model):
    """A key by which a program reads what readers see, more often than without one. Only its digest is kept."""

    label = models.CharField(max_length=60, help_text="Whose program it is.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key.")
    beginning = models.CharField(max_length=20, help_text="Its first letters, by which people tell keys apart.")
    scopes = models.JSONField(default=list, help_text="Values of Scope.")
    # At least so many that a call for 1,000 titles, which counts as 11, fits into a minute.
    per_minute = models.PositiveIntegerField(
        default=600, validators=[MinValueValidator(20), MaxValueValidator(100_000)], help_text="Calls in a minute."
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.label} {self.beginning}"


class CallCount(models.Model):
    """How much one caller has used of the latest minute that it called in: a key, or the hash of an address. Kept in
    the database, since every process must see the same; taken away when it is an hour old (`limits.forget`)."""

    caller = models.CharField(max_length=64, primary_key=True)
    minute = models.BigIntegerField(db_index=True, help_text="Minutes since 1970.")
    used = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.caller}: {self.used}"
