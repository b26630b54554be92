"""What the law says of the price of new books: the least that sending them must cost, and the most that may be taken
off their price. Each row holds from its date on, until the next one of its country.

Covered: France, Germany. Not covered, and so without any limit here: Belgium (décret of the French Community of
19 October 2017 and the Flemish decreet of 23 December 2016: their limits depend on the language region and on how long
ago the book appeared), Austria, Italy, Spain, the Netherlands and every other country with fixed prices; France's
overseas departments and collectivities (they have ISO codes of their own); e-books (loi n° 2011-590: nothing is sent);
books older than two years that a French shop received more than six months ago (loi n° 81-766, article 5) and sales to
libraries and schools (article 3), for which a French shop may take off more than `discount_limit` says.
Quebec has no fixed price; what its institutions must pay is in `institutions.py`."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from marketplace.catalogue.models import Form, ProductFacts
from shops.models import Condition


class DeliveryMinimum(NamedTuple):
    """Sending a parcel costs at least `below_price_minor` while its new books together cost less than `below_minor`,
    and `from_price_minor` from then on; all with tax, in `currency`."""

    country: str
    since: date
    currency: str
    below_minor: int
    below_price_minor: int
    from_price_minor: int
    name: str  # as readers are told it
    source: str


class DiscountLimit(NamedTuple):
    """The most that a shop may take off the price of a new book, in basis points: where the reader collects it in a
    bookshop (or buys it there), and where it reaches them in any other way."""

    country: str
    since: date
    in_bookshop: int
    otherwise: int
    source: str


DELIVERY_MINIMUMS = (
    DeliveryMinimum(
        "FR", date(2023, 10, 7), "EUR", 3500, 300, 1, "arrêté du 4 avril 2023",
        "Arrêté du 4 avril 2023 relatif au montant minimal de tarification du service de livraison du livre, pris en "
        "application de l'article 1er de la loi n° 81-766 du 10 août 1981 (as amended by loi n° 2021-1901 du 30 "
        "décembre 2021, article 1er); in force six months after its publication on 7 April 2023",
    ),
)  # fmt: skip

DISCOUNT_LIMITS = (
    DiscountLimit("DE", date(2002, 10, 1), 0, 0, "Buchpreisbindungsgesetz (BuchPrG) of 2 September 2002, §§ 3 and 5"),
    DiscountLimit("FR", date(1982, 1, 1), 500, 500, "Loi n° 81-766 du 10 août 1981, article 1er"),
    DiscountLimit(
        "FR", date(2014, 7, 10), 500, 0,
        "Loi n° 81-766 du 10 août 1981, article 1er, as amended by loi n° 2014-779 du 8 juillet 2014",
    ),
)  # fmt: skip


def is_new_book(facts: ProductFacts | None, condition: str) -> bool:
    """Whether these laws look at it: a printed or recorded book with an ISBN, sold as new."""
    return bool(facts and facts.is_book and facts.form != Form.EBOOK and condition == Condition.NEW)


def minimum_row(country: str, currency: str, *, on: date) -> DeliveryMinimum | None:
    """The row that holds for what is sent to a country; None where no minimum is known, or prices are in another
    currency than the law's."""
    rows = [row for row in DELIVERY_MINIMUMS if (row.country, row.currency) == (country, currency) and row.since <= on]
    return max(rows, key=lambda row: row.since, default=None)


def delivery_minimum(country: str, currency: str, *, new_books_minor: int, on: date) -> int:
    """The least that a parcel to `country` may cost, tax included, in minor units; 0 where there is no minimum.
    `new_books_minor`: what its new books cost the reader; 0 where there is none (then nothing is to be kept). Do not
    ask for what the reader collects in a shop that sells books: that is exempt."""
    row = minimum_row(country, currency, on=on)
    if row is None or new_books_minor <= 0:
        return 0
    return row.below_price_minor if new_books_minor < row.below_minor else row.from_price_minor


def discount_limit(
    country: str, *, new_book: bool, in_bookshop: bool, on: date, price_fixed: bool = False
) -> int | None:
    """The most that may be taken off the price of one article, in basis points; None: no limit by law.

    `country`: where the book is bought (of the address it is sent to; of the shop where it is collected). `new_book`:
    `is_new_book`. `in_bookshop`: collected in a shop that sells books (`Shop.sells_books`). `price_fixed`: its source
    says that the price is fixed by law (`StockTerms.price_kind` "fixed"); in a country without a row here nothing may
    be taken off then. Whatever lowers what the reader pays for the book counts: a shop's discount, a voucher, a loyalty
    programme; a gift card is a means of payment and does not."""
    if not new_book:
        return None
    rows = [row for row in DISCOUNT_LIMITS if row.country == country and row.since <= on]
    if not rows:
        return 0 if price_fixed else None
    row = max(rows, key=lambda row: row.since)
    return row.in_bookshop if in_bookshop else row.otherwise
