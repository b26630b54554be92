"""Calendar files as programs write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MONTREAL = ZoneInfo("America/Toronto")
NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)


def calendar(*events: str, head: str = "") -> bytes:
    """Each event as its lines, between BEGIN and END."""
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


READING = """
UID:lecture@port.example
DTSTART;TZID=America/Montreal:20261204T180000
DTEND;TZID=America/Montreal:20261204T193000
SUMMARY:Lecture\\, avec Kim
  Thúy
DESCRIPTION:Entrée libre.\\nRéservez.
LOCATION:Au fond du magasin
URL:https://port.example/kim
BEGIN:VALARM
SUMMARY:not this one
END:VALARM
"""
