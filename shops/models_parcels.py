"""What leaves a shop, and who has it on the way."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from shops.carriers import tracking_url
from shops.models_delivery import PickupPoint
from shops.models_orders import ShopOrder, ShopOrderLine
from shops.models_shop import Shop


class Parcel(models.Model):
    """One consignment of a shop order: handed over at the counter, or to a carrier."""

    class Said(models.TextChoices):
        """Who said that it is missing."""

        SENDER = "sender", _("the shop that sent it")
        RECEIVER = "receiver", _("the shop that awaits it")
        NOBODY = "nobody", _("nobody: it is on its way too long")

    shop_order = models.ForeignKey(ShopOrder, on_delete=models.PROTECT, related_name="parcels")
    kind = models.CharField(max_length=10)
    carrier = models.CharField(max_length=60, blank=True)
    tracking = models.CharField(max_length=80, blank=True)
    handed_over_at = models.DateTimeField()
    handed_over_to = models.CharField(max_length=120, blank=True)
    # Carried to another shop, or to a point with keepers, which hands it to the reader (`shops.orders.carrying`).
    carried_to = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="parcels_for_others"
    )
    waits_at = models.ForeignKey(PickupPoint, null=True, blank=True, on_delete=models.PROTECT, related_name="parcels")
    arrived_at = models.DateTimeField(null=True, blank=True)
    arrived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    collected_at = models.DateTimeField(null=True, blank=True)
    collected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who handed it over there.",
    )
    # Where it lies there, and what both shops say of it (`shops/orders/carrying.py`).
    shelf = models.CharField(max_length=40, blank=True)
    shelved_at = models.DateTimeField(null=True, blank=True)
    missing_at = models.DateTimeField(null=True, blank=True)
    missing_said = models.CharField(max_length=8, choices=Said.choices, blank=True)
    missing_ended_at = models.DateTimeField(
        null=True, blank=True, help_text="It turned up, is paid back, or other copies are sent in its place."
    )
    # How long it waits there for its reader, and what becomes of it then (`shops/orders/left_elsewhere.py`).
    keep_until = models.DateTimeField(null=True, blank=True)
    keep_watch_at = models.DateTimeField(null=True, blank=True, help_text="When the step looks at it next.")
    uncollected_at = models.DateTimeField(
        null=True, blank=True, help_text="Nobody came: its copies go back to the shop that sold them."
    )
    sent_back_at = models.DateTimeField(null=True, blank=True, help_text="From there, as is said there.")
    home_at = models.DateTimeField(null=True, blank=True, help_text="The shop that sold it has it again, as it says.")
    instead_of = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced_by",
        help_text="What was lost: its shop sends other copies, and nothing is paid back.",
    )  # fmt: skip
    fee_booked_at = models.DateTimeField(
        null=True, blank=True, help_text="What the shop gets that handed it over: in the ledger."
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["handed_over_at"],
                condition=models.Q(carried_to__isnull=False, arrived_at=None, missing_at=None),
                name="parcel_on_its_way",
            ),
            models.Index(
                fields=["collected_at"],
                condition=models.Q(carried_to__isnull=False, collected_at__isnull=False, fee_booked_at=None),
                name="parcel_fee_to_book",
            ),
            models.Index(
                fields=["keep_watch_at"],
                condition=models.Q(keep_watch_at__isnull=False),
                name="parcel_kept_to_watch",
            ),
        ]

    @property
    def tracking_url(self) -> str:
        """The carrier's page on it; empty where none is known."""
        return tracking_url(self.carrier, self.tracking)

    @property
    def is_missing(self) -> bool:
        return self.missing_at is not None and self.missing_ended_at is None

    @property
    def waits_elsewhere(self) -> bool:
        """Whether it lies at another shop, or a point, for its reader."""
        over = self.collected_at or self.missing_at or self.missing_ended_at or self.uncollected_at
        return bool(self.arrived_at and self.keep_until and not over)

    @property
    def place(self) -> Shop | PickupPoint | None:
        """Where the reader collects it, beside the shop that sold it."""
        return self.carried_to or self.waits_at

    def __str__(self) -> str:
        return f"{self.shop_order} {self.kind}"


class ParcelLine(models.Model):
    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(ShopOrderLine, on_delete=models.PROTECT, related_name="parcel_lines")
    units = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.units} × {self.line_id}"


class ParcelRefund(DueRow):
    """A parcel is lost: its reader gets the money of it back, at whose cost an operator has said; or nobody collected
    it, and the shop that sold it has its copies again. As a due row: the task, taken up by the step `refund_lost` of
    the payments."""

    class Bearer(models.TextChoices):
        SHOP = "shop", _("the shop that sold it")
        NETWORK = "network", _("the network")

    parcel = models.OneToOneField(Parcel, on_delete=models.PROTECT, related_name="refund")
    borne_by = models.CharField(max_length=8, choices=Bearer.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(null=True, blank=True)
    amount_minor = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"refund of {self.parcel}"
