"""What each shop has to do at present, kept as one row so that a decision need not count orders."""

from __future__ import annotations

from django.db import models


class ShopLoad(models.Model):
    """As `shops.load` last measured it."""

    shop = models.OneToOneField("shops.Shop", on_delete=models.CASCADE, primary_key=True, related_name="load")
    open_orders = models.PositiveIntegerField(default=0, help_text="To be answered or packed.")
    orders_today = models.PositiveIntegerField(default=0, help_text="Since midnight in the shop's time zone.")
    declined_share = models.FloatField(default=0, help_text="Of the units it was asked for in the last 90 days.")
    routed_units = models.PositiveIntegerField(default=0, help_text="That the network gave it in the last 30 days.")

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.open_orders}"
