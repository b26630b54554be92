"""Who signed in, from where, and until when somebody may still work without a second factor."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SignIn(models.Model):
    """One try that somebody made for an account, good or not. Tries for addresses that nobody has are not kept."""

    class Outcome(models.TextChoices):
        IN = "in", _("Signed in")
        PASSWORD = "password", _("Wrong password")
        FACTOR = "factor", _("Wrong code of the second factor")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    how = models.CharField(max_length=40, blank=True, help_text='As allauth names it: "password totp".')
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=200, blank=True, help_text="As it names itself.")
    # A keyed hash of the browser's cookie and the account: it says "the same as then" and nothing else.
    browser_key = models.CharField(max_length=22, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-at"], name="sign_in_of"),
            models.Index(fields=["at"], name="sign_in_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.outcome} {self.at:%Y-%m-%d %H:%M}"


class SecondFactorGrace(models.Model):
    """Until when a person whom a second factor is asked of may work without: begun at their first visit behind such a
    door, over as soon as they had one."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor_grace")
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} until {self.ends_at:%Y-%m-%d}"
