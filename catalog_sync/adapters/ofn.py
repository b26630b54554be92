"""Open Food Network's product list: the spreadsheet that it imports and that hubs keep.

Source: openfoodnetwork's import template and its import (entry_validator.rb, unit_converter.rb): a variant is known by
its producer, name, display name and units where it has no SKU; `on_demand` sells without counting. The import takes a
blank `on_hand` of a new product for 0; here it is unknown.

Options: `delta`.
"""

from collections.abc import Iterator

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import file_cursor, newline_expected, stamp_notes
from catalog_sync.adapters.spreadsheet_rows import shop_subjects
from catalog_sync.prices import read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of
from catalog_sync.reading.xlsx_rows import is_workbook, read_workbook
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

COLUMNS = frozenset(
    [
        *("producer", "sku", "name", "display_name", "category", "description", "units", "unit_type"),
        *("variant_unit_name", "price", "on_hand", "available_on", "on_demand", "shipping_category", "tax_category"),
    ]
)
NEEDED = frozenset({"producer", "name", "units"})


class OpenFoodNetwork(FileAdapter):
    kind = "ofn"
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        if is_workbook(file.path):
            table = read_workbook(file.path, _knows, "")
        else:
            table = read_csv(file.path, self.feed.encoding, _knows, _last_needed, newline_expected(since))
        header = [column(cell) for cell in table.header]
        if not set(header) >= NEEDED:
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        missing = sorted({"price", "on_hand"} - set(header))
        notes = [reason("columns_missing", columns=", ".join(missing))] if missing else []
        writer = ChunkWriter(
            as_of(file.stamp, file.received_at, file.lateness), [*table.notes, *stamp_notes(file), *notes]
        )
        for item in table.rows:
            self._take(item, header, writer, lane, f"{file.received_at:%Y-%m-%d}")
            if writer.is_full():
                yield writer.take()
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=file_cursor(lane, table))

    def _take(
        self, item: tuple[int, list[str]] | Refused, header: list[str], writer: ChunkWriter, lane: Lane, today: str
    ) -> None:
        if isinstance(item, Refused):
            writer.refused.append(item)
            return
        position, cells = item
        row = dict(zip(header, cells, strict=True))
        record, reasons = self._record(row, writer, lane, today)
        if not record.title:
            writer.refused.append(Refused(raw_text(cells), reason("title_missing"), position, record.sku))
            return
        writer.records.append(record)
        writer.issues.extend(Issue(record.sku, why, position) for why in reasons if why is not None)

    def _record(
        self, row: dict[str, str], writer: ChunkWriter, lane: Lane, today: str
    ) -> tuple[CatalogRecord, list[Reason | None]]:
        def cell(name: str) -> str:
            return row.get(name, "")

        price = read_price(cell("price"), self.feed.currency)
        quantity = cleaning.quantity(cell("on_hand"))
        units, availability = quantity.value, cleaning.availability_of(None, quantity.value)
        if cleaning.is_true(cell("on_demand")):
            units, availability = None, Availability.IN_STOCK
        available_from = cleaning.partial_date(cell("available_on"))
        if available_from > today:
            availability = Availability.PREORDER
        name, shown = cleaning.title(cell("name")), cleaning.title(cell("display_name"))
        record = CatalogRecord(
            sku=cleaning.sku(cell("sku")) or _own_key(row),
            gtin=None,
            title=cleaning.title(f"{name} – {shown}" if name and shown and shown != name else name or shown),
            price=price.price,
            currency=price.currency,
            price_kind=PriceKind.RETAIL,
            quantity=units,
            contains_our_orders=self.contains_our_orders,
            availability=availability,
            condition=Condition.NEW,
            as_of=writer.as_of,
            available_from=available_from if availability == Availability.PREORDER else "",
            speaks_for=self.speaks_for(lane),
            publisher=cleaning.name(cell("producer")),
            subjects=shop_subjects(cell("category")),
            description=cleaning.description(cell("description")),
            unit_size=_unit_size(row),
            tax_code=cleaning.one_line(cell("tax_category")),
        )
        return record, [price.reason if lane is Lane.CATALOGUE else None, quantity.reason]


def column(cell: str) -> str:
    """A header cell as the template spells it: " On hand" is "on_hand"."""
    return cleaning.fold(cell).replace(" ", "_")


def _knows(cell: str) -> bool:
    return column(cell) in COLUMNS


def _last_needed(header: list[str]) -> int:
    names = [column(cell) for cell in header]
    return max((names.index(name) for name in (*NEEDED, "price", "on_hand") if name in names), default=0)


def _unit_size(row: dict[str, str]) -> str:
    """ "500 g", "1 bunch": the units with their measure, or the name of what is counted."""
    units = cleaning.one_line(row.get("units", ""))
    measure = cleaning.one_line(row.get("unit_type", "") or row.get("variant_unit_name", ""))
    return f"{units} {measure}".strip() if units else ""


def _own_key(row: dict[str, str]) -> str:
    """The key of a variant without SKU, as the network tells its variants apart."""
    parts = [cleaning.one_line(row.get(name, "")) for name in ("producer", "name", "display_name")]
    return cleaning.sku("/".join(part for part in (*parts, _unit_size(row)) if part))
