"""What a shop was told is wrong with one of its lists."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class FeedTrouble(models.Model):
    """From when it was seen until it is over: so a shop hears of it once, not with each reading."""

    class Kind(models.TextChoices):
        FAILED = "failed", _("It cannot be read")
        AWAITING = "awaiting", _("It waits for your approval")
        LATE = "late", _("It is older than promised")

    feed = models.ForeignKey("catalog_sync.Feed", on_delete=models.CASCADE, related_name="troubles")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["feed", "kind"], condition=models.Q(ended_at=None), name="trouble_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.feed}: {self.kind} since {self.began_at:%Y-%m-%d %H:%M}"
