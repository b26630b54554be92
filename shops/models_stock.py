"""What stands beside Oscar's StockRecord (DESIGN §5)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Condition(models.TextChoices):
    NEW = "new", _("New")
    AS_NEW = "as_new", _("Used, as new")
    VERY_GOOD = "very_good", _("Used, very good")
    GOOD = "good", _("Used, good")
    ACCEPTABLE = "acceptable", _("Used, acceptable")


class Availability(models.TextChoices):
    """The one vocabulary of DESIGN §7."""

    IN_STOCK = "in_stock", "In stock"
    ORDERABLE = "orderable", "To order"
    PREORDER = "preorder", "Pre-order"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable", "Temporarily unavailable"
    UNAVAILABLE = "unavailable", "Unavailable"
    DIGITAL = "digital", "Download"
    UNKNOWN = "unknown", "Unknown"


class Supply(models.TextChoices):
    """Where the copies of a line come from. Only those of the shelf are held, promised and absorbed; a download is none
    (`shops.downloads`)."""

    STOCK = "stock", _("From the shelf")
    ORDER = "order", _("Ordered at the distributor")
    PREORDER = "preorder", _("Ordered before it appears")
    DIGITAL = "digital", _("Download")


class StockTerms(models.Model):
    """What there is to say of a stock record beyond "new, in stock, as of the shop's last complete run". A record
    without a row means just that; so an unchanged feed writes nothing."""

    stock_record = models.OneToOneField(
        "partner.StockRecord", primary_key=True, on_delete=models.CASCADE, related_name="terms"
    )
    condition = models.CharField(max_length=12, choices=Condition.choices, default=Condition.NEW)
    signed = models.BooleanField(default=False)
    first_edition = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True, help_text="The shop's words on this copy.")
    photo = models.CharField(
        max_length=100, blank=True, db_default="", help_text="Of this copy, for pages, as covers are kept."
    )
    availability = models.CharField(max_length=24, choices=Availability.choices, default=Availability.IN_STOCK)
    days = models.PositiveSmallIntegerField(null=True, help_text="Days until it is there, when orderable.")
    available_on = models.DateField(null=True, help_text="When a pre-order appears.")
    # The earliest moment, on our clock, at which the number can have been read; null: the shop's `complete_as_of`.
    as_of = models.DateTimeField(null=True)
    # A complete run that lists the record unchanged makes it as young as that run. False where the run could not vouch
    # for it (its row was refused or quarantined, or its run was undone): then only its own `as_of` counts.
    follows_runs = models.BooleanField(default=True)
    # Resolved by `shops.buffers`, so that the guarded statement stays one comparison.
    buffer = models.PositiveSmallIntegerField(null=True, help_text="Copies kept for the counter; null: the shop's.")
    own_buffer = models.PositiveSmallIntegerField(null=True, help_text="Typed for this article: no rule counts.")
    # Where one of the shop's price rules makes `StockRecord.price`; null: that is what the list says.
    listed_price = models.DecimalField(max_digits=12, decimal_places=2, null=True, help_text="What the list says.")
    # Quantity unknown but in stock: how many open units the shop allows before it has confirmed one.
    open_limit = models.PositiveSmallIntegerField(default=1)
    retired_at = models.DateTimeField(
        null=True, help_text="A complete feed no longer lists it: not sold until it does."
    )
    price_kind = models.CharField(max_length=12, default="retail", help_text="As in catalog_sync.records.PriceKind.")

    class Meta:
        verbose_name_plural = "stock terms"

    def __str__(self) -> str:
        return f"{self.stock_record_id}: {self.condition}, {self.availability}"


TAKEN_OUT = "taken_out:"  # what `Allocation.hold_key` begins with


class Allocation(models.Model):
    """Units of one stock record that are promised, or withheld. `num_allocated` is the sum of the open ones (`verify`).

    It ends once, by compare-and-set on `ended_at`."""

    class Cause(models.TextChoices):
        HOLD = "hold", "Kept during a checkout, or reserved"
        LINE = "line", "Promised to an order"
        NOT_FOUND = "not_found", "Not found on the shelf"
        COUNTER = "counter", "Reserved, and paid at the counter"
        CANCELLED = "cancelled", "Taken back by the reader, not yet put back by the shop"

    class End(models.TextChoices):
        ABSORBED = "absorbed", "The shop's own number contains it"
        RELEASED = "released", "Given back: the shop can no longer hand it over"
        EXPIRED = "expired", "The payment session, or the reservation, ended unpaid"

    stock_record = models.ForeignKey("partner.StockRecord", on_delete=models.PROTECT, related_name="allocations")
    units = models.PositiveIntegerField()
    cause = models.CharField(max_length=10, choices=Cause.choices)
    # What it belongs to: "checkout:17" while it is a hold, the line afterwards; "cancellation:3", "reservation:5",
    # "taken_out:9", a line's key.
    hold_key = models.CharField(max_length=60, blank=True, db_index=True)
    line = models.ForeignKey(
        "shops.ShopOrderLine", null=True, blank=True, on_delete=models.PROTECT, related_name="allocations"
    )
    created_at = models.DateTimeField()
    # The latest moment, on our clock, from which the shop's number contains these units. Null: not known to.
    reflected_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=10, choices=End.choices, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["stock_record"], condition=models.Q(ended_at=None), name="allocation_open"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(units__gt=0), name="allocation_units_positive"),
            models.UniqueConstraint(
                fields=["stock_record", "hold_key"],
                condition=models.Q(cause="hold", ended_at=None),
                name="allocation_one_open_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.units} × {self.stock_record_id} ({self.cause})"

    @property
    def is_taken_out(self) -> bool:
        """Of an order in the shop's own system, and nobody has answered its line (`withholding`)."""
        return self.hold_key.startswith(TAKEN_OUT)


class StockIncident(models.Model):
    """The till was faster: more is promised than the shop's number holds. Nothing is clamped, a person looks."""

    stock_record = models.ForeignKey("partner.StockRecord", on_delete=models.CASCADE, related_name="incidents")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    in_stock = models.IntegerField()
    allocated = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stock_record"], condition=models.Q(closed_at=None), name="incident_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stock_record_id}: {self.allocated} promised of {self.in_stock}"
