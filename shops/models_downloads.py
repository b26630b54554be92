"""What a shop sells as a download: its file, its link or its licence codes, and what each sold line got of it."""

from __future__ import annotations

import os
import secrets
from pathlib import PurePath

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow


class PrivateStorage(FileSystemStorage):
    """Beside the public media, not in them: no address leads there, only Halles opens these files."""

    base_url = None  # type: ignore[assignment]  # `url` then refuses, as Django says

    @property
    def base_location(self) -> str:
        return str(settings.VAR_DIR / "private")

    @property
    def location(self) -> str:
        return os.path.abspath(self.base_location)


def private_storage() -> PrivateStorage:
    return PrivateStorage(file_permissions_mode=0o600)


def stored_name(download: Download, name: str) -> str:
    """What a person calls a file never becomes a path: `file_name` keeps it."""
    return f"downloads/{download.stock_record_id}/{secrets.token_hex(16)}{PurePath(name).suffix.lower()[:12]}"


class Download(models.Model):
    """What makes an article of a shop deliver itself. While there is such a row, its record is sold as a download:
    without parcel, and without its number of copies."""

    class Kind(models.TextChoices):
        FILE = "file", _("A file")
        LINK = "link", _("A link")
        CODES = "codes", _("Licence codes")

    stock_record = models.OneToOneField(
        "partner.StockRecord", primary_key=True, on_delete=models.PROTECT, related_name="download"
    )
    provider = models.CharField(max_length=20, default="own", help_text="Of shops.downloads.providing.PROVIDERS.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    active = models.BooleanField(default=True, help_text="Whether it is sold; what was sold stays there.")
    file = models.FileField(storage=private_storage, upload_to=stored_name, max_length=200, blank=True)
    file_name = models.CharField(max_length=150, blank=True, help_text="As the reader saves it.")
    file_bytes = models.PositiveBigIntegerField(default=0)
    link = models.URLField(max_length=1000, blank=True)
    # How many codes nobody has and nobody is paying for; null where it is no matter of codes.
    codes_left = models.PositiveIntegerField(null=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stock_record_id} {self.kind}"


class LicenceCode(models.Model):
    """One code of a shop, handed out once: free, held by a checkout, or a line's."""

    download = models.ForeignKey(Download, on_delete=models.PROTECT, related_name="codes")
    code = models.CharField(max_length=200)
    hold_key = models.CharField(max_length=60, blank=True, db_index=True, help_text='"checkout:17"; empty: free.')
    line = models.ForeignKey(
        "shops.ShopOrderLine", null=True, on_delete=models.PROTECT, related_name="licence_codes"
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["download", "code"], name="licence_code_once"),
            models.CheckConstraint(
                condition=models.Q(line=None) | ~models.Q(hold_key=""), name="licence_code_of_a_line_is_held"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} of {self.download_id}"


class Handout(DueRow):
    """What one line of an order got, and how often the reader may fetch it. As a due row: the task of getting it from
    its provider, taken up by the step `hand_out`."""

    line = models.OneToOneField("shops.ShopOrderLine", on_delete=models.PROTECT, related_name="handout")
    download = models.ForeignKey(Download, on_delete=models.PROTECT, related_name="handouts")
    kind = models.CharField(max_length=8, choices=Download.Kind.choices)
    content = models.TextField(blank=True, help_text="The link, or the codes, one a line; nothing of a file.")
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    times_left = models.PositiveSmallIntegerField(default=0, help_text="How often the file may be fetched.")
    shown_at = models.DateTimeField(null=True, help_text="When the reader first fetched or saw it.")
    withdrawn_at = models.DateTimeField(null=True, help_text="The reader has the money back.")

    def __str__(self) -> str:
        return f"{self.line_id} {self.kind}"
