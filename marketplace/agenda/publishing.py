"""iCalendar out (RFC 5545): events as a file that calendar programs subscribe to. It says the same until an event
changes, so that it is not sent again to who has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import get_language

from marketplace.agenda.content_lines import escaped, folded
from marketplace.agenda.models import Event
from marketplace.foundation import links
from search.directory import ShopCard


def calendar(name: str, events: Iterable[Event], cards: Mapping[int, ShopCard]) -> bytes:
    """The file's content; `cards` has the shop of every event."""
    head = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Halles//Events//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"),
        *(f"NAME:{escaped(name)}", f"X-WR-CALNAME:{escaped(name)}"),
        *("REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"),
    ]
    body = [line for event in events for line in _event(event, cards[event.shop_id])]
    return b"".join(folded(line) for line in [*head, *body, "END:VCALENDAR"])


def place_of(event: Event, card: ShopCard) -> str:
    """Where it is, on one line: what the event says, or its shop and the shop's address."""
    return event.place or ", ".join(filter(None, (card.name, card.line1, f"{card.postcode} {card.city}".strip())))


def text_of(event: Event) -> str:
    """In the reader's language, or the other where that is empty."""
    first, second = event.text_fr, event.text_en
    return second or first if (get_language() or "").startswith("en") else first or second


def _event(event: Event, card: ShopCard) -> list[str]:
    zone = card.zone
    address = links.absolute(event.get_absolute_url())
    if event.all_day:
        first, after = event.begins.astimezone(zone), event.ends.astimezone(zone)
        times = [f"DTSTART;VALUE=DATE:{first:%Y%m%d}", f"DTEND;VALUE=DATE:{after:%Y%m%d}"]
    else:
        times = [f"DTSTART:{_utc(event.begins)}"]
        times += [f"DTEND:{_utc(event.ends)}"] if event.ends > event.begins else []
    said = {"DESCRIPTION": text_of(event), "LOCATION": place_of(event, card)}
    position = [] if event.place or card.position is None else [f"GEO:{card.position[0]:.5f};{card.position[1]:.5f}"]
    return [
        "BEGIN:VEVENT",
        f"UID:event-{event.pk}@{urlsplit(settings.SITE_URL).hostname}",
        f"DTSTAMP:{_utc(event.changed_at)}",
        f"LAST-MODIFIED:{_utc(event.changed_at)}",
        *times,
        f"SUMMARY:{escaped(event.title)}",
        *(f"{name}:{escaped(text)}" for name, text in said.items() if text),
        *position,
        f"URL:{address}",
        f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}",
        "END:VEVENT",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
