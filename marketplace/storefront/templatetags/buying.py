"""What the pages and mails of buying say of a delivery option, and of taxes."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.checkout import tax_words
from marketplace.storefront import amounts
from marketplace.storefront.amounts import shown
from shops.models import DeliveryOption

register = template.Library()


@register.filter
def delivery_days(option: DeliveryOption) -> str:
    """ "ready today", "ready within 2 days" for a pick-up; "3 days", "2 to 5 days" for what is sent."""
    least, most = option.days_min, option.days_max
    if option.kind == DeliveryOption.Kind.PICKUP:
        if most == 0:
            return _("ready today")
        return ngettext("ready within a day", "ready within %(days)d days", most) % {"days": most}
    if least == most:
        return ngettext("%(days)d day", "%(days)d days", most) % {"days": most}
    return ngettext("%(least)d to %(most)d day", "%(least)d to %(most)d days", most) % {"least": least, "most": most}


@register.simple_tag
def delivery_price(amount_minor: int, currency: str) -> str:
    return shown(amount_minor, currency) if amount_minor else _("free")


@register.simple_tag
def option_price(option: DeliveryOption, goods_minor: int, currency: str) -> str:
    """ "free", "$4.20", "$4.20, free from $50.00" for a parcel with goods of that worth."""
    price = option.price_for(goods_minor)
    if price and option.free_above_minor:
        values = {"price": shown(price, currency), "from": shown(option.free_above_minor, currency)}
        return _("%(price)s, free from %(from)s") % values
    return delivery_price(price, currency)


@register.simple_tag
def tax_rows(by_rate: Mapping[tuple[str, int], int]) -> list[tuple[str, int]]:
    """Taxes by rate as rows: ("QST, 9.975%", minor units)."""
    return amounts.tax_rows(by_rate)


@register.filter
def tax_note(code: str) -> str:
    """Why a shop charges no tax, by the code that its orders keep."""
    return tax_words.note(code)
