"""Codes as the screen says them, in the reader's language."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import Form
from shops.models import Condition

FORMS = {
    Form.HARDBACK: _("Hardback"),
    Form.PAPERBACK: _("Paperback"),
    Form.POCKET: _("Pocket book"),
    Form.COMIC: _("Comic book"),
    Form.AUDIO: _("Audio book"),
    Form.EBOOK: _("E-book"),
    Form.BOARD: _("Board book"),
    Form.CALENDAR: _("Calendar"),
    Form.MAP: _("Map"),
    Form.GAME: _("Game"),
    Form.OTHER: _("Other goods"),
}
CONDITIONS = {
    Condition.NEW: _("New"),
    Condition.AS_NEW: _("Used, as new"),
    Condition.VERY_GOOD: _("Used, very good"),
    Condition.GOOD: _("Used, good"),
    Condition.ACCEPTABLE: _("Used, acceptable"),
}


def form(code: str) -> str:
    return str(FORMS.get(code, code))  # type: ignore[call-overload]


def condition(code: str) -> str:
    return str(CONDITIONS.get(code, code))  # type: ignore[call-overload]


def language(code: str) -> str:
    """ "fr" → "français" or "French"; a code the locale does not know stays as it is."""
    try:
        name = Locale.parse((get_language() or "fr").split("-")[0]).languages.get(code, code)
    except UnknownLocaleError:
        return code
    return name[:1].upper() + name[1:]
