"""Every try to bring something to a shop."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models_orders import Transmission
from shops.models_shop import Shop


class TransmissionTry(models.Model):
    """One call of a channel: what a shop is shown where it asks why an order did not come. Kept for a quarter
    (`shops.orders.tries.forget`)."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("Arrived")
        FAILED = "failed", _("Did not arrive")
        UNKNOWN = "unknown", _("Perhaps arrived")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="transmission_tries")
    transmission = models.ForeignKey(
        Transmission, null=True, on_delete=models.CASCADE, related_name="tries", help_text="Null: a test message."
    )
    at = models.DateTimeField(db_index=True, help_text="When it began.")
    channel = models.CharField(max_length=20)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the answer over HTTP, where there was one.")
    error = models.CharField(max_length=500, blank=True)
    seconds = models.FloatField(help_text="How long it took.")

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "transmission tries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.channel} {self.outcome}"
