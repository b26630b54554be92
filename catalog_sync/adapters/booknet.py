"""BookNet Canada's weekly report of a bookshop: ISBN, copies on hand, price asked.

Source: BookNet Canada, "FAQs for Contributing Retailers": a CSV named YYYYMMDD_Retailer_Name.csv with these columns. It
carries no titles, and the source does not say that unsold stock is listed.

Options: `whole_stock` (true: the report lists all the shop has; otherwise its silence means nothing), `delta`.
"""

import re
from collections.abc import Iterator

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import file_cursor, newline_expected, stamp_notes
from catalog_sync.identifiers import gtin_text, identify_isbn
from catalog_sync.prices import read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of, read_stamp
from catalog_sync.reading.tables import Table
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import CatalogRecord, Chunk, Condition, Cursor, Issue, Lane, PriceKind, Refused, raw_text

ISBN, ON_HAND, PRICE = "isbn", "on hand", "actual selling price"
COLUMNS = frozenset({ISBN, "volume sold", ON_HAND, "on order", "number of stores selling", PRICE})
_DAY_IN_NAME = re.compile(r"(?:^|[\\/])(\d{8})_[^\\/]*$")


class BookNet(FileAdapter):
    kind = "booknet"
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        table = read_csv(
            file.path,
            self.feed.encoding,
            lambda cell: cleaning.fold(cell) in COLUMNS,
            _last_needed,
            newline_expected(since),
        )
        header = [cleaning.fold(name) for name in table.header]
        if not {ISBN, ON_HAND} <= set(header):
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        day = _DAY_IN_NAME.search(str(file.path)) or _DAY_IN_NAME.search(self.feed.location)
        stamp = (read_stamp(day[1], self.feed.timezone) if day else None) or file.stamp
        counts_from = as_of(stamp, file.received_at, file.lateness)
        notes = stamp_notes(file)
        if stamp is not None and stamp != file.stamp:
            moment = counts_from.isoformat(timespec="minutes")
            notes = [reason("stamp_used", as_of=moment, how="as the sender wrote")]
        writer = ChunkWriter(counts_from, [*table.notes, *notes])
        for item in table.rows:
            self._take(item, header, writer, lane)
            if writer.is_full():
                yield writer.take()
        yield self._last(writer, table, lane)

    def _last(self, writer: ChunkWriter, table: Table, lane: Lane) -> Chunk:
        all_listed = bool(self.feed.options.get("whole_stock"))
        why_not = None if all_listed or not table.ending.whole else reason("delta_only")
        whole = table.ending.whole and all_listed
        return self.last_chunk(writer, whole=whole, cursor=file_cursor(lane, table), why_not=why_not)

    def _take(self, item: tuple[int, list[str]] | Refused, header: list[str], writer: ChunkWriter, lane: Lane) -> None:
        if isinstance(item, Refused):
            writer.refused.append(item)
            return
        position, cells = item
        row = dict(zip(header, cells, strict=True))
        gtin, wrong = identify_isbn(row[ISBN])
        if gtin is None:
            writer.refused.append(Refused(raw_text(cells), wrong or reason("sku_missing"), position))
            return
        price = read_price(row.get(PRICE, ""), self.feed.currency)
        quantity = cleaning.quantity(row[ON_HAND])
        sku = gtin_text(gtin)
        writer.records.append(
            CatalogRecord(
                sku=sku,
                gtin=gtin,
                title="",
                price=price.price,
                currency=price.currency,
                price_kind=PriceKind.RETAIL,
                quantity=quantity.value,
                contains_our_orders=self.contains_our_orders,
                availability=cleaning.availability_of(None, quantity.value),
                condition=Condition.NEW,
                as_of=writer.as_of,
                speaks_for=self.speaks_for(lane),
            )
        )
        reasons = (wrong, price.reason if lane is Lane.CATALOGUE else None, quantity.reason)
        writer.issues.extend(Issue(sku, why, position) for why in reasons if why is not None)


def _last_needed(header: list[str]) -> int:
    folded = [cleaning.fold(name) for name in header]
    return max((folded.index(name) for name in (ISBN, ON_HAND) if name in folded), default=0)
