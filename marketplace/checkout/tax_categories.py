"""Which kind of thing a line is for the tax: by its form, its ISBN, whether it is downloaded, the shop's own code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import Form, ProductFacts
from shops.downloads import is_digital

__all__ = ["Category", "category_of", "is_digital"]


class Category(models.TextChoices):
    """Every kind that some table tells apart."""

    BOOK = "book", _("printed books with an ISBN")
    UNNUMBERED = "unnumbered", _("printed books without an ISBN")
    AUDIOBOOK = "audiobook", _("audio books on a carrier")
    EBOOK = "ebook", _("e-books")
    AUDIO_DOWNLOAD = "audio_download", _("audio books to download")
    DOWNLOAD = "download", _("other downloads")
    PERIODICAL = "periodical", _("newspapers and magazines")
    FOOD = "food", _("basic food")
    GOODS = "goods", _("other goods")
    SERVICE = "service", _("services to shops")


PRINTED = frozenset({Form.HARDBACK, Form.PAPERBACK, Form.POCKET, Form.BOOK, Form.COMIC, Form.BOARD})
SERIAL_PREFIX = 977  # GTINs of serials: an ISSN follows
# What shops write in a column for it, and which does not depend on a country. A bare "food" is not among them: snacks
# and sweets are food too, and are taxed otherwise.
WORDS = {
    **dict.fromkeys(("basic food", "basic groceries", "produits alimentaires de base"), Category.FOOD),
    **dict.fromkeys(("press", "presse", "periodical", "périodique", "magazine"), Category.PERIODICAL),
    **dict.fromkeys(("standard", "standard rate", "taux normal", "normal"), Category.GOODS),
}


def category_of(
    facts: ProductFacts | None, *, digital: bool, rate_of: Callable[[Category], int | None] | None = None
) -> Category:
    """The category of one title. Without facts it is not known to be a book.

    The shop's own code is followed where it is a word of WORDS, or a rate in per cent that another category has in the
    shop's own place: `rate_of` says that rate in thousandths of a per cent, None where the tables have none. Downloads
    have categories of their own, whatever the code says."""
    if digital:
        return _download(facts)
    found = _goods(facts)
    said = facts.tax_code.strip().casefold() if facts else ""
    if said in WORDS:
        return WORDS[said]
    rate = _milli(said)
    if facts is None or rate is None or rate_of is None or rate_of(found) == rate:
        return found
    others = [Category.BOOK] if facts.is_book else []
    others += [Category.PERIODICAL, Category.FOOD, Category.GOODS]
    return next((other for other in others if rate_of(other) == rate), found)


def _goods(facts: ProductFacts | None) -> Category:
    """Maps, calendars, games and stationery are no books, with an ISBN or without: a book is there to be read."""
    if facts is None:
        return Category.GOODS
    if facts.gtin and facts.gtin // 10**10 == SERIAL_PREFIX:
        return Category.PERIODICAL
    if facts.form == Form.AUDIO:
        return Category.AUDIOBOOK
    if facts.form in PRINTED or not facts.form:
        return Category.BOOK if facts.is_book else Category.UNNUMBERED if facts.form else Category.GOODS
    return Category.GOODS


def _download(facts: ProductFacts | None) -> Category:
    if facts is None:
        return Category.DOWNLOAD
    if facts.form == Form.AUDIO:
        return Category.AUDIO_DOWNLOAD
    is_text = facts.form == Form.EBOOK or facts.form in PRINTED or (not facts.form and facts.is_book)
    return Category.EBOOK if is_text else Category.DOWNLOAD


def _milli(code: str) -> int | None:
    """ "5.5" → 5500. None: it is no rate."""
    try:
        rate = Decimal(code) * 1000
    except InvalidOperation:
        return None
    return int(rate) if rate.is_finite() and rate == rate.to_integral_value() else None
