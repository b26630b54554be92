"""What the network keeps of a sale: its rules, and what was agreed for each line when it was sold."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

THEMA_CODE = RegexValidator(r"^[A-Z0-9-]*$", _("Write a Thema code or its beginning, as in FB or YF."))


class SoldForm(models.TextChoices):
    """The three kinds of thing for which a commission may differ."""

    DIGITAL = "digital", _("Digital")
    PRINTED = "printed", _("Printed")
    OTHER = "other", _("Anything else")


class SoldBy(models.TextChoices):
    """The way by which a sale came."""

    WEB = "web", _("The site")
    WIDGET = "widget", _("A widget on another site")
    REFERRAL = "referral", _("A partner's link")
    API = "api", _("A program")


class CommissionRule(models.Model):
    """What the network keeps of the lines that it fits. An empty condition fits everything; which rule wins where
    several fit is said in `commission.specificity`. Once it was in force it is never changed: it ends, another
    begins."""

    label = models.CharField(max_length=80)
    shop = models.ForeignKey("shops.Shop", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(
        max_length=20, blank=True, validators=[THEMA_CODE], help_text="The beginning of a title's first Thema code."
    )
    form = models.CharField(max_length=8, choices=SoldForm.choices, blank=True)
    channel = models.CharField(max_length=8, choices=SoldBy.choices, blank=True)
    partner = models.ForeignKey(
        "shops.Partner", null=True, blank=True, on_delete=models.PROTECT, related_name="rules",
        help_text="Fits what this partner brought.",
    )  # fmt: skip
    turnover_minor = models.PositiveBigIntegerField(
        default=0, help_text="Fits shops that sold at least this much in the calendar month before."
    )
    basis_points = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(5000)])
    flat_minor = models.PositiveIntegerField(null=True, blank=True, help_text="For each unit, instead of a rate.")
    floor_minor = models.PositiveIntegerField(null=True, blank=True, help_text="At least, for each unit.")
    cap_minor = models.PositiveIntegerField(null=True, blank=True, help_text="At most, for each unit.")
    partner_basis_points = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(5000)],
        help_text="Of the goods, to the partner who brought the sale; out of the commission, and never more than it.",
    )  # fmt: skip
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="From then on it fits nothing.")

    class Meta:
        ordering = ["-begins_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis_points=None, flat_minor__isnull=False)
                | Q(basis_points__isnull=False, flat_minor=None),
                name="commission_rate_or_flat",
            ),
            models.CheckConstraint(
                condition=Q(floor_minor=None) | Q(cap_minor=None) | Q(floor_minor__lte=F("cap_minor")),
                name="commission_floor_below_cap",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def partner_percent(self) -> Decimal:
        return Decimal(self.partner_basis_points) / 100

    @property
    def percent(self) -> Decimal | None:
        """Its rate as it is shown: 1250 basis points are 12.5."""
        return None if self.basis_points is None else Decimal(self.basis_points) / 100


class LineCommission(models.Model):
    """The commission of one shop order line as it was agreed at sale, for all of its units: frozen by placing, so that
    a rule changed later changes no sale. `rule` is empty where the shop's own rate or the network's was taken."""

    line = models.OneToOneField(
        "shops.ShopOrderLine", primary_key=True, on_delete=models.PROTECT, related_name="commission"
    )
    rule = models.ForeignKey(CommissionRule, null=True, on_delete=models.PROTECT, related_name="lines")
    basis_points = models.PositiveIntegerField(null=True)
    flat_minor = models.PositiveIntegerField(null=True)
    amount_minor = models.PositiveIntegerField()
    partner = models.ForeignKey("shops.Partner", null=True, on_delete=models.PROTECT, related_name="lines")
    partner_minor = models.PositiveIntegerField(default=0, help_text="Of the amount, the partner's share.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=F("partner_minor")), name="commission_partner_fits")
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.amount_minor}"
