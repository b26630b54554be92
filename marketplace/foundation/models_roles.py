"""What an operator may do on the board."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    CATALOGUE = "catalogue", pgettext_lazy("a role", "Catalogue")
    ORDERS = "orders", _("Orders and support")
    MONEY = "money", pgettext_lazy("board", "Money")
    ADMINISTRATION = "administration", _("Administration")


class OperatorRoles(models.Model):
    """The roles of one operator. Who has no row has none, but for those made at the machine: superusers have all."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="operator_roles")
    roles = models.JSONField(default=list, help_text='["catalogue", "money"]')

    def __str__(self) -> str:
        return f"{self.user_id}: {', '.join(self.roles)}"
