"""What our words are in ONIX 3.0: tables, and the few marks of our own that a message of ours bears. The other way is
`adapters/onix_codes.py`."""

from collections.abc import Iterable

from catalog_sync.adapters import onix_codes
from catalog_sync.adapters.onix_codes import (
    AGE_OF_SALE,
    GTIN_8,
    NOT_ALL,
    OTHER_AUDIENCE,
    OTHER_SCHEME,
    OURS,
    SHOP_PRICE,
    UNKNOWN_PUBLISHER,
)
from catalog_sync.records import Availability as A
from catalog_sync.records import Form as F
from catalog_sync.records import PriceKind as P
from catalog_sync.records import Relation as R
from catalog_sync.vocabulary import LANGUAGE_WORDS

__all__ = [
    "AGE_OF_SALE",
    "GTIN_8",
    "NOT_ALL",
    "OTHER_AUDIENCE",
    "OTHER_SCHEME",
    "OURS",
    "SHOP_PRICE",
    "UNKNOWN_PUBLISHER",
]

BLOCK_FIELDS = onix_codes.BLOCK_FIELDS


def fields_of(blocks: Iterable[str]) -> list[str]:
    """All fields of some blocks."""
    return [name for block in blocks for name in BLOCK_FIELDS[block]]


AVAILABILITY = {
    A.IN_STOCK: "21",
    A.ORDERABLE: "22",
    A.PREORDER: "10",
    A.TEMPORARILY_UNAVAILABLE: "31",
    A.UNAVAILABLE: "40",
    A.DIGITAL: "20",
    A.UNKNOWN: "99",
}
FOR_SALE, NOT_FOR_SALE = "02", "03"  # list 46: with rights that others may have too; for a reason not said
PRICE_TYPES = {P.RETAIL: "02", P.RECOMMENDED: "02", P.FIXED: "04"}
NO_PRICE, FREE = "02", "01"  # list 57: to be announced, free of charge
# (product form, product form detail)
FORMS = {
    "": ("00", ""),
    F.HARDBACK: ("BB", ""),
    F.PAPERBACK: ("BC", ""),
    F.POCKET: ("BC", "B133"),
    F.BOOK: ("BA", ""),
    F.COMIC: ("BC", "B140"),
    F.BOARD: ("BH", ""),
    F.EBOOK: ("EA", ""),
    F.AUDIO: ("AA", ""),
    F.VIDEO: ("VA", ""),
    F.MAP: ("CA", ""),
    F.MUSIC: ("PI", ""),
    F.CALENDAR: ("PC", ""),
    F.GAME: ("ZE", ""),
    F.STATIONERY: ("PF", ""),
    F.GOODS: ("ZA", ""),
}
DOWNLOADS = {F.AUDIO: ("AJ", "")}
ROLES = {
    "author": "A01",
    "editor": "B01",
    "translator": "B06",
    "illustrator": "A12",
    "photographer": "A13",
    "narrator": "E07",
    "composer": "A06",
    "foreword": "A23",
}
SCHEMES = {scheme: code for code, scheme in reversed(onix_codes.SCHEMES.items())}
_THEMA = {"1": "94", "2": "95", "3": "96", "4": "97", "5": "98", "6": "99"}


def thema(code: str) -> str:
    """The scheme of a Thema subject or of one of its qualifiers, which begin with a digit."""
    return _THEMA.get(code[:1], "93")


AUDIENCES = {"general": "01", "children": "02", "young_adult": "03", "education": "04", "professional": "06"}
# The bibliographic code of three letters comes first in the table.
LANGUAGES: dict[str, str] = {}
for _word, _code in LANGUAGE_WORDS.items():
    if len(_word) == 3:
        LANGUAGES.setdefault(_code, _word)
DATE_FORMATS = {4: "05", 7: "01", 10: "00"}
PRODUCT_RELATIONS = {
    R.OTHER_FORMAT: "06",
    R.OTHER_LANGUAGE: "11",
    R.REPLACES: "03",
    R.REPLACED_BY: "05",
    R.PART_OF: "02",
}
WORK_IDENTIFIERS = {kind: code for code, kind in onix_codes.WORK_IDENTIFIERS.items()}
PRODUCT_IDENTIFIERS = {R.GTIN: "03", R.PROPRIETARY: "01", "doi": "06"}
