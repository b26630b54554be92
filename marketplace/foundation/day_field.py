"""A day in a form."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator


class DayField(forms.DateField):
    """Of this century: a day at either end of the calendar overflows as soon as a time zone is added to it."""

    def __init__(self, **options: Any) -> None:
        bounds = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31))]
        super().__init__(**{"validators": bounds, **options})
