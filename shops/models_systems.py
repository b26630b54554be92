"""How we are connected to the system in which a shop keeps its stock."""

from __future__ import annotations

import json

from django.db import models

from marketplace.foundation import secrets
from marketplace.foundation.leases import DueRow
from shops.models_shop import Shop


class ShopSystem(DueRow):
    """A shop's own system, which its feed of that kind is read from and its orders are sent to. As a due row: the task
    of trying what was entered, and of hearing what the system says of orders, taken up by the step `hear_systems`."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="systems")
    kind = models.CharField(max_length=30, help_text="A key of shops.systems.SYSTEMS.")
    address = models.CharField(max_length=500)
    options = models.JSONField(
        default=dict, blank=True, help_text="What it asks for beside secrets: a company, a place."
    )
    sealed_secrets = models.TextField(blank=True, default="", editable=False)
    renewing_until = models.DateTimeField(
        null=True, help_text="Somebody exchanges its tokens, until then at the latest."
    )
    made_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True, help_text="What it said of orders is known up to then.")
    again = models.JSONField(
        default=list, blank=True, help_text="Numbers of orders of which it said what could not be done yet."
    )
    heard_there = models.DateTimeField(null=True, help_text="When it was asked that, by its own clock.")
    worked_at = models.DateTimeField(null=True, help_text="When a call of it was last answered well.")
    failing_since = models.DateTimeField(null=True, help_text="Null: the last call was answered well.")
    paused_at = models.DateTimeField(null=True, help_text="Since then it is called seldom, and the shop knows.")
    trouble = models.JSONField(default=dict, blank=True, help_text="Why the last call failed: {code, values}.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "kind"], name="shop_system_once")]

    def __str__(self) -> str:
        return f"{self.shop} {self.kind}"

    @property
    def secrets(self) -> dict[str, str]:
        """What we sign in with, by name. Raises `SecretError`."""
        return json.loads(secrets.open_sealed(self.sealed_secrets, row=self._row)) if self.sealed_secrets else {}

    def sealed(self, plain: dict[str, str]) -> str:
        """As `sealed_secrets` keeps them, for this row alone; the row is stored already."""
        return secrets.seal(json.dumps(plain), row=self._row)

    @property
    def _row(self) -> str:
        return f"{self._meta.label_lower}:{self.pk}"
