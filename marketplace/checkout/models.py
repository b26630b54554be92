"""The frozen basket being paid."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from marketplace.foundation.leases import DueRow


class Checkout(DueRow):
    """A basket frozen at "pay": stock held, parcels planned, tax, delivery and total fixed. As a due row it is taken up
    by the steps that place paid checkouts and end expired ones."""

    class State(models.TextChoices):
        OPEN = "open", "Being filled in"
        PAYING = "paying", "Frozen, stock held, at the payment page"
        PAID = "paid", "Paid, to be placed"
        PLACED = "placed", "Placed"
        ENDED = "ended", "Ended unpaid"
        REFUNDED = "refunded", "Paid too late for its copies, refunded"

    token = models.CharField(max_length=43, unique=True, help_text="Unguessable; in the reader's addresses.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN, db_index=True)
    basket = models.ForeignKey("basket.Basket", null=True, on_delete=models.SET_NULL, related_name="checkouts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="checkouts")
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2, default="fr")
    currency = models.CharField(max_length=3)
    # Where to: needed as soon as one parcel is not picked up
    name = models.CharField(max_length=160, blank=True)
    line1 = models.CharField(max_length=160, blank=True)
    line2 = models.CharField(max_length=160, blank=True)
    city = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    # For somebody else, with a word to them, and an institution's own number for it; each only where it was given
    recipient_name = models.CharField(max_length=160, blank=True, help_text="Who gets or collects it.")
    recipient_email = models.EmailField(blank=True, help_text="Gets the pick-up code too, and no prices.")
    gift_note = models.CharField(max_length=500, blank=True, help_text="Printed on the packing slip.")
    purchase_order = models.CharField(max_length=60, blank=True, help_text="The institution's own number.")
    # What the reader agrees to when a shop cannot: another shop, later, in part
    agrees_other_shop = models.BooleanField(default=False)
    agrees_later = models.BooleanField(default=False)
    agrees_in_part = models.BooleanField(default=True)
    goods_minor = models.PositiveIntegerField(default=0)
    discount_minor = models.PositiveIntegerField(default=0)
    delivery_minor = models.PositiveIntegerField(default=0)
    tax_minor = models.PositiveIntegerField(default=0)
    total_minor = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When the payment session ends; the hold lives as long.")
    order = models.OneToOneField("order.Order", null=True, on_delete=models.PROTECT, related_name="checkout")

    def __str__(self) -> str:
        return f"{self.pk} {self.state} {self.total_minor} {self.currency}"


class CheckoutParcel(models.Model):
    """One shop's part of a checkout: which delivery the reader chose, at what price."""

    checkout = models.ForeignKey(Checkout, on_delete=models.CASCADE, related_name="parcels")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+")
    delivery_option = models.ForeignKey("shops.DeliveryOption", null=True, on_delete=models.PROTECT, related_name="+")
    goods_minor = models.PositiveIntegerField(default=0)
    delivery_minor = models.PositiveIntegerField(default=0)
    delivery_tax_minor = models.PositiveIntegerField(default=0)
    delivery_tax_basis_points = models.PositiveIntegerField(default=0)
    tax_minor = models.PositiveIntegerField(default=0)
    total_minor = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkout", "shop"], name="checkout_parcel_per_shop")]

    def __str__(self) -> str:
        return f"{self.checkout_id} {self.shop}"


class CheckoutLine(models.Model):
    """One article, frozen: net, tax with its rate, delivery share, discount and who bears it, for the whole line."""

    class Bearer(models.TextChoices):
        SHOP = "shop", "The shop"
        NETWORK = "network", "The network"

    parcel = models.ForeignKey(CheckoutParcel, on_delete=models.CASCADE, related_name="lines")
    basket_line_id = models.BigIntegerField(null=True)
    stock_record = models.ForeignKey("partner.StockRecord", on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=255)
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.PositiveIntegerField(help_text="As shown to the reader.")
    discount_minor = models.PositiveIntegerField(default=0)
    discount_borne_by = models.CharField(max_length=8, choices=Bearer.choices, default=Bearer.SHOP)
    net_minor = models.PositiveIntegerField(help_text="Without tax, after discount.")
    tax_minor = models.PositiveIntegerField()
    tax_basis_points = models.PositiveIntegerField()
    delivery_share_minor = models.PositiveIntegerField(default=0, help_text="Of the parcel's delivery, tax included.")
    total_minor = models.PositiveIntegerField(help_text="Net + tax + delivery share: what a decline gives back.")

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"
