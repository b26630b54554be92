"""What pages, mails and documents say of taxes."""

from __future__ import annotations

from decimal import Decimal

from babel import Locale
from babel.numbers import format_percent
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from marketplace.checkout.tax_categories import Category
from marketplace.checkout.tax_places import EU, EXPORT
from marketplace.foundation.gazetteer.areas import area_name
from marketplace.foundation.models import Network
from shops.models import Shop

# As the laws call them in each language.
_NAMES = {
    "GST": gettext_lazy("GST"),
    "QST": gettext_lazy("QST"),
    "HST": gettext_lazy("HST"),
    "PST": gettext_lazy("PST"),
    "RST": gettext_lazy("RST"),
    "VAT": gettext_lazy("VAT"),
    "reverse": gettext_lazy("VAT, owed by the shop (reverse charge)"),
}
SMALL_CA, SMALL_FR, SMALL_EU, SMALL = "small-ca", "small-fr", "small-eu", "small"
_NOTES = {
    SMALL_CA: gettext_lazy("Small supplier, not registered: no GST/HST or QST (Excise Tax Act, section 148)."),
    SMALL_FR: gettext_lazy("VAT not applicable, article 293 B of the CGI."),
    SMALL_EU: gettext_lazy("VAT exempt: small enterprise (Directive 2006/112/EC, article 284)."),
    SMALL: gettext_lazy("This shop is not registered for tax and charges none."),
}


def name(code: str) -> str:
    """ "GST" in English, "TPS" in French; codes of the operator as they are."""
    return str(_NAMES.get(code, code))


def percent(rate_milli: int) -> str:
    """9975 as "9.975%", as the language writes it."""
    language = (get_language() or "fr")[:2]
    form = "#,##0.###%" if language == "en" else "#,##0.###\u00a0%"
    return format_percent(Decimal(rate_milli) / 100_000, format=form, locale=language)


def note_code(seller: Shop | Network) -> str:
    """Why a seller charges no tax of its own, as an order keeps it; empty where it does."""
    if seller.tax_registered:
        return ""
    if seller.country in ("CA", "FR"):
        return {"CA": SMALL_CA, "FR": SMALL_FR}[seller.country]
    return SMALL_EU if seller.country in EU else SMALL


def note(code: str) -> str:
    return str(_NOTES[code]) if code else ""


def missing(place: str, category: Category) -> str:
    """Why something cannot be sold there."""
    if place == "CA":
        return _("The postcode does not say which province it is in, so the tax is not known. Correct the address.")
    text = _("It is not known here what tax is due on %(category)s in %(place)s, so this cannot be sold there.")
    return text % {"category": category.label, "place": place_name(place)}


def place_name(place: str) -> str:
    """ "CA-QC" as "Quebec", "FR-20" and "FR-export" as what is meant by them."""
    country, _dash, part = place.partition("-")
    known = Locale((get_language() or "fr")[:2]).territories.get(country, country)
    if part == EXPORT:
        return _("another country, from %(country)s") % {"country": known}
    if country == "CA" and part:
        return area_name(place)
    return _("%(country)s, postcodes %(part)s…") % {"country": known, "part": part} if part else str(known)
