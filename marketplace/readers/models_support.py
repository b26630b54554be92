"""An operator looks at the pages of somebody else, to help; and who let them do more than look."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SupportGrant(models.Model):
    """A person lets operators act in their place until a moment: on the pages of one shop, or, without one, on those
    of their own account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="support_grants")
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.CASCADE, related_name="support_grants")
    given_at = models.DateTimeField()
    until = models.DateTimeField(help_text="Taken back: the moment of that.")

    def __str__(self) -> str:
        return f"{self.user_id} until {self.until:%Y-%m-%d %H:%M}"


class SupportVisit(models.Model):
    """An operator sees what `user` sees: the pages of one shop, or, without one, those of the account."""

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="support_visits")
    shop = models.ForeignKey("shops.Shop", null=True, on_delete=models.PROTECT, related_name="support_visits")
    reason = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="When it is over by itself, or was ended.")

    class Meta:
        indexes = [
            models.Index(fields=["user", "-started_at"], name="visits_of_a_person"),
            models.Index(fields=["shop", "-started_at"], name="visits_of_a_shop"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(operator=models.F("user")), name="visit_of_somebody_else")
        ]

    def __str__(self) -> str:
        return f"{self.operator_id} at {self.user_id} since {self.started_at:%Y-%m-%d %H:%M}"


class SupportDeed(models.Model):
    """Something that was changed, or was tried to be, during a visit."""

    visit = models.ForeignKey(SupportVisit, on_delete=models.PROTECT, related_name="deeds")
    at = models.DateTimeField()
    address = models.CharField(max_length=300, help_text="Of the page, without what follows a question mark.")
    allowed = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.address}"
