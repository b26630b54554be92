"""A Google Merchant product feed: RSS 2.0, Atom, or a tab-separated file.

Source: Google's product data specification; real feeds write "in stock" with a space, leave prices without decimals
("3600 KES"), and name title and link with or without the g: prefix. The feed gives availability, no quantities. The
columns of a file have the attributes' English names.
"""

from collections.abc import Iterator
from datetime import datetime

from lxml.etree import _Element

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import file_cursor, newline_expected, stamp_notes
from catalog_sync.identifiers import identify
from catalog_sync.prices import read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.decoding import sample
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of, read_stamp
from catalog_sync.reading.xml_records import (
    Document,
    Piece,
    XmlEnding,
    decide_start,
    describe,
    drop_namespaces,
    parse,
    prefixes,
    split_records,
)
from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import CatalogRecord, Chunk, Condition, Cursor, Issue, Lane, PriceKind, Refused, raw_text

ROOTS = {"rss", "feed", "channel"}
_STAMPS = ("lastBuildDate", "pubDate", "updated")
NEEDED = frozenset({"id", "title"})
TELLING = frozenset({"link", "image_link", "google_product_category", "mpn", "identifier_exists", "product_type"})
ATTRIBUTES = NEEDED | TELLING | {"description", "price", "sale_price", "availability", "condition", "brand", "gtin"}


class GoogleMerchant(FileAdapter):
    kind = "google_merchant"
    position_word = "item"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        start = sample(file.path, decide_start(file.path), 2048).lstrip("\ufeffï»¿\0 \t\r\n")
        return self._read_table(file, lane, since) if start and start[0] != "<" else self._read_xml(file, lane)

    def _read_table(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        table = read_csv(file.path, self.feed.encoding, _knows, _last_needed, newline_expected(since))
        header = [column(cell) for cell in table.header]
        if not set(header) >= NEEDED:
            raise feed_error("columns_unknown", permanent=True, columns=", ".join(table.header))
        notes = [*table.notes, *stamp_notes(file), reason("columns_missing", columns="quantity")]
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), notes)
        for item in table.rows:
            if isinstance(item, Refused):
                writer.refused.append(item)
            else:
                texts = {name: cell.strip() for name, cell in zip(header[::-1], item[1][::-1], strict=True)}
                self._add(texts, raw_text(item[1]), item[0], writer, lane, f"{file.received_at:%Y-%m-%d}")
            if writer.is_full():
                yield writer.take()
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=file_cursor(lane, table))

    def _read_xml(self, file: LocalFile, lane: Lane) -> Iterator[Chunk]:
        document = describe(file.path, self.feed.encoding)
        if document.root not in ROOTS:
            raise feed_error("file_wrong_kind", permanent=True, found=f"<{document.root}>", expected="RSS, Atom")
        stamp = self._stamp(document)
        counts_from = as_of(stamp or file.stamp, file.received_at, file.lateness)
        how = "as the sender wrote" if stamp else "time of the file" if file.stamp else "as late as it may be"
        notes = [
            document.decoding.note(),
            reason("stamp_used", as_of=counts_from.isoformat(timespec="minutes"), how=how),
            reason("columns_missing", columns="quantity"),
        ]
        writer = ChunkWriter(counts_from, notes)
        ending, declared, cleaned = XmlEnding(), prefixes(document), 0
        for piece in split_records(file.path, document, ("item", "entry"), ending):
            cleaned += self._take(piece, declared, writer, lane, f"{file.received_at:%Y-%m-%d}")
            if writer.is_full():
                yield writer.take()
        if cleaned:
            writer.notes.append(reason("control_characters", count=cleaned))
        yield self.last_chunk(writer, whole=ending.closed)

    def _stamp(self, document: Document) -> datetime | None:
        for tag in _STAMPS:
            before, found, after = document.head.partition(f"<{tag}>")
            if found and "<item" not in before and "<entry" not in before:
                return read_stamp(after.partition("<")[0], self.feed.timezone)
        return None

    def _take(self, piece: Piece, declared: str, writer: ChunkWriter, lane: Lane, today: str) -> bool:
        """One item into the chunk; whether control characters had to be taken out of it."""
        parsed = parse(piece.text, declared)
        problem = piece.problem or parsed.problem
        if problem or parsed.element is None:
            why = problem or reason("record_unreadable", detail="?")
            writer.refused.append(Refused(raw_text(piece.text), why, piece.number))
            return parsed.cleaned
        drop_namespaces(parsed.element)
        self._add(_texts(parsed.element), raw_text(piece.text), piece.number, writer, lane, today)
        return parsed.cleaned

    def _add(self, texts: dict[str, str], raw: str, position: int, writer: ChunkWriter, lane: Lane, today: str) -> None:
        record, issues = self._record(texts, writer, lane, today)
        if not record.sku or not (record.title or record.gtin):
            why = reason("title_missing" if record.sku else "sku_missing")
            writer.refused.append(Refused(raw, why, position, record.sku))
        else:
            writer.records.append(record)
            writer.issues.extend(Issue(record.sku, why, position) for why in issues)

    def _record(
        self, texts: dict[str, str], writer: ChunkWriter, lane: Lane, today: str
    ) -> tuple[CatalogRecord, list[Reason]]:
        gtin, wrong_gtin = identify(texts.get("gtin", ""))
        price = read_price(_price_text(texts, today), self.feed.currency, ".")
        availability, odd_availability = cleaning.availability(texts.get("availability", ""))
        condition, odd_condition = cleaning.condition(texts.get("condition", ""))
        quantity = cleaning.quantity(texts.get("quantity") or texts.get("sell_on_google_quantity", ""))
        record = CatalogRecord(
            sku=cleaning.sku(texts.get("id", "")),
            gtin=gtin,
            title=cleaning.title(texts.get("title", "")),
            price=price.price,
            currency=price.currency,
            price_kind=PriceKind.RETAIL,
            quantity=quantity.value,
            contains_our_orders=self.contains_our_orders,
            availability=cleaning.availability_of(availability, quantity.value),
            condition=condition or Condition.NEW,
            as_of=writer.as_of,
            available_from=cleaning.partial_date(texts.get("availability_date", "")),
            speaks_for=self.speaks_for(lane),
            publisher=cleaning.name(texts.get("brand", "")),
            subjects=_subjects(texts),
            language=str(cleaning.language(texts.get("language", "")).value),
            description=cleaning.description(texts.get("description") or texts.get("summary", "")),
            cover=cleaning.web_address(texts.get("image_link", "")),
            audience={"kids": "children", "toddler": "children", "infant": "children"}.get(
                texts.get("age_group", ""), ""
            ),
            unit_size=cleaning.one_line(texts.get("unit_pricing_measure", "")),
        )
        reasons = (wrong_gtin, price.reason, odd_availability, odd_condition, quantity.reason)
        return record, [why for why in reasons if why is not None]


def column(cell: str) -> str:
    """A header cell as the attribute is called: "image link" and "g:image_link" are "image_link"."""
    return cleaning.fold(cell).replace(" ", "_").removeprefix("g_")


def _knows(cell: str) -> bool:
    return column(cell) in ATTRIBUTES


def _last_needed(header: list[str]) -> int:
    names = [column(cell) for cell in header]
    return max((names.index(name) for name in (*NEEDED, "price", "availability") if name in names), default=0)


def _texts(item: _Element) -> dict[str, str]:
    """The first text of each direct child, by local name. Shipping costs are deeper, and so are no prices here."""
    found: dict[str, str] = {}
    for child in item:
        if isinstance(child.tag, str) and not len(child) and child.text:
            found.setdefault(child.tag, child.text.strip())
    return found


def _price_text(texts: dict[str, str], today: str) -> str:
    """The price asked today: the sale price while its period lasts, "2026-01-01T00:00-0500/2026-01-31T23:59-0500"."""
    sale = texts.get("sale_price", "")
    if not sale:
        return texts.get("price", "")
    start, _, end = texts.get("sale_price_effective_date", "").partition("/")
    holds = (not start or start[:10] <= today) and (not end or today <= end[:10])
    return sale if holds else texts.get("price", "")


def _subjects(texts: dict[str, str]) -> tuple[tuple[str, str, str], ...]:
    own = cleaning.one_line(texts.get("product_type", ""))
    google = cleaning.one_line(texts.get("google_product_category", ""))
    found = [("sender", "", own)] if own else []
    if google:
        found.append(("google", google, "") if google.isdigit() else ("google", "", google))
    return tuple(found)
