"""ONIX for Books, releases 2.1, 3.0 and 3.1, reference and short tags, whatever namespace the sender wrote.

Source: EDItEUR, ONIX for Books specification and code lists. Not validated against the schema, which refuses most real
senders: each record is read for what it holds. Key of a record is the sender's RecordReference.

Options: `country` (ISO code; picks market and price where a record has several), `delta`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from catalog_sync import cleaning
from catalog_sync.adapters import onix_codes as codes
from catalog_sync.adapters import onix_facts as facts
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.onix_collateral import read_cover, read_description
from catalog_sync.adapters.onix_prices import Terms, obtainable, read_supply
from catalog_sync.adapters.onix_related import read_related
from catalog_sync.adapters.onix_rights import read_territory
from catalog_sync.identifiers import gtin_text
from catalog_sync.reading.fetching import LocalFile, finished_files
from catalog_sync.reading.shares import TURN
from catalog_sync.reading.stamps import as_of, read_stamp
from catalog_sync.reading.xml_parts import Part, text
from catalog_sync.reading.xml_records import Document, Piece, XmlEnding, describe, parse_plain, prefixes, split_records
from catalog_sync.reasons import FeedError, Reason, feed_error, reason
from catalog_sync.records import (
    STOCK_FIELDS,
    Availability,
    CatalogRecord,
    Chunk,
    Condition,
    Cursor,
    Issue,
    Lane,
    Refused,
    raw_text,
)

HEADERS = ("Header", "header")
NAMES = (*HEADERS, "Product", "product")
ROOTS = {"ONIXMessage", "ONIXmessage", "Product", "product"}


@dataclass
class _Message:
    """What the header says, and the state of one reading."""

    sender: str
    language: str
    terms: Terms
    writer: ChunkWriter
    lane: Lane
    no_product: bool = False
    cleaned: int = 0
    updates: bool = False  # it changes parts of articles, so that it lists but what changed

    def follows(self, before: "_Message") -> "_Message":
        """The same, going on from a message before it in the file."""
        self.cleaned, self.updates = before.cleaned, self.updates or before.updates
        self.writer.listed, self.writer.read = before.writer.listed, before.writer.read
        return self


class Onix(FileAdapter):
    kind = "onix"
    arrived = 0  # when the last of the files read came here, in nanoseconds

    def reads_in_shares(self, file: LocalFile) -> bool:
        return True

    def places(self, location: str, since: Cursor | None) -> list[str]:
        """Of a folder all messages that have come since the last reading, and always the one that came last."""
        folder = Path(location)
        if not folder.is_dir():
            return [location]
        came = {path: path.stat().st_ctime_ns for path in finished_files(folder)}
        self.arrived = max(came.values(), default=0)
        last_time = int(since.value) if since and since.value.isdecimal() else 0
        new = [str(path) for path, moment in sorted(came.items()) if moment >= min(last_time, self.arrived)]
        return new or [location]

    def read_all(
        self, files: Sequence[LocalFile], lane: Lane, since: Cursor | None, left_out: Sequence[Reason]
    ) -> Iterator[Chunk]:
        """The messages in the order in which they were sent, so that the youngest has the last word. Several are never
        complete: none of them lists all."""
        notes = [*left_out, reason("files_several", count=len(files))] if len(files) > 1 else list(left_out)
        alone = len(files) == 1 and not left_out
        held: Chunk | None = None
        trouble: FeedError | None = None
        for file in sorted(files, key=self._sent_at):
            try:
                for chunk in self.read(file, lane, since):
                    if held:
                        yield held
                    held = chunk._replace(complete=chunk.complete and alone, notes=(*chunk.notes, *notes))
                    notes = []
            except FeedError as error:
                if alone:
                    raise
                trouble = error
                notes.append(reason("file_left_out", name=file.path.name, detail=error))
        if held is None:
            raise trouble or feed_error("file_without_articles", permanent=False)
        cursor = Cursor(lane, str(self.arrived)) if self.arrived else None
        yield held._replace(cursor=cursor, notes=(*held.notes, *notes))

    def _sent_at(self, file: LocalFile) -> tuple[datetime, str]:
        """When a message says that it was sent, else the time of its file."""
        moment = None
        try:
            document = describe(file.path, self.feed.encoding)
            first = next(split_records(file.path, document, NAMES, XmlEnding()), None)
            if first and first.name in HEADERS:
                moment = self._sent(_header(first, prefixes(document)))
        except FeedError:
            pass  # told when it is read
        return moment or file.stamp or file.received_at, str(file.path)

    def _sent(self, header: Part) -> datetime | None:
        stamp = text(header, "SentDateTime") or text(header, "SentDate")
        return read_stamp(stamp, self.feed.timezone) if stamp else None

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        document = describe(file.path, self.feed.encoding)
        if document.root not in ROOTS:
            raise feed_error("file_wrong_kind", permanent=True, found=f"<{document.root}>", expected="ONIX")
        ending = XmlEnding()
        declared = prefixes(document)
        message = self._message(NO_HEADER, document, file, lane)
        turn = 0
        for piece in split_records(file.path, document, NAMES, ending):
            if piece.name in HEADERS:
                if not message.writer.is_empty():  # messages one after the other in one file
                    yield message.writer.take(turn=turn)
                message = self._message(_header(piece, declared), document, file, lane).follows(message)
                continue
            ended, turn = turn, piece.number // TURN
            if message.writer.is_full() or (turn != ended and self.share.of > 1 and self.share.takes(ended)):
                yield message.writer.take(turn=ended)
            if self.share.takes(turn):
                self._take(piece, declared, message)
        if message.cleaned:
            message.writer.notes.append(reason("control_characters", count=message.cleaned))
        if message.no_product and not message.writer.listed and ending.closed:
            yield message.writer.take(turn=turn)
            return
        why_not = reason("updates_only") if ending.closed and message.updates else None
        last = self.last_chunk(message.writer, whole=ending.closed and not message.updates, why_not=why_not)
        yield last._replace(turn=turn)

    def _message(self, header: Part, document: Document, file: LocalFile, lane: Lane) -> _Message:
        sent = self._sent(header)
        counts_from = as_of(sent or file.stamp, file.received_at, file.lateness)
        flat = "2.1" in document.attributes or header.find("FromCompany") is not None
        release = "2.1" if flat else "3.1" if "3.1" in document.attributes else "3.0"
        sender = text(header, "Sender/SenderName") or text(header, "FromCompany") or "?"
        how = "as the sender wrote" if sent else "time of the file" if file.stamp else "as late as it may be"
        notes = [
            reason("message_described", format=f"ONIX {release}", sender=cleaning.title(sender)),
            document.decoding.note(),
            reason("stamp_used", as_of=counts_from.isoformat(timespec="minutes"), how=how),
        ]
        terms = Terms(
            currency=text(header, "DefaultCurrencyCode") or self.feed.currency,
            wanted_currency=self.feed.currency,
            price_type=text(header, "DefaultPriceType") or text(header, "DefaultPriceTypeCode"),
            country=str(self.feed.options.get("country", "")) or self.feed.country,
            today=f"{file.received_at:%Y%m%d}",
            stock_is_available=self.contains_our_orders,
        )
        language = text(header, "DefaultLanguageOfText")
        no_product = "NoProduct" in document.head or "<x507" in document.head
        writer = ChunkWriter(counts_from, notes)
        is_part = text(header, "MessageNote") == codes.NOT_ALL
        return _Message(cleaning.title(sender), language, terms, writer, lane, no_product, updates=is_part)

    def _take(self, piece: Piece, declared: str, message: _Message) -> None:
        """One product into the chunk: a record, a withdrawal, or a refusal."""
        writer = message.writer
        if piece.problem:
            writer.refused.append(Refused(raw_text(piece.text), piece.problem, piece.number))
            return
        parsed = parse_plain(piece.text, declared)
        message.cleaned += parsed.cleaned
        if parsed.element is None:
            why = parsed.problem or reason("record_unreadable", detail="?")
            writer.refused.append(Refused(raw_text(piece.text), why, piece.number))
            return
        product = Part(parsed.element, codes.REFERENCE_NAMES)
        notification = text(product, "NotificationType").zfill(2)
        identity = facts.read_identity(product)
        sku = identity.sku or (gtin_text(identity.gtin) if identity.gtin else "")
        why_not: Reason | None = None
        if notification in codes.TEST_RECORDS:
            why_not = reason("record_test")
        elif not sku:
            why_not = identity.issues[0] if identity.issues else reason("sku_missing")
        elif notification == codes.DELETION:
            writer.withdraw(sku)
            return
        else:
            message.updates = message.updates or notification in codes.PARTIAL
            record, issues = self._record(product, notification, sku, identity.gtin, message)
            if record.title or record.gtin is not None or record.speaks_for:
                writer.add(record)
                writer.issues.extend(Issue(sku, why, piece.number) for why in (*identity.issues, *issues))
                return
            why_not = reason("title_missing")
        listed_as = "" if notification in codes.TEST_RECORDS else sku
        writer.refused.append(Refused(raw_text(piece.text), why_not, piece.number, listed_as))

    def _record(
        self, product: Part, notification: str, sku: str, gtin: int | None, message: _Message
    ) -> tuple[CatalogRecord, tuple[Reason, ...]]:
        supply = read_supply(product, message.terms)
        titles = facts.read_titles(product)
        publication_date = facts.read_publication_date(product)
        there = obtainable(product, supply, facts.product_form(product), publication_date, message.terms)
        speaks_for = _speaks_for(product, notification, message.lane, there.availability)
        record = CatalogRecord(
            sku=sku,
            gtin=gtin,
            title=titles.title,
            price=supply.price,
            currency=supply.currency,
            price_kind=supply.price_kind,
            quantity=supply.quantity,
            contains_our_orders=self.contains_our_orders,
            availability=there.availability,
            condition=Condition.NEW,
            as_of=message.writer.as_of,
            days=supply.days,
            available_from=there.from_day,
            speaks_for=speaks_for,
            subtitle=titles.subtitle,
            contributors=facts.read_contributors(product),
            publisher=facts.read_publisher(product),
            subjects=facts.read_subjects(product),
            language=facts.read_language(product, message.language),
            form=facts.read_form(product),
            pages=facts.read_pages(product),
            publication_date=publication_date,
            description=read_description(product),
            cover=read_cover(product),
            series=titles.series,
            series_number=titles.series_number,
            audience=facts.read_audience(product),
            tax_code=supply.tax_code,
            related=read_related(product, message.sender),
            weight=facts.read_weight(product),
            territory=read_territory(product),
            age_limit=facts.read_age_limit(product),
        )
        silent = speaks_for and "price" not in speaks_for
        issues = () if silent else supply.issues
        return record, (*issues, *there.issues)


def _speaks_for(product: Part, notification: str, lane: Lane, availability: str) -> tuple[str, ...]:
    """A block update speaks for the blocks it holds, a 2.1 supply update for the supply, any other record for all."""
    if lane is Lane.STOCK:
        return STOCK_FIELDS
    if notification in codes.SUPPLY_UPDATES:
        return codes.BLOCK_FIELDS["ProductSupply"]
    if notification == codes.BLOCK_UPDATE:
        blocks = [fields for name, fields in codes.BLOCK_FIELDS.items() if product.find(name) is not None]
        if product.find("ProductSupply") is None and availability == Availability.UNAVAILABLE:
            blocks.append(STOCK_FIELDS)  # withdrawn or recalled
        return tuple(name for fields in blocks for name in fields) or ("as_of",)
    return ()


def _header(piece: Piece, declared: str) -> Part:
    """The header; an empty one where it cannot be read."""
    found = None if piece.problem else parse_plain(piece.text, declared).element
    return NO_HEADER if found is None else Part(found, codes.REFERENCE_NAMES)


NO_HEADER = Part(Element("Header"), {})
