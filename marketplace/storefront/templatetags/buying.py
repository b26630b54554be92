"""What the pages and mails of buying say of a delivery option, and of taxes."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.catalogue import sale_words
from marketplace.checkout import tax_words
from marketplace.checkout.delivery import NotOffered, Quote
from marketplace.checkout.models import Checkout
from marketplace.checkout.planning import Plan, PlannedLine, PlannedParcel
from marketplace.foundation import links
from marketplace.storefront import amounts
from marketplace.storefront.amounts import shown
from shops import readiness
from shops.models import DeliveryOption, Shop, ShopOrderLine, Supply

register = template.Library()


@register.filter
def not_sold_words(line: PlannedLine) -> str:
    """Why a line cannot be sold where it goes."""
    return sale_words.refusal(line.record.product.facts, line.limits.place)


@register.simple_tag
def price_change(line: PlannedLine, currency: str) -> str:
    """What one copy cost when it came into the basket, and costs now, where that differs; else nothing."""
    before, now = line.put_in_minor, line.unit_price_minor
    if before is None or now is None or before == now:
        return ""
    values = {"before": shown(before, currency), "now": shown(now, currency)}
    return _("Was %(before)s when you put it in, now %(now)s.") % values


@register.filter
def charged_at_once(plan: Plan) -> bool:
    """Whether a card does not wait for the shops' answers (`payments/captures.py`): something is pre-ordered, or
    nothing is left to answer since all of it delivers itself."""
    supplies = [line.supply for line in plan.lines]
    return Supply.PREORDER in supplies or all(supply == Supply.DIGITAL for supply in supplies)


@register.simple_tag
def earner_of(checkout: Checkout, line: PlannedLine) -> int | None:
    """Whom the reader chose for this download alone: a shop's key, 0 for the pool, None as for the rest."""
    found: int | None = checkout.earning_by_record.get(str(line.record.pk))
    return found


@register.filter
def sold_from_words(years: int) -> str:
    """ "Sold from 18 years"."""
    return sale_words.sold_from(years)


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
def delivery_when(parcel: PlannedParcel, option: DeliveryOption) -> str:
    """ "ready today from 16:30", "tomorrow, 17:00 to 19:00", else its days: "2 to 5 days from Friday 14 August on" of a
    shop that is away until then."""
    quote, trip = parcel.quotes.get(option.pk), parcel.trip
    if quote is None or trip is None or quote.expected_from is None:
        days = delivery_days(option)
        if quote is None or quote.sent_from is None:
            return days
        return _("%(days)s from %(day)s on") % {"days": days, "day": readiness.day_name(quote.sent_from)}
    zone = ZoneInfo(parcel.shop.timezone)
    when = readiness.words_from(
        quote.expected_from, quote.expected_until, zone, trip.now, awaits_confirmation=quote.awaits_confirmation
    )
    return when if quote.expected_until else _("ready %(when)s") % {"when": when}


@register.simple_tag
def delivery_price(amount_minor: int, currency: str) -> str:
    return shown(amount_minor, currency) if amount_minor else _("free")


@register.simple_tag
def option_price(option: DeliveryOption, parcel: PlannedParcel, currency: str) -> str:
    """ "free", "$4.20", "$4.20, free from $50.00", "from $4.20" for a parcel of a plan; the last where its table has to
    know the address first."""
    quote = parcel.quotes.get(option.pk) or Quote(refusal=NotOffered.ADDRESS)
    if quote.refusal and option.rates:
        return _("from %(price)s") % {"price": shown(option.price_minor, currency)}
    price = option.price_for(parcel.goods_minor) if quote.refusal else quote.price_minor
    free_above = option.free_above_minor if quote.refusal else quote.free_above_minor
    if price and free_above:
        values = {"price": shown(price, currency), "from": shown(free_above, currency)}
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


@register.simple_tag
def download_address(line: ShopOrderLine) -> str:
    return reverse("storefront:download", args=[line.pk, links.download_key(line.pk)])


@register.simple_tag
def option_place(option: DeliveryOption, shop: Shop) -> str:
    """Where one collects what comes from `shop`: "Librairie du Port, 1, rue du Port, Montréal"; else nothing."""
    where = {
        DeliveryOption.Kind.PICKUP: shop,
        DeliveryOption.Kind.POINT: option.point,
        DeliveryOption.Kind.OTHER_SHOP: option.receiving_shop,
    }.get(DeliveryOption.Kind(option.kind))
    if where is None:
        return ""
    name = "" if option.kind == DeliveryOption.Kind.PICKUP else f"{where.name}, "
    return f"{name}{where.line1}, {where.city}"


@register.simple_tag
def legal_minimum(quote: Quote, currency: str) -> str:
    """Why sending costs what it costs, where the law says so; else nothing."""
    row = quote.legal_minimum
    if row is None:
        return ""
    if quote.price_minor < row.below_price_minor:
        return _("The law does not let new books be sent for nothing.")
    values = {"price": shown(row.below_price_minor, currency), "amount": shown(row.below_minor, currency)}
    return _("By law, sending new books for less than %(amount)s costs at least %(price)s.") % values
