"""What a shop's offer says: what there is, in what state, when it was checked, how it comes to the reader."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django import template
from django.core.files.storage import default_storage
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog_sync.titles.likeness_words import size_of
from marketplace.catalogue import cover_files
from marketplace.foundation import money, network
from marketplace.storefront.templatetags.storefront import ago, day
from search import availability, confidence, words
from search.directory import Delivery
from search.offers import Offer
from search.text import fold, normalise
from shops import readiness

register = template.Library()

_FEW = 5


@register.simple_tag
def availability_word(offer: Offer) -> str:
    """The state of one offer in words; its shape and time stand beside."""
    if offer.is_download:
        return _("Download at once") if offer.buyable else _("Not for sale just now")
    if offer.state == "have":
        if offer.confidence != confidence.SURE:
            return _unsure_word(offer)
        if offer.units == 1:
            return _("Last copy")
        if offer.units <= _FEW:
            return ngettext("%(units)d copy", "%(units)d copies", offer.units) % {"units": offer.units}
        return _("In stock")
    if offer.state == "ask":
        return _("In stock, the shop confirms")
    if offer.state == "soon":
        return _later_word(offer)
    return _("Download only") if offer.availability == "digital" else _("None left")


def _unsure_word(offer: Offer) -> str:
    if offer.confidence == confidence.DOUBTFUL:
        return _("Perhaps the last copy") if offer.units == 1 else _("Perhaps in stock")
    return _("Probably, last copy") if offer.units == 1 else _("Probably in stock")


def _later_word(offer: Offer) -> str:
    if offer.availability == "preorder":
        return _("Appears on %(day)s") % {"day": day(offer.available_on)} if offer.available_on else _("Not out yet")
    if offer.days and offer.can_order:
        text = ngettext("To order: ready in about %(days)d day", "To order: ready in about %(days)d days", offer.days)
        return text % {"days": offer.days}
    if offer.days:
        return ngettext("To order, %(days)d day", "To order, %(days)d days", offer.days) % {"days": offer.days}
    return _("To order")


@register.simple_tag
def copy_words(offer: Offer) -> str:
    """ "Used, very good, signed"."""
    said = [words.condition(offer.condition)]
    said += [_("signed")] if offer.signed else []
    said += [_("first edition")] if offer.first_edition else []
    return ", ".join(said)


@register.simple_tag
def copy_photo(offer: Offer) -> SafeString:
    """The shop's picture of this copy, small, which leads to the larger one; nothing where it has none."""
    if not offer.photo:
        return mark_safe("")
    small = default_storage.url(cover_files.name_of(offer.photo, "list"))
    return format_html(
        '<a class="offer-photo" href="{}"><img src="{}" alt="{}" width="72" loading="lazy"></a>',
        *(default_storage.url(offer.photo), small, _("Photo of this copy, from %(shop)s") % {"shop": offer.shop.name}),
    )


@register.simple_tag
def unit_price_word(offer: Offer, unit_size: str) -> str:
    """ "24,00 € a kilogram" of what is sold by weight or volume; nothing where its content is not known. Source: EU
    Directive 98/6/EC, articles 2 and 3."""
    size = size_of(fold(normalise(unit_size))) if unit_size else None
    if size is None or not size[1]:
        return ""
    unit, amount = size
    price = money.display(round(offer.price_minor * 1000 / amount), offer.currency, get_language() or "fr")
    return _("%(price)s/kg") % {"price": price} if unit == "g" else _("%(price)s/l") % {"price": price}


@register.simple_tag
def checked_word(offer: Offer, now: datetime) -> str:
    """ "checked 8 min ago"; nothing where the number's age is not known."""
    if offer.as_of is None or offer.is_download:
        return ""
    said = _("checked %(when)s") % {"when": ago(offer.as_of, now)}
    if offer.state == "have" and offer.confidence != confidence.SURE:
        return _("%(checked)s: order before you go") % {"checked": said}
    return said


@register.simple_tag
def collect_word(offer: Offer, now: datetime) -> str:
    """ "Collect today: 2,00 $", "Collect Friday 27 November from 10:00" where the shop is full until then; nothing if
    nothing can be collected. That a shop takes no more orders today is said whatever it offers."""
    option, there = offer.shop.pickup, offer.state in ("have", "ask")
    if offer.shop.refuses and offer.state != "gone" and not offer.is_download:
        return _("Takes no more orders today")
    if option is None or offer.state == "gone" or offer.is_download:
        return ""
    if offer.collect_today:
        said = _("Collect today")
    elif there and (ready := availability.ready(offer.shop, now)):
        said = _("Collect %(when)s") % {"when": readiness.words_from(ready, None, offer.shop.zone, now)}
    else:
        said = _("Collect when it is there") if offer.state == "soon" else _("Collect")
    return f"{said}: {_price(option.price_minor)}" if option.price_minor else said


@register.simple_tag
def sent_word(offer: Offer, now: datetime) -> str:
    """ "Sent from 8,95 $, 3–5 days", "… from Friday 14 August on" of a shop that is away; nothing where nothing is
    sent."""
    option = offer.shop.cheapest_delivery
    if option is None or offer.state == "gone" or offer.is_download or offer.shop.refuses:
        return ""
    said = _delivery_word(option, network.current().currency, get_language() or "fr")
    back = availability.sent_from(offer.shop, now)
    return _("%(days)s from %(day)s on") % {"days": said, "day": readiness.day_name(back)} if back else said


@lru_cache(maxsize=1024)  # the same in every row of the shop
def _delivery_word(option: Delivery, currency: str, language: str) -> str:
    days = {"least": option.days_min, "most": option.days_max}
    if not option.price_minor:
        return _("Sent free, %(least)s–%(most)s days") % days
    price = money.display(option.price_minor, currency, language)
    return _("Sent from %(price)s, %(least)s–%(most)s days") % {"price": price, **days}


def _price(amount_minor: int) -> str:
    return money.display(amount_minor, network.current().currency, get_language() or "fr")
