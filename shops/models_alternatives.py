"""What a shop offers a reader in the place of what it cannot hand over as it was ordered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models_orders import ShopOrderLine
from shops.models_rerouting import Rerouting
from shops.models_shop import Shop


class Alternative(models.Model):
    """Another article of the shop, or the same one later, for units that it has declined with this offer. Until the
    reader has said yes or no, or `answer_by` is over, their rerouting waits: nobody else is looked for, and their money
    is neither taken nor given back. On the shelf, copies are held under `key` meanwhile."""

    class Kind(models.TextChoices):
        OTHER = "other", _("Another article")
        LATER = "later", _("The same, later")

    class State(models.TextChoices):
        OPEN = "open", _("The reader has not answered yet")
        TAKEN = "taken", _("Taken")
        REFUSED = "refused", _("Not taken")
        LAPSED = "lapsed", _("Not answered in time")
        RECALLED = "recalled", _("Taken back by the shop")

    rerouting = models.OneToOneField(Rerouting, on_delete=models.PROTECT, related_name="alternative")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="alternatives")
    line = models.ForeignKey(ShopOrderLine, on_delete=models.PROTECT, related_name="alternatives")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    units = models.PositiveIntegerField()
    stock_record = models.ForeignKey("partner.StockRecord", null=True, on_delete=models.SET_NULL, related_name="+")
    product = models.ForeignKey("catalogue.Product", null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=255)
    unit_price_minor = models.PositiveIntegerField(help_text="One unit as shown to the reader.")
    total_minor = models.PositiveIntegerField(
        help_text="What the reader would pay for all of the rerouting: never more than they agreed to."
    )
    expected_on = models.DateField(null=True, help_text="Of what comes later: when the shop has it.")
    looks_elsewhere = models.BooleanField(
        default=False, help_text="Not taken, another shop is looked for: agreed to at the checkout, or asked for since."
    )
    offered_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, help_text="By the reader, or when the time was over.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="alternative_units_some")]

    def __str__(self) -> str:
        return f"{self.units} × {self.title} ({self.state})"

    @property
    def key(self) -> str:
        """Under which its copies are held."""
        return f"alternative:{self.pk}"
