"""By which rules another shop is chosen, and what was decided by them."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class RoutingRules(models.Model):
    """One version; the last one counts. Versions are never changed: what was decided by one can be looked at again."""

    links = models.JSONField(help_text='Names of `routing_rules.LINKS` in their order: ["confidence", "price"].')
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk}: {', '.join(self.links)}"


class RouteDecision(models.Model):
    """Who was asked for what a shop lacked, out of whom and why; or that nobody could be."""

    rerouting = models.ForeignKey("shops.Rerouting", on_delete=models.PROTECT, related_name="decisions")
    shop_order = models.OneToOneField(
        "shops.ShopOrder",
        null=True,
        on_delete=models.PROTECT,
        related_name="decision",
        help_text="Made of it.",
    )
    rules = models.ForeignKey(RoutingRules, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_index=True)
    # As `routing_rules.Candidate` has them, and [{"link": …, "left": [shop, …]}] of each link that left fewer.
    candidates = models.JSONField(default=list)
    steps = models.JSONField(default=list)
    left_out = models.JSONField(default=list, help_text='[{"shop": …, "why": "way"}]: it has a copy, and could not.')

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.rerouting_id}: {self.shop_order_id}"
