"""What forms of an address, and of who is reached there, check alike. Each returns what is kept or says what is
wrong."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _

from marketplace.foundation import countries

LEAST_DIGITS = 6
_OF_A_NUMBER = "+0123456789 ()./-x"


def country(said: str) -> str:
    code = said.strip().upper()
    if code not in countries.CODES:
        raise forms.ValidationError(_("Two letters, as in CA or FR."))
    return code


def phone(said: str) -> str:
    if sum(letter.isdigit() for letter in said) < LEAST_DIGITS or any(letter not in _OF_A_NUMBER for letter in said):
        raise forms.ValidationError(_("Write a telephone number, as in +1 514 555 0100."))
    return said


def zone(said: str) -> str:
    if said not in available_timezones():
        raise forms.ValidationError(_("There is no such time zone."))
    return said
