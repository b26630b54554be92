"""What a shop lets the network do with what it says: one row per word, the latest counts, none is ever changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models_shop import Shop


class DataWord(models.Model):
    """An owner said yes or no to one use of one kind of data. `version` is of the network's list of uses then."""

    class Use(models.TextChoices):
        INDEX = "index", _("Search engines")
        OPEN = "open", _("Open data")
        STATISTICS = "statistics", _("Statistics")
        PORTALS = "portals", _("Other sites")

    class Kind(models.TextChoices):
        TITLES = "titles", _("Which titles you have")
        PRICES = "prices", _("Your prices")
        STOCK = "stock", _("How many copies")
        PROFILE = "profile", _("Address, hours and description")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="data_words")
    use = models.CharField(max_length=10, choices=Use.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    allowed = models.BooleanField()
    version = models.CharField(max_length=16)
    at = models.DateTimeField()
    by = models.CharField(max_length=254)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["shop", "use", "kind", "-at"], name="data_word_latest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.use} {self.kind} {'yes' if self.allowed else 'no'}"
