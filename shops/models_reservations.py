"""Copies that a reader has set aside in a shop without paying."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from shops.models_shop import Shop
from shops.models_stock import Condition

MOST_OPEN = 3
"""Reservations that one reader, known by their e-mail address, may have at the same time in all shops."""


class Reservation(DueRow):
    """Copies kept for a reader who pays at the counter: held by the same guarded statement as a checkout's, until it is
    sold, given up by either side, or its time is over. As a due row: the reminder, then the release."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for your confirmation")
        OPEN = "open", _("The shop sets it aside")
        KEPT = "kept", _("Set aside for you")
        SOLD = "sold", _("Paid in the shop")
        RELEASED = "released", _("Given up by the shop")
        CANCELLED = "cancelled", _("Given up by you")
        EXPIRED = "expired", _("Its time is over")

    class PaidWith(models.TextChoices):
        CASH = "cash", _("Cash")
        TERMINAL = "terminal", _("The shop’s card terminal")

    token = models.CharField(max_length=43, unique=True, help_text="Unguessable; in the reader's addresses.")
    state = models.CharField(max_length=10, choices=State.choices)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="reservations")
    stock_record = models.ForeignKey("partner.StockRecord", null=True, on_delete=models.SET_NULL, related_name="+")
    product = models.ForeignKey("catalogue.Product", null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=255)
    sku = models.CharField(max_length=128)
    gtin = models.BigIntegerField(null=True)
    condition = models.CharField(max_length=12, choices=Condition.choices, default=Condition.NEW)
    units = models.PositiveSmallIntegerField()
    age_years = models.PositiveSmallIntegerField(
        default=0, help_text="The reader has stated to be at least so old: whoever hands it over looks."
    )
    unit_price_minor = models.PositiveIntegerField(help_text="As shown when it was reserved; paid at the counter.")
    currency = models.CharField(max_length=3)
    code = models.CharField(max_length=12, help_text="What the reader tells at the counter.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="reservations"
    )
    email = models.EmailField()
    name = models.CharField(max_length=160)
    language = models.CharField(max_length=2)
    asked_from = models.CharField(
        max_length=43, blank=True, help_text="Until it is confirmed: where it was asked from, as a key; no address."
    )
    # Which of the places that its e-mail address has; free again once it is over.
    place = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField(null=True, blank=True, help_text="Its commission, once it was paid in the shop.")
    paid_with = models.CharField(max_length=8, choices=PaidWith.choices, blank=True, help_text="Once it is sold.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(units__gt=0), name="reservation_units_positive"),
            models.CheckConstraint(condition=models.Q(place__gte=1, place__lte=MOST_OPEN), name="reservation_place"),
            models.UniqueConstraint(
                fields=["email", "place"], condition=models.Q(ended_at=None), name="reservation_one_per_place"
            ),
        ]
        indexes = [
            models.Index(fields=["shop"], condition=models.Q(ended_at=None), name="reservation_running"),
            models.Index(fields=["state", "paid_with"], condition=models.Q(booked_at=None), name="reservation_to_book"),
        ]

    def __str__(self) -> str:
        return f"{self.units} × {self.title} ({self.state})"

    @property
    def key(self) -> str:
        """What its copies are held under."""
        return f"reservation:{self.pk}"

    @property
    def total_minor(self) -> int:
        return self.units * self.unit_price_minor

    @property
    def condition_label(self) -> str:
        return str(Condition(self.condition).label)
