"""WooCommerce's product export, parents and variations in one file or two, headers in any of several languages.

Source: WooCommerce's documentation of the CSV schema and real exports (the built-in exporter translates its headers;
plug-ins write their own in lower case). A variable product is no article: its variations are. A blank stock means
that the quantity is not managed, so unknown.

Options: `variations` (location of a second file holding the variations), `delta`.
"""

from collections.abc import Iterator

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import WITH_NEWLINE, file_cursor, stamp_notes
from catalog_sync.adapters.spreadsheet_rows import shop_subjects
from catalog_sync.cleaning import fold
from catalog_sync.identifiers import identify
from catalog_sync.prices import read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.fetching import LocalFile, open_local
from catalog_sync.reading.stamps import as_of
from catalog_sync.reading.tables import Table, column_name
from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import (
    Availability,
    CatalogRecord,
    Chunk,
    Condition,
    Cursor,
    Issue,
    Lane,
    PriceKind,
    Refused,
    raw_text,
)

COLUMN_NAMES: dict[str, str] = {
    name: field
    for field, names in {
        "id": "id",
        "type": "type, tipo, typ",
        "sku": "sku, ugs, artikelnummer",
        "gtin": "gtin upc ean or isbn, gtin upc ean ou isbn, gtin, ean, isbn, global unique id",
        "title": "name, nom, nombre, titel, nome",
        "published": "published, publie, publicado, veroffentlicht, status",
        "in_stock": "in stock, en stock, existencias, vorratig, stock status",
        "stock": "stock, stock quantity, inventario, lagerbestand, quantite",
        "backorders": (
            "backorders, backorders allowed, autoriser les commandes de produits en rupture, permitir reservas"
        ),
        "sale_price": "sale price, tarif promo, precio rebajado, angebotspreis",
        "regular_price": "regular price, tarif regulier, precio normal, regularer preis",
        "price": "price, prix, precio, preis",
        "categories": "categories, categories de produits, categorias, kategorien",
        "images": "images, imagenes, bilder, main image, image",
        "parent": "parent, superior, ubergeordnetes produkt, parent id",
        "parent_title": "parent name",
        "parent_sku": "parent sku",
        "description": "description, descripcion, beschreibung",
        "short_description": "short description, description courte, descripcion corta, kurzbeschreibung",
        "brand": "brands, brand, marques, marque, marcas, marken",
        "tax_class": "tax class, classe de tva, clase de impuesto, steuerklasse",
        "attributes": "attributes, attributs",
    }.items()
    for name in names.split(", ")
}
_ATTRIBUTE, _VALUE = ("attribut", "atributo"), ("value", "valeur", "valor", "wert")


class WooCommerceCsv(FileAdapter):
    kind = "woocommerce_csv"
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        table, names = self._open(file, since)
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), [*table.notes, *stamp_notes(file)])
        if "stock" not in names:
            writer.notes.append(reason("columns_missing", columns="Stock"))
        parents: dict[str, dict[str, str]] = {}
        yield from self._rows(table, names, parents, writer, lane)
        whole, second = table.ending.whole, self.feed.options.get("variations")
        if second:
            with open_local(str(second)) as more:
                variations, names = self._open(more, None)
                yield from self._rows(variations, names, parents, writer, lane)
                whole = whole and variations.ending.whole
        yield self.last_chunk(writer, whole=whole, cursor=file_cursor(lane, table))

    def _open(self, file: LocalFile, since: Cursor | None) -> tuple[Table, list[str]]:
        """A table and the field each of its columns holds ("" for none)."""
        newline_expected = since is not None and since.value == WITH_NEWLINE
        table = read_csv(
            file.path, self.feed.encoding, lambda c: column_name(c) in COLUMN_NAMES, _last_needed, newline_expected
        )
        names = [_field(cell) for cell in table.header]
        if not {"id", "sku"} & set(names) or not {"title", "parent_title"} & set(names):
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        return table, names

    def _rows(
        self, table: Table, names: list[str], parents: dict[str, dict[str, str]], writer: ChunkWriter, lane: Lane
    ) -> Iterator[Chunk]:
        for item in table.rows:
            if isinstance(item, Refused):
                writer.refused.append(item)
                continue
            position, cells = item
            row: dict[str, str] = {}
            for name, cell in zip(names, cells, strict=True):
                if name and (name not in row or not row[name]):
                    row[name] = cell.strip()
                elif name == "attribute_value" and cell:
                    row[name] += f", {cell.strip()}"
            kind = row.get("type", "").lower()
            if "variable" in kind:
                for key in (row.get("id"), row.get("sku")):
                    if key:
                        parents[key] = row
            elif any(cells):
                parent = parents.get(row.get("parent", "").removeprefix("id:")) or parents.get(
                    row.get("parent_sku", "")
                )
                self._article(row, parent or {}, position, writer, lane)
            if writer.is_full():
                yield writer.take()

    def _article(
        self, row: dict[str, str], parent: dict[str, str], position: int, writer: ChunkWriter, lane: Lane
    ) -> None:
        sku, title = _key(row, parent), _title(row, parent)
        if not sku or not title:
            why = reason("title_missing" if sku else "sku_missing")
            writer.refused.append(Refused(raw_text(list(row.values())), why, position, sku))
            return
        if not (_is_published(row) and _is_published(parent)):
            writer.gone.append(sku)
            return
        gtin, wrong = identify(row.get("gtin", ""))
        asked = row.get("sale_price") or row.get("regular_price") or row.get("price", "")
        price = read_price(asked, self.feed.currency, self.feed.options.get("decimal", ""))
        quantity, availability, odd = _stock(row)
        facts = {**parent, **{name: cell for name, cell in row.items() if cell}}
        writer.records.append(
            CatalogRecord(
                sku=sku,
                gtin=gtin,
                title=title,
                price=price.price,
                currency=price.currency,
                price_kind=PriceKind.RETAIL,
                quantity=quantity,
                contains_our_orders=self.contains_our_orders,
                availability=availability,
                condition=Condition.NEW,
                as_of=writer.as_of,
                speaks_for=self.speaks_for(lane),
                publisher=cleaning.name(facts.get("brand", "")),
                subjects=shop_subjects(facts.get("categories", "").replace(", ", ";")),
                description=cleaning.description(facts.get("description") or facts.get("short_description", "")),
                cover=cleaning.web_address(facts.get("images", "")),
                tax_code=cleaning.one_line(facts.get("tax_class", "")),
            )
        )
        writer.issues.extend(Issue(sku, why, position) for why in (wrong, price.reason, odd) if why is not None)


def _field(cell: str) -> str:
    whole = fold(cell)
    if any(word in whole for word in _ATTRIBUTE) and any(word in whole for word in _VALUE):
        return "attribute_value"
    return COLUMN_NAMES.get(column_name(cell), "")


def _last_needed(header: list[str]) -> int:
    needed = {"id", "sku", "title", "price", "regular_price", "stock", "in_stock"}
    return max((place for place, cell in enumerate(header) if _field(cell) in needed), default=0)


def _key(row: dict[str, str], parent: dict[str, str]) -> str:
    """The SKU; a variation that only repeats its parent's is told apart by its id."""
    own, above = row.get("sku", ""), row.get("parent_sku") or parent.get("sku", "")
    number = row.get("id", "")
    if own and own != above:
        return cleaning.sku(own)
    return cleaning.sku("-".join(part for part in (own, number) if part))


def _title(row: dict[str, str], parent: dict[str, str]) -> str:
    """The name; a variation without one of its own is its parent's name with its attributes ("Veličina: 24m")."""
    if row.get("title"):
        return cleaning.title(row["title"])
    above = row.get("parent_title") or parent.get("title", "")
    values = row.get("attributes") or row.get("attribute_value", "")
    return cleaning.title(f"{above} – {values}" if above and values else above)


def _is_published(row: dict[str, str]) -> bool:
    """1 or "publish"; 0, -1 (draft), "draft" and "private" are not. Unsaid counts as yes."""
    return row.get("published", "").lower() not in ("0", "-1", "draft", "private", "pending", "trash")


def _stock(row: dict[str, str]) -> tuple[int | None, str, Reason | None]:
    units, odd = cleaning.quantity(row.get("stock", ""))
    said = row.get("in_stock", "")
    stated = cleaning.availability(said).value if said else None
    allows = row.get("backorders", "").lower() in ("1", "yes", "notify", "oui")
    if allows and not units and stated != Availability.IN_STOCK:
        return units, Availability.ORDERABLE, odd
    return units, cleaning.availability_of(stated, units), odd
