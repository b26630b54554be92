"""OwnArticle: what a shop without any system keeps here by hand."""

from __future__ import annotations

from django.db import models

from shops.models import Condition

TYPED = "manual"  # the kind of the feed that such articles are rows of


class OwnArticle(models.Model):
    """An article of a feed of kind `manual`. Its number is the last that somebody typed, and counts as read then; each
    goes on as a push of its feed."""

    feed = models.ForeignKey("catalog_sync.Feed", on_delete=models.CASCADE, related_name="own_articles")
    sku = models.CharField(max_length=64)
    gtin = models.BigIntegerField(null=True)
    title = models.CharField(max_length=300, blank=True, help_text="Empty beside a number that others describe.")
    author = models.CharField(max_length=200, blank=True)
    price_minor = models.BigIntegerField(help_text="In the feed's currency, tax included.")
    condition = models.CharField(max_length=12, choices=Condition.choices, default=Condition.NEW)
    units = models.PositiveIntegerField(help_text="As typed: those put aside for orders among them.")
    counted_at = models.DateTimeField(help_text="The age of the number, on our clock.")
    shelf = models.CharField(max_length=60, blank=True, help_text="Where it stands in the shop.")
    note = models.CharField(max_length=300, blank=True, help_text="On this very copy; readers see it.")
    photo = models.CharField(max_length=100, blank=True, help_text="Its picture for pages, as covers are kept.")
    made_at = models.DateTimeField()
    taken_off_at = models.DateTimeField(null=True, help_text="It stays for copies that are promised; none is sold.")

    class Meta:
        ordering = ["-counted_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["feed", "sku"], name="own_article_once")]

    def __str__(self) -> str:
        return f"{self.feed_id}:{self.sku}"
