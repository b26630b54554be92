"""What happens to money after it moved: refunds asked for, disputes, accounts watched, lists compared, incidents."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class RefundRequest(models.Model):
    """A person gives money back to the reader: of a line, of a shop order's delivery, or any amount. What was declined
    goes back without one."""

    class Kind(models.TextChoices):
        LINE = "line", _("A line")
        DELIVERY = "delivery", _("Delivery")
        OTHER = "other", _("Another amount")

    class Bearer(models.TextChoices):
        SHOP = "shop", _("The shop")
        NETWORK = "network", _("The network")

    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="requests")
    shop_order = models.ForeignKey(
        "shops.ShopOrder", null=True, on_delete=models.PROTECT, related_name="refund_requests"
    )
    line = models.ForeignKey("shops.ShopOrderLine", null=True, on_delete=models.PROTECT, related_name="refund_requests")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    units = models.PositiveIntegerField(default=0, help_text="Of a line.")
    amount_minor = models.PositiveIntegerField()
    other_minor = models.PositiveIntegerField(default=0, help_text="Of the amount: as Payment.other_minor means it.")
    other_parts = models.JSONField(
        default=dict, help_text='Of that, by the checkout\'s columns: {"gift_minor": 500, "voucher_minor": 200}.'
    )
    borne_by = models.CharField(max_length=8, choices=Bearer.choices)
    # Decided as it is asked for, under the payment's lock: the shop's transfer was written before, or its earning was
    # booked, so its share is taken back; otherwise it will earn that much less.
    after_transfer = models.BooleanField(default=False)
    share_minor = models.PositiveIntegerField(default=0, help_text="After the transfer: what the shop gives back.")
    commission_minor = models.PositiveIntegerField(default=0, help_text="After the transfer: what the network does.")
    commission_tax = models.JSONField(
        default=list, help_text='After the transfer: [["CA", 12], ["CA-QC", 24]], tax on that, by place.'
    )
    sales_tax = models.JSONField(
        default=list, help_text='After the transfer: [["CA-BC", 70]], out of what the network collected of the price.'
    )
    partner_shares = models.JSONField(
        default=list, help_text="After the transfer: [[3, 40]], what partners give back of theirs, by id."
    )
    borne_minor = models.PositiveIntegerField(
        default=0, help_text="What its shop gives back beside it to whoever bore it: it took over and was dearer."
    )
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    once = models.CharField(max_length=40, unique=True, help_text="Of the form: sent twice it asks once.")
    asked_at = models.DateTimeField()
    document = models.ForeignKey(
        "payments.Invoice", null=True, on_delete=models.PROTECT, related_name="requests", db_index=False,
        help_text="What says it: its credit note, or the invoice where that was made later.",
    )  # fmt: skip

    class Meta:
        indexes = [
            models.Index(
                fields=["shop_order"],
                condition=models.Q(document=None, shop_order__isnull=False),
                name="request_to_credit",
            ),
            models.Index(fields=["document"], condition=models.Q(document__isnull=False), name="request_document"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} ({self.payment_id})"

    @property
    def worth_minor(self) -> int:
        """What of the shop order's worth it takes away: the reader's part and the part borne for the reader."""
        return self.amount_minor + self.borne_minor


class Dispute(DueRow):
    """A reader's bank takes a payment back. As a due row it is evidence waiting to be handed in."""

    class Status(models.TextChoices):
        NEEDS_RESPONSE = "needs_response", _("Waits for evidence")
        UNDER_REVIEW = "under_review", _("The bank looks at the evidence")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")
        WARNING_NEEDS_RESPONSE = "warning_needs_response", _("Asked, not taken back yet")
        WARNING_UNDER_REVIEW = "warning_under_review", _("Asked, under review")
        WARNING_CLOSED = "warning_closed", _("Asked, closed")
        PREVENTED = "prevented", _("Prevented")

    CLOSED = (Status.WON, Status.LOST, Status.WARNING_CLOSED, Status.PREVENTED)

    dispute_id = models.CharField(max_length=80, unique=True)
    payment = models.ForeignKey("payments.Payment", null=True, on_delete=models.PROTECT, related_name="disputes")
    charge_id = models.CharField(max_length=80)
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60, help_text="Stripe's word.")
    status = models.CharField(max_length=30, choices=Status.choices)
    evidence_due_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    evidence = models.JSONField(default=dict, help_text="What is handed in, frozen when a person said so.")
    evidence_number = models.PositiveSmallIntegerField(default=0)
    submitted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.status} {self.amount_minor} {self.currency}"

    @property
    def is_closed(self) -> bool:
        return self.status in self.CLOSED


class DisputeShare(models.Model):
    """What an operator has a shop bear of a lost dispute; until then the network bears it."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="shares")
    shop_order = models.ForeignKey("shops.ShopOrder", on_delete=models.PROTECT, related_name="+")
    amount_minor = models.PositiveIntegerField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dispute", "shop_order"], name="dispute_share_once")]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.shop_order_id} {self.amount_minor}"


class AccountWatch(DueRow):
    """How a shop's account looked when it was last looked at; as a due row it is looked at daily, so that a lost event
    only delays."""

    shop = models.OneToOneField("shops.Shop", on_delete=models.CASCADE, related_name="account_watch")
    transfers_status = models.CharField(max_length=20, blank=True)
    bank_accounts = models.JSONField(default=list, help_text="Of each: Stripe's id, bank, country, last four figures.")
    looked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.shop} {self.transfers_status}"


class StripeSweep(DueRow):
    """One of Stripe's lists, compared with ours each night; `since` is how far that has come."""

    name = models.CharField(max_length=20, unique=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class MoneyIncident(models.Model):
    """Something about money that no step can mend. Only a person closes it, with a word on how."""

    key = models.CharField(max_length=160, unique=True)
    text = models.CharField(max_length=500)
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    resolution = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.text
