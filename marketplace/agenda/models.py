"""What happens in the shops, and the calendars of their own that some of it is read from."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.foundation.leases import DueRow

LONGEST_TITLE, LONGEST_PLACE, LONGEST_LINK, LONGEST_UID = 200, 200, 500, 255
LONGEST_TEXT = 5_000


def new_uid() -> str:
    return uuid4().hex


class Event(models.Model):
    """One happening at one time: of a series, each has its row. Times in UTC; days and hours are shown in the shop's
    own zone. An all-day event begins and ends at that zone's midnights, the end not included (RFC 5545, 3.6.1)."""

    class Source(models.TextChoices):
        OWN = "own", _("Written here")
        CALENDAR = "calendar", _("From the shop’s calendar")

    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="events")
    title = models.CharField(max_length=LONGEST_TITLE)
    place = models.CharField(max_length=LONGEST_PLACE, blank=True, help_text="Empty: in the shop.")
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    all_day = models.BooleanField(default=False)
    text_fr = models.TextField(blank=True, max_length=LONGEST_TEXT)
    text_en = models.TextField(blank=True, max_length=LONGEST_TEXT)
    link = models.URLField(blank=True, max_length=LONGEST_LINK)
    uid = models.CharField(max_length=LONGEST_UID, default=new_uid, help_text="The sender’s.")
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.OWN)
    cancelled = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["begins", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "source", "uid"], name="event_once"),
            models.CheckConstraint(condition=models.Q(ends__gte=models.F("begins")), name="event_ends_after"),
        ]
        indexes = [
            models.Index(fields=["shop", "ends"], name="event_by_shop"),
            models.Index(fields=["ends", "begins"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.begins:%Y-%m-%d})"

    def get_absolute_url(self) -> str:
        return reverse("storefront:event", args=[self.pk])

    def last_moment(self, zone: ZoneInfo) -> datetime:
        """The last moment of it that is not yet over, in the zone: of an all-day event within its last day."""
        return (self.ends - timedelta(seconds=1 if self.ends > self.begins else 0)).astimezone(zone)


class ShopCalendar(DueRow):
    """A shop's own calendar, read about once an hour into its events. A reading that fails changes nothing, and
    `last_error` says why: a code of `words.REASONS`, or words. `refused`: [[line, title, code]] of the first that
    could not be taken."""

    shop = models.OneToOneField("shops.Shop", on_delete=models.CASCADE, primary_key=True, related_name="calendar")
    address = models.URLField(max_length=LONGEST_LINK)
    etag = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read to its end.")
    tried_at = models.DateTimeField(null=True, blank=True)
    found = models.PositiveIntegerField(default=0, help_text="Events that it gave.")
    refused_count = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list, blank=True)
    cut = models.CharField(max_length=20, blank=True, help_text="Code of why not all of it was taken.")

    def __str__(self) -> str:
        return f"{self.shop}: {self.address}"
