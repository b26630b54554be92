"""What columns are called, as people and programs write it, in five languages."""

import pytest

from catalog_sync.adapters.column_names import COLUMN_NAMES, currency_named, field_named, is_not_meant
from catalog_sync.cleaning import fold
from catalog_sync.column_words import FIELD_WORDS

# language: {field: names}
SPELLED: dict[str, dict[str, str]] = {
    "fr": {
        "gtin": (
            "EAN | EAN13 | EAN 13 | Code EAN | Code-barres | Code barre | N° EAN | Gencod | GENCODE | EAN/ISBN | "
            "ISBN-13"
        ),
        "isbn": "ISBN | N° ISBN | Numéro d’ISBN | ISBN-10 | Code ISBN",
        "sku": "Référence | Réf. | Code article | N° d’article | Référence interne | Code produit | UGS",
        "title": "Titre | TITRE | Désignation | Libellé | Nom du produit | Intitulé | Titre de l’ouvrage",
        "subtitle": "Sous-titre",
        "contributors": "Auteur | Auteurs | Auteur(s) | AUTEUR PRINCIPAL",
        "publisher": "Éditeur | Editeur | Maison d’édition | Marque | Fabricant",
        "price": (
            "Prix | Prix (€) | Prix TTC | Prix public TTC | Prix de vente | PV TTC | Tarif | Prix unitaire | Prix "
            "€ | Prix EUR"
        ),
        "quantity": (
            "Quantité | Qté | Stock | Stock disponible | Nb exemplaires | Quantité en stock | Stock réel | Qté dispo"
        ),
        "availability": "Disponibilité | Dispo | En stock ? | Statut | État du stock",
        "condition": "État | État du livre",
        "language": "Langue",
        "form": "Format | Reliure | Support | Présentation",
        "pages": "Nb pages | Nombre de pages | Pages",
        "publication_date": "Date de parution | Parution | Année | Année d’édition | Date de publication",
        "description": "Résumé | Description | 4e de couverture",
        "cover": "Couverture | Image | URL image | Visuel",
        "series": "Collection | Série",
        "series_number": "Tome | N° tome | Volume",
        "subject": "Rayon | Genre | Catégorie | Thème | Famille",
        "tax_code": "TVA | Taux de TVA | TVA (%) | Taux TVA",
        "currency": "Devise",
        "days": "Délai | Délai de livraison | Délai (jours)",
        "available_from": "Disponible le",
        "audience": "Public | Lectorat",
        "unit_size": "Contenance | Conditionnement",
        "signed": "Dédicacé | Signé",
        "first_edition": "Édition originale",
    },
    "en": {
        "gtin": "EAN | GTIN | Barcode | Bar code | UPC | UPC Code | ISBN13 | EAN-13 | GTIN, UPC, EAN, or ISBN",
        "isbn": "ISBN | ISBN10 | ISBN number | ISBN No.",
        "sku": "SKU | Item number | Item No. | Stock code | Product code | Product ID | Item ID",
        "title": "Title | Book Title | Product name | Name | Item name",
        "subtitle": "Subtitle | Sub-title",
        "contributors": "Author | Author(s) | Authors | Author Name | Book-Author",
        "publisher": "Publisher | Imprint | Brand | Vendor | Publisher name",
        "price": (
            "Price | Retail price | RRP | SRP | Selling price | List price | Price inc. VAT | Price (GBP) | Price "
            "CAD | Unit price"
        ),
        "quantity": (
            "Quantity | Qty | Stock | On hand | QOH | Qty in stock | Stock level | Quantity available | Copies"
        ),
        "availability": "Availability | In stock? | Status | Stock status",
        "condition": "Condition | Book condition",
        "language": "Language | Lang",
        "form": "Format | Binding",
        "pages": "Pages | Page count | Number of pages",
        "publication_date": "Publication date | Pub date | Year | Year-Of-Publication | Published",
        "description": "Description | Summary | Blurb",
        "cover": "Cover | Image URL | Cover image | Image link",
        "series": "Series",
        "series_number": "Volume | Vol. | Number in series",
        "subject": "Category | Subject | Product type | Genre",
        "tax_code": "VAT | VAT rate | Tax rate | GST",
        "currency": "Currency | Currency code",
        "days": "Lead time | Lead time (days)",
        "available_from": "Available from | Available on",
    },
    "es": {
        "gtin": "EAN | Código de barras | Cód. barras | Código EAN",
        "isbn": "ISBN | Número de ISBN | Código ISBN",
        "sku": "Referencia | Código | Código artículo | Código interno | Ref. interna",
        "title": "Título | Nombre | Nombre del producto | Denominación | Título del libro",
        "subtitle": "Subtítulo",
        "contributors": "Autor | Autores | Autor/es",
        "publisher": "Editorial | Marca | Fabricante",
        "price": "PVP | Precio | Precio de venta | Precio con IVA | PVP con IVA | PVP (€) | Importe | Precio EUR",
        "quantity": "Cantidad | Existencias | Unidades | Stock actual | Ejemplares | Cantidad disponible",
        "availability": "Disponibilidad | Disponible",
        "condition": "Estado | Estado del libro",
        "language": "Idioma | Lengua",
        "form": "Formato | Encuadernación",
        "pages": "Páginas | Nº páginas | Número de páginas",
        "publication_date": "Fecha de publicación | Año | Año de edición | Fecha de edición",
        "description": "Descripción | Sinopsis | Resumen",
        "cover": "Portada | Imagen | URL imagen",
        "series": "Colección | Serie",
        "series_number": "Tomo | Volumen",
        "subject": "Materia | Categoría | Género | Tema",
        "tax_code": "IVA | Tipo de IVA | IVA (%)",
        "currency": "Moneda | Divisa",
    },
    "de": {
        "gtin": "EAN | EAN-Code | Strichcode | EAN-Nr. | EAN-Nummer | Barcode",
        "isbn": "ISBN | ISBN-Nr. | ISBN-Nummer",
        "sku": "Artikelnummer | Artikel-Nr. | Art.-Nr. | ArtNr | Bestellnummer",
        "title": "Titel | Bezeichnung | Artikelbezeichnung | Buchtitel | Artikelname",
        "subtitle": "Untertitel",
        "contributors": "Autor | Autoren | Verfasser | Autor/in",
        "publisher": "Verlag | Hersteller | Verlagsname",
        "price": (
            "Preis | VK-Preis | VK | Verkaufspreis | Ladenpreis | Bruttopreis | Preis (EUR) | Preis inkl. MwSt. | "
            "UVP | Preis €"
        ),
        "quantity": "Menge | Bestand | Lagerbestand | Anzahl | Stückzahl | Verfügbarer Bestand",
        "availability": "Verfügbarkeit | Lieferbarkeit | Lieferstatus | verfügbar",
        "condition": "Zustand | Erhaltung | Erhaltungszustand",
        "language": "Sprache",
        "form": "Einband | Einbandart | Bindung | Format",
        "pages": "Seiten | Seitenzahl | Anzahl Seiten",
        "publication_date": "Erscheinungsdatum | Erscheinungsjahr | Jahr | Erscheinungstermin",
        "description": "Beschreibung | Klappentext",
        "cover": "Bild | Bild-URL | Titelbild",
        "series": "Reihe | Buchreihe | Serie",
        "series_number": "Band | Bandnummer | Band-Nr.",
        "subject": "Warengruppe | Kategorie | Sachgebiet | Genre",
        "tax_code": "MwSt | MwSt.-Satz | USt | Steuersatz | MwSt (%)",
        "currency": "Währung",
        "days": "Lieferzeit | Lieferzeit (Tage)",
        "available_from": "lieferbar ab",
        "audience": "Lesealter | Zielgruppe",
        "first_edition": "Erstausgabe",
    },
    "ru": {
        "gtin": "Штрихкод | Штрих-код | EAN | Код EAN",
        "isbn": "ISBN | № ISBN | Номер ISBN | Код ISBN",
        "sku": "Артикул | Код товара | Код",
        "title": "Название | Наименование | Название книги | Заглавие | Наименование товара",
        "subtitle": "Подзаголовок",
        "contributors": "Автор | Авторы | Автор(ы)",
        "publisher": "Издательство | Издатель | Производитель",
        "price": "Цена | Цена (руб.) | Цена, руб. | Розничная цена | Стоимость | Цена с НДС",
        "quantity": "Количество | Кол-во | Остаток | Остатки | Остаток на складе | Кол-во, шт.",
        "availability": "Наличие | В наличии | Доступность",
        "condition": "Состояние | Состояние книги",
        "language": "Язык | Язык издания",
        "form": "Переплёт | Обложка | Формат | Тип обложки",
        "pages": "Страниц | Кол-во страниц | Количество страниц",
        "publication_date": "Год издания | Дата выхода | Год",
        "description": "Описание | Аннотация",
        "cover": "Изображение | Картинка | Фото",
        "series": "Серия",
        "series_number": "Том | Номер тома",
        "subject": "Жанр | Категория | Раздел | Тематика",
        "tax_code": "НДС | Ставка НДС",
        "currency": "Валюта",
    },
}
NOT_PRICES = [
    "Prix HT",
    "Prix (HT)",
    "Prix d’achat",
    "Prix net",
    "PA HT",
    "Prix/kg",
    "Remise",
    "Prix de revente HT",
    "PU HT",
    "Net price",
    "Cost",
    "Cost price",
    "Price ex. VAT",
    "Price (excl. VAT)",
    "Compare at price",
    "Sale price",
    "Discount",
    "Wholesale price",
    "Trade price",
    "Precio sin IVA",
    "PVP (sin IVA)",
    "Precio de compra",
    "Coste",
    "Descuento",
    "Base imponible",
    "EK",
    "EK-Preis",
    "Einkaufspreis",
    "Nettopreis",
    "Preis netto",
    "Preis (zzgl. MwSt.)",
    "Preis ohne MwSt.",
    "Rabatt",
    "Цена без НДС",
    "Закупочная цена",
    "Оптовая цена",
    "Скидка",
    "Старая цена",
]


def spellings() -> list[tuple[str, str, str]]:
    return [
        (language, field, name)
        for language, fields in SPELLED.items()
        for field, names in fields.items()
        for name in names.split(" | ")
    ]


def test_names_are_understood_as_they_are_written():
    read = {(language, name): (field_named(name) or ("?", 0))[0] for language, _, name in spellings()}
    meant = {(language, name): field for language, field, name in spellings()}
    assert {name: field for name, field in read.items() if field != meant[name]} == {}


@pytest.mark.parametrize("name", NOT_PRICES)
def test_name_of_another_price_is_none(name):
    assert (field_named(name), is_not_meant(name)) == (None, True)


def test_tables_are_spelled_as_they_are_looked_up_and_name_each_field_once():
    names = [name for each in COLUMN_NAMES.values() for name in each]
    assert [name for name in names if fold(name) != name] == []
    assert len(set(names)) == len(names)
    assert set(COLUMN_NAMES) == set(FIELD_WORDS)


@pytest.mark.parametrize(
    ("name", "currency"),
    [("Prix (€)", "EUR"), ("Price [CAD]", "CAD"), ("Preis EUR", "EUR"), ("Цена (руб.)", "RUB"), ("Prix", ""), ("", "")],
)
def test_currency_in_a_name(name, currency):
    assert currency_named(name) == currency


@pytest.mark.parametrize("name", ["Condition note", "Détail de l’état", "item-note", "Zustandsbeschreibung"])
def test_words_on_a_copy_are_known_by_names_that_mean_nothing_else(name):
    found = field_named(name)
    assert found is not None
    assert found[0] == "note"


@pytest.mark.parametrize("name", ["Note", "Notes", "Commentaires", "Remarque", "Comments"])
def test_what_may_be_a_shops_remark_to_itself_is_not_shown_unless_it_says_so(name):
    found = field_named(name)
    assert found is None or found[0] != "note"
