"""What a shop sets for itself: which copies stay at its counter, who of it reads which mail."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from shops.models_shop import Shop


class BufferRule(models.Model):
    """Copies kept for the counter of the articles that it names; of several the one that keeps most counts. Of all
    articles: `Shop.buffer`. Resolved into `StockTerms.buffer` by `shops.buffers`."""

    class Kind(models.TextChoices):
        SUBJECT = "subject", _("Of a subject")
        PRICE = "price", _("From a price on")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="buffer_rules")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField(max_length=12, blank=True, help_text="What the Thema code begins with.")
    price_minor = models.PositiveIntegerField(default=0, help_text="In the article's own currency.")
    keep = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["kind", "subject", "price_minor"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "kind", "subject", "price_minor"], name="buffer_rule_once"),
            models.CheckConstraint(
                condition=(models.Q(kind="subject", price_minor=0) & ~models.Q(subject=""))
                | models.Q(kind="price", subject="", price_minor__gt=0),
                name="buffer_rule_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.kind} {self.subject}{self.price_minor or ''} keeps {self.keep}"


class BufferTask(DueRow):
    """The task of resolving a shop's rules anew: due at once when they change, and again and again while it has some,
    for what its feeds bring."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"buffers of {self.shop_id}"


class ShopAddress(models.Model):
    """Who reads which mail of a shop's. Of a kind without a row: the shop's own address."""

    class Kind(models.TextChoices):
        ORDERS = "orders", _("New orders, and what becomes of them")
        LATE = "late", _("Orders that nobody has answered")
        FEEDS = "feeds", _("Lists and webhooks of yours that fail")
        MONEY = "money", _("Money: account, gift cards")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    email = models.EmailField()

    class Meta:
        ordering = ["kind"]
        constraints = [models.UniqueConstraint(fields=["shop", "kind"], name="shop_address_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.shop_id}: {self.email}"
