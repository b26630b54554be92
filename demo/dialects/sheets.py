"""Lists from tills and spreadsheets: three CSV dialects, a workbook, a second-hand catalogue, a list kept by hand."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

from openpyxl import Workbook

from demo.assortment import Offer
from demo.goods import Good
from demo.shop_records import DemoShop
from demo.titles import SUBJECTS, Title, inverted

_FORMS_FR = {"BB": "relié", "BC": "broché", "BA": "livre"}
_FORMS_EN = {"BB": "Hardcover", "BC": "Paperback", "BA": "Book"}
_AVAILABILITY_FR = {
    "in_stock": "en stock",
    "orderable": "sur commande",
    "preorder": "à paraître",
    "temporarily_unavailable": "en réimpression",
    "unavailable": "épuisé",
}
_CONDITIONS_FR = {
    "new": "neuf",
    "as_new": "comme neuf",
    "very_good": "très bon état",
    "good": "bon état",
    "acceptable": "état correct",
}
_LANGUAGES_FR = {"fre": "français", "eng": "anglais"}
# One ISBN in five of the English shop went through a spreadsheet that took it for a number.
_SPOILED_EVERY = 5
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)


def french_semicolon(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Semicolons, Windows-1252, decimal comma, French headers, CRLF. What cp1252 cannot hold is left out."""
    header = (
        *("Référence", "EAN", "Titre", "Auteur(s)", "Éditeur", "Collection", "Tome", "Rayon", "Langue", "Reliure"),
        *("Parution", "Pages", "Prix TTC", "Stock", "Disponibilité", "Délai (jours)", "Résumé", "Remarque"),
    )
    rows = [
        (
            *(offer.sku, offer.gtin, title.title, _people(title, " ; ", turned=True), title.publisher, title.series),
            *(title.series_number, SUBJECTS[title.subject][0], _LANGUAGES_FR.get(title.language, title.language)),
            *(_FORMS_FR[title.form], title.year, title.pages, _comma(offer.price_minor), _blank(offer.quantity)),
            *(_AVAILABILITY_FR[offer.availability], _blank(offer.days), title.description, _synthetic(title)),
        )
        for offer in offers
        if _fits((title := offer.title), "cp1252")
    ]
    return _csv(header, rows, ";", "\r\n").encode("cp1252", "replace"), len(rows)


def english_comma(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Commas, UTF-8 with a byte order mark, English headers; no article number but the ISBN, part of them spoiled."""
    header = (
        *("Title", "Author", "ISBN-13", "ISBN-10", "Publisher", "Series", "Volume", "Subject", "Language", "Binding"),
        *("Published", "Pages", "Price", "Quantity", "Notes"),
    )
    rows = []
    for place, offer in enumerate(offers):
        title = offer.title
        spoiled = title.isbn13_raw and place % _SPOILED_EVERY == 0 and not offer.fault
        isbn13 = title.isbn13_raw if spoiled or not title.gtin else offer.gtin
        rows.append(
            (
                *(title.title, _people(title, ", "), isbn13, title.isbn10 if spoiled or not title.gtin else ""),
                *(title.publisher, title.series, title.series_number, SUBJECTS[title.subject][1], title.language),
                *(_FORMS_EN[title.form], title.year, title.pages, _dollars(offer.price_minor), _blank(offer.quantity)),
                _synthetic(title),
            )
        )
    return b"\xef\xbb\xbf" + _csv(header, rows, ",", "\n").encode(), len(rows)


# The columns of an old till's export, which no one could guess; `CatalogRecord` field to header.
TILL_COLUMNS = {
    "sku": "CLE_ART",
    "gtin": "GENCOD",
    "title": "LIB_ART",
    "contributors": "LIB_AUT",
    "publisher": "LIB_EDI",
    "series": "LIB_COL",
    "series_number": "NO_COL",
    "subject": "LIB_RAY",
    "language": "COD_LNG",
    "form": "LIB_SUP",
    "publication_date": "AN_PAR",
    "pages": "NB_PAG",
    "price": "PV_TTC",
    "quantity": "QTE_DIS",
    "condition": "ETAT",
}


def till_tab(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Tabs, UTF-8 without a mark, the cryptic headers of a till; new and used side by side."""
    rows = [
        (
            *(offer.sku, offer.gtin, title.title, _people(title, " / "), title.publisher, title.series),
            *(title.series_number, SUBJECTS[title.subject][0], title.language, _FORMS_FR[title.form]),
            *(title.year, title.pages),
            *(_point(offer.price_minor), _blank(offer.quantity), _CONDITIONS_FR[offer.condition]),
        )
        for offer in offers
        if (title := offer.title)
    ]
    return _csv(tuple(TILL_COLUMNS.values()), rows, "\t", "\r\n").encode(), len(rows)


def second_hand(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Semicolons, UTF-8, each copy described: condition, signed, first edition; prices with their sign."""
    header = (
        *("No", "ISBN", "Auteur", "Titre", "Éditeur", "Année", "Langue", "Reliure", "État", "Détail de l’état"),
        *("Dédicacé", "Édition originale", "Prix", "Quantité", "Note"),
    )
    rows = [
        (
            *(offer.sku, _hyphened(offer.gtin), _people(title, " ; ", turned=True), title.title, title.publisher),
            *(title.year, title.language, _FORMS_FR[title.form], _CONDITIONS_FR[offer.condition]),
            offer.remark,
            *("oui" if offer.signed else "", "oui" if offer.first_edition else ""),
            *(_comma(offer.price_minor) + " $" if offer.price_minor is not None else "sur demande",),
            *(_blank(offer.quantity), _synthetic(title)),
        )
        for offer in offers
        if (title := offer.title)
    ]
    return _csv(header, rows, ";", "\n").encode(), len(rows)


# "Format" is how a grocer calls the size of a unit; elsewhere it is a book's binding.
OWN_LIST_COLUMNS = {"unit_size": "Format"}


def own_list(shop: DemoShop, goods: Sequence[Good], sent_at: datetime) -> tuple[bytes, int]:
    """A list kept by hand: own numbers, no GTIN; stock in words here and there, a price on request, a line twice."""
    header = ("Code", "Produit", "Producteur", "Format", "Catégorie", "Prix ($)", "Stock", "Description")
    rows = []
    for place, good in enumerate(goods, 1):
        stock = ("en stock", "rupture", "")[place // 9 % 3] if place % 9 == 0 else str(place * 7 % 23)
        price = "sur demande" if place == 17 else _comma(good.price_minor)
        code = f"EQV-{place:03d}"
        rows.append((code, good.name, good.maker, good.size, good.shelf, price, stock, good.description))
    rows.append(rows[4])
    return _csv(header, rows, ";", "\n").encode(), len(rows)


def workbook(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """A workbook as a shop keeps it: two lines above the header, ISBNs, prices and copies as numbers."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Inventaire")
    sheet.append([f"{shop.name} – inventaire"])
    sheet.append([])
    sheet.append(
        [
            *("No", "ISBN", "Titre", "Auteur(s)", "Éditeur", "Série", "Tome", "Catégorie", "Langue", "Reliure"),
            *("Année", "Pages", "Prix", "Qté", "Résumé", "Note"),
        ]
    )
    for offer in offers:
        title = offer.title
        price = offer.price_minor / 100 if offer.price_minor is not None else None
        tome = int(title.series_number) if title.series_number.isdigit() else title.series_number or None
        sheet.append(
            [
                *(offer.sku, int(offer.gtin), title.title, _people(title, ", "), title.publisher, title.series or None),
                *(tome, SUBJECTS[title.subject][0], _LANGUAGES_FR.get(title.language, title.language) or None),
                *(_FORMS_FR[title.form], int(title.year) if title.year else None, title.pages, price, offer.quantity),
                *(title.description or None, _synthetic(title)),
            ]
        )
    stream = io.BytesIO()
    book.save(stream)
    return _timeless(stream.getvalue()), len(offers)


def _timeless(workbook_bytes: bytes) -> bytes:
    """The same workbook without the time of its making, so that equal content is equal bytes."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook_bytes)) as made, zipfile.ZipFile(result, "w") as target:
        for entry in sorted(made.namelist()):
            content = made.read(entry)
            if entry == "docProps/core.xml":
                head, _, tail = content.partition(b"<dcterms:created")
                content = head + tail[tail.index(b"</cp:coreProperties>") :]
            target.writestr(zipfile.ZipInfo(entry, _ZIP_TIME), content, zipfile.ZIP_DEFLATED, 6)
    return result.getvalue()


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str, end: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _people(title: Title, separator: str, *, turned: bool = False) -> str:
    return separator.join(inverted(name) if turned else name for name, _ in title.contributors)


def _synthetic(title: Title) -> str:
    return f"synthetic: {title.synthetic}"


def _fits(title: Title, charset: str) -> bool:
    try:
        (title.title + title.series + _people(title, "")).encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _blank(number: int | None) -> str:
    return "" if number is None else str(number)


def _point(minor: int | None) -> str:
    return "" if minor is None else f"{minor // 100}.{minor % 100:02d}"


def _comma(minor: int | None) -> str:
    return _point(minor).replace(".", ",")


def _dollars(minor: int | None) -> str:
    return "" if minor is None else f"${_point(minor)}"


def _hyphened(gtin: str) -> str:
    """As people type it; the groups are not the registrants' true ones, which no reader of a list needs."""
    return f"{gtin[:3]}-{gtin[3]}-{gtin[4:8]}-{gtin[8:12]}-{gtin[12]}"
