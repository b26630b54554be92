"""What a reader sends back: from being asked for until the money has gone back, and by which shop it was received."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from shops.models_downloads import private_storage
from shops.models_orders import ShopOrder, ShopOrderLine
from shops.models_shop import Shop


def photo_name(photo: ReturnPhoto, name: str) -> str:
    """Nothing of what the reader called it becomes a path."""
    return f"returns/{photo.of_id}/{secrets.token_hex(16)}.webp"


class Return(models.Model):
    """Units of one shop order that its reader sends back. Its state changes in `shops/returns/moving.py` alone, by
    compare-and-set; nothing is added to a stock number by it (DESIGN §5)."""

    class Basis(models.TextChoices):
        """By which right: `shops/returns/rights.py`."""

        WITHDRAWAL = "withdrawal", _("Withdrawal, by law")
        TERMS = "terms", _("By the shop's terms")
        FAULT = "fault", _("Something is wrong with it")

    class Reason(models.TextChoices):
        CHANGED = "changed", _("I changed my mind")
        DAMAGED = "damaged", _("It came damaged")
        WRONG = "wrong", _("It is not what I ordered")
        FAULTY = "faulty", _("It has a fault")

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        AGREED = "agreed", _("Agreed, not sent yet")
        SENT = "sent", _("On its way back")
        ARRIVED = "arrived", _("Arrived")
        CHECKED = "checked", _("Checked, money on its way")
        REFUNDED = "refunded", _("Money given back")
        REFUSED = "refused", _("Refused")
        CALLED_OFF = "called_off", _("Called off by the reader")

    class Excepted(models.TextChoices):
        """Why the law gives no right of withdrawal: directive 2011/83/EU, article 16, by its letters."""

        MADE_TO_ORDER = "c", _("Made to the reader's own wishes")
        PERISHABLE = "d", _("Goes off, or expires soon")
        HEALTH = "e", _("Sealed for health or hygiene, and opened")
        MIXED = "f", _("Mixed with other things and not separable")
        SEALED = "i", _("Sealed recording or software, and opened")
        PRESS = "j", _("A newspaper or a magazine")
        DIGITAL = "m", _("A download that was begun")

    number = models.CharField(max_length=48, unique=True, help_text="Of its shop order: 100012-A-R1.")
    shop_order = models.ForeignKey(ShopOrder, on_delete=models.PROTECT, related_name="returns")
    goes_to = models.ForeignKey(
        Shop, on_delete=models.PROTECT, related_name="returns_received",
        help_text="Where the reader sends or brings it: the shop that sold it, or one that receives for others.",
    )  # fmt: skip
    basis = models.CharField(max_length=10, choices=Basis.choices)
    reason = models.CharField(max_length=8, choices=Reason.choices)
    note = models.CharField(max_length=1000, blank=True, help_text="The reader's own words.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED, db_index=True)
    once = models.CharField(max_length=40, unique=True, help_text="Of the form: sent twice it asks once.")
    asked_at = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="As the reader says.")
    tracking = models.CharField(max_length=120, blank=True, help_text="Carrier and number, as the reader says.")
    arrived_at = models.DateTimeField(null=True, blank=True, help_text="At the shop it goes to.")
    forwarded_at = models.DateTimeField(null=True, blank=True, help_text="On from there to the shop that sold it.")
    home_at = models.DateTimeField(null=True, blank=True, help_text="At the shop that sold it.")
    checked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Refunded, refused or called off.")
    desk_note = models.CharField(max_length=300, blank=True, help_text="The shop's words to the reader.")
    place_note = models.CharField(max_length=300, blank=True, help_text="Of the shop that received it, to the seller.")
    excepted = models.CharField(max_length=1, choices=Excepted.choices, blank=True)
    # When the money must be on its way: directive 2011/83/EU, article 13; `shops/returns/rights.py: refund_by`.
    refund_by = models.DateTimeField(null=True, blank=True)
    watch_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When its shop is reminded next; none: of nothing."
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at=None) ^ models.Q(state__in=["refunded", "refused", "called_off"]),
                name="return_ended_fits",
            )
        ]
        indexes = [
            models.Index(fields=["goes_to"], condition=models.Q(home_at=None, ended_at=None), name="return_to_receive")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another shop than the one that sold it receives it."""
        return self.goes_to_id != self.shop_order.shop_id

    @property
    def shop_bears_postage(self) -> bool:
        """What is wrong is the shop's (directive (EU) 2019/771, article 14); else as it says of itself (directive
        2011/83/EU, article 14 (1))."""
        return self.basis == self.Basis.FAULT or self.shop_order.shop.bears_return_postage


class ReturnLine(models.Model):
    """Units of one line. Of those that arrived the shop says how many are as they left it, and how many it pays."""

    of = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(ShopOrderLine, on_delete=models.PROTECT, related_name="returned")
    units = models.PositiveIntegerField()
    good = models.PositiveIntegerField(default=0, help_text="Units that came back as they had left.")
    worn = models.PositiveIntegerField(default=0, help_text="Units that came back otherwise.")
    refunded = models.PositiveIntegerField(default=0, help_text="Units whose money goes back: the shop's word.")
    restocked = models.BooleanField(
        default=False, help_text="The good ones are on its shelf again: its own next number counts them."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["of", "line"], name="return_line_once"),
            models.CheckConstraint(condition=models.Q(units__gte=1), name="return_line_units"),
            models.CheckConstraint(
                condition=models.Q(units__gte=models.F("good") + models.F("worn")), name="return_line_came_fits"
            ),
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("good") + models.F("worn")), name="return_line_paid_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.units} × {self.line_id}"


class ReturnPhoto(models.Model):
    """A picture that its reader gave of it, made anew; it is nobody's but theirs and the shops'."""

    of = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="photos")
    file = models.FileField(storage=private_storage, upload_to=photo_name, max_length=200)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.of_id}: {self.pk}"


class ReturnRefund(DueRow):
    """The task "give the money of a checked return back", taken up by the step `refund_returns` of the money."""

    of = models.OneToOneField(Return, on_delete=models.PROTECT, related_name="refund")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    amount_minor = models.PositiveIntegerField(default=0, help_text="What went back for it in the end.")
    made_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.of)
