"""What the columns of a list are called, in six languages, and which of them a header has.

Names are folded by `tables.column_name` (lower case, no accents, the unit in brackets left out). An earlier name of a
field wins over a later one where a header has both.
"""

import re
from dataclasses import dataclass

from babel.core import get_global

from catalog_sync.reading.tables import column_name
from catalog_sync.reasons import feed_error
from catalog_sync.vocabulary import CURRENCY_SIGNS

# field: names, the most specific first
_NAMES: dict[str, str] = {
    "gtin": (
        "gtin, gtin13, ean13, isbn13, isbn 13, ean 13, code ean, ean, ean isbn, isbn ean, gencod, gencode, code "
        "barre, code barres, codebarre, barcode, bar code, upc, gtin upc ean isbn, variant barcode, codigo de "
        "barras, strichcode, streepjescode, codice a barre, shtrih kod, штрихкод, ean code, product ean, gtin upc "
        "ean or isbn"
    ),
    "isbn": "isbn, isbn10, isbn 10, numero isbn, no isbn, isbn number",
    "sku": (
        "sku, variant sku, ugs, id article, article id, article number, article no, item number, item no, item "
        "id, item, code article, ref article, reference article, reference produit, reference, ref, code produit, "
        "product code, product id, produit id, numero article, artikelnummer, artikelnr, art nr, referencia, "
        "codigo, code, codice, sifra, артикул, artikul, id, book id, numero, no"
    ),
    "title": (
        "title, titre, book title, product title, nom du produit, nom produit, produit, product name, name, nom, "
        "designation, libelle, intitule, titulo, nombre, titel, bezeichnung, titolo, naam, naziv, naziv na sajtu, "
        "название, наименование, article, product, display name, oeuvre, original title"
    ),
    "subtitle": "subtitle, sous titre, subtitulo, untertitel, sottotitolo, ondertitel",
    "price": (
        "selling price, actual selling price, prix de vente, prix de vente ttc, prix ttc, prix public ttc, prix "
        "public, variant price, price, prix, prix unitaire, retail price, tarif, pvp, precio, preis, vk preis, "
        "verkaufspreis, prezzo, prijs, cena, цена, regular price, list price, rrp, msrp, pv ttc, montant"
    ),
    "quantity": (
        "quantity, quantite, qty, qte, stock, en stock qty, stock quantity, quantity in stock, quantite en stock, "
        "stock disponible, disponible a la vente, on hand, onhand, available quantity, available qty, variant "
        "inventory qty, inventory, inventory quantity, nb exemplaires, nombre d exemplaires, exemplaires, copies, "
        "cantidad, existencias, menge, bestand, lagerbestand, anzahl, giacenza, quantita, voorraad, aantal, "
        "kolicina, количество, остаток, stock actuel, stock physique, stock reel"
    ),
    "availability": (
        "availability, disponibilite, dispo, in stock, en stock, statut, status, etat du stock, disponibilidad, "
        "verfugbarkeit, disponibilita, beschikbaarheid, stock status, code dispo"
    ),
    "condition": "condition, etat, etat du livre, item condition, estado, zustand, condizione, staat, qualite",
    "signed": "signed, dedicace, signe, firmado, signiert",
    "first_edition": "first edition, edition originale, premiere edition, eo, primera edicion, erstausgabe",
    "days": "days, delai, delai jours, lead time, lead time days, delai de livraison, lieferzeit, handling time",
    "available_from": "available from, disponible le, date de disponibilite, availability date, available on",
    "contributors": (
        "author, authors, auteur, auteurs, auteur s, author s, book author, autor, autores, autoren, autore, "
        "autori, writer, contributors, contributor, автор"
    ),
    "publisher": (
        "publisher, editeur, book publisher, maison d edition, editorial, verlag, editore, uitgever, marque, "
        "brand, vendor, fabricant, producer, producteur, издательство, imprint"
    ),
    "subject": (
        "category, categories, categorie, subject, subjects, sujet, sujets, rayon, genre, theme, product type, "
        "type de produit, google product category, categoria, kategorie, kategorija, materia, категория, famille, "
        "collection rayon"
    ),
    "language": "language, langue, language code, lang, idioma, sprache, lingua, taal, язык",
    "form": "format, form, binding, reliure, support, presentation, type, formato, einband, encuadernacion, формат",
    "pages": (
        "pages, nb pages, nombre de pages, page count, number of pages, num pages, paginas, seiten, pagine, nb de pages"
    ),
    "publication_date": (
        "publication date, date de parution, parution, date de publication, date parution, pub date, published, "
        "publication year, annee, annee de publication, year, year of publication, original publication year, "
        "fecha de publicacion, erscheinungsdatum, release date"
    ),
    "description": (
        "description, resume, summary, body, descripcion, beschreibung, descrizione, beschrijving, texte, "
        "quatrieme de couverture, presentation longue, short description"
    ),
    "cover": (
        "cover, couverture, image, image url, image link, image src, images, cover url, photo, visuel, main "
        "image, imagen, bild"
    ),
    "series": "series, serie, collection, coleccion, reihe",
    "series_number": "series number, numero de serie, tome, volume, vol, band, number in series",
    "audience": "audience, public, lectorat, public vise",
    "unit_size": "unit size, contenance, contenu, unit, unite, units, conditionnement, volume net, zapremina, inhalt",
    "tax_code": "tax, tva, taux tva, vat, vat rate, tax rate, tax class, tax code, iva, mwst, btw",
    "currency": "currency, devise, currency code, moneda, wahrung, valuta, code devise",
}
COLUMN_NAMES: dict[str, tuple[str, ...]] = {field: tuple(names.split(", ")) for field, names in _NAMES.items()}

# Columns whose names look like ours and are not what a reader pays or gets.
NOT_MEANT = frozenset(
    {
        *(
            "prix kg",
            "price kg",
            "prix d achat",
            "cost price",
            "cost per item",
            "cost",
            "prix net",
            "prix ht",
            "net price",
        ),
        *("remise", "discount", "compare at price", "variant compare at price", "sale price", "small image url"),
    }
)
ESSENTIAL = ("gtin", "isbn", "sku", "title", "price")
_NAME_TO_FIELD = {
    name: (field, place) for field, names in COLUMN_NAMES.items() for place, name in reversed(list(enumerate(names)))
}
_UNIT = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Columns:
    """Which field stands in which column. `currency`: named in the price's header ("Prix (€)"), or empty."""

    places: dict[str, int]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    currency: str

    def last_needed(self) -> int:
        """The last place a row must reach to be of use."""
        return max((self.places[field] for field in ESSENTIAL if field in self.places), default=0)


def knows(cell: str) -> bool:
    """Whether a header cell is a column name we understand."""
    return column_name(cell) in _NAME_TO_FIELD


def match_columns(header: list[str], mapping: dict[str, str]) -> Columns:
    """The columns of a header.

    `mapping` is the feed's own, {field: column name}, and wins; names compare without case, accents and punctuation.
    Raises `FeedError` where a mapped column is not there, and where nothing identifies an article.
    """
    folded = [column_name(cell) for cell in header]
    places: dict[str, int] = {}
    for field, name in mapping.items():
        if column_name(name) not in folded:
            raise feed_error(
                "column_mapped_missing", permanent=True, column=name, columns=", ".join(filter(None, header))
            )
        places[field] = folded.index(column_name(name))
    candidates: dict[str, tuple[int, int]] = {}
    for place, name in enumerate(folded):
        if name in NOT_MEANT or name not in _NAME_TO_FIELD or place in places.values():
            continue
        field, rank = _NAME_TO_FIELD[name]
        if field not in places and (field not in candidates or rank < candidates[field][0]):
            candidates[field] = (rank, place)
    places.update({field: place for field, (_, place) in candidates.items()})
    if not places.keys() & {"gtin", "isbn", "sku"}:
        raise feed_error("columns_unknown", permanent=True, columns=", ".join(filter(None, header)))
    used = set(places.values())
    return Columns(
        places,
        tuple(cell for place, cell in enumerate(header) if cell and place not in used),
        _missing(places),
        _currency_named(header[places["price"]]) if "price" in places else "",
    )


def _missing(places: dict[str, int]) -> tuple[str, ...]:
    """What a shop should know is not in its list; an availability column is only missed where there is no quantity."""
    missing = [field for field in ("title", "price", "quantity") if field not in places]
    if "quantity" in missing and "availability" not in places:
        missing.append("availability")
    return tuple(missing)


def _currency_named(cell: str) -> str:
    found = _UNIT.search(cell)
    unit = ((found[1] or found[2]) if found else cell.split()[-1] if cell.split() else "").strip()
    if unit.upper() in get_global("all_currencies"):
        return unit.upper()
    return CURRENCY_SIGNS.get("".join(unit.lower().split()), "")
