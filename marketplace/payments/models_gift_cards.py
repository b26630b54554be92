"""Gift cards: what each holds, every movement of it, and the checkouts that it pays."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class GiftCard(models.Model):
    """Money that somebody paid beforehand, for whoever has the code; valid in every shop. The code itself is nowhere:
    only its hash, and its last four characters to name the card by."""

    class PaidBy(models.TextChoices):
        SHOP = "shop", _("Sold by a shop: it owes the amount to the network")
        BANK = "bank", _("Paid to the network’s bank account")
        PROMOTION = "promotion", _("Given away: the network bears it")
        ONLINE = "online", _("Bought online")

    code_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the code.")
    last_four = models.CharField(max_length=4)
    currency = models.CharField(max_length=3)
    issued_minor = models.PositiveIntegerField()
    balance_minor = models.PositiveIntegerField(
        help_text="Free to spend: the sum of its entries. Changed in gift_cards.py alone."
    )
    paid_by = models.CharField(max_length=10, choices=PaidBy.choices)
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="gift_cards_sold")
    recipient_email = models.EmailField(blank=True)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # None: for ever. Quebec forbids an end (Consumer Protection Act, P-40.1, section 187.3); in France it is as the
    # card says. So a card ends only where whoever issues it writes a day.
    expires_at = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True, help_text="Its code was lost: it pays nothing any more.")
    replaced_by = models.OneToOneField(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="replaces",
        help_text="The card that has what was on it.",
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(issued_minor__gt=0), name="gift_card_positive")]

    def __str__(self) -> str:
        return f"…{self.last_four}"

    def is_over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class GiftCardUse(models.Model):
    """A card that a reader entered in a checkout. Its amount is decided and held at "pay", like the stock; spent when
    the order is placed."""

    checkout = models.ForeignKey("placing.Checkout", on_delete=models.CASCADE, related_name="gift_cards")
    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="uses")
    amount_minor = models.PositiveIntegerField(default=0)
    held = models.BooleanField(default=False, help_text="Taken off the card for this checkout.")
    spent_at = models.DateTimeField(null=True)
    back_minor = models.PositiveIntegerField(default=0, help_text="Of what was spent: given back to the card.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checkout", "card"], name="gift_card_once_a_checkout"),
            models.CheckConstraint(
                condition=models.Q(back_minor__lte=models.F("amount_minor")), name="gift_card_back_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card} {self.amount_minor} ({self.checkout_id})"


class GiftCardEntry(models.Model):
    """One movement of a card's balance; never changed or deleted."""

    class Kind(models.TextChoices):
        ISSUE = "issue", _("Issued")
        HOLD = "hold", _("Used in an order")
        RELEASE = "release", _("Order not paid")
        BACK = "back", _("Given back")
        COUNTER = "counter", _("Redeemed in a shop")
        REPLACED = "replaced", _("From a lost card to a new one")
        REFUND = "refund", _("Paid back to its buyer")

    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount_minor = models.IntegerField(help_text="Above zero onto the card, below zero off it.")
    use = models.ForeignKey(GiftCardUse, null=True, on_delete=models.SET_NULL, related_name="entries")
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="gift_card_entries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    once = models.CharField(
        max_length=40, null=True, unique=True, help_text="Of the form at the counter: sent twice it redeems once."
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "gift card entries"

    def __str__(self) -> str:
        return f"{self.card} {self.kind} {self.amount_minor}"
