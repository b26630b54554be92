"""Where a shop's orders are posted to, and every try to bring something to a shop."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.foundation import secrets
from shops.models_shop import Shop
from shops.models_transmissions import Transmission


class TransmissionTry(models.Model):
    """One call of a channel: what a shop is shown where it asks why an order did not come. Kept for a quarter
    (`shops.orders.tries.forget`)."""

    class Outcome(models.TextChoices):
        SENT = "sent", _("Arrived")
        FAILED = "failed", _("Did not arrive")
        UNKNOWN = "unknown", _("Perhaps arrived")
        ON_ITS_WAY = "on_its_way", pgettext_lazy("a mail", "On its way")

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


class ShopWebhook(models.Model):
    """Where a shop's own system takes its orders, signed."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="order_webhook")
    address = models.URLField(max_length=500)
    sealed_secret = models.TextField(editable=False)
    sealed_old_secret = models.TextField(blank=True, default="", editable=False)
    old_until = models.DateTimeField(null=True, help_text="Until then messages are signed with the one before as well.")
    made_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, help_text="Its server said that the address is gone (410).")

    def __str__(self) -> str:
        return f"{self.shop} {self.address}"

    def secrets_at(self, now: datetime) -> list[str]:
        """The secrets to sign with now. Raises `SecretError`."""
        sealed = [self.sealed_secret]
        if self.sealed_old_secret and self.old_until and now < self.old_until:
            sealed += self.sealed_old_secret.split()  # the latest first
        return [secrets.open_sealed(one, row=self.row) for one in sealed]

    @property
    def row(self) -> str:
        """What its secrets are bound to."""
        return f"{self._meta.label_lower}:{self.shop_id}"
