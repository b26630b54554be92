"""What the columns of a list are called in French, English, Spanish, German, Russian and some languages more.

Names are folded (lower case, no accents, no punctuation). A name is looked up whole, then without the part in brackets
("Prix (€)"), then without a unit at its end ("Preis EUR"). An earlier name of a field wins over a later one where a
header has both.
"""

import re

from babel.core import get_global

from catalog_sync.cleaning import fold
from catalog_sync.reading.tables import column_name
from catalog_sync.vocabulary import CURRENCY_SIGNS

# field: names, the most specific first
_NAMES: dict[str, str] = {
    "gtin": (
        "gtin, gtin13, gtin 13, gtin 14, ean13, isbn13, isbn 13, ean 13, code ean, code ean13, code ean 13, numero "
        "ean, no ean, n ean, ean, ean isbn, isbn ean, ean13 isbn, isbn ean13, ean upc, upc ean, gencod, gencode, "
        "code barre, code barres, code a barres, codes barres, codebarre, codebarres, barcode, bar code, barcode "
        "ean, barcode number, upc, upc code, gtin upc ean isbn, variant barcode, codigo de barras, codigo barras, "
        "cod barras, codigo ean, strichcode, barcode nummer, ean nummer, ean nr, ean code, streepjescode, codice a "
        "barre, shtrih kod, штрихкод, штрих код, штрихкод ean, код ean, ean13 штрихкод, product ean, gtin upc ean "
        "or isbn, gtin ean"
    ),
    "isbn": (
        "isbn, isbn10, isbn 10, numero isbn, numero d isbn, no isbn, n isbn, code isbn, isbn number, isbn no, isbn "
        "code, numero de isbn, codigo isbn, isbn nummer, isbn nr, номер isbn, код isbn"
    ),
    "sku": (
        "sku, variant sku, ugs, id article, article id, article number, article no, item number, item no, item id, "
        "item, stock number, stock code, inventory number, code article, ref article, reference article, reference "
        "produit, reference interne, ref interne, reference, ref, code interne, code produit, numero d article, no "
        "article, n article, n d article, product code, product id, product number, produit id, numero article, "
        "artikelnummer, artikelnr, artikel nr, art nr, artnr, bestellnummer, bestellnr, referencia, ref interna, "
        "codigo interno, codigo articulo, codigo de articulo, codigo producto, codigo de producto, codigo, code, "
        "codice, sifra, артикул, код товара, код, номер товара, artikul, id, book id, numero, no"
    ),
    "title": (
        "title, titre, book title, product title, titre du livre, titre de l ouvrage, nom du produit, nom produit, "
        "produit, nom de l article, product name, item name, name, nom, designation, libelle, libelle article, "
        "intitule, titulo, titulo del libro, nombre, nombre del producto, denominacion, titel, buchtitel, "
        "bezeichnung, artikelbezeichnung, artikelname, produktname, titolo, naam, naziv, naziv na sajtu, название, "
        "название книги, название товара, наименование, наименование товара, заглавие, заголовок, article, product, "
        "display name, oeuvre, ouvrage, original title"
    ),
    "subtitle": ("subtitle, sub title, sous titre, subtitulo, untertitel, sottotitolo, ondertitel, подзаголовок"),
    "price": (
        "selling price, actual selling price, prix de vente ttc, prix public ttc, prix ttc, prix unitaire ttc, pu "
        "ttc, pv ttc, ppttc, prix de vente public, prix de vente, prix public, prix editeur ttc, prix editeur, "
        "variant price, price incl vat, price inc vat, price including vat, price incl tax, price inc tax, price "
        "including tax, price with tax, gross price, pvp con iva, precio con iva, pvp iva incluido, precio de venta "
        "al publico, precio de venta, precio venta, precio publico, bruttopreis, preis brutto, brutto, preis inkl "
        "mwst, ladenverkaufspreis, ladenpreis, endpreis, цена с ндс, розничная цена, цена розничная, цена продажи, "
        "price, prix, prix unitaire, prix catalogue, prix en euros, prix de detail, unit price, sell price, sales "
        "price, retail price, retail, cover price, current price, tarif, tarif public, pvp, precio, precio "
        "unitario, importe, preis, vk preis, vkpreis, vk brutto, vk, verkaufspreis, einzelpreis, prezzo, prijs, "
        "cena, цена, стоимость, regular price, list price, rrp, srp, msrp, uvp, montant"
    ),
    "quantity": (
        "quantity, quantite, qty, qte, stock, en stock qty, stock quantity, stock qty, stock level, quantity in "
        "stock, qty in stock, quantity on hand, qty on hand, qoh, quantite en stock, quantite disponible, qte en "
        "stock, qte stock, qte dispo, stock disponible, stock dispo, disponible a la vente, on hand, onhand, "
        "quantity available, available quantity, available qty, available stock, variant inventory qty, inventory, "
        "inventory quantity, nb exemplaires, nb d exemplaires, nombre d exemplaires, exemplaires, nb en stock, "
        "copies, copies in stock, units in stock, cantidad, cantidad disponible, cantidad en stock, cant, "
        "existencias, unidades, ejemplares, stock actual, menge, bestand, lagerbestand, lagermenge, verfugbarer "
        "bestand, anzahl, stuckzahl, giacenza, quantita, voorraad, aantal, kolicina, количество, кол во, остаток, "
        "остатки, остаток на складе, количество на складе, в наличии шт, stock actuel, stock physique, stock reel, "
        "stock magasin"
    ),
    "availability": (
        "availability, disponibilite, dispo, in stock, en stock, statut, status, etat du stock, disponibilidad, "
        "estado de stock, disponible, verfugbarkeit, verfugbar, lieferbarkeit, lieferstatus, lagerstatus, "
        "disponibilita, beschikbaarheid, stock status, availability status, code dispo, code disponibilite, "
        "наличие, в наличии, доступность, статус"
    ),
    "condition": (
        "condition, etat, etat du livre, etat de l article, item condition, book condition, estado, estado del "
        "libro, zustand, erhaltung, erhaltungszustand, condizione, staat, qualite, состояние, состояние книги, "
        "сохранность"
    ),
    "signed": "signed, dedicace, signe, firmado, dedicado, signiert, подписано, с автографом",
    "first_edition": (
        "first edition, edition originale, premiere edition, eo, primera edicion, erstausgabe, первое издание"
    ),
    "days": (
        "days, delai, delai jours, lead time, lead time days, delai de livraison, plazo de entrega, dias de "
        "entrega, lieferzeit, lieferzeit tage, handling time, срок поставки, срок доставки"
    ),
    "available_from": (
        "available from, disponible le, date de disponibilite, availability date, available on, disponible desde, "
        "fecha de disponibilidad, lieferbar ab, verfugbar ab, дата поступления"
    ),
    "contributors": (
        "author, authors, auteur, auteurs, auteur s, auteur principal, author s, author name, book author, autor, "
        "autores, autor es, autoren, verfasser, autor in, autore, autori, writer, contributors, contributor, "
        "contributeurs, автор, авторы, автор ы"
    ),
    "publisher": (
        "publisher, editeur, editeurs, book publisher, publisher name, maison d edition, editorial, editora, "
        "verlag, verlagsname, editore, uitgever, marque, brand, vendor, marca, hersteller, fabricante, fabricant, "
        "producer, producteur, издательство, издатель, производитель, imprint"
    ),
    "subject": (
        "category, categories, categorie, subject, subjects, sujet, sujets, rayon, genre, theme, product type, type "
        "de produit, google product category, categoria, categorias, materia, materias, tema, genero, kategorie, "
        "kategorien, warengruppe, sachgebiet, thema, rubrik, kategorija, категория, раздел, жанр, тематика, "
        "рубрика, famille, sous famille, collection rayon"
    ),
    "language": (
        "language, langue, language code, code langue, lang, idioma, lengua, sprache, sprachcode, lingua, taal, "
        "язык, язык издания"
    ),
    "form": (
        "format, form, binding, reliure, support, presentation, type, formato, encuadernacion, tapa, einband, "
        "einbandart, bindung, ausstattung, формат, переплет, обложка, тип обложки"
    ),
    "pages": (
        "pages, nb pages, nombre de pages, page count, number of pages, num pages, paginas, numero de paginas, n "
        "paginas, no paginas, seiten, seitenzahl, anzahl seiten, pagine, nb de pages, страниц, кол во страниц, "
        "страницы, количество страниц, число страниц"
    ),
    "publication_date": (
        "publication date, date de parution, parution, date de publication, date parution, date d edition, pub "
        "date, published, date published, publication year, pub year, annee, annee de publication, annee de "
        "parution, annee d edition, year, year of publication, year published, original publication year, fecha de "
        "publicacion, fecha de edicion, ano de publicacion, ano de edicion, ano, erscheinungsdatum, "
        "erscheinungsjahr, erscheinungstermin, jahr, дата выхода, дата издания, дата публикации, год издания, год, "
        "release date"
    ),
    "description": (
        "description, resume, summary, body, blurb, descripcion, resumen, sinopsis, beschreibung, klappentext, "
        "kurzbeschreibung, inhaltsangabe, descrizione, beschrijving, texte, quatrieme de couverture, 4e de "
        "couverture, presentation longue, short description, описание, аннотация"
    ),
    "cover": (
        "cover, couverture, image, image url, url image, image link, image src, images, cover url, cover image, url "
        "de l image, url couverture, lien image, photo, visuel, main image, imagen, url imagen, portada, foto, "
        "bild, bild url, titelbild, cover bild, изображение, картинка, ссылка на изображение, фото"
    ),
    "series": "series, serie, collection, coleccion, reihe, buchreihe, серия, цикл",
    "series_number": (
        "series number, numero de serie, numero dans la serie, tome, n tome, volume, vol, band, bandnummer, bandnr, "
        "band nr, tomo, volumen, number in series, том, номер в серии, номер тома"
    ),
    "audience": (
        "audience, public, lectorat, public vise, age, tranche d age, age range, edad, publico, lesealter, "
        "altersgruppe, zielgruppe, возраст, возрастное ограничение, целевая аудитория"
    ),
    "unit_size": (
        "unit size, contenance, contenu, unit, unite, units, conditionnement, volume net, zapremina, inhalt, "
        "einheit, unidad, contenido, единица измерения, объем"
    ),
    "tax_code": (
        "tax, tva, taux tva, taux de tva, code tva, vat, vat rate, vat code, tax rate, tax class, tax code, gst, "
        "iva, tipo de iva, tipo iva, mwst, mwst satz, ust, ust satz, mehrwertsteuer, steuersatz, btw, ндс, ставка "
        "ндс"
    ),
    "age_limit": (
        "age min, age minimum, age minimal, age legal, minimum age, min age, age limit, legal age, limite d age, age "
        "limite, sold from age, vente a partir de, interdit aux moins de, edad minima, mindestalter, altersfreigabe, "
        "fsk, usk, eta minima, minimumleeftijd"
    ),
    "sold_in": (
        "sold in, sold in countries, countries sold, sales countries, sales territory, for sale in, pays "
        "de vente, pays autorises, vendu en, vendu dans, territoire de vente, territoires de vente, "
        "paises de venta, verkauf in, verkaufslander, paesi di vendita"
    ),
    "not_sold_in": (
        "not sold in, not for sale in, not sold in countries, excluded countries, countries excluded, pays exclus, "
        "pays interdits, non vendu en, non vendu dans, pas vendu en, vente interdite en, paises excluidos, "
        "kein verkauf in, ausgeschlossene lander, paesi esclusi"
    ),
    # Nothing that may be a shop's remark to itself: what is named here is shown to readers.
    "note": (
        "condition note, condition notes, condition description, condition details, item note, copy note, copy notes, "
        "note sur l etat, notes sur l etat, description de l etat, detail de l etat, details de l etat, note sur l "
        "exemplaire, description de l exemplaire, descripcion del estado, notas del estado, zustandsbeschreibung, "
        "zustandsdetails, descrizione delle condizioni, note condizione, описание состояния"
    ),
    "shelf": (
        "shelf, shelf mark, shelf location, shelf code, shelf number, shelf no, emplacement, emplacement magasin, "
        "emplacement rayon, localisation, localisation magasin, code emplacement, numero de rayon, n de rayon, code "
        "rayon, etagere, rayonnage, location, location code, bin, bin location, store location, place, ubicacion, "
        "estante, estanteria, regal, regalplatz, regalnummer, standort, stellplatz, lagerplatz, fach, scaffale, "
        "collocazione, ubicazione, schap, полка, стеллаж, место хранения"
    ),
    "currency": ("currency, devise, monnaie, currency code, moneda, divisa, wahrung, valuta, code devise, валюта"),
}
COLUMN_NAMES: dict[str, tuple[str, ...]] = {field: tuple(names.split(", ")) for field, names in _NAMES.items()}
_NAME_TO_FIELD = {
    name: (field, place) for field, names in COLUMN_NAMES.items() for place, name in reversed(list(enumerate(names)))
}
# Columns that look like prices and are not what a reader pays: what a shop pays, without tax, per kilogram, reduced.
_NOT_MEANT = re.compile(
    r"\b(?:"
    r"ht|hors taxes?|hors tva|net|netto|nettopreis|excl|exclusive|ex vat|ex tax|without|sans|ohne|zzgl|exkl|"
    r"sin iva|mas iva|base imponible|без ндс|achat|pa|cost|einkauf|einkaufspreis|ek|ekpreis|compra|coste|costo|"
    r"закупочная|закупка|оптовая|опт|себестоимость|wholesale|trade|gros|grossiste|cession|revendeur|mayorista|kg|"
    r"kilo|remise|rabais|discount|rabatt|descuento|скидка|compare|sale price|promo|small|ancien|old|alt|anterior|"
    r"старая|poids|weight|gewicht|peso|вес|marge|margin|marge brute|total|valeur|note|rating|ratings"
    r")\b"
)
_UNIT = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_CURRENCIES = frozenset(get_global("all_currencies"))
_UNITS_AT_END = frozenset({"ttc", "euro", "euros", "руб", "eur", "шт", "st", "stk", "ud", "uds", "ex", "exemplaires"})


def field_named(cell: str) -> tuple[str, int] | None:
    """The field that a column's name says, and how specific the name is (0 the most); None for any other name."""
    whole = fold(cell)
    if whole in _NAME_TO_FIELD:
        return _NAME_TO_FIELD[whole]
    if is_not_meant(cell):
        return None
    bare = column_name(cell)
    first, _, last = bare.rpartition(" ")
    if bare not in _NAME_TO_FIELD and (last in _UNITS_AT_END or last.upper() in _CURRENCIES):
        bare = first
    return _NAME_TO_FIELD.get(bare)


def is_not_meant(cell: str) -> bool:
    """Whether a name says that the column is no price a reader pays."""
    whole = fold(cell)
    return whole not in _NAME_TO_FIELD and bool(_NOT_MEANT.search(whole))


def knows(cell: str) -> bool:
    """Whether a header cell is a column name we understand."""
    return field_named(cell) is not None


def currency_named(cell: str) -> str:
    """The currency in a column's name ("Prix (€)", "Preis EUR"), or empty."""
    found = _UNIT.search(cell)
    unit = ((found[1] or found[2]) if found else cell.split()[-1] if cell.split() else "").strip()
    if unit.upper() in _CURRENCIES:
        return unit.upper()
    return CURRENCY_SIGNS.get("".join(unit.lower().split()), "")
