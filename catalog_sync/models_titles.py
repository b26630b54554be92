"""TitleBlock, PutOff, FoldDue, Lookup, TitleMove, PinnedArticle: which title an article is, and what is still to be
done about titles."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class TitleBlock(models.Model):
    """By which a title is found that an article without a number may be: written by `candidates.py` alone, derived
    from title and contributors, and made again where it is missing."""

    pk = models.CompositePrimaryKey("key", "product_id")
    key = models.BigIntegerField(help_text="Hash of one of describing.block_keys.")
    product_id = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.product_id}"


class PutOff(models.Model):
    """A question for the operator that is not shown until then."""

    feed = models.ForeignKey("catalog_sync.Feed", on_delete=models.CASCADE, related_name="+")
    sku = models.CharField(max_length=128)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "sku"], name="put_off_once")]

    def __str__(self) -> str:
        return f"{self.feed_id}:{self.sku}"


class FoldDue(models.Model):
    """A title of which a source has gone: taken up by the step `fold_again`."""

    product_id = models.BigIntegerField(db_index=True)
    marked_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.product_id)


class Lookup(DueRow):
    """A title of which we know nothing but its ISBN or EAN: asked of the bibliographic service by the step `look_up`.
    What it answers is one more source of the fold; that it knows nothing is remembered too."""

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="lookup"
    )
    asked_at = models.DateTimeField(null=True, help_text="When the service last answered.")
    title = models.CharField(max_length=300, blank=True, help_text="Empty: the service does not know it.")
    facts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.product_id} {self.title}"


class TitleMove(models.Model):
    """Two titles that a person joined into one, or one parted into two, with what is needed to undo it exactly."""

    class Kind(models.TextChoices):
        JOIN = "join", _("Joined")
        PART = "part", _("Parted")

    kind = models.CharField(max_length=4, choices=Kind.choices)
    # What moved went from the one to the other. No keys: a title that is gone takes no history along.
    from_product_id = models.BigIntegerField(db_index=True)
    to_product_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    before = models.JSONField(help_text="What was moved and what was written over: catalog_sync.titles.moves.")
    undone_at = models.DateTimeField(null=True, db_index=True)
    undone_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["at"], name="move_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.from_product_id} → {self.to_product_id}"


class PinnedArticle(models.Model):
    """A person parted this article from the title that its number names: the number alone brings it back no more."""

    stock_record = models.OneToOneField(
        "partner.StockRecord", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )

    def __str__(self) -> str:
        return str(self.stock_record_id)
