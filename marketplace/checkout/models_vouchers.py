"""Vouchers: a code that lowers what a reader pays. Decision 0018."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class Voucher(models.Model):
    """A shop's own lowers the price of its own goods, and the shop earns that much less. The network's pays a part of
    an order over any shops (or over one), as money would: the shops earn their prices, the network bears it. It never
    changes; it ends."""

    code = models.CharField(max_length=20, unique=True, help_text="In capitals, as readers are told it.")
    label = models.CharField(max_length=80)
    shop = models.ForeignKey(
        "shops.Shop", null=True, on_delete=models.PROTECT, related_name="vouchers", help_text="None: the network's."
    )
    only_shop = models.ForeignKey(
        "shops.Shop", null=True, on_delete=models.PROTECT, related_name="+",
        help_text="The network's own, for goods of this shop alone.",
    )  # fmt: skip
    automatic = models.BooleanField(
        default=False, help_text="A promotion: it counts by itself, without its code, where no voucher is entered."
    )
    basis_points = models.PositiveIntegerField(null=True, help_text="Of the goods that it fits.")
    amount_minor = models.PositiveIntegerField(null=True, help_text="Or so much of them, once in an order.")
    currency = models.CharField(max_length=3)
    minimum_minor = models.PositiveIntegerField(default=0, help_text="The least that the goods it fits cost.")
    subject = models.CharField(max_length=12, blank=True, help_text="Thema code or its beginning; empty: all goods.")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="Exclusive.")
    most_uses = models.PositiveIntegerField(null=True, help_text="In all; 1: once. None: as often as it is wanted.")
    once_each = models.BooleanField(default=True, help_text="Each reader, by e-mail address, uses it once.")
    used = models.PositiveIntegerField(default=0, help_text="Held or placed. Changed in vouchers.py alone.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis_points=None, amount_minor__gt=0)
                | Q(amount_minor=None, basis_points__gt=0, basis_points__lte=10_000),
                name="voucher_rate_or_amount",
            ),
            models.CheckConstraint(condition=Q(shop=None) | Q(only_shop=None), name="voucher_one_shop"),
            models.CheckConstraint(
                condition=Q(most_uses=None) | Q(used__lte=models.F("most_uses")), name="voucher_uses_fit"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def runs(self, now: datetime) -> bool:
        return self.begins_at <= now and (self.ends_at is None or now < self.ends_at)


class VoucherUse(models.Model):
    """The voucher that a reader entered in a checkout: one for each. Held at "pay", like the stock."""

    checkout = models.OneToOneField("placing.Checkout", on_delete=models.CASCADE, related_name="voucher_use")
    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="uses")
    held = models.BooleanField(default=False)
    reader = models.CharField(max_length=254, blank=True, help_text="While held: who uses it once; the e-mail address.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["voucher", "reader"], condition=~Q(reader=""), name="voucher_once_each")
        ]

    def __str__(self) -> str:
        return f"{self.voucher} ({self.checkout_id})"
