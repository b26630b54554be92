"""PriceRule: what a shop sells for where that is not what its list says. PriceTask: the task of pricing anew."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class PriceRule(models.Model):
    """Of the articles that fit all it names, another price than the list's. The first of a shop's rules that fits an
    article counts, the others do not. `catalog_sync.pricing` works the prices out; decision 0032 says where."""

    class Worn(models.TextChoices):
        NEW = "new", _("New")
        USED = "used", _("Used")

    class Rounding(models.TextChoices):
        NONE = "", _("Not rounded")
        FIVE = "05", _("Rounded to five hundredths (12.85)")
        NINETY_FIVE = "95", _("Rounded to .95 (12.95)")
        WHOLE = "whole", _("Rounded to whole amounts (13.00)")

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="price_rules")
    place = models.PositiveSmallIntegerField(help_text="In the order in which they are tried.")
    subject = models.CharField(max_length=12, blank=True, help_text="What a Thema code begins with; empty: any.")
    publisher = models.CharField(max_length=200, blank=True, help_text="As readers see it; empty: any.")
    worn = models.CharField(max_length=4, choices=Worn.choices, blank=True, help_text="Empty: new and used.")
    feed = models.ForeignKey(
        "catalog_sync.Feed", null=True, on_delete=models.CASCADE, related_name="+", help_text="Null: any list."
    )
    change_bp = models.SmallIntegerField(default=0, help_text="Hundredths of a per cent, below 0: cheaper.")
    change_minor = models.IntegerField(default=0, help_text="Besides, after it; below 0: cheaper.")
    rounding = models.CharField(max_length=5, choices=Rounding.choices, blank=True)
    floor_minor = models.PositiveIntegerField(default=0, help_text="No article that it names is sold for less.")

    class Meta:
        ordering = ["place", "pk"]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.change_bp} bp, {self.change_minor} minor, {self.rounding or 'not rounded'}"


class PriceTask(DueRow):
    """Due at once when a shop's rules change, and again and again while it has some, for what others say of its
    titles."""

    shop = models.OneToOneField("shops.Shop", on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"prices of {self.shop_id}"
