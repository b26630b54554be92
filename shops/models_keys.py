"""Keys by which a shop's own program answers its orders, and what it asked for under a key of its own choice."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models_shop import Shop


class ShopScope(models.TextChoices):
    """What a shop's key opens."""

    READ = "orders:read", _("Read orders")
    WRITE = "orders:write", _("Answer, pack and hand over orders")
    STATEMENTS = "statements:read", _("Read statements")


class ShopKey(models.Model):
    """A key by which a shop's program reads and answers its orders. Only its digest is kept."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="order_keys")
    label = models.CharField(max_length=60, help_text="Which program it is.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key.")
    beginning = models.CharField(max_length=20, help_text="Its first letters, by which people tell keys apart.")
    scopes = models.JSONField(default=list, help_text="Values of ShopScope.")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.shop} {self.label} {self.beginning}"


class ShopCall(models.Model):
    """A change that a shop's program asked for under an `Idempotency-Key`: written in the transaction of the change, so
    that nothing is done twice. What was answered is not kept: it says whose the order was. Kept for a week
    (`shops.order_keys.forget_calls`)."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="+")
    once = models.CharField(max_length=64)
    asked = models.CharField(max_length=64, help_text="SHA-256 of what was asked for.")
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "once"], name="shop_call_once")]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.once}"


class ShopReading(models.Model):
    """How many places in the list of its orders a shop's programs were given (`shops.orders.places`)."""

    shop = models.OneToOneField(Shop, primary_key=True, on_delete=models.CASCADE, related_name="+")
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.last}"
