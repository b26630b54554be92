"""The model withdrawal form of directive 2011/83/EU, annex I (B), as directive (EU) 2019/2161 left it, in the words of
the Official Journal, filled in as far as Halles knows. Nobody has to use it: a clear sentence is enough (art. 11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from shops.models import ShopOrder

EMPTY, CRLF = "…" * 20, "\r\n"


def lines(
    shop_order: ShopOrder, goods: Sequence[str], *, ordered_on: date, received_on: date | None, name: str, address: str
) -> list[str]:
    """Heading first, then one line for each of the form's, in the active language."""
    shop = shop_order.shop
    received = date_format(received_on, "DATE_FORMAT") if received_on else EMPTY
    to = f"{shop.legal_name or shop.name}, {shop.line1}, {shop.postcode} {shop.city}, {shop.email}"
    return [
        _("Model withdrawal form"),
        _("(complete and return this form only if you wish to withdraw from the contract)"),
        _("To %(shop)s:") % {"shop": to},
        _(
            "I/We (*) hereby give notice that I/We (*) withdraw from my/our (*) contract of sale of the following "
            "goods (*):"
        ),
        *(f"   {one}" for one in goods),
        _("Ordered on (*)/received on (*): %(ordered)s / %(received)s (order %(number)s)")
        % {"ordered": date_format(ordered_on, "DATE_FORMAT"), "received": received, "number": shop_order.number},
        _("Name of consumer(s): %(name)s") % {"name": name or EMPTY},
        _("Address of consumer(s): %(address)s") % {"address": address or EMPTY},
        _("Signature of consumer(s) (only if this form is notified on paper): %(line)s") % {"line": EMPTY},
        _("Date: %(line)s") % {"line": EMPTY},
        _("(*) Delete as appropriate."),
    ]


def mail_address(shop_order: ShopOrder, said: Sequence[str]) -> str:
    """A mailto: with the form in it, to be finished by its reader."""
    subject = quote(f"{said[0]}: {shop_order.number}")
    return f"mailto:{shop_order.shop.email}?subject={subject}&body={quote(CRLF.join(said))}"
