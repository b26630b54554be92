"""When an event is, in words."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from django import template
from django.urls import reverse
from django.utils.formats import date_format, time_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.agenda import publishing
from marketplace.agenda.models import Event
from marketplace.agenda.upcoming import Shown

register = template.Library()
register.filter("event_text", publishing.text_of)


@register.simple_tag
def event_hours(shown: Shown) -> str:
    """ "18:00 – 19:30" of an event within a day, "all day", else from when to when."""
    first, last = shown.first, shown.event.ends.astimezone(shown.card.zone)
    if shown.first.date() != shown.last.date():
        return f"{_short(first.date())} – {_short(shown.last.date())}"
    if shown.event.all_day:
        return _("all day")
    begins = time_format(first, "TIME_FORMAT")
    return f"{begins} – {time_format(last, 'TIME_FORMAT')}" if shown.event.ends > shown.event.begins else begins


@register.simple_tag
def event_when(shown: Shown) -> str:
    """ "Friday, December 4, 2026, 6 p.m. – 8 p.m." or "Dec. 4, 2026 – Dec. 6, 2026", with hours where it has any."""
    first, last = shown.first, shown.event.ends.astimezone(shown.card.zone)
    if first.date() == shown.last.date():
        hours = "" if shown.event.all_day else f", {event_hours(shown)}"
        return f"{full_day(first.date())}{hours}"
    if shown.event.all_day:
        return f"{date_format(first, 'DATE_FORMAT')} – {date_format(shown.last, 'DATE_FORMAT')}"
    return " – ".join(f"{date_format(one, 'DATE_FORMAT')}, {time_format(one, 'TIME_FORMAT')}" for one in (first, last))


@register.filter
def full_day(day: date) -> str:
    """ "vendredi 4 décembre 2026", "Friday, December 4, 2026"."""
    return format_date(day, "full", locale=(get_language() or "fr")[:2])


@register.filter
def event_file(event: Event) -> str:
    return reverse("storefront:event-file", args=[event.pk])


def _short(day: date) -> str:
    return date_format(day, "MONTH_DAY_FORMAT")
