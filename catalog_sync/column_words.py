"""What a column of a shop's list may hold, in a bookseller's words: for its pages, and for what a reading says."""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

# field of a record: what it is called on screen, in the order in which a page offers them
FIELD_WORDS: dict[str, str] = {
    "gtin": _("EAN or ISBN-13"),
    "isbn": _("ISBN"),
    "sku": _("your article number"),
    "title": _("title"),
    "subtitle": _("subtitle"),
    "contributors": _("authors"),
    "publisher": _("publisher or maker"),
    "price": _("selling price"),
    "currency": _("currency"),
    "quantity": _("copies in stock"),
    "availability": _("availability"),
    "condition": _("condition"),
    "signed": _("signed"),
    "first_edition": _("first edition"),
    "days": _("days to get it"),
    "available_from": _("available from"),
    "subject": _("subject or category"),
    "language": _("language"),
    "form": _("format"),
    "pages": _("number of pages"),
    "publication_date": _("date of publication"),
    "series": _("series"),
    "series_number": _("number in the series"),
    "audience": _("audience"),
    "unit_size": _("content of one unit"),
    "tax_code": _("tax rate"),
    "age_limit": _("sold from (years of age)"),
    "sold_in": _("countries where it is sold"),
    "not_sold_in": _("countries where it is not sold"),
    "shelf": _("shelf, or place in the shop"),
    "note": _("words on this copy"),
    "description": _("description"),
    "cover": _("address of the picture"),
}

# what the cells of a column look like (adapters/column_contents.py)
LOOK_WORDS: dict[str, str] = {
    "gtin": _("ISBNs or EANs"),
    "isbn": _("ISBNs"),
    "lost": _("ISBNs that have lost digits"),
    "money": _("prices with cents"),
    "named_money": _("prices with their currency"),
    "rate": _("tax rates"),
    "whole": _("small whole numbers"),
    "year": _("years"),
    "date": _("dates"),
    "address": _("web addresses"),
    "stock": _("words about stock"),
    "condition": _("conditions"),
    "language": _("languages"),
    "form": _("formats"),
    "currency": _("currencies"),
    "person": _("names of persons"),
    "long": _("long texts"),
    "text": _("texts"),
    "code": _("numbers or codes, each of them once"),
}

# Why a column is taken for what it is.
COLUMN_REASONS: dict[str, str] = {
    "column_chosen": _("You have said so."),
    "column_as_before": _("It was so in the last list."),
    "column_named": _("Its name says so."),
    "column_looks": _("%(count)s of %(cells)s cells are %(look)s."),
    "column_taxed": _("It is the other price (“%(column)s”) with tax added."),
    "column_unused": _("Nothing is read from it."),
    "column_not_meant": _("Its name says that it is not what a reader pays."),
    "column_denied": _("“%(column)s” should be the %(field)s, but %(count)s of %(cells)s cells are %(look)s."),
}


def of_fields(names: str) -> str:
    """Fields named one after the other, as they are called on screen in the active language; else as it is."""
    each = names.split(", ")
    return ", ".join(gettext(FIELD_WORDS[name]) for name in each) if FIELD_WORDS.keys() >= set(each) else names
