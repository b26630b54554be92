"""Webhook, DryRun, FeedSetup, SftpLogin, HostVisit: the ways into a feed beside its list and its keys, how a shop sets
one up by itself, and the way to its host."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.foundation import secrets
from marketplace.foundation.leases import DueRow


class Webhook(models.Model):
    """Where a shop's system posts that something changed, or the new numbers themselves; proved by a signature."""

    class Form(models.TextChoices):
        STANDARD = "standard", _("Standard Webhooks")
        SHOPIFY = "shopify", "Shopify"
        WOOCOMMERCE = "woocommerce", "WooCommerce"
        SQUARE = "square", "Square"

    feed = models.OneToOneField("catalog_sync.Feed", on_delete=models.CASCADE, related_name="webhook")
    slug = models.CharField(max_length=43, unique=True, help_text="Random, of its address.")
    form = models.CharField(max_length=12, choices=Form.choices)
    sealed_secret = models.TextField(editable=False)
    sealed_old_secret = models.TextField(blank=True, default="", editable=False)
    old_until = models.DateTimeField(null=True, help_text="Until then the secret before it is good as well.")
    used_at = models.DateTimeField(null=True)
    news_at = models.DateTimeField(null=True, help_text="For when the feed was last made due by it.")

    def __str__(self) -> str:
        return f"{self.feed} {self.form}"

    def secrets_at(self, now: datetime) -> list[str]:
        """The secrets that are good now. Raises `SecretError`."""
        sealed = [self.sealed_secret]
        if self.sealed_old_secret and self.old_until and now < self.old_until:
            sealed.append(self.sealed_old_secret)
        return [secrets.open_sealed(one, row=self.row) for one in sealed]

    @property
    def sender(self) -> str:
        """Who sends it, in words."""
        return str(self.Form(self.form).label)

    @property
    def row(self) -> str:
        """What its secrets are bound to."""
        return f"{self._meta.label_lower}:{self.feed_id}"


class DryRun(DueRow):
    """A list that is only looked at: what its feed's reading of it would change. Taken up by the step `try_lists`."""

    feed = models.ForeignKey("catalog_sync.Feed", on_delete=models.CASCADE, related_name="dry_runs")
    file = models.CharField(max_length=80, help_text="Its name in the folder of such lists; deleted once read.")
    received_at = models.DateTimeField()
    asked_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    done_at = models.DateTimeField(null=True)
    outcome = models.JSONField(default=dict, help_text="The columns of the SyncRun that it would have been.")
    problems = models.JSONField(default=list, help_text="The columns of its first RecordIssues.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.feed} {self.received_at:%Y-%m-%d %H:%M}"


class FeedSetup(DueRow):
    """A feed that its shop sets up by itself, step by step; not active before it goes. Due: its address is to be called
    for a first look, by the step `look_at_new_feeds`."""

    feed = models.OneToOneField("catalog_sync.Feed", on_delete=models.CASCADE, related_name="setup")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")
    shown_name = models.CharField(max_length=200, help_text="Of its file as its sender calls it, or of its host.")
    kind_found = models.CharField(max_length=30, blank=True, help_text="As it was recognised; empty: not yet, or not.")
    trouble = models.JSONField(default=dict, help_text="Why there is nothing to look at: as a note of a run.")
    columns_kept = models.BooleanField(default=False, help_text="A person has looked at what stands in its columns.")
    trial = models.ForeignKey(DryRun, null=True, on_delete=models.SET_NULL, related_name="+")
    went_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.feed} ({self.shown_name})"


class SftpLogin(models.Model):
    """How we sign in to a shop's SFTP server, beside the feed's password, and the key by which we know the server."""

    feed = models.OneToOneField("catalog_sync.Feed", on_delete=models.CASCADE, related_name="sftp")
    sealed_key = models.TextField(blank=True, default="", editable=False)
    host_key = models.CharField(max_length=1500, blank=True, help_text="Type and base64, as in known_hosts.")
    seen_key = models.CharField(
        max_length=1500, blank=True, help_text="What the server showed at the first call; a person must confirm it."
    )
    seen_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey("marketplace.User", null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.feed} SFTP"

    @property
    def private_key(self) -> str:
        """In OpenSSH's or PEM form; empty where the feed's password is enough. Raises `SecretError`."""
        return secrets.open_sealed(self.sealed_key, row=self._row) if self.sealed_key else ""

    def keep_private_key(self, plain: str) -> None:
        """Stored encrypted, for this feed alone; empty: none."""
        self.sealed_key = secrets.seal(plain, row=self._row) if plain else ""

    @property
    def _row(self) -> str:
        return f"{self._meta.label_lower}:{self.feed_id}"


class HostVisit(models.Model):
    """When feeds may be fetched from a host: by one of us at a time, and not without a pause."""

    host = models.CharField(max_length=255, primary_key=True)
    busy_until = models.DateTimeField(null=True, help_text="A feed is fetched from it, until then at the latest.")
    free_at = models.DateTimeField(help_text="Not before then.")

    def __str__(self) -> str:
        return self.host
