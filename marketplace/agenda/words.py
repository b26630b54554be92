"""What a shop is told of its calendar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

REASONS = {
    "calendar_none": _(
        "What is there is no calendar. Give the address of the calendar’s file, which often ends in .ics."
    ),
    "calendar_nested": _("The calendar’s file is broken: something in it begins or ends in the wrong place."),
    "calendar_cut": _("The calendar’s file ends too early; it was cut off on the way."),
    "calendar_limits": _("The calendar’s file takes too long to read."),
    "calendar_many_events": _("The file holds more events than we read; those at its end are not shown."),
    "calendar_many_dates": _("There are more dates than we show; the latest are left out."),
    "event_private": _("marked as private"),
    "event_title": _("without a title"),
    "event_begin": _("without a beginning"),
    "event_time": _("a date or time that cannot be"),
    "event_zone": _("a time zone that we do not know"),
    "event_duration": _("a length that cannot be read"),
    "event_backwards": _("ends before it begins"),
    "event_long": _("lasts longer than a year"),
    "event_rule": _("repeats in a way that we cannot work out"),
}


def reason(code: str) -> str:
    return str(REASONS.get(code, code))
