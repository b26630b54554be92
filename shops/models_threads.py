"""What a reader and a shop write to each other, with the network beside them; and what went wrong with an order."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models_downloads import private_storage
from shops.models_orders import ShopOrder
from shops.models_shop import Shop


def attachment_name(attachment: MessageFile, name: str) -> str:
    """Nothing of what its sender called it becomes a path."""
    return f"threads/{secrets.token_hex(16)}.{attachment.kind}"


class Side(models.TextChoices):
    """Who wrote, or reads."""

    READER = "reader", _("The reader")
    SHOP = "shop", _("The shop")
    NETWORK = "network", _("The network")


class Thread(models.Model):
    """One conversation of a reader with a shop: of a shop order, whose reader is the order's, or a question, whose
    reader is `user`, or a guest at `email`. The steps of an order are not written here: `shops/threads/lines.py` reads
    them where they are."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="threads")
    shop_order = models.OneToOneField(
        ShopOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="thread", help_text="None: a question."
    )
    product = models.ForeignKey(
        "catalogue.Product", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="The title that a question is about.",
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Who asked, where they had signed in. Of an order: nobody, the order knows.",
    )  # fmt: skip
    email = models.EmailField(blank=True, help_text="Where the answer to a question goes. Of an order: empty.")
    name = models.CharField(max_length=80, blank=True, help_text="As whoever asked signed.")
    language = models.CharField(max_length=2, choices=settings.LANGUAGES, help_text="The reader's.")
    asked_from = models.CharField(max_length=24, blank=True, help_text="The address asked from, as a key.")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="The reader's address is theirs; before that the shop sees nothing."
    )
    last_at = models.DateTimeField(db_index=True, help_text="Of its last message.")
    waits_since = models.DateTimeField(
        null=True, blank=True, help_text="The reader waits for the shop's answer: since their first word without one."
    )
    # Read marks: the last message that each side has seen.
    seen_by_reader = models.PositiveBigIntegerField(default=0)
    seen_by_shop = models.PositiveBigIntegerField(default=0)
    seen_by_network = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-last_at", "-pk"]
        indexes = [
            models.Index(
                fields=["shop", "waits_since"], name="thread_waits",
                condition=Q(waits_since__isnull=False, confirmed_at__isnull=False),
            ),
            models.Index(fields=["shop", "last_at"], name="thread_of_shop"),
            models.Index(fields=["email", "created_at"], condition=Q(confirmed_at=None), name="thread_unconfirmed"),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=Q(shop_order=None) | Q(email="", user=None, product=None),
                name="thread_of_order_is_its_readers",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.shop_order_id or self.email}"


class Message(models.Model):
    """What one side wrote at once. Never changed; deleted with its thread (`shops/threads/forgetting.py`)."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    side = models.CharField(max_length=8, choices=Side.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="The person, also of the shop's; a guest is nobody.",
    )  # fmt: skip
    by_name = models.CharField(max_length=80, blank=True, help_text="As it is shown.")
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    by_mail = models.BooleanField(default=False)
    waited_since = models.DateTimeField(
        null=True, blank=True, help_text="Of the shop's first answer: since when the reader had waited for it."
    )
    once = models.CharField(max_length=40, unique=True, help_text="Of the form or mail: sent twice it is written once.")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["thread", "side", "at"], name="message_of_side")]

    def __str__(self) -> str:
        return f"{self.thread_id}: {self.side} {self.at:%Y-%m-%d %H:%M}"


class MessageFile(models.Model):
    """A picture, made anew, or a PDF as it came, which is only ever downloaded."""

    class Kind(models.TextChoices):
        PICTURE = "webp", _("Picture")
        PDF = "pdf", "PDF"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    file = models.FileField(storage=private_storage, upload_to=attachment_name, max_length=200)
    name = models.CharField(max_length=100, help_text="To show, and to download it as.")
    size = models.PositiveIntegerField(help_text="Bytes.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class QuickReply(models.Model):
    """An answer that a shop gives often, in both languages."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="quick_replies")
    label = models.CharField(_("What for"), max_length=60)
    text_fr = models.TextField(_("In French"), max_length=2000, blank=True)
    text_en = models.TextField(_("In English"), max_length=2000, blank=True)

    class Meta:
        ordering = ["label", "pk"]
        verbose_name_plural = "quick replies"

    def __str__(self) -> str:
        return self.label

    def text(self, language: str) -> str:
        """In the reader's language where the shop wrote it in that one, else in the other."""
        first, other = (self.text_fr, self.text_en) if language == "fr" else (self.text_en, self.text_fr)
        return first or other


class Incident(models.Model):
    """Something is wrong with an order, until a person says what was done. Past `due_at` it is the network's."""

    class Reason(models.TextChoices):
        NOT_ARRIVED = "not_arrived", _("It has not arrived")
        DAMAGED = "damaged", _("It came damaged")
        WRONG = "wrong", _("It is not what was ordered")
        NOT_AS_DESCRIBED = "described", _("It is not as described")
        OTHER = "other", _("Something else")

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="incidents")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    opened_by = models.CharField(max_length=8, choices=Side.choices)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Until then it is between reader and shop.")
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="Since then it is the network's.")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=8, choices=Side.choices, blank=True)
    closer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    done = models.CharField(max_length=500, blank=True, help_text="What was done about it, in the closer's words.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["thread"], condition=Q(closed_at=None), name="incident_open_once"),
            models.CheckConstraint(condition=Q(closed_at=None) | ~Q(done=""), name="incident_closed_says_how"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(closed_at=None, escalated_at=None), name="incident_due")]

    def __str__(self) -> str:
        return f"{self.thread_id}: {self.reason}"
