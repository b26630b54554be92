"""The frozen basket being paid."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.checkout.models_routing import RouteDecision, RoutingRules
from marketplace.checkout.models_vouchers import Voucher, VoucherUse
from marketplace.checkout.tax_categories import Category
from marketplace.checkout.tax_tables import ROWS
from marketplace.foundation.leases import DueRow
from marketplace.payments.models import SoldBy
from shops import readiness
from shops.models import Shop, Supply

__all__ = [
    "Checkout",
    "CheckoutLine",
    "CheckoutParcel",
    "Institution",
    "RouteDecision",
    "RoutingRules",
    "TaxRate",
    "Voucher",
    "VoucherUse",
]


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
    channel = models.CharField(max_length=8, choices=SoldBy.choices, default=SoldBy.WEB)
    partner = models.ForeignKey("shops.Partner", null=True, on_delete=models.PROTECT, related_name="checkouts")
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
    age_stated = models.PositiveSmallIntegerField(default=0, help_text="The reader says to be at least so old.")
    by_invoice = models.BooleanField(default=False, help_text="An institution orders, is invoiced, and pays later.")
    # What the reader agrees to when a shop cannot: another shop, later, in part
    agrees_other_shop = models.BooleanField(default=False)
    agrees_later = models.BooleanField(default=False)
    agrees_in_part = models.BooleanField(default=True)
    earning_shop = models.ForeignKey(
        Shop,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who sells the network's downloads to this reader; null: they are sold for the solidarity pool.",
    )
    reader_shop = models.ForeignKey(
        Shop, null=True, on_delete=models.SET_NULL, related_name="+", help_text="The reader's own, as they had said."
    )
    # {stock record: shop, 0 for the pool} of downloads that another than `earning_shop` is to sell.
    earning_by_record = models.JSONField(default=dict, blank=True)
    # Directive 2011/83/EU, article 16 (m): downloads at once, and no withdrawing once they are fetched
    agreed_to_download_at = models.DateTimeField(null=True)
    goods_minor = models.PositiveIntegerField(default=0)
    discount_minor = models.PositiveIntegerField(default=0)
    delivery_minor = models.PositiveIntegerField(default=0)
    tax_minor = models.PositiveIntegerField(default=0)
    total_minor = models.PositiveIntegerField(default=0)
    gift_minor = models.PositiveIntegerField(default=0, help_text="Of the total: paid by gift cards, frozen with it.")
    local_minor = models.PositiveIntegerField(default=0, help_text="Of the total: paid in a local currency.")
    voucher_minor = models.PositiveIntegerField(default=0, help_text="Of the total: paid by a voucher of the network.")
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(null=True, help_text="When the reader last wrote something in it.")
    frozen_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When the payment session ends; the hold lives as long.")
    order = models.OneToOneField("order.Order", null=True, on_delete=models.PROTECT, related_name="checkout")

    def __str__(self) -> str:
        return f"{self.pk} {self.state} {self.total_minor} {self.currency}"

    @property
    def charged_minor(self) -> int:
        """What the payment page asks for."""
        return self.total_minor - self.gift_minor - self.local_minor - self.voucher_minor


class CheckoutParcel(models.Model):
    """One shop's part of a checkout: which delivery the reader chose, at what price."""

    checkout = models.ForeignKey(Checkout, on_delete=models.CASCADE, related_name="parcels")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+")
    is_download = models.BooleanField(default=False)
    delivery_option = models.ForeignKey("shops.DeliveryOption", null=True, on_delete=models.PROTECT, related_name="+")
    slot = models.ForeignKey("shops.DeliverySlot", null=True, on_delete=models.PROTECT, related_name="+")
    slot_day = models.DateField(null=True, help_text="In the shop's time zone.")
    # Frozen: what the reader is told of when it lies ready or comes.
    expected_from = models.DateTimeField(null=True)
    expected_until = models.DateTimeField(null=True)
    awaits_confirmation = models.BooleanField(default=False)
    weight_grams = models.PositiveIntegerField(default=0, help_text="With packaging, as the price was worked out.")
    goods_minor = models.PositiveIntegerField(default=0)
    delivery_minor = models.PositiveIntegerField(default=0)
    standard_delivery_minor = models.PositiveIntegerField(
        null=True, help_text="What the cheapest way of sending it would have cost; None: nothing is sent."
    )
    delivery_tax_minor = models.PositiveIntegerField(default=0)
    tax_minor = models.PositiveIntegerField(default=0)
    tax_note = models.CharField(max_length=12, blank=True, help_text="Why its shop charges none: checkout.tax_words.")
    total_minor = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["checkout", "shop", "is_download"], name="checkout_parcel_per_shop")
        ]

    def __str__(self) -> str:
        return f"{self.checkout_id} {self.shop}"

    @property
    def promised(self) -> str:
        """When the reader has it, in words and the shop's own time; empty where only days are told."""
        zone = ZoneInfo(self.shop.timezone)
        return readiness.words(self.expected_from, self.expected_until, zone, self.awaits_confirmation)


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
    supply = models.CharField(max_length=8, choices=Supply.choices, default=Supply.STOCK)
    expected_on = models.DateField(null=True, help_text="When an ordered copy should be there, as the reader was told.")
    age_years = models.PositiveSmallIntegerField(default=0, help_text="The age from which it is sold there; 0: any.")
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.PositiveIntegerField(help_text="As shown to the reader.")
    discount_minor = models.PositiveIntegerField(default=0)
    discount_borne_by = models.CharField(max_length=8, choices=Bearer.choices, default=Bearer.SHOP)
    net_minor = models.PositiveIntegerField(help_text="Without tax, after discount.")
    tax_minor = models.PositiveIntegerField(help_text="Of the goods.")
    tax_rate_milli = models.PositiveIntegerField(default=0, help_text="All taxes, in thousandths of a per cent.")
    tax_parts = models.JSONField(default=list, help_text="As checkout.tax.frozen makes them; they sum to the taxes.")
    delivery_share_minor = models.PositiveIntegerField(default=0, help_text="Of the parcel's delivery, tax included.")
    delivery_tax_minor = models.PositiveIntegerField(default=0, help_text="The tax in that share.")
    total_minor = models.PositiveIntegerField(help_text="Net + tax + delivery share: what a decline gives back.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class TaxRate(models.Model):
    """A rate that the operator fills in, for a place, or a category of a place, that `tax_tables` does not have: from
    its law, with its source; one row for each tax that is due on it. What has no row is not sold there."""

    place = models.CharField(
        max_length=9,
        validators=[RegexValidator(r"^[A-Z]{2}(-([A-Z0-9]{1,5}|export))?$")],
        help_text='ISO 3166 country, as in "BE"; "FR-20" for postcodes apart from it; "BE-export" for what leaves it.',
    )
    category = models.CharField(max_length=14, choices=Category.choices)
    code = models.CharField(max_length=20, default="VAT", help_text="What the tax is called.")
    rate_milli = models.PositiveIntegerField(
        "Rate, in thousandths of a per cent", validators=[MaxValueValidator(100_000)], help_text="6000 is 6 %."
    )
    since = models.DateField(help_text="The first day on which it holds.")
    until = models.DateField(null=True, blank=True, help_text="The last day; empty while it holds.")
    source = models.CharField(max_length=300, help_text="The law and its article, and when it was read.")

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        ordering = ["place", "category", "-since"]
        constraints = [models.UniqueConstraint(fields=["place", "category", "code", "since"], name="tax_rate_once")]

    def clean(self) -> None:
        """What `tax_tables` has takes no row of the operator's: the two could contradict each other."""
        if any(row.place == self.place and self.category in row.categories for row in ROWS):
            raise ValidationError(_("The rates of %(place)s come with the program.") % {"place": self.place})

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    def __str__(self) -> str:
        return f"{self.place} {self.category} {self.rate_milli / 1000:g} % {self.since}"


class Institution(models.Model):
    """An account that buys for an institution. With a region it is one of Quebec which the Act (chapter D-8.1, section
    3) binds: at the regular price, from accredited shops of its own region. An operator makes the row."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="institution")
    name = models.CharField(max_length=160)
    region = models.CharField(
        max_length=2, choices=Shop.Region.choices, blank=True, help_text="Empty: the Act does not bind it."
    )

    def __str__(self) -> str:
        return self.name
