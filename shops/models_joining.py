"""Who asks to join, with what they said and sent; what a shop needs before it is put on sale; whose shop it is."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models_downloads import private_storage
from shops.models_shop import Shop


class Business(models.Model):
    """Who sells, as the law knows them. Its shops share these facts: `shops.businesses` keeps them the same."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("A company, association or cooperative")
        INDIVIDUAL = "individual", _("A person in their own name")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    legal_name = models.CharField(max_length=160)
    registration = models.CharField(max_length=80, blank=True)
    tax_registered = models.BooleanField(default=True)
    tax_number = models.CharField(max_length=20, blank=True)
    qst_number = models.CharField(max_length=16, blank=True)
    is_professional = models.BooleanField(default=True, help_text="Sells as a trader; a company always does.")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "businesses"

    def __str__(self) -> str:
        return self.legal_name


class Application(models.Model):
    """A shop that wants to join. What is asked of a company and of a person: Regulation (EU) 2022/2065, article 30;
    Directive (EU) 2021/514, annex V, section II B (DAC7)."""

    class State(models.TextChoices):
        NEW = "new", _("E-mail address not confirmed yet")
        APPLIED = "applied", _("To look at")
        ASKED = "asked", _("Waits for an answer of the applicant")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    kind = models.CharField(max_length=10, choices=Business.Kind.choices)
    name = models.CharField(max_length=120)
    shop_kind = models.CharField(max_length=12, choices=Shop.Kind.choices, default=Shop.Kind.BOOKS)
    legal_name = models.CharField(max_length=160, blank=True)
    registration = models.CharField(max_length=80, blank=True)
    contact_name = models.CharField(max_length=120)
    born_on = models.DateField(null=True, blank=True)
    # What readers must be told before they buy: Directive 2011/83/EU, article 6a (1) (b).
    is_professional = models.BooleanField(default=True, help_text="Sells as a trader; a company always does.")
    tax_registered = models.BooleanField(default=True)
    tax_number = models.CharField(max_length=20, blank=True)
    qst_number = models.CharField(max_length=16, blank=True)
    line1 = models.CharField(max_length=160)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=16)
    country = models.CharField(max_length=2)
    email = models.EmailField()
    phone = models.CharField(max_length=40)
    website = models.URLField(max_length=200, blank=True)
    branches = models.PositiveSmallIntegerField(default=1)
    system = models.CharField(max_length=120, blank=True)
    note = models.TextField(max_length=3000, blank=True)
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    # Of an owner who has a shop here already: another one of the same business.
    business = models.ForeignKey(Business, null=True, blank=True, on_delete=models.PROTECT, related_name="applications")
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    shop = models.OneToOneField(Shop, null=True, on_delete=models.SET_NULL, related_name="application")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ["-changed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="company") & ~Q(legal_name="") & ~Q(registration="") | Q(kind="individual"),
                name="application_of_a_company_is_named",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.APPLIED, self.State.ASKED}

    @property
    def takes_papers(self) -> bool:
        """Until its shop is on sale: whoever approved it may have asked for one more."""
        joins = self.state == self.State.APPROVED and self.shop is not None and self.shop.status == Shop.Status.DRAFT
        return self.is_open or joins


class ApplicationMessage(models.Model):
    """Said by the applicant (`author` empty) or by an operator."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="messages")
    at = models.DateTimeField()
    author = models.CharField(max_length=254, blank=True)
    text = models.TextField(max_length=3000)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.application_id} {self.at:%Y-%m-%d} {self.author or 'applicant'}"


def document_path(document: ApplicationDocument, name: str) -> str:
    """A name of ours: the sender's is kept in `name` and never becomes a path."""
    return f"applications/{document.application_id}/{secrets.token_hex(16)}"


class ApplicationDocument(models.Model):
    """A paper that the applicant sent. Kept where no address leads; the board alone gives it out, as a download."""

    class Kind(models.TextChoices):
        IDENTITY = "identity", _("Identity card or passport")
        REGISTRATION = "registration", _("Extract of the register")
        TAX = "tax", _("Paper of the tax office")
        BANK = "bank", _("Bank account details")
        OTHER = "other", _("Something else")

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    file = models.FileField(storage=private_storage, upload_to=document_path, max_length=200)
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.name}"


class ChecklistItem(models.Model):
    """A line of the operator's list: with `code`, one that is computed (`shops.onboarding.checklist`), and whether it
    is asked; else words of their own, ticked by hand for each shop."""

    code = models.CharField(max_length=20, blank=True)
    text_fr = models.CharField(max_length=200, blank=True)
    text_en = models.CharField(max_length=200, blank=True)
    is_needed = models.BooleanField(default=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="checklist_code_once"),
            models.CheckConstraint(condition=~Q(code="") | ~Q(text_fr=""), name="checklist_item_says_something"),
        ]

    def __str__(self) -> str:
        return self.code or self.text_fr


class ChecklistTick(models.Model):
    """An operator has seen that it is so."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="checklist_ticks")
    item = models.ForeignKey(ChecklistItem, on_delete=models.CASCADE, related_name="ticks")
    at = models.DateTimeField()
    by = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "item"], name="checklist_tick_once")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.item_id}"


class AgreementWord(models.Model):
    """An owner accepted the network's agreement with its shops; `version` says which words of it."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="agreement_words")
    version = models.CharField(max_length=16)
    at = models.DateTimeField()
    by = models.CharField(max_length=254)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["shop", "version"], name="agreement_word_once")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.version}"
