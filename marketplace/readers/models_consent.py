"""What a reader agreed to, in which words, and until when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Consent(models.Model):
    """One yes (GDPR, article 7 (1): to be shown on demand). Withdrawn, the row stays with its end; a new yes is a new
    row. `version` is the digest of `words`, as the reader saw them."""

    class Purpose(models.TextChoices):
        NEWSLETTER = "newsletter", _("News of the network by mail")
        ALERTS = "alerts", _("Mails when a shop has a title")
        DOWNLOAD = "download", _("Downloads at once, without the right of withdrawal")
        SHOP = "shop", _("A shop keeps me as its customer")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="consents",
        help_text="None: a guest.",
    )
    checkout = models.ForeignKey("placing.Checkout", null=True, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.CASCADE, related_name="+")
    version = models.CharField(max_length=16)
    words = models.CharField(max_length=500)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "purpose"],
                condition=models.Q(withdrawn_at=None, purpose__in=["newsletter", "alerts"]),
                name="consent_once",
            ),
            models.UniqueConstraint(fields=["checkout"], name="consent_of_checkout_once"),
            models.UniqueConstraint(
                fields=["user", "shop"], condition=models.Q(withdrawn_at=None, purpose="shop"), name="consent_shop_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.purpose} {self.given_at:%Y-%m-%d}"
