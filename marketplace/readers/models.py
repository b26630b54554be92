"""What a reader with an account keeps beside their lists (which are Oscar's): searches, and what to be told of."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from marketplace.readers.models_consent import Consent
from marketplace.readers.models_sign_in import SecondFactorGrace, SignIn
from marketplace.readers.models_support import SupportDeed, SupportGrant, SupportVisit
from search.availability import Place

__all__ = [
    "Alert",
    "Consent",
    "ReviewReport",
    "SavedSearch",
    "SecondFactorGrace",
    "SignIn",
    "SupportDeed",
    "SupportGrant",
    "SupportVisit",
]


class SavedSearch(models.Model):
    """A search by its address's parameters, as `search.forms.Choices.parameters` writes them."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=120)
    parameters = models.CharField(max_length=1500)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["-saved_at", "-pk"]
        verbose_name_plural = "saved searches"
        constraints = [models.UniqueConstraint(fields=["reader", "parameters"], name="saved_search_once")]

    def __str__(self) -> str:
        return self.name


class Alert(DueRow):
    """ "Tell me when a shop has it": a title, where, and at which price; looked at by the step `watch_alerts`. A mail
    is written each time that the wish comes true after it was not."""

    class Where(models.TextChoices):
        ANYWHERE = "anywhere", _("In any shop")
        NEAR = "near", _("Near me")
        SHOP = "shop", _("In one shop")

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="title_alerts")
    product = models.ForeignKey("catalogue.Product", on_delete=models.CASCADE, related_name="title_alerts")
    where = models.CharField(max_length=10, choices=Where.choices, default=Where.ANYWHERE)
    shop = models.ForeignKey("shops.Shop", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    place = models.CharField(max_length=80, blank=True)
    radius_km = models.PositiveSmallIntegerField(null=True, blank=True)
    used_only = models.BooleanField(default=False)
    most_minor = models.PositiveIntegerField(null=True, blank=True, help_text="In the network's currency.")
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, help_text="Of its mails.")
    created_at = models.DateTimeField()
    is_met = models.BooleanField(default=False)
    unmet_since = models.DateTimeField(null=True, blank=True, help_text="Met before, and not seen since.")
    told = models.PositiveIntegerField(default=0, help_text="How often its reader was told.")

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(where="anywhere")
                | models.Q(where="shop", shop__isnull=False)
                | models.Q(where="near", latitude__isnull=False, longitude__isnull=False, radius_km__isnull=False),
                name="alert_says_where",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reader} wants {self.product_id} ({self.where})"

    @property
    def around(self) -> Place | None:
        """Where "near" is."""
        if self.latitude is None or self.longitude is None or self.radius_km is None:
            return None
        return Place(latitude=self.latitude, longitude=self.longitude, label=self.place, radius_km=self.radius_km)


class ReviewReport(models.Model):
    """Somebody says that a review should not stand. It stays until an operator has looked at it."""

    class Reason(models.TextChoices):
        ABUSE = "abuse", _("It insults or threatens somebody")
        ADVERT = "advert", _("It advertises something")
        ELSEWHERE = "elsewhere", _("It is not about this title")
        SPOILER = "spoiler", _("It gives the end away")
        OTHER = "other", _("Something else")

    review = models.ForeignKey("reviews.ProductReview", on_delete=models.CASCADE, related_name="reports")
    by = models.CharField(max_length=40, help_text="Who, as marketplace.readers.reviews.reporter writes it.")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["review", "by"], name="review_report_once")]
        indexes = [
            models.Index(fields=["review"], condition=models.Q(settled_at__isnull=True), name="review_report_open")
        ]

    def __str__(self) -> str:
        return f"{self.review_id}: {self.reason}"
