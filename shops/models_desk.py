"""What staff press at the desk: kept as rows, so that it can be undone, and sent again without being done twice."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from marketplace.foundation.leases import DueRow
from shops.models_orders import ShopOrder, ShopOrderLine
from shops.models_shop import Shop


class DeskAction(DueRow):
    """One press. Held back (`shops/orders/held.py`) it is due half a minute later and carried out by the step
    `do_desk_actions`; until then it can be undone. `once` comes from the form: pressed twice, or sent again when the
    line is back, it is the same row."""

    class Deed(models.TextChoices):
        ACCEPT = "accept"
        DECLINE = "decline"
        OFFER = "offer"
        PACK = "pack"
        HAND_OVER = "hand_over"
        PICK = "pick"
        PUT_BACK = "put_back"

    once = models.CharField(max_length=60, unique=True)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    shop_order = models.ForeignKey(ShopOrder, on_delete=models.PROTECT, related_name="desk_actions")
    line = models.ForeignKey(
        ShopOrderLine, null=True, on_delete=models.PROTECT, related_name="+", help_text="Null: all."
    )
    deed = models.CharField(max_length=10, choices=Deed.choices)
    asked = models.JSONField(
        default=dict, help_text="units, reason, note, left, carrier, tracking, and what is offered: as the deed needs."
    )
    version = models.PositiveIntegerField(help_text="Of the order as it is once what was pressed before is done.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    in_place_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+",
        help_text="The operator who pressed it on a visit of support, as `by` would.",
    )  # fmt: skip
    language = models.CharField(max_length=10)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, help_text="Why it could not be done, for those who pressed.")
    seen_at = models.DateTimeField(null=True, help_text="When somebody said that they had read that.")

    class Meta:
        indexes = [
            models.Index(fields=["shop"], condition=models.Q(due_at__isnull=False), name="desk_action_waits"),
            models.Index(
                fields=["shop"],
                condition=models.Q(failed_at__isnull=False, seen_at=None),
                name="desk_action_came_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deed} {self.shop_order_id}"
