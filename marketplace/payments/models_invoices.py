"""Documents with a number: the invoice of a shop order, the credit note of a refund, the invoice of a commission."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class InvoiceKind(models.TextChoices):
    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")
    COMMISSION = "commission", _("Commission invoice")


class InvoiceSeries(models.Model):
    """The last number that an issuer gave to a kind of document in a year. Counted on in the transaction that writes
    the document, with this row locked: what is rolled back leaves no gap."""

    issuer = models.CharField(max_length=30, help_text='Who is seller on it: "shop:12", or "network".')
    kind = models.CharField(max_length=11, choices=InvoiceKind.choices)
    year = models.PositiveSmallIntegerField(help_text="Of the issuer's clock.")
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"
        constraints = [models.UniqueConstraint(fields=["issuer", "kind", "year"], name="invoice_series_once")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.kind} {self.year}: {self.last}"


class Invoice(models.Model):
    """One document, made only in `payments/issuing.py`, with all that it says, so that it can be printed again the same
    at any time. Never changed or deleted: an invoice is corrected by a credit note."""

    Kind = InvoiceKind

    kind = models.CharField(max_length=11, choices=InvoiceKind.choices)
    issuer = models.CharField(max_length=30)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField(help_text="1, 2, 3 … by issuer, kind and year.")
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="invoices")
    shop_order = models.ForeignKey("shops.ShopOrder", null=True, on_delete=models.PROTECT, related_name="invoices")
    settlement = models.OneToOneField(
        "payments.Settlement", null=True, on_delete=models.PROTECT, related_name="invoice"
    )
    # Of a credit note: the invoice that it corrects.
    follows = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followed_by")
    issued_at = models.DateTimeField()
    language = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField(help_text="With tax. Below zero only on commission: the network gives back.")
    tax_minor = models.BigIntegerField()
    parts = models.JSONField(help_text="Of what it is the sum, as `payments.invoice_parts` keeps them.")
    said = models.JSONField(help_text="All its words, in its language, as `payments.invoice_files` prints them.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the columns above: a change is noticed.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "kind", "year", "number"], name="invoice_number_once"),
            models.UniqueConstraint(
                fields=["shop_order"], condition=models.Q(kind="invoice"), name="invoice_once_per_shop_order"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """ "W2026-00012": letters keep it apart from what the shop numbers elsewhere, and the kinds from each other."""
        letters = {"invoice": "W", "credit_note": "WC", "commission": "C"}[self.kind]
        return f"{letters}{self.year}-{self.number:05d}"

    @property
    def file_name(self) -> str:
        return f"{self.shop.slug}-{self.label}.pdf"
