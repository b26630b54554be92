"""Who is asked to act for a shop."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from shops.models_shop import Shop, ShopMember


class Invitation(models.Model):
    """A person is asked by mail to act for a shop. The link's key is nowhere stored (`shops.team.key_of`); it opens
    once, for whoever is signed in with that address, confirmed."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=ShopMember.Role.choices)
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="shop_invitations"
    )
    ends_at = models.DateTimeField(help_text="From then on the link opens nothing.")
    ended_at = models.DateTimeField(null=True, help_text="When it was accepted or taken back.")
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="accepted_shop_invitations"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "email"], condition=models.Q(ended_at=None), name="one_open_invitation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.shop}, {self.role})"
