"""Tite Live's daily file of the French book trade: QuotidienJJ.tit, 45 fields by position, each ended by "~".

Source: the layout as documented by pass Culture (pass-culture-main, "Fournisseur de données Titelive" and the list of
positions of its v11). It is the trade's catalogue, new and changed titles only: it says what can be had from the
distributor, and nothing of the stock of a shop, so that no quantity is known and nothing is ever gone.
"""

from collections.abc import Iterator

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import stamp_notes
from catalog_sync.identifiers import gtin_text, identify
from catalog_sync.prices import read_price
from catalog_sync.reading.decoding import decide, refuse_web_page, sample
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.lines import Line, read_text_lines
from catalog_sync.reading.stamps import as_of
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import (
    Availability,
    CatalogRecord,
    Chunk,
    Condition,
    Cursor,
    Form,
    Issue,
    Lane,
    PriceKind,
    Refused,
    raw_text,
)

MARK, FIELDS = "~", 45
EAN, TITLE, SHELF, AVAILABILITY, COLLECTION, NUMBER_IN_COLLECTION, PRICE, PUBLISHER = 0, 2, 4, 5, 6, 7, 9, 10
PUBLISHED, SUPPORT, PAGES, AUTHORS, VAT_RATE, SHELF_NAME, TRANSLATOR, COMMENT, DEWEY = (
    12,
    13,
    15,
    23,
    26,
    27,
    28,
    31,
    43,
)
CURRENCY = "EUR"  # "prix public éditeur (TTC)" of France
PLACEHOLDER = "xxx"  # title and authors of a book not announced yet

# 1 is in the samples and in no list of the codes: what is listed as 2 to 9 is what stands against having it.
AVAILABILITIES = {
    "1": Availability.ORDERABLE,
    "2": Availability.PREORDER,
    "3": Availability.TEMPORARILY_UNAVAILABLE,  # reprinting
    "4": Availability.TEMPORARILY_UNAVAILABLE,
    "5": Availability.TEMPORARILY_UNAVAILABLE,  # changes its distributor
    "6": Availability.UNAVAILABLE,
    "7": Availability.TEMPORARILY_UNAVAILABLE,
    "8": Availability.TEMPORARILY_UNAVAILABLE,  # to be reissued
    "9": Availability.UNAVAILABLE,  # will not appear
}
FORMS = {
    "BD": Form.COMIC,
    "P": Form.POCKET,
    "C": Form.MAP,
    "CL": Form.CALENDAR,
    "DV": Form.VIDEO,
    "LE": Form.EBOOK,
    **dict.fromkeys(("BL", "M", "T", "TL", "LA", "LC", "LD", "LR", "LV"), Form.BOOK),
    "PC": Form.STATIONERY,
    "O": Form.GOODS,
    "PS": Form.GOODS,
    "LT": Form.GOODS,
}


class TiteLive(FileAdapter):
    kind = "tite_live"
    position_word = "line"
    tells_copies = False  # a distributor's list

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        decoding = decide(file.path, self.feed.encoding)
        start = sample(file.path, decoding)
        refuse_web_page(start)
        if not any(line.count(MARK) >= FIELDS - 1 for line in start.splitlines()[:100]):
            found = {"{": "JSON", "[": "JSON", "<": "XML"}.get(start.lstrip("\ufeff \t\r\n")[:1], "text")
            raise feed_error("file_wrong_kind", permanent=True, found=found, expected="Tite Live (.tit)")
        notes = [decoding.note(), *stamp_notes(file), reason("columns_missing", columns="quantity")]
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), notes)
        whole = True
        for line in read_text_lines(file.path, decoding):
            whole = self._take(line, writer, lane)
            if writer.is_full():
                yield writer.take()
        yield self.last_chunk(writer, whole=False, why_not=reason("delta_only") if whole else None)

    def _take(self, line: Line, writer: ChunkWriter, lane: Lane) -> bool:
        """One title into the chunk; whether its line has all its fields."""
        cells = line.text.removesuffix(MARK).split(MARK)
        if line.problem or len(cells) != FIELDS:
            why = line.problem or reason("line_ragged", found=len(cells), expected=FIELDS)
            writer.refused.append(Refused(raw_text(line.text), why, line.number))
            return line.problem is None and len(cells) > FIELDS
        gtin, wrong = identify(cells[EAN])
        if gtin is None:
            writer.refused.append(Refused(raw_text(line.text), wrong or reason("sku_missing"), line.number))
            return True
        record, reasons = self._record(cells, gtin, writer, lane)
        writer.records.append(record)
        writer.issues.extend(Issue(record.sku, why, line.number) for why in (wrong, *reasons) if why is not None)
        return True

    def _record(self, cells: list[str], gtin: int, writer: ChunkWriter, lane: Lane) -> tuple[CatalogRecord, list]:
        price = read_price(cells[PRICE], CURRENCY, ",")
        code = cells[AVAILABILITY].strip()
        availability = AVAILABILITIES.get(code, Availability.UNKNOWN)
        unknown = availability == Availability.UNKNOWN and bool(code)
        published = cleaning.partial_date(cells[PUBLISHED])
        title = cleaning.title(cells[TITLE])
        is_book = gtin_text(gtin).startswith(("978", "979"))
        record = CatalogRecord(
            sku=gtin_text(gtin),
            gtin=gtin,
            title="" if title.lower() == PLACEHOLDER else title,
            price=price.price,
            currency=price.currency,
            price_kind=PriceKind.FIXED if is_book else PriceKind.RECOMMENDED,
            quantity=None,
            contains_our_orders=self.contains_our_orders,
            availability=availability,
            condition=Condition.NEW,
            as_of=writer.as_of,
            available_from=published if availability == Availability.PREORDER else "",
            speaks_for=self.speaks_for(lane),
            subtitle=cleaning.title(cells[COMMENT]),
            contributors=_contributors(cells),
            publisher=cleaning.name(cells[PUBLISHER]),
            subjects=_subjects(cells),
            form=FORMS.get(cells[SUPPORT].strip().upper(), ""),
            pages=cleaning.pages(cells[PAGES]),
            publication_date=published,
            series=cleaning.name(cells[COLLECTION]),
            series_number=cleaning.one_line(cells[NUMBER_IN_COLLECTION]),
            tax_code=_rate(cells[VAT_RATE]),
        )
        return record, [price.reason, reason("availability_not_understood", value=code) if unknown else None]


def _contributors(cells: list[str]) -> tuple[tuple[str, str], ...]:
    authors = [(name, "author") for name in cleaning.names(cells[AUTHORS]) if name.lower() != PLACEHOLDER]
    return (*authors, *((name, "translator") for name in cleaning.names(cells[TRANSLATOR])))


def _subjects(cells: list[str]) -> tuple[tuple[str, str, str], ...]:
    shelf, name = cleaning.one_line(cells[SHELF]), cleaning.one_line(cells[SHELF_NAME])
    dewey = cleaning.one_line(cells[DEWEY])
    found = [("sender", shelf, name)] if shelf or name else []
    return (*found, ("dewey", dewey, "")) if dewey else tuple(found)


def _rate(text: str) -> str:
    """ "5,50" as "5.5"."""
    whole, mark, part = cleaning.one_line(text).replace(",", ".").partition(".")
    return f"{whole}.{part.rstrip('0')}".rstrip(".") if mark else whole
