"""Network (the one row), postcodes, the mail outbox; the audit trail is in `models_trail`."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow
from marketplace.foundation.models_roles import OperatorRoles, Role
from marketplace.foundation.models_shared import SharedEntry
from marketplace.foundation.models_trail import AuditEnd, AuditEntry, AuditLink, AuditRoot

__all__ = [
    "AuditEnd",
    "AuditEntry",
    "AuditLink",
    "AuditRoot",
    "MailMessage",
    "Network",
    "OperatorRoles",
    "Postcode",
    "Role",
    "SharedEntry",
]

COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}$", "A colour is written #rrggbb.")

TILES = RegexValidator(
    r"^https://[a-z0-9.-]+(:[0-9]+)?/(?=\S*\{z\})(?=\S*\{x\})(?=\S*\{y\})\S+$",
    _("Write an https address with {z}, {x} and {y}, as in https://tiles.example.org/{z}/{x}/{y}.png."),
)


CATALOGUE = RegexValidator(
    r"^https://[a-z0-9.-]+(:[0-9]+)?/(?=\S*\{(?:query|isbn)\})[^\s{}]*(?:\{(?:query|isbn)\}[^\s{}]*)+$",
    _("Write an https address with {query} or {isbn}, as in https://catalogue.example.org/search?q={query}."),
)


class Network(models.Model):
    """The marketplace itself: one row, read through `foundation.network.current()`, edited on a page."""

    name = models.CharField(max_length=80, default="Halles")
    tagline_fr = models.CharField(max_length=160, blank=True)
    tagline_en = models.CharField(max_length=160, blank=True)
    logo = models.ImageField(upload_to="network/", blank=True)
    colour = models.CharField("Main colour, light", max_length=7, default="#0d6b4c", validators=[COLOUR])
    colour_dark = models.CharField("Main colour, dark", max_length=7, default="#5cc79c", validators=[COLOUR])
    country = models.CharField(max_length=2, default="CA")
    currency = models.CharField(max_length=3, default="CAD")
    default_language = models.CharField(max_length=2, choices=settings.LANGUAGES, default="fr")
    languages = models.JSONField(default=list, blank=True, help_text='For example ["fr", "en"]; empty means all.')
    sender_name = models.CharField(max_length=80, blank=True)
    sender_email = models.EmailField(default="bonjour@halles.example.org")
    legal_name = models.CharField("Who runs it", max_length=160, blank=True)
    legal_address = models.TextField(blank=True)
    bank_details = models.TextField(blank=True, help_text="Where invoices are paid to, as it is printed on them.")
    terms_fr = models.TextField(blank=True)
    terms_en = models.TextField(blank=True)
    privacy_fr = models.TextField(blank=True)
    privacy_en = models.TextField(blank=True)
    # What the network and a shop agree on; each version that a shop accepted is kept by its digest.
    shop_agreement_fr = models.TextField(blank=True)
    shop_agreement_en = models.TextField(blank=True)
    shop_agreement_changed_at = models.DateTimeField(null=True, blank=True)
    commission_basis_points = models.PositiveIntegerField(default=800, validators=[MaxValueValidator(5000)])
    transfer_delay_days = models.PositiveSmallIntegerField(default=7)
    # Where the map of shops gets its ground from. Empty: from nobody, and a reader's browser asks no third party.
    tile_address = models.CharField(max_length=300, blank=True, validators=[TILES])
    tile_attribution = models.CharField(max_length=200, blank=True)
    # Where a reader looks for what no shop's list has. Empty: nowhere.
    distributor_name = models.CharField(max_length=80, blank=True)
    distributor_address = models.CharField(max_length=300, blank=True, validators=[CATALOGUE])
    new_shop_days = models.PositiveSmallIntegerField("Days for which a shop is new", default=30)
    answer_within_hours = models.PositiveSmallIntegerField("Hours a shop has to answer", default=48)
    shop_sight_days = models.PositiveSmallIntegerField(
        "Days for which a shop still sees whose order it was", default=60, validators=[MinValueValidator(14)]
    )
    # A shop cannot hand a copy over and another one, dearer, can. The reader never pays more than agreed; until an
    # operator has said who bears the difference nobody does, and only who is as cheap takes over.
    reroute_borne_by = models.CharField(
        _("Who bears it when another shop is dearer"),
        max_length=8,
        choices=[("nobody", _("Nobody: then it is given back")), ("shop", _("The shop that could not")),
                 ("network", _("The network"))],
        default="nobody",
    )  # fmt: skip
    reroute_most_minor = models.PositiveIntegerField(
        default=500, help_text="The most that is borne for one shop's part, in minor units."
    )
    # Parcels that one shop carries to another, which hands them to the reader.
    handover_fee_minor = models.PositiveIntegerField(
        _("What a shop gets for a parcel that it hands over for another"),
        default=0,
        help_text="Of the shop that sold it, in minor units; as it is when it is sold.",
    )
    parcel_missing_days = models.PositiveSmallIntegerField(
        _("Days after which a parcel that did not arrive at the other shop is missing"), default=10
    )
    # Whether the audit trail's end of each day is shown to everybody (decision 0030).
    publishes_audit_roots = models.BooleanField(
        _("Publish the audit trail's end of each day"),
        default=False,
        help_text=_("A digest a day, of which nothing can be read: whoever kept it can tell that nothing was changed."),
    )
    refund_two_above_minor = models.PositiveIntegerField(
        default=0, help_text="What an operator gives back of an order above this, another one approves. 0: no limit."
    )
    # Whether tax is in the price or on top of it; how much: `checkout.tax_tables`. Its own numbers are for what it
    # invoices itself, the commission.
    tax_included = models.BooleanField("Prices include tax", default=False)
    tax_registered = models.BooleanField(default=True)
    tax_number = models.CharField(max_length=20, blank=True, help_text="Of GST/HST, or of VAT.")
    qst_number = models.CharField(max_length=16, blank=True, help_text="In Quebec.")

    class Meta:
        verbose_name = "network"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="network_is_one_row")]

    def __str__(self) -> str:
        return self.name


class Postcode(models.Model):
    """Where a postcode is: for countries whose postcodes the gazetteer does not have, filled by `import_postcodes`."""

    country = models.CharField(max_length=2)
    code = models.CharField(max_length=12, help_text="Capitals and digits alone: H2Y1B5.")
    latitude = models.FloatField()
    longitude = models.FloatField()
    town = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country", "code"], name="postcode_once")]

    def __str__(self) -> str:
        return f"{self.country} {self.code} {self.town}"


class MailMessage(DueRow):
    """One mail to one address: written with what caused it, sent by the step `send_mail`."""

    dedupe_key = models.CharField(max_length=200, unique=True)
    to = models.EmailField()
    language = models.CharField(max_length=2)
    kind = models.CharField(max_length=60, help_text="The template's name.")
    about = models.CharField(max_length=60, blank=True, help_text="Of what it is written when it is sent; else empty.")
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    reply_to = models.EmailField(blank=True)
    unsubscribe_url = models.URLField(max_length=300, blank=True, help_text="What ends mails of this kind (RFC 8058).")
    shop = models.ForeignKey("shops.Shop", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    wanted_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was to leave: as it was written, or after quiet hours."
    )
    sent_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"
