"""What every shop system's articles become: the canonical schema between *feed* and *plan*.

A NamedTuple, because a frozen dataclass of this size costs three to six times as much to make, and a feed has up to a
million rows. Vocabularies are plain strings: they are what the database stores.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from catalog_sync.reasons import Reason


class Availability:
    """What the shop says about getting the article (DESIGN §7); every system's words map into these."""

    IN_STOCK = "in_stock"
    ORDERABLE = "orderable"  # not there, can be had in `days`
    PREORDER = "preorder"  # from `available_from`
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNAVAILABLE = "unavailable"
    DIGITAL = "digital"
    UNKNOWN = "unknown"

    ALL = (IN_STOCK, ORDERABLE, PREORDER, TEMPORARILY_UNAVAILABLE, UNAVAILABLE, DIGITAL, UNKNOWN)


class Condition:
    """One graded scale, best first. A word without a grade ("used") counts as the lowest: no reader is disappointed."""

    NEW = "new"
    AS_NEW = "as_new"
    VERY_GOOD = "very_good"
    GOOD = "good"
    ACCEPTABLE = "acceptable"

    ALL = (NEW, AS_NEW, VERY_GOOD, GOOD, ACCEPTABLE)


class PriceKind:
    """What sort of price the sender gave. All include tax, except `NET`, which is never shown to a reader."""

    RETAIL = "retail"  # what this shop asks
    RECOMMENDED = "recommended"
    FIXED = "fixed"  # by law the same in every shop (France, Germany, Spain …)
    NET = "net"

    ALL = (RETAIL, RECOMMENDED, FIXED, NET)


class Form:
    """What the article is made as; ONIX lists 150 and 7 and the words of spreadsheets map into these."""

    HARDBACK = "hardback"
    PAPERBACK = "paperback"
    POCKET = "pocket"
    BOOK = "book"  # a printed book of another or an unnamed binding
    COMIC = "comic"
    BOARD = "board"  # thick pages, for the smallest
    EBOOK = "ebook"
    AUDIO = "audio"
    VIDEO = "video"
    MAP = "map"
    MUSIC = "music"
    CALENDAR = "calendar"
    GAME = "game"
    STATIONERY = "stationery"
    GOODS = "goods"  # anything else

    ALL = (
        *(HARDBACK, PAPERBACK, POCKET, BOOK, COMIC, BOARD, EBOOK, AUDIO, VIDEO, MAP, MUSIC, CALENDAR, GAME),
        *(STATIONERY, GOODS),
    )


class Relation:
    """How another product, or the work behind several, stands to the article; and what it is called by.

    ONIX lists 51 and 164 map into these. Kinds of identifier: `GTIN`, "istc", "doi", "isrc", "isan", "owi", "iscc" …,
    or `PROPRIETARY` with ":" and the house whose number it is.
    """

    WORK = "work"  # the article is an edition of this work; the identifier is the work's
    OTHER_FORMAT = "other_format"  # the same content, made otherwise
    OTHER_LANGUAGE = "other_language"
    REPLACES = "replaces"  # an older edition
    REPLACED_BY = "replaced_by"
    PART_OF = "part_of"  # a set that holds the article

    ALL = (WORK, OTHER_FORMAT, OTHER_LANGUAGE, REPLACES, REPLACED_BY, PART_OF)

    GTIN = "gtin"
    PROPRIETARY = "proprietary"


class StockKind:
    """Which number the shop's system publishes (`Feed.stock_kind`)."""

    ON_HAND = "on_hand"  # what stands on the shelf, our orders among it
    AVAILABLE = "available"  # orders the system knows are already taken off


class CatalogRecord(NamedTuple):
    """One article as its shop describes it.

    Unknown is `None` or empty, never 0. A record speaks for every field, unless `speaks_for` names those it speaks for:
    then all others are to be left as they are stored.
    """

    sku: str  # the shop's own number, unique in its feed; never empty
    gtin: int | None  # GTIN-8, -12, -13 (an ISBN-13 is one) or -14 as a number, check digit verified
    title: str  # one line of plain text; empty only beside a GTIN
    price: int | None  # minor units of `currency`, tax included unless `price_kind` is net
    currency: str  # ISO 4217
    price_kind: str  # PriceKind
    quantity: int | None  # copies free to sell, >= 0; None when the sender does not say
    contains_our_orders: bool  # `quantity` already has the orders taken off that the shop's system knows
    availability: str  # Availability
    condition: str  # Condition
    as_of: datetime  # UTC; the earliest moment the number can have been read (DESIGN §5); never after receipt
    signed: bool = False
    first_edition: bool = False
    days: int | None = None  # days until an orderable article can be handed over
    available_from: str = ""  # ISO date, for preorder
    speaks_for: tuple[str, ...] = ()  # names of fields; empty: all of them
    # Facts about the title itself, the same in every shop. Empty or None: the sender does not say.
    subtitle: str = ""
    contributors: tuple[tuple[str, str], ...] = ()  # (name as printed, role), in the order of the title page
    publisher: str = ""
    subjects: tuple[tuple[str, str, str], ...] = ()  # (scheme, code, text), the main one first
    language: str = ""  # shortest ISO 639 code (BCP 47): "fr", "en"; "grc" where no two-letter code exists
    form: str = ""  # Form
    pages: int | None = None
    publication_date: str = ""  # ISO 8601 as exact as known: "1987", "1987-03", "1987-03-14"
    description: str = ""  # as sent, may hold HTML: sanitised where facts are folded, never shown raw
    cover: str = ""  # http(s) address of a picture of the front
    series: str = ""
    series_number: str = ""
    audience: str = ""  # general, children, young_adult, education, professional
    unit_size: str = ""  # content of one unit as text: "0.75 l", "500 g"
    tax_code: str = ""  # rate in percent ("5.5") or else the sender's own code
    # (Relation, kind of identifier, value); a GTIN as it is printed, in 8, 13 or 14 digits
    related: tuple[tuple[str, str, str], ...] = ()
    weight: int | None = None  # grams of one unit, as it is handed over
    territory: str = ""  # where it may be sold: "+BE FR" there alone, "-US" all but there (catalogue.sale_limits)
    age_limit: str = ""  # years from which it is sold ("18"), or "alcohol": by the law of the place
    # Said of the article, not of the title:
    shelf: str = ""  # where it stands in this shop; shown to its staff alone
    note: str = ""  # the shop's words on this very copy, shown beside its offer
    photo: str = ""  # name of a picture of this very copy, as `catalogue.cover_files` keeps them


FACT_FIELDS: tuple[str, ...] = CatalogRecord._fields[CatalogRecord._fields.index("subtitle") :]
OFFER_FIELDS: tuple[str, ...] = (
    *("price", "currency", "price_kind", "quantity", "contains_our_orders", "availability", "condition", "signed"),
    *("first_edition", "days", "available_from"),
)
STOCK_FIELDS: tuple[str, ...] = ("quantity", "contains_our_orders", "availability")

CONTRIBUTOR_ROLES: tuple[str, ...] = (
    *("author", "editor", "translator", "illustrator", "photographer", "narrator", "composer", "foreword", "other"),
)


class Refused(NamedTuple):
    """An article that could not be taken. It was listed all the same: `sku`, where it could be read, is not gone."""

    raw: str  # the line or record as sent, at most RAW_CHARACTERS of it
    reason: Reason
    position: int  # from 1: line of a text file, row of a sheet, record of an XML file
    sku: str = ""


class Issue(NamedTuple):
    """Something a shop should know about an article that went in."""

    sku: str
    reason: Reason
    position: int


class Lane(StrEnum):
    """Two lanes, because no examined system moves a product's "modified" stamp when a sale takes its stock."""

    CATALOGUE = "catalogue"
    STOCK = "stock"


class Cursor(NamedTuple):
    """Where a lane's last reading ended. `value` is the adapter's own text, stored and given back unread."""

    lane: Lane
    value: str


class Chunk(NamedTuple):
    """A few thousand articles of one reading, and what is known about the file so far.

    `complete` is True on the last chunk alone, and only if the sender's proof of completeness held (the closing tag,
    the whole last line) and the file lists all the shop sells. A reading without it retires nothing.
    """

    records: list[CatalogRecord]
    refused: list[Refused]
    issues: list[Issue]
    gone: list[str]  # SKUs the sender itself withdraws (ONIX deletion, archived article)
    as_of: datetime  # as in the records
    complete: bool
    cursor: Cursor | None  # only on the last chunk
    notes: tuple[Reason, ...]  # decisions about the file: on the first chunk, and on the last what its end showed
    row_hashes: Sequence[int] = ()  # of the row that each record was made of (`reading.known_rows`); none at all else
    same: Sequence[int] = ()  # of rows that were not cleaned: they are known
    turn: int = 0  # of a file that several children read: which of its turns this is (`reading.shares`)


RAW_CHARACTERS = 2000


def raw_text(raw: Any) -> str:
    """A refused line or record as text to show: cells joined by " | ", cut at RAW_CHARACTERS."""
    text = raw if isinstance(raw, str) else " | ".join(str(cell) for cell in raw)
    return text[:RAW_CHARACTERS]
