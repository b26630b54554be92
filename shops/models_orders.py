"""The part of an order that one shop fulfils, and how it gets there."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from shops import readiness
from shops.models_shop import Shop
from shops.models_stock import Condition, Supply


class ShopOrder(models.Model):
    """One shop's part of an order, numbered 100012-A. Its status is derived from its lines' counts and changes only in
    `shops/orders/fulfilment.py`."""

    class Status(models.TextChoices):
        NEW = "new", _("To answer")
        ACCEPTED = "accepted", _("To prepare")
        PACKED = "packed", _("Ready")
        HANDED_OVER = "handed_over", _("Handed over")
        DECLINED = "declined", _("Declined")

    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="shop_orders")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="shop_orders")
    is_download = models.BooleanField(default=False, help_text="Its lines deliver themselves; a part of its own.")
    is_pooled = models.BooleanField(default=False, help_text="What it earns goes into the solidarity pool.")
    by_professional = models.BooleanField(default=True, help_text="Its seller is a trader, as the reader was told.")
    number = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NEW, db_index=True)
    version = models.PositiveIntegerField(default=0, help_text="Counts its changes; every change compares it first.")
    delivery_option = models.ForeignKey(
        "shops.DeliveryOption", null=True, on_delete=models.PROTECT, related_name="+", help_text="Null: downloads."
    )
    delivery_kind = models.CharField(max_length=10)
    delivery_name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    goods_minor = models.PositiveIntegerField(help_text="Its lines, as shown to the reader, after discounts.")
    delivery_minor = models.PositiveIntegerField()
    standard_delivery_minor = models.PositiveIntegerField(
        null=True, help_text="What the cheapest way of sending it would have cost, as delivery_minor is; None: unknown."
    )
    tax_minor = models.PositiveIntegerField(help_text="All tax in goods and delivery, whether included or added.")
    tax_note = models.CharField(max_length=12, blank=True, help_text="Why its shop charges none: checkout.tax_words.")
    total_minor = models.PositiveIntegerField(help_text="What the reader pays for this part.")
    pickup_code = models.CharField(max_length=12, blank=True)
    # What the reader was told at checkout: when it lies ready to collect, or the slot in which the courier comes.
    expected_from = models.DateTimeField(null=True, blank=True)
    expected_until = models.DateTimeField(null=True, blank=True)
    awaits_confirmation = models.BooleanField(
        default=False, help_text="That holds only once the shop has answered: its number was old."
    )
    instead_of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced_by",
        help_text="It supplies what this one could not.",
    )  # fmt: skip
    bearer = models.ForeignKey(
        Shop, null=True, on_delete=models.PROTECT, related_name="+",
        help_text="Who bears what its lines say is borne; None: the network.",
    )  # fmt: skip
    created_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    place = models.BigIntegerField(
        null=True, blank=True, help_text="In what its shop's programs read; None: none has read since."
    )
    waits_until = models.DateTimeField(
        null=True, blank=True, help_text="When its shop must have answered, however long it was given; None: never."
    )
    # Its silence (`shops/orders/expiring.py`).
    watch_at = models.DateTimeField(
        null=True, blank=True, help_text="When its silence is looked at next; none of a download, nobody answers it."
    )
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="The shop, that it has not answered yet.")
    warned_at = models.DateTimeField(null=True, blank=True, help_text="The reader, of what happens next.")
    expired_at = models.DateTimeField(null=True, blank=True, help_text="What nobody had answered ended.")
    handed_over_at = models.DateTimeField(null=True, blank=True)
    # What is accepted, and is not ready or sent (`shops/orders/ready_times.py`, `not_ready.py`).
    ready_by = models.DateTimeField(
        null=True, blank=True, help_text="By then it is ready, or sent, by what its reader was told; None: no day was."
    )
    tell_at = models.DateTimeField(null=True, blank=True, help_text="Its reader is told then, if it is not.")
    ready_watch_at = models.DateTimeField(null=True, blank=True, help_text="When the step looks at it next.")
    ready_reminded_at = models.DateTimeField(null=True, blank=True, help_text="The shop, that it is not ready yet.")
    late_at = models.DateTimeField(
        null=True, blank=True, help_text="Its reader was told that it is late; None: it is not, or not any more."
    )
    # What lies ready for its reader, and nobody comes (`shops/orders/uncollected.py`).
    keep_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then it is kept at the counter; fixed when it is ready."
    )
    keep_watch_at = models.DateTimeField(null=True, blank=True, help_text="When the step looks at it next.")
    keep_reminded_at = models.DateTimeField(null=True, blank=True, help_text="The reader, that it waits.")
    uncollected_at = models.DateTimeField(null=True, blank=True, help_text="Nobody came: it went back.")
    handover_fee_minor = models.PositiveIntegerField(
        default=0, help_text="What another shop gets that hands it to the reader, by the rule when it was sold."
    )
    # What is still to be done with it once it is handed over: kept so that no step looks at what is done.
    invoiced_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField(null=True, blank=True, help_text="What its shop earned: by transfer, bank, pool.")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # The desk: what is to do, and what was done lately.
            models.Index(fields=["shop", "status", "answer_due_at"], name="shop_order_to_do"),
            models.Index(
                F("shop"),
                F("status"),
                Coalesce("keep_until", "ready_by", "created_at"),
                name="shop_order_by_deadline",
            ),
            models.Index(fields=["shop", "answered_at"], name="shop_order_answered"),
            models.Index(fields=["shop", "handed_over_at"], name="shop_order_handed_over"),
            models.Index(fields=["shop", "place"], name="shop_order_place"),
            models.Index(fields=["watch_at"], condition=models.Q(status="new"), name="shop_order_to_watch"),
            models.Index(
                fields=["keep_watch_at"],
                condition=models.Q(status="packed", keep_watch_at__isnull=False),
                name="shop_order_kept",
            ),
            models.Index(
                fields=["ready_watch_at"],
                condition=models.Q(ready_watch_at__isnull=False),
                name="shop_order_to_be_ready",
            ),
            models.Index(fields=["late_at"], condition=models.Q(late_at__isnull=False), name="shop_order_late"),
            models.Index(
                fields=["handed_over_at"],
                condition=models.Q(invoiced_at=None, handed_over_at__isnull=False),
                name="shop_order_to_invoice",
            ),
            models.Index(
                fields=["handed_over_at"],
                condition=models.Q(booked_at=None, handed_over_at__isnull=False),
                name="shop_order_to_book",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "shop", "is_download"],
                condition=models.Q(instead_of=None),
                name="shop_order_one_per_shop",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def promised(self) -> str:
        """When the reader was told to have it, in words and the shop's own time; empty where only days were told."""
        return readiness.words(
            self.expected_from, self.expected_until, ZoneInfo(self.shop.timezone), self.awaits_confirmation
        )

    @property
    def is_late(self) -> bool:
        """Its reader was told that it is not ready, or not sent, as was said; and it still is not."""
        return self.late_at is not None and self.status in (self.Status.ACCEPTED, self.Status.PACKED)

    @property
    def is_taken_back(self) -> bool:
        """Nothing is left of it since the reader cancelled it or did not come, not since the shop lacked a copy."""
        return self.status == self.Status.DECLINED and not any(line.missing_units for line in self.lines.all())


class ShopOrderLine(models.Model):
    """One article of a shop order. What is neither accepted nor declined is open. `declined` and `handed_over` only
    grow; accepted units that turn out not to be there move to `declined`. So do units that the reader takes back, or
    does not come for: `cancelled` says how many of the declined ones those are, and `uncollected` how many of these
    nobody came for, so that money counts one number and screens say by whom."""

    class Reason(models.TextChoices):
        SOLD = "sold", _("Sold at the counter")
        DAMAGED = "damaged", _("Damaged")
        NOT_FOUND = "not_found", _("Not found")
        WRONG_PRICE = "wrong_price", _("Wrong price")
        OTHER = "other", _("Another reason")
        # With the offer of it later (`shops/orders/offering.py`):
        LATER = "later", _("Only later")
        # Never chosen by staff:
        INCOMPLETE = "incomplete", _("The reader wanted all or nothing")
        NO_ANSWER = "no_answer", _("No answer in time")

    shop_order = models.ForeignKey(ShopOrder, on_delete=models.PROTECT, related_name="lines")
    order_line = models.OneToOneField("order.Line", on_delete=models.PROTECT, related_name="shop_order_line")
    stock_record = models.ForeignKey("partner.StockRecord", null=True, on_delete=models.SET_NULL, related_name="+")
    product = models.ForeignKey("catalogue.Product", null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=255)
    sku = models.CharField(max_length=128)
    gtin = models.BigIntegerField(null=True)
    condition = models.CharField(max_length=12, default="new")
    supply = models.CharField(max_length=8, choices=Supply.choices, default=Supply.STOCK)
    expected_on = models.DateField(null=True, help_text="When an ordered copy should be there, as the reader was told.")
    age_years = models.PositiveSmallIntegerField(
        default=0, help_text="The reader has stated to be at least so old: whoever hands it over looks."
    )
    quantity = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField(default=0)
    declined = models.PositiveIntegerField(default=0, help_text="Units that the reader neither gets nor pays.")
    cancelled = models.PositiveIntegerField(default=0, help_text="Of these, units that the reader took back.")
    uncollected = models.PositiveIntegerField(default=0, help_text="Of the cancelled ones, those nobody came for.")
    settled = models.PositiveIntegerField(
        default=0, help_text="Of the declined ones, those whose money is given back or never taken."
    )
    picked = models.PositiveIntegerField(default=0, help_text="Of the accepted ones, those scanned at the shelf.")
    packed = models.PositiveIntegerField(default=0)
    handed_over = models.PositiveIntegerField(default=0)
    decline_reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)
    decline_note = models.CharField(max_length=300, blank=True)
    system_said = models.JSONField(
        default=dict,
        blank=True,
        help_text="What its shop's system said of it, and a person answers: orders/sayings.py.",
    )
    # Frozen from the checkout, for the whole line, in minor units.
    unit_price_minor = models.PositiveIntegerField(help_text="One unit as shown to the reader.")
    goods_minor = models.PositiveIntegerField(help_text="quantity × unit price, less discount.")
    tax_minor = models.PositiveIntegerField(default=0, help_text="Of the goods.")
    tax_rate_milli = models.PositiveIntegerField(default=0, help_text="All taxes, in thousandths of a per cent.")
    tax_parts = models.JSONField(default=list, help_text="As checkout.tax.frozen makes them; they sum to the taxes.")
    delivery_minor = models.PositiveIntegerField(default=0, help_text="Its share of the parcel's delivery, with tax.")
    delivery_tax_minor = models.PositiveIntegerField(default=0, help_text="The tax in that share.")
    total_minor = models.PositiveIntegerField(help_text="What is paid for this line, delivery share included.")
    borne_minor = models.PositiveIntegerField(default=0, help_text="Of that, what the reader does not pay: see bearer.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=models.F("accepted") + models.F("declined")), name="line_answers_fit"
            ),
            models.CheckConstraint(condition=models.Q(declined__gte=models.F("cancelled")), name="line_cancelled_fit"),
            models.CheckConstraint(
                condition=models.Q(cancelled__gte=models.F("uncollected")), name="line_uncollected_fit"
            ),
            models.CheckConstraint(condition=models.Q(accepted__gte=models.F("picked")), name="line_picked_fit"),
            models.CheckConstraint(condition=models.Q(accepted__gte=models.F("packed")), name="line_packed_fit"),
            models.CheckConstraint(condition=models.Q(packed__gte=models.F("handed_over")), name="line_handed_fit"),
            models.CheckConstraint(condition=models.Q(total_minor__gte=models.F("borne_minor")), name="line_borne_fit"),
        ]
        indexes = [
            models.Index(
                fields=["shop_order"], condition=models.Q(declined__gt=models.F("settled")), name="line_to_settle"
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def open_units(self) -> int:
        """Units the shop has not answered for yet."""
        return self.quantity - self.accepted - self.declined

    @property
    def left_units(self) -> int:
        """Units the reader still gets, or waits to hear of."""
        return self.quantity - self.declined

    @property
    def called_off_units(self) -> int:
        """Units that the reader took back before they lay ready."""
        return self.cancelled - self.uncollected

    @property
    def to_hand_over(self) -> int:
        """Units that the shop has set aside and the reader has not got yet."""
        return self.accepted - self.handed_over

    @property
    def missing_units(self) -> int:
        """Units that the shop could not hand over: those declined by its own word, not taken back by the reader."""
        return self.declined - self.cancelled

    @property
    def cancellable_units(self) -> int:
        """Units that the reader may still take back: those not packed yet; pre-ordered ones, which are paid at once and
        may lie packed for their day, and those that are late, until they leave the shop."""
        return self.cancellable_of(self.shop_order)

    def cancellable_of(self, shop_order: ShopOrder) -> int:
        """The same, of its order as it is at hand."""
        if self.supply == Supply.PREORDER or shop_order.is_late:
            return self.left_units - self.handed_over
        return self.open_units + self.accepted - self.packed

    @property
    def left_minor(self) -> int:
        """What is paid for the units left, delivery share included (the rule of `payments/worth.py`)."""
        return self.total_minor - self.total_minor * self.declined // self.quantity

    @property
    def paid_minor(self) -> int:
        """What the reader pays of it: all but what is borne."""
        return self.total_minor - self.borne_minor

    @property
    def borne_left_minor(self) -> int:
        """What is borne for the units left."""
        return self.left_minor - (self.paid_minor - self.paid_minor * self.declined // self.quantity)

    @property
    def condition_label(self) -> str:
        return str(Condition(self.condition).label)
