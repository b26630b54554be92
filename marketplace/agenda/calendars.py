"""Shops' own calendars are read into their events: once an hour, from an address that is a stranger's."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from catalog_sync.reading.confined import confined_value
from catalog_sync.reasons import FeedError
from marketplace.agenda import ical
from marketplace.agenda.ical import CalendarError, Happening, Reading, Refusal
from marketplace.agenda.models import Event, ShopCalendar
from marketplace.foundation import http, leases
from shops.models import Shop

EVERY = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=1)
ANEW_AFTER = timedelta(days=1)
"""Then it is read again even if it is as it was: what repeats has come nearer."""
BACK, AHEAD = timedelta(days=31), timedelta(days=366)
MOST_BYTES = 10 * 1024**2
_AT_ONCE = 5
_LONGEST_ETAG = 200
_COLUMNS = ("title", "place", "begins", "ends", "all_day", "text_fr", "text_en", "link", "cancelled")


def read_calendars(now: datetime) -> int:
    """The step: read those that are due. What fails is tried again after an hour, then less often; the events stay."""
    on_sale = Q(shop__status=Shop.Status.ACTIVE)
    claimed = leases.claim(ShopCalendar, now=now, limit=_AT_ONCE, lease_seconds=1800, where=on_sale)
    for calendar in claimed:
        try:
            _read(calendar, now)
        except http.HttpError as error:
            _failed(calendar, _without_address(str(error), calendar), now, later_seconds=error.later_seconds)
        except CalendarError as error:
            _failed(calendar, error.code, now)
    return len(claimed)


def set_address(shop: Shop, address: str, *, now: datetime) -> None:
    """From now on read this calendar; "" reads none, and what came from one is taken away."""
    with transaction.atomic():
        before = ShopCalendar.objects.select_for_update().filter(shop=shop).first()
        if before and before.address == address:
            return
        ShopCalendar.objects.filter(shop=shop).delete()
        if address:
            ShopCalendar.objects.create(shop=shop, address=address, due_at=now)
        else:
            Event.objects.filter(shop=shop, source=Event.Source.CALENDAR).delete()


def fetched_address(address: str) -> str:
    """webcal://… is what programs offer for subscribing to https://…"""
    scheme, separator, rest = address.partition("://")
    return f"https://{rest}" if separator and scheme.lower() in {"webcal", "webcals"} else address


def _read(calendar: ShopCalendar, now: datetime) -> None:
    as_it_was = calendar.etag and calendar.read_at and now - calendar.read_at < ANEW_AFTER
    headers = {"Accept": "text/calendar", **({"If-None-Match": calendar.etag} if as_it_was else {})}
    with tempfile.TemporaryDirectory(prefix="calendar-") as folder:
        path = Path(folder) / "calendar.ics"
        fetched = http.fetch_to_file(fetched_address(calendar.address), path, headers=headers, max_bytes=MOST_BYTES)
        if fetched.unchanged:
            leases.finish(calendar, due_at=now + EVERY, attempts=0, tried_at=now)
            return
        reading = _understood(path.read_bytes(), ZoneInfo(calendar.shop.timezone), now)
    etag = fetched.headers.get("ETag", "")
    with transaction.atomic():
        kept = leases.finish(
            calendar,
            due_at=now + EVERY,
            attempts=0,
            tried_at=now,
            read_at=now,
            etag=etag if len(etag) <= _LONGEST_ETAG else "",
            found=len(reading.happenings),
            refused_count=reading.refused_count,
            refused=[list(one) for one in reading.refused],
            cut=reading.cut,
        )
        if kept:
            replace(calendar.shop, reading.happenings, now=now)


def _understood(content: bytes, zone: ZoneInfo, now: datetime) -> Reading:
    """Read in a child with limits: what a stranger's file does to memory and time, it does there."""

    def plain() -> tuple[str, list, list, int, str]:
        try:
            reading = ical.read(content, zone=zone, since=now - BACK, until=now + AHEAD)
        except CalendarError as error:
            return error.code, [], [], 0, ""
        happenings, refused = map(tuple, reading.happenings), map(tuple, reading.refused)
        return "", list(happenings), list(refused), reading.refused_count, reading.cut

    try:
        wrong, happenings, refused, refused_count, cut = confined_value(plain, len(content))
    except FeedError as error:
        raise CalendarError("calendar_limits") from error
    if wrong:
        raise CalendarError(wrong)
    return Reading(list(map(Happening._make, happenings)), list(map(Refusal._make, refused)), refused_count, cut)


def replace(shop: Shop, happenings: Sequence[Happening], *, now: datetime) -> None:
    """Make the shop's events from its calendar these. An event that stays keeps its row, and so its address; one that
    did not change is not written."""
    before = {event.uid: event for event in Event.objects.filter(shop=shop, source=Event.Source.CALENDAR)}
    new, changed = [], []
    for happening in happenings:
        columns = _columns(happening, shop.language)
        event = before.pop(happening.uid, None)
        if event is None:
            source = Event.Source.CALENDAR
            new.append(Event(shop=shop, source=source, uid=happening.uid, changed_at=now, **columns))
        elif any(getattr(event, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(event, name, value)
            event.changed_at = now
            changed.append(event)
    Event.objects.filter(pk__in=[event.pk for event in before.values()]).delete()
    Event.objects.bulk_create(new, batch_size=100)
    Event.objects.bulk_update(changed, [*_COLUMNS, "changed_at"], batch_size=50)


def _columns(happening: Happening, language: str) -> dict[str, object]:
    """What it says has one language, which the shop's people write in."""
    texts = {"text_fr": "", "text_en": ""} | {"text_en" if language == "en" else "text_fr": happening.text}
    said = {name: getattr(happening, name) for name in _COLUMNS if name not in texts}
    return said | texts


def _failed(calendar: ShopCalendar, error: str, now: datetime, *, later_seconds: int = 0) -> None:
    """Never parked: it is the shop that must act, and a calendar that is back is read by itself."""
    pause = min(EVERY * max(calendar.attempts, 1), LONGEST_PAUSE)
    due = now + max(pause, timedelta(seconds=later_seconds))
    leases.finish(calendar, due_at=due, tried_at=now, last_error=error[: leases.MESSAGE_LENGTH])


def _without_address(error: str, calendar: ShopCalendar) -> str:
    """Such addresses are often secret; its host says enough."""
    for address in (fetched_address(calendar.address), calendar.address):
        error = error.replace(address, urlsplit(address).hostname or "")
    return error
