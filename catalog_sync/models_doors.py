"""Webhook: the ways into a feed beside its list and its keys."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation import secrets


class Webhook(models.Model):
    """Where a shop's system posts that something changed, or the new numbers themselves; proved by a signature."""

    class Form(models.TextChoices):
        STANDARD = "standard", _("Standard Webhooks")
        SHOPIFY = "shopify", "Shopify"
        WOOCOMMERCE = "woocommerce", "WooCommerce"

    feed = models.OneToOneField("catalog_sync.Feed", on_delete=models.CASCADE, related_name="webhook")
    slug = models.CharField(max_length=43, unique=True, help_text="Random, of its address.")
    form = models.CharField(max_length=12, choices=Form.choices)
    sealed_secret = models.TextField(editable=False)
    sealed_old_secret = models.TextField(blank=True, default="", editable=False)
    old_until = models.DateTimeField(null=True, help_text="Until then the secret before it is good as well.")
    used_at = models.DateTimeField(null=True)
    news_at = models.DateTimeField(null=True, help_text="For when the feed was last made due by it.")

    def __str__(self) -> str:
        return f"{self.feed} {self.form}"

    def secrets_at(self, now: datetime) -> list[str]:
        """The secrets that are good now. Raises `SecretError`."""
        sealed = [self.sealed_secret]
        if self.sealed_old_secret and self.old_until and now < self.old_until:
            sealed.append(self.sealed_old_secret)
        return [secrets.open_sealed(one, row=self.row) for one in sealed]

    @property
    def row(self) -> str:
        """What its secrets are bound to."""
        return f"{self._meta.label_lower}:{self.feed_id}"
