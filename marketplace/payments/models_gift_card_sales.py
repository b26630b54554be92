"""Gift cards bought online: one row is one purchase, from the form to the mailed code."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from marketplace.payments.references import new_reference


class GiftCardPurchase(DueRow):
    """A card that a reader pays on the hosted page: the network's own sale, with a session and keys of its own. As a
    due row it is looked at until it is paid or over, then until its code is told."""

    class State(models.TextChoices):
        NEW = "new", _("Session not made yet")
        OPEN = "open", _("The buyer is at the payment page")
        PAID = "paid", _("Paid, the card is issued")
        REFUNDING = "refunding", _("Being paid back")
        REFUNDED = "refunded", _("Paid back")
        EXPIRED = "expired", _("Ended unpaid")
        REFUSED = "refused", _("Paid otherwise than asked: a person looks")

    once = models.CharField(max_length=40, unique=True, help_text="Of the form: sent twice it buys once.")
    reference = models.CharField(
        max_length=20, unique=True, default=new_reference, help_text="What it is known by at Stripe."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=2)
    buyer_name = models.CharField(max_length=100)
    buyer_email = models.EmailField()
    recipient_name = models.CharField(max_length=100, blank=True)
    recipient_email = models.EmailField(blank=True, help_text="Empty: the buyer prints the card.")
    message = models.CharField(max_length=500, blank=True, help_text="Until it is told.")
    mail_at = models.DateTimeField(null=True, help_text="When the code is mailed to the recipient.")
    # From it and the installation's secret key the code is worked out. Gone as soon as the code is told, so that a code
    # can be read from nothing that is kept.
    seed = models.CharField(max_length=40, blank=True)
    card = models.OneToOneField("payments.GiftCard", null=True, on_delete=models.PROTECT, related_name="purchase")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Of the payment page.")
    session_id = models.CharField(max_length=80, blank=True, db_index=True)
    session_url = models.URLField(max_length=800, blank=True)
    intent_id = models.CharField(max_length=80, blank=True, db_index=True)
    charge_id = models.CharField(max_length=80, blank=True)
    transaction_id = models.CharField(max_length=80, blank=True, help_text="Of the payment, on the balance at Stripe.")
    paid_at = models.DateTimeField(null=True)
    refund_round = models.PositiveSmallIntegerField(default=0, help_text="Refunds that a bank sent back.")
    # Stripe keeps a refusal or a 500 under its key: the next try takes the next one.
    refund_number = models.PositiveSmallIntegerField(default=0)
    refund_id = models.CharField(max_length=80, blank=True)
    refunded_at = models.DateTimeField(null=True)
    refunded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="gift_card_purchase_positive")
        ]

    def __str__(self) -> str:
        return f"gift card purchase {self.pk} {self.state} {self.amount_minor} {self.currency}"
