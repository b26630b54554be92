"""When the shop is open: its week, and days on which it is closed or open otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation.day_field import DayField
from shops.opening import Span, Weekly

SPANS_A_DAY = 2
LONGEST_DAYS = 366
_WRONG_TIME = {"invalid": gettext_lazy("That is not a time.")}


def _hour(label: Any) -> forms.TimeField:
    picker = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=picker, error_messages=_WRONG_TIME)


def _day(label: Any, *, required: bool, hint: Any = "") -> DayField:
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    wrong = {"invalid": gettext_lazy("That is not a date."), "required": gettext_lazy("Say on which day.")}
    return DayField(
        label=label, required=required, help_text=hint, widget=picker, input_formats=["%Y-%m-%d"], error_messages=wrong
    )


def _spans(form: forms.Form, names: Iterable[tuple[str, str]]) -> list[Span]:
    """The spans of one day, in order; what is wrong is said at its field."""
    found: list[Span] = []
    for opens, closes in names:
        first, last = form.cleaned_data.get(opens), form.cleaned_data.get(closes)
        if opens in form.errors or closes in form.errors or first is last is None:
            continue
        if first is None or last is None:
            form.add_error(closes if last is None else opens, _("Say both, from and until."))
        elif found and (found[-1].past_midnight or first < found[-1].closes):
            form.add_error(opens, _("That begins before the hours before it end."))
        else:
            found.append(Span(first, last))
    return found


class WeekForm(forms.Form):
    """Two spans for each weekday, more where there are more; both empty: closed."""

    def __init__(self, there: Iterable[Weekly], sent: QueryDict | None = None) -> None:
        initial: dict[str, time] = {}
        numbers = dict.fromkeys(range(7), 0)
        for span in sorted(there, key=lambda one: (one.weekday, one.opens)):
            opens, closes = _names(span.weekday, numbers[span.weekday])
            initial |= {opens: span.opens, closes: span.closes}
            numbers[span.weekday] += 1
        super().__init__(sent, initial=initial)
        self.spans_a_day = max(SPANS_A_DAY, *numbers.values())
        for weekday, name in WEEKDAYS.items():
            for number in range(self.spans_a_day):
                opens, closes = _names(weekday, number)
                words = (_("%(day)s, again from"), _("%(day)s, again until"))
                if not number:
                    words = (_("%(day)s from"), _("%(day)s until"))
                self.fields[opens], self.fields[closes] = (
                    _hour(word % {"day": str(name).capitalize()}) for word in words
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.week = [_spans(self, self._of_day(weekday)) for weekday in range(7)]
        return cleaned

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """By weekday its fields."""
        return [
            (str(WEEKDAYS[weekday]), [self[name] for pair in self._of_day(weekday) for name in pair])
            for weekday in range(7)
        ]

    def agains(self) -> range:
        """One for each span after the first of a day."""
        return range(1, self.spans_a_day)

    def _of_day(self, weekday: int) -> list[tuple[str, str]]:
        return [_names(weekday, number) for number in range(self.spans_a_day)]


def _names(weekday: int, number: int) -> tuple[str, str]:
    return f"day{weekday}_from{number}", f"day{weekday}_until{number}"


class DaysForm(forms.Form):
    first_day = _day(gettext_lazy("Day"), required=True)
    last_day = _day(
        gettext_lazy("Last day"), required=False, hint=gettext_lazy("For holidays: the last day that it is so.")
    )
    opens = _hour(gettext_lazy("Open from"))
    closes = _hour(gettext_lazy("Until"))
    opens_again = _hour(gettext_lazy("Again from"))
    closes_again = _hour(gettext_lazy("Until"))
    note_fr = forms.CharField(label=gettext_lazy("Why, in French"), max_length=120, required=False)
    note_en = forms.CharField(label=gettext_lazy("Why, in English"), max_length=120, required=False)

    def __init__(self, today: date, sent: QueryDict | None = None) -> None:
        self.today = today
        super().__init__(sent)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.spans = _spans(self, (("opens", "closes"), ("opens_again", "closes_again")))
        first = cleaned.get("first_day")
        if first is None or "last_day" in self.errors:
            return cleaned
        last = cleaned.get("last_day") or first
        if last < first:
            self.add_error("last_day", _("It would end before it begins."))
        elif last < self.today:
            self.add_error("last_day" if cleaned.get("last_day") else "first_day", _("This day is over."))
        elif last - first >= timedelta(days=LONGEST_DAYS):
            self.add_error("last_day", _("At most a year."))
        self.days = (first, last)
        return cleaned

    def notes(self) -> tuple[str, str]:
        return self.cleaned_data["note_fr"], self.cleaned_data["note_en"]
