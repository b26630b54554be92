"""What a shop system is to us: a file with one subclass of `Adapter`."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from catalog_sync.prices import NO_CURRENCY
from catalog_sync.reading.fetching import LocalFile, open_all
from catalog_sync.reading.known_rows import KnownRows
from catalog_sync.reading.shares import Share
from catalog_sync.reasons import FeedError, Reason, feed_error, reason
from catalog_sync.records import STOCK_FIELDS, CatalogRecord, Chunk, Cursor, Issue, Lane, Refused, StockKind

__all__ = ["CHUNK_SIZE", "Adapter", "ChunkWriter", "FeedError", "FeedSettings", "FileAdapter"]

CHUNK_SIZE = 5000  # articles; a chunk's memory is a few megabytes
# The first chunk says what the list counts as of, which is all that is asked of a file that has not changed.
FIRST_CHUNK_SIZE = 50

# Capabilities
FULL = "full"  # a reading lists all the shop sells
DELTA = "delta"  # `since` is honoured: the system can be asked for changes
PARTIAL = "partial"  # a list of some columns leaves the others as they are
STOCK_LANE = "stock_lane"  # stock can be read without the catalogue
WEBHOOKS = "webhooks"
TAKES_ORDERS = "takes_orders"


@dataclass(frozen=True)
class FeedSettings:
    """What an adapter may know of a feed, as plain values: no database is needed to read one."""

    kind: str
    location: str  # path, folder or URL
    currency: str = NO_CURRENCY  # ISO 4217, where the sender names none
    language: str = ""  # of the sender: "fr", "en"
    encoding: str = ""  # declared charset; empty: found out
    options: dict[str, Any] = field(default_factory=dict)
    country: str = ""  # ISO 3166, where the marketplace sells; empty: not known
    mode: str = FULL  # models.ReadRow.Mode: all the shop has, or changes
    lateness_hours: int = 48  # how old a number without a time can be
    timezone: str = "UTC"  # name of the shop's zone
    stock_kind: str = StockKind.ON_HAND
    password: str = field(default="", repr=False)  # with `options["user"]`, where the shop's system asks for them
    secrets: dict[str, str] = field(default_factory=dict, repr=False)  # of a system that we call (`shops.systems`)
    tax_included: bool = True  # whether the marketplace's prices include tax (`price` of a record then does)


class Adapter:
    """Reads one shop system.

    A subclass sets `kind`, `capabilities` and `position_word`, and writes `fetch`.
    """

    kind: str
    capabilities: frozenset[str]
    position_word = "record"  # what `position` counts: line, row, record
    tells_copies = True  # at least where the sender fills them in

    def __init__(self, feed: FeedSettings) -> None:
        self.feed = feed

    @property
    def contains_our_orders(self) -> bool:
        """Whether this shop's quantities already have the orders taken off that its system knows."""
        return self.feed.stock_kind == StockKind.AVAILABLE

    # subclass implementation
    def fetch(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        """The articles of one lane, in chunks; the last chunk says whether the reading was complete.

        Raises `FeedError` alone, and before the first chunk where nothing can be read at all.
        """
        raise NotImplementedError


class FileAdapter(Adapter):
    """An adapter whose shop leaves a file. Every reading reads the whole file; `since` only tells how the last one
    ended. Where the feed's mode is not `full`, the file's silence means nothing.
    """

    capabilities = frozenset({FULL})
    passes_over_known = False
    known: KnownRows | None = None  # for one that passes over them: rows that need not be cleaned
    share = Share()  # for one that reads in shares: the turns of the file that are read here

    @property
    def is_one_file(self) -> bool:
        """Whether the location is one file, as always; a system that is asked page after page says no for an address,
        and writes `fetch` for it."""
        return True

    def fetch(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        try:
            with ExitStack() as stack:
                lateness = timedelta(hours=self.feed.lateness_hours)
                files, left_out = open_all(self.places(self.feed.location, since), stack, lateness)
                yield from self.read_all(files, lane, since, left_out)
        except OSError as problem:
            raise feed_error(
                "file_unreachable", permanent=False, location=self.feed.location, detail=problem.strerror
            ) from problem

    def places(self, location: str, since: Cursor | None) -> list[str]:
        """Where the files of a location are: one, since of a folder the newest is read, unless a system says else."""
        return [location]

    def read_all(
        self, files: Sequence[LocalFile], lane: Lane, since: Cursor | None, left_out: Sequence[Reason]
    ) -> Iterator[Chunk]:
        """The chunks of the files at `places`; `left_out`: why some of them could not be opened."""
        return self.read(files[0], lane, since)

    # subclass implementation
    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        """The chunks of an opened file; the last one by `last_chunk`."""
        raise NotImplementedError

    def reads_in_shares(self, file: LocalFile) -> bool:
        """Whether `read` keeps to `share`, and names its chunks' turns: then several children read a large file."""
        return False

    def speaks_for(self, lane: Lane) -> tuple[str, ...]:
        """A file read for the stock lane speaks for the stock alone, whatever else it holds."""
        return STOCK_FIELDS if lane is Lane.STOCK else ()

    def last_chunk(
        self,
        writer: "ChunkWriter",
        *,
        whole: bool,
        cursor: Cursor | None = None,
        why_not: Reason | None = None,
        lists_all: bool | None = None,
    ) -> Chunk:
        """The end of a reading; `why_not` is told instead of "cut off" where the end is not proved. `lists_all`:
        whether it was asked for everything, where that is not the feed's mode. Raises `FeedError` where the file listed
        no article at all: that is no empty shop."""
        delta = self.feed.mode != FULL if lists_all is None else not lists_all
        if not whole:
            writer.notes.append(why_not or reason("file_cut"))
        if delta:
            writer.notes.append(reason("delta_only"))
        # Of a file in shares, whoever hears them all knows whether any was met, and read.
        if not writer.listed and writer.is_empty() and self.share.of == 1:
            raise feed_error("file_without_articles", permanent=False)
        some_read = bool(writer.read or writer.records or writer.same) or self.share.of > 1
        return writer.take(complete=whole and some_read and not delta, cursor=cursor)


class ChunkWriter:
    """Gathers articles into chunks. Notes go out with the first chunk, those of the end with the last."""

    def __init__(self, as_of: datetime, notes: list[Reason]) -> None:
        self.as_of = as_of
        self.notes = notes
        self.listed = 0  # articles handed over, refused and withdrawn ones among them
        self.read = 0  # records handed over, and rows that are known
        self._empty()

    def _empty(self) -> None:
        self.records: list[CatalogRecord] = []
        self.refused: list[Refused] = []
        self.issues: list[Issue] = []
        self.gone: list[str] = []
        self.row_hashes: list[int] = []
        self.same: list[int] = []

    def add(self, record: CatalogRecord) -> None:
        """An article, withdrawn before perhaps: what is said last counts."""
        if self.gone and record.sku in self.gone:
            self.gone.remove(record.sku)
        self.records.append(record)

    def withdraw(self, sku: str) -> None:
        """The sender takes an article back that it listed before, perhaps in this very chunk."""
        self.records = [record for record in self.records if record.sku != sku]
        if sku not in self.gone:
            self.gone.append(sku)

    def is_empty(self) -> bool:
        return not (self.records or self.refused or self.gone or self.same)

    def is_full(self) -> bool:
        size = CHUNK_SIZE if self.listed else FIRST_CHUNK_SIZE
        return len(self.records) + len(self.refused) + len(self.gone) >= size

    def take(self, *, complete: bool = False, cursor: Cursor | None = None, turn: int = 0) -> Chunk:
        """What was gathered, as a chunk; gathering starts anew."""
        chunk = Chunk(
            *(self.records, self.refused, self.issues, self.gone, self.as_of, complete, cursor, tuple(self.notes)),
            *(self.row_hashes, self.same, turn),
        )
        self.read += len(self.records) + len(self.same)
        self.listed += len(self.records) + len(self.same) + len(self.refused) + len(self.gone)
        self.notes = []
        self._empty()
        return chunk
