"""What a shop could not hand over and another shop may."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from marketplace.foundation.leases import DueRow
from shops.models_orders import ShopOrder, ShopOrderLine


class Rerouting(DueRow):
    """Units that a shop said are missing, while another shop is looked for; taken up by the step `reroute`. Until it is
    decided their money is neither given back nor taken. `is_whole`: the reader wants all of them or none."""

    class Outcome(models.TextChoices):
        LOOKING = "looking", "Another shop is looked for"
        MOVED = "moved", "Another shop supplies them, or some of them"
        NOBODY = "nobody", "No other shop can"

    shop_order = models.ForeignKey(ShopOrder, on_delete=models.PROTECT, related_name="reroutings")
    spoken_of = models.ForeignKey(
        ShopOrderLine, on_delete=models.PROTECT, related_name="+", help_text="The line of which the shop said it."
    )
    is_whole = models.BooleanField(default=False)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.LOOKING, db_index=True)
    declined_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.shop_order} {self.outcome}"


class ReroutedUnits(models.Model):
    """Of one line, what was missing at one time, and where it went. `agreed_minor`: what the reader was to pay for
    these units, their share of the delivery included; never more is asked for them elsewhere."""

    rerouting = models.ForeignKey(Rerouting, on_delete=models.PROTECT, related_name="parts")
    line = models.ForeignKey(ShopOrderLine, on_delete=models.PROTECT, related_name="reroutings")
    units = models.PositiveIntegerField()
    agreed_minor = models.PositiveIntegerField()
    moved_to = models.OneToOneField(ShopOrderLine, null=True, on_delete=models.PROTECT, related_name="moved_from")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="rerouted_units_some")]

    def __str__(self) -> str:
        return f"{self.units} × {self.line_id}"
