"""Refunds so large that two persons must agree."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from marketplace.payments.models_corrections import RefundRequest


class ProposedRefund(models.Model):
    """An operator asks for a refund above the network's limit; it is made once another one approves it."""

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="proposed_refunds")
    shop_order = models.ForeignKey("shops.ShopOrder", on_delete=models.PROTECT, related_name="proposed_refunds")
    line = models.ForeignKey("shops.ShopOrderLine", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=RefundRequest.Kind.choices)
    units = models.PositiveIntegerField(default=0)
    amount_minor = models.PositiveIntegerField(help_text="What it came to as it was asked for.")
    borne_by = models.CharField(max_length=8, choices=RefundRequest.Bearer.choices)
    reason = models.CharField(max_length=200)
    once = models.CharField(max_length=40, unique=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    request = models.OneToOneField(
        RefundRequest, null=True, on_delete=models.PROTECT, related_name="proposal", help_text="Once approved."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(request=None) | ~models.Q(decided_by=models.F("asked_by")),
                name="large_refund_two_persons",
            ),
            models.CheckConstraint(
                condition=models.Q(request=None) | models.Q(decided_by__isnull=False), name="large_refund_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.payment_id} asked by {self.asked_by_id}"


class ProposedPayback(models.Model):
    """What goes back beside a shop order's refunds, above the network's limit: a gift card bought online, or a refund
    that was sent back and that a person says was paid from the bank. Done once a second person approves it."""

    purchase = models.ForeignKey(
        "payments.GiftCardPurchase", null=True, on_delete=models.PROTECT, related_name="proposed_paybacks"
    )
    call = models.ForeignKey("payments.MoneyCall", null=True, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, help_text="Of a payment from the bank: how it was paid.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    approved = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purchase=None, call__isnull=False) | models.Q(purchase__isnull=False, call=None),
                name="payback_of_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(approved=False)
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("asked_by"))),
                name="payback_two_persons",
            ),
            models.UniqueConstraint(
                fields=["purchase"], condition=models.Q(decided_at=None), name="payback_once_a_purchase"
            ),
            models.UniqueConstraint(fields=["call"], condition=models.Q(decided_at=None), name="payback_once_a_call"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} of {self.purchase_id or self.call_id} asked by {self.asked_by_id}"
