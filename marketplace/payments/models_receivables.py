"""What institutions owe that ordered by invoice, and every sum that came in for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class CreditTerms(models.Model):
    """That an institution may order by invoice, for how many days and up to how much. An operator makes the row."""

    institution = models.OneToOneField(
        "placing.Institution", primary_key=True, on_delete=models.PROTECT, related_name="credit_terms"
    )
    days = models.PositiveSmallIntegerField(default=30, help_text="From an invoice to its day of payment; 0: not now.")
    limit_minor = models.PositiveBigIntegerField(help_text="The most that it may owe at a time.")
    owed_minor = models.BigIntegerField(
        default=0, help_text="Ordered by invoice and not paid yet. Changed in receivables.py alone."
    )
    # Where what is owed to it goes back to.
    holder = models.CharField(max_length=70, blank=True)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)

    class Meta:
        verbose_name_plural = "credit terms"

    def __str__(self) -> str:
        return f"{self.institution_id}: {self.owed_minor} of {self.limit_minor}"

    @property
    def free_minor(self) -> int:
        return max(0, self.limit_minor - self.owed_minor)


class Receivable(DueRow):
    """One order by invoice: what its institution owes for it. Held with the stock at "pay", booked with the order. As a
    due row: the next reminder."""

    checkout = models.OneToOneField("placing.Checkout", on_delete=models.PROTECT, related_name="receivable")
    terms = models.ForeignKey(CreditTerms, on_delete=models.PROTECT, related_name="receivables")
    days = models.PositiveSmallIntegerField(help_text="As agreed when it was ordered.")
    reference = models.CharField(max_length=25, null=True, unique=True, help_text="ISO 11649, of the order's number.")
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveBigIntegerField()
    lowered_minor = models.PositiveBigIntegerField(default=0, help_text="Declined, or given back.")
    received_minor = models.BigIntegerField(default=0, help_text="The sum of its receipts.")
    placed_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True, help_text="Of its oldest invoice that is not paid.")
    settled_at = models.DateTimeField(null=True, help_text="Nothing is open any more.")
    reminders = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.reference} {self.open_minor} {self.currency}"

    @property
    def open_minor(self) -> int:
        """Below zero: so much is owed to the institution."""
        return self.amount_minor - self.lowered_minor - self.received_minor


class PaidPart(models.Model):
    """A part of an order by invoice that its institution's payments reach: its shop is paid from then on."""

    receivable = models.ForeignKey(Receivable, on_delete=models.PROTECT, related_name="paid_parts")
    shop_order = models.OneToOneField("shops.ShopOrder", on_delete=models.PROTECT, related_name="paid_part")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shop_order_id} of {self.receivable_id}"


class Receipt(models.Model):
    """One sum for a receivable; never changed or deleted."""

    class Kind(models.TextChoices):
        BANK = "bank", _("On the bank’s statement")
        HAND = "hand", _("Entered by hand")
        WRITTEN_OFF = "written_off", _("Written off")
        PAID_BACK = "paid_back", _("Paid back")

    receivable = models.ForeignKey(Receivable, on_delete=models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    amount_minor = models.BigIntegerField(help_text="Above zero lowers what is open; below zero went back.")
    booked_on = models.DateField()
    key = models.CharField(max_length=120, unique=True, help_text="Of the bank's entry, or of the form.")
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"

    @property
    def back_minor(self) -> int:
        return max(0, -self.amount_minor)
