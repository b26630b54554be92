"""Shopify's exports: the product CSV (one row per variant and per further picture) and the inventory CSV.

Source: Shopify's help pages on the two formats, and real exports. In a shop with several locations the product export
has no quantity column at all: the quantity is then unknown, and comes from the inventory export, read for the stock
lane. Status and texts stand on the first row of a handle only.

Options: `locations` (names of the locations to count; default all), `delta`.
"""

from collections.abc import Iterator
from typing import Any

from catalog_sync import cleaning
from catalog_sync.adapters.base import FULL, STOCK_LANE, ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import WITH_NEWLINE, file_cursor, stamp_notes
from catalog_sync.adapters.spreadsheet_rows import shop_subjects
from catalog_sync.identifiers import identify
from catalog_sync.prices import read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of
from catalog_sync.reading.tables import Table
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import (
    STOCK_FIELDS,
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

PRODUCT_COLUMNS = frozenset({"Handle", "Title", "Variant Price"})
INVENTORY_COLUMNS = frozenset({"Handle", "Location"})
# The inventory export's numbers, what is free to sell first.
STOCK_COLUMNS = ("Available (not editable)", "Available", "On hand (new)", "On hand (current)", "On hand")
FREE_COLUMNS = STOCK_COLUMNS[:2]
_KNOWN = {"handle", "title", "sku", "variant sku", "variant price", "location", "option1 value", "vendor", "status"}


class ShopifyCsv(FileAdapter):
    kind = "shopify_csv"
    capabilities = frozenset({FULL, STOCK_LANE})
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        newline_expected = since is not None and since.value == WITH_NEWLINE
        table = read_csv(
            file.path, self.feed.encoding, lambda cell: cell.lower() in _KNOWN, _last_needed, newline_expected
        )
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), [*table.notes, *stamp_notes(file)])
        if table.header and set(table.header) >= INVENTORY_COLUMNS:
            yield from self._inventory(table, writer)
        elif set(table.header) >= PRODUCT_COLUMNS:
            yield from self._products(table, writer, lane)
        else:
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=file_cursor(lane, table))

    def _products(self, table: Table, writer: ChunkWriter, lane: Lane) -> Iterator[Chunk]:
        if "Variant Inventory Qty" not in table.header:
            writer.notes.append(reason("columns_missing", columns="Variant Inventory Qty"))
        parent: dict[str, str] = {}
        for item in table.rows:
            if isinstance(item, Refused):
                writer.refused.append(item)
                continue
            position, cells = item
            row = dict(zip(table.header, cells, strict=True))
            if row["Handle"] != parent.get("Handle"):
                parent = row
            if row["Variant Price"].strip() or row.get("Variant SKU", "").strip():
                self._variant(row, parent, position, writer, lane)
            if writer.is_full():
                yield writer.take()

    def _variant(
        self, row: dict[str, str], parent: dict[str, str], position: int, writer: ChunkWriter, lane: Lane
    ) -> None:
        options = _options(row)
        sku = cleaning.sku(row.get("Variant SKU", "")) or _own_key(row["Handle"], options)
        title = cleaning.title(" – ".join((parent["Title"], *options)) if parent["Title"] else "")
        if not sku or not title:
            why = reason("title_missing" if sku else "sku_missing")
            writer.refused.append(Refused(raw_text(list(row.values())), why, position, sku))
            return
        if parent.get("Status", "active").strip().lower() not in ("active", "") or _is_false(
            parent.get("Published", "")
        ):
            writer.gone.append(sku)
            return
        gtin, wrong = identify(row.get("Variant Barcode", ""))
        price = read_price(row["Variant Price"], self.feed.currency, ".")
        quantity, availability, odd = _stock(row)
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
                condition=cleaning.condition(parent.get("Google Shopping / Condition", "")).value or Condition.NEW,
                as_of=writer.as_of,
                speaks_for=self.speaks_for(lane),
                publisher=cleaning.name(parent.get("Vendor", "")),
                subjects=shop_subjects(parent.get("Product Category", "") or parent.get("Type", "")),
                form=cleaning.form(parent.get("Type", "")),
                description=cleaning.description(parent.get("Body (HTML)", "")),
                cover=cleaning.web_address(row.get("Variant Image") or parent.get("Image Src", "")),
                tax_code=cleaning.one_line(row.get("Variant Tax Code", "")),
                weight=cleaning.grams(row.get("Variant Grams", ""), "gr"),
            )
        )
        reasons = (wrong, price.reason, odd)
        writer.issues.extend(Issue(sku, why, position) for why in reasons if why is not None)

    def _inventory(self, table: Table, writer: ChunkWriter) -> Iterator[Chunk]:
        """Stock by location, summed per variant: all locations of a variant follow each other."""
        column = next((name for name in STOCK_COLUMNS if name in table.header), None)
        if column is None:
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        wanted = {str(name).casefold() for name in self.feed.options.get("locations", ())}
        current, total, where = "", None, 0
        for item in table.rows:
            if isinstance(item, Refused):
                writer.refused.append(item)
                continue
            position, cells = item
            row = dict(zip(table.header, cells, strict=True))
            sku = cleaning.sku(row.get("SKU") or row.get("Variant SKU", "")) or _own_key(row["Handle"], _options(row))
            if not sku:
                writer.refused.append(Refused(raw_text(cells), reason("sku_missing"), position))
                continue
            if sku != current:
                self._stock_record(current, total, column, writer)
                current, total, where = sku, None, position
                if writer.is_full():
                    yield writer.take()
            if wanted and row["Location"].strip().casefold() not in wanted:
                continue
            units, odd = cleaning.quantity("" if row[column].strip().lower() == "not stocked" else row[column])
            if odd:
                writer.issues.append(Issue(sku, odd, where))
            total = units if total is None else total + (units or 0)
        self._stock_record(current, total, column, writer)

    def _stock_record(self, sku: str, units: int | None, column: str, writer: ChunkWriter) -> None:
        if not sku:
            return
        writer.records.append(
            CatalogRecord(
                sku=sku,
                gtin=None,
                title="",
                price=None,
                currency=self.feed.currency,
                price_kind=PriceKind.RETAIL,
                quantity=units,
                contains_our_orders=column in FREE_COLUMNS,
                availability=cleaning.availability_of(None, units),
                condition=Condition.NEW,
                as_of=writer.as_of,
                speaks_for=STOCK_FIELDS,
            )
        )


def _last_needed(header: list[str]) -> int:
    return max((header.index(name) for name in ("Variant Price", "Location", "Handle") if name in header), default=0)


def _options(row: dict[str, str]) -> list[str]:
    values = (cleaning.one_line(row.get(f"Option{number} Value", "")) for number in (1, 2, 3))
    return [value for value in values if value and value != "Default Title"]


def _own_key(handle: str, options: list[str]) -> str:
    """The key of a variant without SKU: Shopify's handle, unique in a shop, and the variant's options."""
    return cleaning.sku("/".join((handle.strip(), *options))) if handle.strip() else ""


def _is_false(text: str) -> bool:
    return text.strip().lower() == "false"


def _stock(row: dict[str, str]) -> tuple[int | None, str, Any]:
    """Quantity and availability of a variant. Without a tracker Shopify sells it without counting: its number
    means nothing."""
    if "Variant Inventory Qty" not in row:
        return None, Availability.UNKNOWN, None
    if "Variant Inventory Tracker" in row and not row["Variant Inventory Tracker"].strip():
        return None, Availability.IN_STOCK, None
    units, odd = cleaning.quantity(row["Variant Inventory Qty"])
    if not units and row.get("Variant Inventory Policy", "").strip().lower() == "continue":
        return units, Availability.ORDERABLE, None
    return units, cleaning.availability_of(None, units), odd
