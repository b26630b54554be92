"""Between the network and one shop beside its sales: dues, dividends, and the statement of a month."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Dues(models.Model):
    """What a member pays for a period; charged to its account on the period's first day by the step `charge_dues`."""

    class Every(models.TextChoices):
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")
        YEAR = "year", _("Year")

    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="dues")
    amount_minor = models.PositiveIntegerField(help_text="Without tax.")
    currency = models.CharField(max_length=3)
    every = models.CharField(max_length=8, choices=Every.choices, default=Every.MONTH)
    next_on = models.DateField(help_text="First day of the next period that is charged.")
    ends_on = models.DateField(null=True, blank=True, help_text="No period that begins later is charged.")

    class Meta:
        verbose_name_plural = "dues"
        constraints = [models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="dues_positive")]

    def __str__(self) -> str:
        return f"{self.shop}: {self.amount_minor} {self.currency} / {self.every}"


class Dividend(models.Model):
    """The surplus of one year, shared among the shops by their use of the network. Declared once, by a person."""

    year = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    surplus_minor = models.PositiveBigIntegerField()
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["year", "currency"], name="dividend_once_a_year")]

    def __str__(self) -> str:
        return f"{self.year}: {self.surplus_minor} {self.currency}"


class DividendShare(models.Model):
    """One shop's part: by the commission that it paid in that year."""

    dividend = models.ForeignKey(Dividend, on_delete=models.PROTECT, related_name="shares")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="dividend_shares")
    used_minor = models.PositiveBigIntegerField(help_text="Commission paid in the year, less what was given back.")
    amount_minor = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dividend", "shop"], name="dividend_share_once")]

    def __str__(self) -> str:
        return f"{self.dividend_id} {self.shop}: {self.amount_minor}"


class Settlement(models.Model):
    """The statement of one shop for one month of its own time zone, closed a while after the month's end. Its sums are
    kept here, its lines are the ledger's entries, which never change. Amounts as the shop sees them: above zero is the
    shop's. opening + goods − commission − tax + other − transferred = closing."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="settlements")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … for each shop, without a gap.")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="Exclusive.")
    currency = models.CharField(max_length=3)
    opening_minor = models.BigIntegerField()
    goods_minor = models.BigIntegerField(
        help_text="Handed over, with delivery and the tax that the shop pays itself, less what was taken back."
    )
    commission_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(help_text="On the commission.")
    other_minor = models.BigIntegerField(help_text="Dues, dividends, disputes, corrections: what else moved.")
    transferred_minor = models.BigIntegerField()
    closing_minor = models.BigIntegerField()
    closed_at = models.DateTimeField()
    invoiced_at = models.DateTimeField(null=True, help_text="When its commission was, or there was none to invoice.")

    class Meta:
        ordering = ["-ends_at"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(invoiced_at=None), name="settlement_to_invoice"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["shop", "number"], name="settlement_number_once"),
            models.UniqueConstraint(fields=["shop", "begins_at", "currency"], name="settlement_period_once"),
        ]

    def __str__(self) -> str:
        return f"{self.shop} {self.number}"

    @property
    def month(self) -> datetime:
        """A moment within it, in whichever time zone: the shop may have another by now."""
        return self.begins_at + (self.ends_at - self.begins_at) / 2
