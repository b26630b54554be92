"""How a shop hears of its order, and of what of it is not wanted any more."""

from __future__ import annotations

from django.db import models

from marketplace.foundation.leases import DueRow
from shops.models_orders import ShopOrder, ShopOrderLine
from shops.models_shop import Shop


class Transmission(DueRow):
    """The task "hand this shop order to its shop", with its tries; taken up by the step `transmit_orders`, one shop at
    a time and in order."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Not sent yet"
        SENT = "sent", "Sent"
        UNKNOWN = "unknown", "Sent perhaps: look it up before sending again"
        WITHDRAWN = "withdrawn", "Taken back whole before it was sent"

    shop_order = models.OneToOneField(ShopOrder, on_delete=models.PROTECT, related_name="transmission")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="transmissions")
    channel = models.CharField(max_length=20)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    reference = models.CharField(max_length=120, blank=True, help_text="The shop system's own number for it.")
    sent_at = models.DateTimeField(null=True, blank=True)
    unbooked = models.JSONField(
        default=list, blank=True, help_text="Numbers of what is not in the shop system's order, but went by mail."
    )
    fell_back_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then by another channel: the shop's own did not take it."
    )
    fell_back_from = models.CharField(max_length=20, blank=True, help_text="The channel that did not take it.")
    perhaps_there = models.BooleanField(
        default=False, help_text="What it fell back from may have it all the same: nobody could ask there."
    )

    def __str__(self) -> str:
        return f"{self.shop_order} by {self.channel}"


class Cancellation(DueRow):
    """Units that the reader took back, did not come for or did not wait for any longer, or of which the shop said
    nothing in time. While the shop
    has been told of the order, its copies stay promised until it says that they are back on its shelf, or its number
    contains them (DESIGN §5). As a due row: the task of telling the shop, taken up by the step `tell_cancellations`;
    not due where the shop never heard of the order."""

    class Cause(models.TextChoices):
        READER = "reader", "The reader took them back"
        NO_ANSWER = "no_answer", "The shop did not answer in time"
        UNCOLLECTED = "uncollected", "The reader did not come for them"
        LATE = "late", "They were not there on their day, and the reader did not wait"

    line = models.ForeignKey(ShopOrderLine, on_delete=models.PROTECT, related_name="cancellations")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="cancellations")
    units = models.PositiveIntegerField()
    cause = models.CharField(max_length=12, choices=Cause.choices, default=Cause.READER)
    cancelled_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    put_back_at = models.DateTimeField(null=True, blank=True, help_text="The shop's word; at once where it never knew.")
    place = models.BigIntegerField(null=True, blank=True, help_text="As `ShopOrder.place`.")

    class Meta:
        indexes = [
            models.Index(fields=["shop"], condition=models.Q(put_back_at=None), name="cancellation_open"),
            models.Index(fields=["shop", "place"], name="cancellation_place"),
        ]

    def __str__(self) -> str:
        return f"{self.units} × {self.line_id}"

    @property
    def key(self) -> str:
        """What its allocations are known by, and what makes telling the shop twice harmless."""
        return f"cancellation:{self.pk}"
