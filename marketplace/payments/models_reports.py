"""What was sold, summed by day; files for the accounts; payouts by bank."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class DailySales(models.Model):
    """The lines that one shop sold on one day (UTC) of one subject at one rate of tax. Made from the order lines by
    `sales.refresh`, again and again; nothing else writes it. Declined units are not in it."""

    day = models.DateField()
    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=2, blank=True, help_text="The beginning of the title's first Thema code.")
    tax_rate_milli = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    lines = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    goods_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField(help_text="Delivery included.")
    commission_minor = models.BigIntegerField()
    given_back_minor = models.BigIntegerField(default=0, help_text="Of the total, given back to readers by people.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "shop", "subject", "tax_rate_milli", "currency"], name="daily_sales_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.shop_id} {self.subject} {self.tax_rate_milli}"


class SalesDay(models.Model):
    """A day whose sums are out of date, or when they were last made."""

    day = models.DateField(primary_key=True)
    summed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.day}"


class Export(DueRow):
    """A file for the accounts that somebody asked for; made by the step `make_exports`."""

    class Kind(models.TextChoices):
        FEC = "fec", _("FEC: accounting entries for the French tax office")
        JOURNAL = "journal", _("Journal as CSV")
        DAC7 = "dac7", _("Sellers' income in a year (DAC7), CSV")
        DAC7_XML = "dac7xml", _("Sellers' income in a year (DAC7), XML")
        PAIN = "pain", _("Payouts for the bank (ISO 20022 pain.001)")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    begins_on = models.DateField()
    ends_on = models.DateField(help_text="The last day.")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    rows = models.PositiveIntegerField(default=0, help_text="Written so far.")
    of_rows = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=80, blank=True, help_text="Of the file, as it is handed out.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.begins_on} {self.ends_on}"


class BankAccount(models.Model):
    """Where a shop is paid by bank transfer, where the network settles so."""

    shop = models.OneToOneField("shops.Shop", primary_key=True, on_delete=models.CASCADE, related_name="bank_account")
    holder = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shop_id} {self.iban[:4]}…{self.iban[-4:]}"


class BankEarning(models.Model):
    """What was booked for a shop order whose shop is paid by bank, or that was sold for the solidarity pool, once; a
    transfer says the same of the others."""

    shop_order = models.OneToOneField("shops.ShopOrder", on_delete=models.PROTECT, related_name="bank_earning")
    amount_minor = models.PositiveIntegerField(help_text="The shop's.")
    commission_minor = models.PositiveIntegerField()
    commission_tax = models.JSONField(default=list, help_text='[["CA", 12], ["CA-QC", 24]], tax on the commission.')
    sales_tax = models.JSONField(default=list, help_text='[["CA-BC", 70]], tax in the price that the network collects.')
    booked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shop_order_id} {self.amount_minor}"


class BankPayout(models.Model):
    """One credit transfer that a bank is asked to make, to a shop or back to an institution; known to the bank by its
    end-to-end id."""

    class State(models.TextChoices):
        ASKED = "asked", _("Given to the bank")
        PAID = "paid", _("On the bank's statement")
        DIFFERS = "differs", _("On the bank's statement with another amount")
        RETURNED = "returned", _("Came back")
        ENDED = "ended", _("Not made by the bank")

    OPEN = (State.ASKED, State.DIFFERS)

    end_to_end_id = models.CharField(max_length=35, unique=True)
    export = models.ForeignKey(Export, null=True, on_delete=models.PROTECT, related_name="payouts")
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="bank_payouts")
    receivable = models.ForeignKey(
        "payments.Receivable",
        null=True,
        on_delete=models.PROTECT,
        related_name="payouts",
        help_text="Paid back instead.",
    )
    partner = models.ForeignKey("shops.Partner", null=True, on_delete=models.PROTECT, related_name="bank_payouts")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    holder = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    paid_minor = models.PositiveBigIntegerField(
        default=0, help_text="Of one that an operator ended: what left the account all the same."
    )
    booked_on = models.DateField(null=True, help_text="By the bank.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(shop__isnull=False, partner=None, receivable=None)
                | models.Q(shop=None, partner__isnull=False, receivable=None)
                | models.Q(shop=None, partner=None, receivable__isnull=False),
                name="payout_to_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.end_to_end_id} {self.amount_minor} {self.currency}"

    @property
    def is_open(self) -> bool:
        """Nobody knows yet what became of it."""
        return self.state in self.OPEN

    @property
    def moved_minor(self) -> int:
        """What the bank's statement is expected to say."""
        return self.paid_minor or self.amount_minor
