"""The stock of Abelujo, a free bookshop program: its CSV of all that is in stock, or of an inventory's listing.

Written from the program's own code (github.com/vindarel/abelujo, `search/views_utils.py` `cards2csv` and the listing of
`search/views.py`; read, nothing copied): semicolons, UTF-8, columns named in the language of the shop; authors with
commas between them; prices with a point, or a comma where the shop's language has it. It lists what is in stock, with
the copies of all its places together. What has no ISBN has no other number here either.
"""

from collections.abc import Iterator, Sequence

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import file_cursor, newline_expected, stamp_notes
from catalog_sync.adapters.spreadsheet_rows import shop_subjects
from catalog_sync.identifiers import gtin_text, identify_isbn
from catalog_sync.prices import read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import CatalogRecord, Chunk, Condition, Cursor, Issue, Lane, PriceKind, Refused, raw_text

TITLE, AUTHORS, PRICE, QUANTITY, SHELF, ISBN = "title", "authors", "price", "quantity", "shelf", "isbn"
PUBLISHERS, SUPPLIER, DISCOUNTED = "publishers", "supplier", "with discount"
# The names in the languages that the program is translated to, folded.
NAMES = {
    **dict.fromkeys(("title", "titre", "titulo", "titel"), TITLE),
    **dict.fromkeys(("authors", "author s", "auteurs", "auteur s", "autores", "autor es", "autoren"), AUTHORS),
    **dict.fromkeys(("price", "prix", "precio", "preis"), PRICE),
    **dict.fromkeys(("quantity", "quantite", "cantidad", "menge", "anzahl"), QUANTITY),
    **dict.fromkeys(("shelf", "rayon", "etagere", "estanteria", "estante", "seccion", "regal"), SHELF),
    **dict.fromkeys(("publishers", "editeurs", "editeur s", "editores", "editoriales", "verlage"), PUBLISHERS),
    **dict.fromkeys(("supplier", "fournisseur", "proveedor", "lieferant"), SUPPLIER),
    **dict.fromkeys(("with discount", "avec remise", "remise", "con descuento", "mit rabatt"), DISCOUNTED),
    "isbn": ISBN,
}
STOCK = (TITLE, AUTHORS, PRICE, QUANTITY, SHELF, ISBN)
LISTING = (ISBN, TITLE, AUTHORS, PUBLISHERS, SUPPLIER, SHELF, PRICE, DISCOUNTED, QUANTITY)


def is_header(cells: Sequence[str]) -> bool:
    """Whether these are the columns of one of its files, in their order."""
    return _fields(cells) in (STOCK, LISTING)


class Abelujo(FileAdapter):
    kind = "abelujo"
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        table = read_csv(
            file.path,
            self.feed.encoding,
            lambda cell: cleaning.fold(cell) in NAMES,
            lambda header: len(header) - 1,
            newline_expected(since),
        )
        fields = _fields(table.header)
        if not {ISBN, QUANTITY, TITLE} <= set(fields):
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        counts_from = as_of(file.stamp, file.received_at, file.lateness)
        writer = ChunkWriter(counts_from, [*table.notes, *stamp_notes(file)])
        for item in table.rows:
            if isinstance(item, Refused):
                writer.refused.append(item)
            else:
                self._take(*item, fields, writer, lane)
            if writer.is_full():
                yield writer.take()
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=file_cursor(lane, table))

    def _take(self, position: int, cells: list[str], fields: Sequence[str], writer: ChunkWriter, lane: Lane) -> None:
        row = dict(zip(fields, cells, strict=True))
        gtin, wrong = identify_isbn(row[ISBN])
        if gtin is None:
            writer.refused.append(Refused(raw_text(cells), wrong or reason("sku_missing"), position))
            return
        price, quantity = read_price(row.get(PRICE, ""), self.feed.currency), cleaning.quantity(row[QUANTITY])
        sku = gtin_text(gtin)
        writer.add(
            CatalogRecord(
                sku=sku,
                gtin=gtin,
                title=cleaning.title(row[TITLE]),
                price=price.price,
                currency=price.currency,
                price_kind=PriceKind.RETAIL,
                quantity=quantity.value,
                contains_our_orders=self.contains_our_orders,
                availability=cleaning.availability_of(None, quantity.value),
                condition=Condition.NEW,
                as_of=writer.as_of,
                speaks_for=self.speaks_for(lane),
                contributors=tuple((name, "author") for name in _parts(row.get(AUTHORS, ""))),
                publisher=", ".join(_parts(row.get(PUBLISHERS, ""))),
                subjects=shop_subjects(row.get(SHELF, "")),
            )
        )
        reasons = (wrong, price.reason if lane is Lane.CATALOGUE else None, quantity.reason)
        writer.issues.extend(Issue(sku, why, position) for why in reasons if why is not None)


def _fields(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(NAMES.get(cleaning.fold(cell), cell) for cell in cells)


def _parts(cell: str) -> list[str]:
    return [name for name in (cleaning.one_line(part) for part in cell.split(",")) if name]
