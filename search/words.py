"""Codes as the screen says them, in the reader's language."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import Form
from shops.models import Condition

FORMS = dict(Form.choices)
CONDITIONS = dict(Condition.choices)
AUDIENCES = {
    "general": _("Adults"),
    "children": _("Children"),
    "young_adult": _("Young adults"),
    "education": _("Teaching"),
    "professional": _("Professionals"),
}


def form(code: str) -> str:
    return str(FORMS.get(code, code))  # type: ignore[call-overload]


def audience(code: str) -> str:
    return str(AUDIENCES.get(code, code))


def condition(code: str) -> str:
    return str(CONDITIONS.get(code, code))  # type: ignore[call-overload]


def language(code: str) -> str:
    """ "fr" → "français" or "French"; a code the locale does not know stays as it is."""
    try:
        name = Locale.parse((get_language() or "fr").split("-")[0]).languages.get(code, code)
    except UnknownLocaleError:
        return code
    return name[:1].upper() + name[1:]
