"""Money that moves: the payment of a checkout, calls to Stripe with their keys, its events, the ledger."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from marketplace.payments.models_commission import CommissionRule, LineCommission, SoldBy, SoldForm
from marketplace.payments.models_corrections import (
    AccountWatch,
    Dispute,
    DisputeShare,
    MoneyIncident,
    RefundRequest,
    StripeSweep,
)
from marketplace.payments.models_counter import CounterSale
from marketplace.payments.models_gift_card_sales import GiftCardPurchase
from marketplace.payments.models_gift_cards import GiftCard, GiftCardEntry, GiftCardUse
from marketplace.payments.models_invoices import Invoice, InvoiceKind, InvoiceSeries
from marketplace.payments.models_local import (
    LocalAcceptance,
    LocalAccount,
    LocalCall,
    LocalCurrency,
    LocalEntry,
    LocalShare,
    LocalUse,
)
from marketplace.payments.models_proposed import ProposedPayback, ProposedRefund
from marketplace.payments.models_receivables import CreditTerms, PaidPart, Receipt, Receivable
from marketplace.payments.models_reconciliation import Difference, ReconciliationRun
from marketplace.payments.models_reports import BankAccount, BankEarning, BankPayout, DailySales, Export, SalesDay
from marketplace.payments.models_settlement import Dividend, DividendShare, Dues, Settlement
from marketplace.payments.references import new_reference

__all__ = [
    "AccountWatch",
    "BankAccount",
    "BankEarning",
    "BankPayout",
    "CommissionRule",
    "CounterSale",
    "CreditTerms",
    "DailySales",
    "Difference",
    "Dispute",
    "DisputeShare",
    "Dividend",
    "DividendShare",
    "Dues",
    "Export",
    "GiftCard",
    "GiftCardEntry",
    "GiftCardPurchase",
    "GiftCardUse",
    "Invoice",
    "InvoiceKind",
    "InvoiceSeries",
    "LedgerEntry",
    "LineCommission",
    "LocalAcceptance",
    "LocalAccount",
    "LocalCall",
    "LocalCurrency",
    "LocalEntry",
    "LocalShare",
    "LocalUse",
    "MoneyCall",
    "MoneyIncident",
    "PaidPart",
    "Payment",
    "ProposedPayback",
    "ProposedRefund",
    "Receipt",
    "Receivable",
    "ReconciliationRun",
    "RefundRequest",
    "SalesDay",
    "Settlement",
    "SoldBy",
    "SoldForm",
    "StripeEvent",
    "StripeSweep",
]


class Payment(DueRow):
    """The one payment of a checkout: its hosted session and its intent. As a due row it is looked at again until it has
    ended one way or the other, so that a lost event only delays."""

    class State(models.TextChoices):
        NEW = "new", _("Session not made yet")
        OPEN = "open", _("The reader is at the payment page")
        AUTHORISED = "authorised", _("Authorised, not captured")
        CAPTURED = "captured", _("Captured")
        CANCELLED = "cancelled", _("Given back whole before capture")
        EXPIRED = "expired", _("Ended unpaid")

    checkout = models.OneToOneField("placing.Checkout", on_delete=models.PROTECT, related_name="payment")
    reference = models.CharField(
        max_length=20, unique=True, default=new_reference, help_text="What it is known by at Stripe."
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW, db_index=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.PositiveIntegerField(help_text="Authorised: the checkout's total less other_minor.")
    other_minor = models.PositiveIntegerField(
        default=0, help_text="Paid otherwise: by gift cards, and by a voucher that the network bears."
    )
    other_back_minor = models.PositiveIntegerField(default=0, help_text="Of that, given back.")
    captured_minor = models.PositiveIntegerField(default=0)
    refunded_minor = models.PositiveIntegerField(default=0)
    session_id = models.CharField(max_length=80, blank=True, db_index=True)
    session_url = models.URLField(max_length=800, blank=True)
    intent_id = models.CharField(max_length=80, blank=True, db_index=True)
    charge_id = models.CharField(max_length=80, blank=True)
    capture_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.checkout_id} {self.state} {self.amount_minor} {self.currency}"


class MoneyCall(DueRow):
    """One outgoing call that moves money, its idempotency key stored before the call. Taken up by `move_money`."""

    class Kind(models.TextChoices):
        CAPTURE = "capture", "Capture"
        CANCEL = "cancel", "Cancel the authorisation"
        REFUND = "refund", "Refund"
        TRANSFER = "transfer", "Transfer to a shop"
        REVERSAL = "reversal", "Reversal of a transfer"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=120, unique=True, help_text="What it is for, once.")
    # Stripe keeps an answer of 500 under its key: the next try, after looking, takes the next key.
    key_number = models.PositiveSmallIntegerField(default=0)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="calls")
    shop_order = models.ForeignKey("shops.ShopOrder", null=True, on_delete=models.PROTECT, related_name="money_calls")
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    stripe_id = models.CharField(max_length=80, blank=True)
    commission_minor = models.PositiveIntegerField(default=0, help_text="Of a transfer: what the network keeps.")
    commission_tax = models.JSONField(
        default=list, help_text='Of a transfer: [["CA", 12], ["CA-QC", 24]], tax on that.'
    )
    sales_tax = models.JSONField(
        default=list, help_text='Of a transfer: [["CA-BC", 70]], tax in the price that the network collects.'
    )
    netted_minor = models.PositiveIntegerField(
        default=0, help_text="Of a transfer: what was earned and is kept back for the shop's debt."
    )
    credit_minor = models.PositiveIntegerField(
        default=0, help_text="Of a transfer: what the shop's account held besides, paid with it."
    )
    # Of a transfer: refunds left its charge too small, so it is paid out of the network's own balance.
    from_balance = models.BooleanField(default=False)
    request = models.ForeignKey("payments.RefundRequest", null=True, on_delete=models.PROTECT, related_name="calls")
    # Of a reversal: the transfer; of a refund that is made again: the one that failed.
    follows = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="followed_by")
    first_tried_at = models.DateTimeField(null=True)
    unknown_outcome = models.BooleanField(default=False, help_text="Nobody knows whether the last try was carried out.")
    refused_at = models.DateTimeField(
        null=True, help_text="Of a reversal: the shop's balance was too small. It is the shop's debt."
    )
    failed_at = models.DateTimeField(null=True, help_text="Of a refund: made, and sent back by the reader's bank.")
    settled_at = models.DateTimeField(null=True, help_text="Of a failed refund: a person saw to it.")
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} {self.currency} ({self.key})"

    @property
    def idempotency_key(self) -> str:
        number = f":{self.key_number}" if self.key_number else ""
        return f"{self.payment.reference}:{self.key}{number}"


class StripeEvent(DueRow):
    """An incoming event, stored by its id first, then applied from the object fetched again."""

    event_id = models.CharField(max_length=80, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=80, blank=True)
    payload = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class LedgerEntry(models.Model):
    """One movement of money: from the credited account to the debited one. Made only in `ledger.py`; never changed or
    deleted; a mistake is corrected by another entry."""

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=30, help_text="What moved: capture, fee, earning, commission, refund, dues …")
    debit = models.CharField(max_length=40)
    credit = models.CharField(max_length=40)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    key = models.CharField(max_length=160, unique=True)
    order = models.ForeignKey("order.Order", null=True, on_delete=models.PROTECT, related_name="ledger_entries")
    shop_order = models.ForeignKey(
        "shops.ShopOrder", null=True, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    stripe_id = models.CharField(
        max_length=80, blank=True, help_text="Stripe's balance transaction, where our balance moved."
    )
    cause = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "ledger entries"
        indexes = [
            models.Index(fields=["debit", "at"], name="ledger_debit_at"),
            models.Index(fields=["credit", "at"], name="ledger_credit_at"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="ledger_amount_positive"),
            models.CheckConstraint(condition=~models.Q(debit=models.F("credit")), name="ledger_two_accounts"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} {self.credit} → {self.debit} ({self.kind})"
