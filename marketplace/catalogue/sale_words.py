"""Where a title may not be sold, and from which age it is, as its page, the basket and a refusal say it."""

from __future__ import annotations

from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.catalogue import sale_limits
from marketplace.foundation import countries

_NAMED = 5  # so many countries are named; of more only how many they are


class OfTitle(sale_limits.Limited, Protocol):
    """What is read of a title's facts."""

    is_book: bool


def refusal(facts: OfTitle, place: str) -> str:
    """Why a new copy is not sold at a place ("CA", "CA-QC") where `sale_limits.refuses` says so: one sentence."""
    country = countries.name(place[:2])
    only, listed = sale_limits.listed(facts.territory)
    if not only:
        text = (
            _("Not for sale in %(country)s: the publisher does not allow it there.")
            if facts.is_book
            else _("Not for sale in %(country)s.")
        )
        return text % {"country": country}
    if not listed:
        return _("Not for sale in %(country)s, nor anywhere else.") % {"country": country}
    if len(listed) > _NAMED:
        text = ngettext(
            "Not for sale in %(country)s: it is kept for %(count)d other country.",
            "Not for sale in %(country)s: it is kept for %(count)d other countries.",
            len(listed),
        )
        return text % {"country": country, "count": len(listed)}
    text = (
        _("Not for sale in %(country)s: the publisher keeps it for %(countries)s.")
        if facts.is_book
        else _("Not for sale in %(country)s: it is kept for %(countries)s.")
    )
    return text % {"country": country, "countries": countries.names(listed)}


def refusal_in_short(place: str) -> str:
    return _("Not for sale in %(country)s") % {"country": countries.name(place[:2])}


def sold_from(years: int) -> str:
    return _("Sold from %(years)d years") % {"years": years}


def i_am(years: int) -> str:
    """What the reader states."""
    return _("I am %(years)d or older.") % {"years": years}


def state_first(years: int) -> str:
    """Why it was not put into the basket."""
    text = _("Sold from %(years)d years. Say on the title’s page that you are old enough; then you can add it.")
    return text % {"years": years}


def at_hand_over(years: int) -> str:
    """For staff."""
    return _("Check age at hand-over: %(years)d or older") % {"years": years}
