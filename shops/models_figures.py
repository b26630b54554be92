"""What a shop may learn from: how it answered, and what was asked near it in vain."""

from __future__ import annotations

from django.db import models

from shops.models_shop import Shop


class ShopFigures(models.Model):
    """As `shops.figures` last measured a shop over so many days."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="figures")
    days = models.PositiveSmallIntegerField()
    measured_at = models.DateTimeField()
    figures = models.JSONField(help_text="As shops.figures.Figures has them.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "days"], name="shop_figures_once")]

    def __str__(self) -> str:
        return f"{self.shop_id} over {self.days} days"


class SearchMiss(models.Model):
    """A title that was looked for on one day in one square of a tenth of a degree, and that no shop near had. Nothing
    in it says by whom, nor at what hour. Written by `search.misses` alone."""

    query = models.CharField(max_length=100, help_text="Folded words, or an ISBN-13.")
    day = models.DateField()
    latitude_tenths = models.SmallIntegerField()
    longitude_tenths = models.SmallIntegerField()
    product_id = models.BigIntegerField(
        default=0, help_text="The title that was found, though nobody near had it; 0: none."
    )
    times = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["latitude_tenths", "longitude_tenths"], name="search_miss_where")]
        constraints = [
            models.UniqueConstraint(
                fields=["query", "day", "latitude_tenths", "longitude_tenths", "product_id"], name="search_miss_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.query} × {self.times}"
