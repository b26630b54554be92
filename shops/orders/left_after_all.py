"""A parcel that left its shop, as the shop's system says, with copies that are nobody's any more: its reader had taken
them back, or its shop had declined them. They are on their way to somebody who does not pay for them, so that a person
has to say what becomes of it: an incident of the order, opened by the network, once for so many copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.utils import translation
from django.utils.translation import ngettext

from marketplace.foundation import money
from shops.channels.base import ParcelSaid
from shops.models import Incident, ShopOrder, ShopOrderLine
from shops.threads import incidents, writing
from shops.threads.writing import Words


def report(shop_order: ShopOrder, parcels: Iterable[ParcelSaid], *, by: str, now: datetime) -> None:
    """`parcels`: all that left, as the system `by` says. What was told already is told no more. Where it only says that
    the order was sent, its shop may have left out of the parcel what it was told of: then only of an order of which
    nothing is anybody's."""
    told = [*parcels]
    lines = list(ShopOrderLine.objects.filter(shop_order=shop_order).order_by("pk")) if told else []
    if any(line.left_units for line in lines):
        told = [parcel for parcel in told if parcel.is_counted]
    gone: Counter[str] = Counter()
    for parcel in told:
        gone.update(parcel.units)
    for line in lines:
        gone[line.sku] -= line.left_units
        units = min(gone[line.sku], line.declined)
        if units > 0:
            gone[line.sku] -= units
            _tell(shop_order, line, units, by, now)


def _tell(shop_order: ShopOrder, line: ShopOrderLine, units: int, by: str, now: datetime) -> None:
    thread = writing.of_order(shop_order, now=now)
    languages = dict.fromkeys([thread.shop.language, thread.language])
    text = "\n\n".join(_text(shop_order, line, units, by, language) for language in languages)
    words = Words(text, once=f"left:{line.pk}:{units}")
    incidents.report(thread, Incident.Reason.OTHER, words, who=by, now=now)


def _text(shop_order: ShopOrder, line: ShopOrderLine, units: int, by: str, language: str) -> str:
    """Both read it: each finds their own language in it."""
    with translation.override(language):
        said = ngettext(
            "%(system)s says that %(units)s copy of “%(title)s” has left with a parcel, though it had been taken back "
            "or declined before. As things stand nobody pays for it (%(amount)s): say whether it is kept and paid for, "
            "or goes back to the shop, which bears the way.",
            "%(system)s says that %(units)s copies of “%(title)s” have left with a parcel, though they had been taken "
            "back or declined before. As things stand nobody pays for them (%(amount)s): say whether they are kept "
            "and paid for, or go back to the shop, which bears the way.",
            units,
        )
        amount = money.display(units * line.unit_price_minor, shop_order.currency, language)
        return said % {"system": by, "units": units, "title": line.title, "amount": amount}
