"""Our ledger held against the payment provider's books, each night and when asked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class ReconciliationRun(DueRow):
    """One comparison. As a due row it is taken up by the step `reconcile`."""

    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    since = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    agreed = models.PositiveIntegerField(default=0, help_text="Movements that are the same on both sides.")
    differed = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.differed}"


class Difference(models.Model):
    """A movement that is not the same on both sides: an incident, open until a person closes it with a reason. One
    that is closed and differs again in another way opens anew."""

    class Kind(models.TextChoices):
        NOT_BOOKED = "not_booked", _("At the provider, not in the ledger")
        UNKNOWN = "unknown", _("In the ledger, not at the provider")
        AMOUNT = "amount", _("Another amount")

    run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, related_name="opened")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    stripe_id = models.CharField(max_length=80)
    movement = models.CharField(max_length=40, blank=True, help_text="The provider's word for it.")
    currency = models.CharField(max_length=3, blank=True)
    theirs_minor = models.BigIntegerField(null=True)
    ours_minor = models.BigIntegerField(null=True)
    last_seen_at = models.DateTimeField(help_text="When a run last found it; one that agrees by now stays open.")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_id"], condition=models.Q(closed_at=None), name="difference_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | ~models.Q(reason=""), name="difference_closed_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.kind}"
