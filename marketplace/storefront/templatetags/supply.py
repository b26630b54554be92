"""What is said of copies that are on no shelf: to the reader, and to the shop that orders them."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from marketplace.catalogue import sale_words
from search.offers import Offer
from shops.models import ShopOrderLine, Supply
from shops.orders import late_days

register = template.Library()


class Line(Protocol):
    """A line of a basket, a checkout or a shop order."""

    supply: str
    expected_on: date | None


@register.filter
def age_words(years: int) -> str:
    """To staff."""
    return sale_words.at_hand_over(years)


@register.filter
def is_late(line: ShopOrderLine) -> bool:
    """Whether it was to be there by now, and is not said to be; without a query."""
    return late_days.is_late(line, now=timezone.now())


@register.simple_tag
def supply_word(line: Line) -> str:
    """To the reader; of what is on the shelf only until when they said they wait."""
    day = {"day": date_format(line.expected_on, "MONTH_DAY_FORMAT") if line.expected_on else ""}
    if line.supply == Supply.PREORDER:
        return (
            _("Pre-order: appears on %(day)s. Charged when you order; you can cancel until it leaves the shop.") % day
        )
    if line.supply == Supply.DIGITAL:
        return _("Download: yours at once after you have paid.")
    if line.supply != Supply.ORDER:
        return _("You wait for it until %(day)s.") % day if line.expected_on else ""
    if line.expected_on is None:
        return _("The shop orders it for you and tells you when it is there.")
    return _("The shop orders it for you: there about %(day)s.") % day


@register.simple_tag
def desk_word(line: Line) -> str:
    """To the shop; of what is on its shelf only until when its reader waits."""
    day = {"day": date_format(line.expected_on, "MONTH_DAY_FORMAT") if line.expected_on else ""}
    if line.supply == Supply.PREORDER:
        return _("Pre-ordered: appears on %(day)s") % day
    if line.supply == Supply.DIGITAL:
        return _("Download: handed out by itself")
    if line.supply != Supply.ORDER:
        return _("The reader waits until %(day)s") % day if line.expected_on else ""
    return _("To order at the distributor: by %(day)s") % day if line.expected_on else _("To order at the distributor")


@register.simple_tag
def order_word(offer: Offer) -> str:
    """Of the button; when it is there stands beside."""
    return _("Pre-order") if offer.supply == Supply.PREORDER else _("Order it")
