"""An event and a calendar's address, as a shop's people write them: days and hours are the shop's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.agenda import calendars
from marketplace.agenda.models import LONGEST_LINK, LONGEST_PLACE, LONGEST_TEXT, LONGEST_TITLE, Event
from marketplace.foundation import http
from marketplace.foundation.day_field import DayField
from shops.portal.pressing import new_once

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LONGEST_DAYS = 366
_SAME = ("title", "place", "all_day", "text_fr", "text_en", "link")


def _day(label: str | _StrPromise, *, required: bool, hint: str | _StrPromise = "") -> forms.DateField:
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    wrong = {"invalid": gettext_lazy("That is not a date."), "required": gettext_lazy("Say on which day.")}
    return DayField(
        label=label, required=required, help_text=hint, widget=picker, input_formats=["%Y-%m-%d"], error_messages=wrong
    )


def _hour(label: str | _StrPromise, hint: str | _StrPromise = "") -> forms.TimeField:
    picker = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    wrong = {"invalid": gettext_lazy("That is not a time.")}
    return forms.TimeField(label=label, required=False, help_text=hint, widget=picker, error_messages=wrong)


class EventForm(forms.Form):
    once = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=LONGEST_TITLE,
        error_messages={"required": gettext_lazy("Say what it is.")},
    )
    day = _day(gettext_lazy("Day"), required=True)
    all_day = forms.BooleanField(label=gettext_lazy("All day"), required=False)
    begins_at = _hour(gettext_lazy("From"))
    ends_at = _hour(gettext_lazy("Until"), gettext_lazy("Leave it empty if the end is open."))
    last_day = _day(gettext_lazy("Last day"), required=False, hint=gettext_lazy("Where it lasts more than one day."))
    place = forms.CharField(
        label=gettext_lazy("Place"),
        max_length=LONGEST_PLACE,
        required=False,
        help_text=gettext_lazy("Leave it empty if it is in the shop."),
    )
    text_fr = forms.CharField(
        label=gettext_lazy("Text in French"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    text_en = forms.CharField(
        label=gettext_lazy("Text in English"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    link = forms.CharField(
        label=gettext_lazy("Address of a page about it"),
        max_length=LONGEST_LINK,
        required=False,
        validators=[URLValidator(["http", "https"], message=gettext_lazy("Give an address that begins with https://"))],
    )

    def __init__(self, event: Event, zone: ZoneInfo, sent: QueryDict | None = None) -> None:
        self.event, self.zone = event, zone
        super().__init__(sent, initial=self._said() if event.pk else {"once": new_once()})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day = cleaned.get("day")
        if day is None or self.errors:
            return cleaned
        span = self._whole_days(cleaned) if cleaned["all_day"] else self._hours(cleaned)
        if span is None:
            return cleaned
        begins, ends = (one.astimezone(UTC) for one in span)
        if not 2000 <= day.year < 2100:
            self.add_error("day", _("That is not a date."))
        elif ends < begins:
            self.add_error("last_day" if cleaned["last_day"] else "ends_at", _("It would end before it begins."))
        elif ends - begins > timedelta(days=LONGEST_DAYS):
            self.add_error("last_day", _("An event lasts at most a year."))
        return cleaned | {"begins": begins, "ends": ends}

    def filled(self) -> Event:
        """The event as the form says it, not yet saved."""
        for name in (*_SAME, "begins", "ends"):
            setattr(self.event, name, self.cleaned_data[name])
        return self.event

    def _whole_days(self, cleaned: dict[str, Any]) -> tuple[datetime, datetime]:
        last: date = cleaned["last_day"] or cleaned["day"]
        return self._at(cleaned["day"], time()), self._at(
            min(last, date.max - timedelta(2)) + timedelta(days=1), time()
        )

    def _hours(self, cleaned: dict[str, Any]) -> tuple[datetime, datetime] | None:
        day, last = cleaned["day"], cleaned["last_day"]
        begins_at, ends_at = cleaned["begins_at"], cleaned["ends_at"]
        if begins_at is None:
            self.add_error("begins_at", _("Say from when, or that it lasts all day."))
            return None
        if ends_at is None and last not in (None, day):
            self.add_error("ends_at", _("Say until when on the last day."))
            return None
        if ends_at is None:
            return self._at(day, begins_at), self._at(day, begins_at)
        after_midnight = last is None and ends_at < begins_at
        last = day + timedelta(days=1) if after_midnight else last or day
        return self._at(day, begins_at), self._at(last, ends_at)

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone)

    def _said(self) -> dict[str, Any]:
        event = self.event
        first, last = event.begins.astimezone(self.zone), event.last_moment(self.zone)
        ends = event.ends.astimezone(self.zone)
        hours = {} if event.all_day else {"begins_at": first.time()}
        if not event.all_day and event.ends > event.begins:
            hours["ends_at"], last = ends.time(), ends
        said = {name: getattr(event, name) for name in _SAME}
        return said | hours | {"day": first.date(), "last_day": last.date() if last.date() != first.date() else None}


class CalendarForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("Address of your calendar"),
        help_text=gettext_lazy("Your calendar’s public address in iCal format; it often ends in .ics. Empty: none."),
        max_length=LONGEST_LINK,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip()
        if not address:
            return ""
        try:
            URLValidator(["http", "https"])(calendars.fetched_address(address))
            http.check_address(calendars.fetched_address(address))
        except (ValidationError, http.HttpError) as error:
            raise ValidationError(_("Give an address that begins with https:// or webcal://")) from error
        return address
