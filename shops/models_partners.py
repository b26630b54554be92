"""Partners: who sends readers here, by a signed link or a widget, and gets a share of what they buy."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Partner(models.Model):
    """Its share is said by a commission rule, frozen with each line, and booked to its own account in the ledger when
    the shop earns. Paid by bank where it has given an account."""

    name = models.CharField(max_length=120, unique=True)
    contact = models.CharField(max_length=120, blank=True)
    email = models.EmailField()
    address = models.TextField(max_length=500, blank=True, help_text="As its statement names it.")
    active = models.BooleanField(default=True, help_text="While not, its links count for nobody.")
    holder = models.CharField(max_length=70, blank=True)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    account_changed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(iban="") | Q(account_changed_at__isnull=False), name="partner_account_dated"
            )
        ]

    def __str__(self) -> str:
        return self.name
