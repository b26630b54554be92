"""What the law says, as plain dated rows: place, categories, from, to, what is due, and where that is written.

Read in November 2026. A change of law is a new row, and an end for the old one; nothing is computed from today's rate.
What has no row is not sold there (`tax.NoTaxRowError`): a wrong tax is worse than a refusal. Not covered on purpose:

- Canada: periodicals, and audio books on a carrier, in BC and MB; periodicals in SK; downloads in MB; downloads other
  than books in SK; commissions to shops in MB and SK (the operator may fill all of these in). The
  Saskatchewan side of Lloydminster has no PST on some goods: it is not told apart. Snacks and the like are goods; only
  what a shop calls basic food is zero-rated.
- France: Corsica (CGI, article 297) and overseas, which the operator may fill in; the margin scheme for second-hand
  goods (297 A): a used book is taxed on its whole price. A periodical is taken to be registered with the CPPAP; a
  shop's code "20" says that it is not.
- Every other country: filled in by the operator (`TaxRate`). Sales tax of the United States is nowhere charged."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from marketplace.checkout.tax_categories import Category as C


class Component(NamedTuple):
    """One tax: its name in the law, whose it is (ISO 3166), its rate in thousandths of a per cent (9975 is 9.975 %)."""

    code: str
    of: str
    rate_milli: int


class Row(NamedTuple):
    """`until` is the last day, None while it holds. `components` are computed on the price, never on each other."""

    place: str
    categories: frozenset[C]
    since: date
    until: date | None
    components: tuple[Component, ...]
    source: str

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


def _row(
    place: str, categories: set[C], since: str, *components: Component, source: str, until: str | None = None
) -> Row:
    end = date.fromisoformat(until) if until else None
    return Row(place, frozenset(categories), date.fromisoformat(since), end, components, source)


ALL_BOOKS = {C.BOOK, C.UNNUMBERED}
DOWNLOADS = {C.EBOOK, C.AUDIO_DOWNLOAD, C.DOWNLOAD}

GST = Component("GST", "CA", 5_000)
QST = Component("QST", "CA-QC", 9_975)
_GST_LAW = "Excise Tax Act, RSC 1985, c. E-15, s. 165(1): 5 % since 2008-01-01"
_REBATE = (
    "The provincial part is given back at the point of sale: Deduction for Provincial Rebate (GST/HST) Regulations, "
    "SOR/2001-65; CRA info sheet GI-065: printed books, and audio recordings of printed books; no magazines"
)
_FOOD_LAW = "Excise Tax Act, Schedule VI, Part III, s. 1: basic groceries are zero-rated"
_MARKETPLACE_BC = "Provincial Sales Tax Act, SBC 2012, c. 35; Bulletin PST 142: services of online marketplaces"

_QUEBEC = (
    _row(
        *("CA-QC", {C.BOOK}, "2013-01-01", GST, QST._replace(rate_milli=0)),
        source=_GST_LAW + "; Act respecting the QST, CQLR, c. T-0.1, s. 198.1: printed books with an ISBN zero-rated",
    ),
    _row(
        *("CA-QC", {C.UNNUMBERED, C.AUDIOBOOK, C.PERIODICAL, C.GOODS, C.SERVICE} | DOWNLOADS, "2013-01-01", GST, QST),
        source=_GST_LAW + "; Act respecting the QST, s. 16: 9.975 % since 2013-01-01",
    ),
    _row(
        *("CA-QC", {C.FOOD}, "2013-01-01", GST._replace(rate_milli=0), QST._replace(rate_milli=0)),
        source=_FOOD_LAW + "; Act respecting the QST, s. 177",
    ),
)


def _harmonised(province: str, spans: list[tuple[int, str, str | None]], books_since: str, source: str) -> list[Row]:
    """The rows of a province with HST: its rate by span, 5 % on books, nothing on basic food."""
    place = f"CA-{province}"

    def hst(rate_milli: int) -> Component:
        return Component("HST", place, rate_milli)

    taxed = {C.PERIODICAL, C.GOODS, C.SERVICE} | DOWNLOADS
    rows = [_row(place, taxed, since, hst(rate), source=source, until=until) for rate, since, until in spans]
    rows.append(_row(place, ALL_BOOKS | {C.AUDIOBOOK}, books_since, hst(5_000), source=f"{source}. {_REBATE}"))
    rows.append(_row(place, {C.FOOD}, spans[0][1], hst(0), source=_FOOD_LAW))
    return rows


_HST = (
    *_harmonised("ON", [(13_000, "2010-07-01", None)], "2010-07-01", "Excise Tax Act, s. 165(2): Ontario 8 + 5 %"),
    *_harmonised(
        "NS",
        [(15_000, "2010-07-01", "2025-03-31"), (14_000, "2025-04-01", None)],
        "2010-07-01",
        "Excise Tax Act, s. 165(2): Nova Scotia 10 + 5 %; 9 + 5 % since 2025-04-01 (Nova Scotia HST Regulations, 2010)",
    ),
    *_harmonised(
        "NB", [(15_000, "2016-07-01", None)], "2016-07-01", "Excise Tax Act, s. 165(2): New Brunswick 10 + 5 %"
    ),
    *_harmonised(
        "NL",
        [(15_000, "2016-07-01", None)],
        "2018-01-01",
        "Excise Tax Act, s. 165(2): Newfoundland and Labrador 10 + 5 %; its part given back on books since 2018",
    ),
    *_harmonised(
        "PE", [(15_000, "2016-10-01", None)], "2016-10-01", "Excise Tax Act, s. 165(2): Prince Edward Island 10 + 5 %"
    ),
)

PST_BC = Component("PST", "CA-BC", 7_000)
PST_SK = Component("PST", "CA-SK", 6_000)
RST_MB = Component("RST", "CA-MB", 7_000)
_BC_BOOKS = "; Provincial Sales Tax Exemption and Refund Regulation, BC Reg. 97/2013; Bulletin PST 205: books exempt"
_SK_BOOKS = "; The Provincial Sales Tax Act (SK), s. 8; Bulletin PST-9: books, and their electronic equivalents, exempt"

_WITH_PROVINCIAL_TAX = (
    _row("CA-BC", ALL_BOOKS, "2013-04-01", GST, source=_GST_LAW + _BC_BOOKS),
    _row("CA-BC", {C.EBOOK}, "2013-04-01", GST, source=f"{_GST_LAW}; Bulletin PST 107: e-books exempt"),
    _row(
        *("CA-BC", {C.GOODS, C.AUDIO_DOWNLOAD, C.DOWNLOAD}, "2013-04-01", GST, PST_BC),
        source=_GST_LAW + "; Provincial Sales Tax Act, SBC 2012, c. 35: 7 %; downloads: Bulletin PST 107",
    ),
    _row("CA-BC", {C.SERVICE}, "2022-07-01", GST, PST_BC, source=f"{_GST_LAW}; {_MARKETPLACE_BC}"),
    _row("CA-SK", ALL_BOOKS | {C.EBOOK}, "2017-03-23", GST, source=_GST_LAW + _SK_BOOKS),
    _row(
        *("CA-SK", {C.AUDIOBOOK, C.AUDIO_DOWNLOAD}, "2022-04-01", GST),
        source=_GST_LAW + _SK_BOOKS + "; their audio recordings since 2022-04-01",
    ),
    _row(
        *("CA-SK", {C.GOODS}, "2017-03-23", GST, PST_SK),
        source=_GST_LAW + "; The Provincial Sales Tax Act (SK), s. 5: 6 % since 2017-03-23",
    ),
    _row(
        *("CA-MB", ALL_BOOKS, "2019-07-01", GST),
        source=_GST_LAW + "; The Retail Sales Tax Act, CCSM, c. R130, s. 3: books exempt",
    ),
    _row(
        *("CA-MB", {C.GOODS}, "2019-07-01", GST, RST_MB),
        source=_GST_LAW + "; The Retail Sales Tax Act, CCSM, c. R130, s. 2: 7 % since 2019-07-01",
    ),
    *(
        _row(f"CA-{province}", {C.FOOD}, "2019-07-01", GST._replace(rate_milli=0), source=_FOOD_LAW)
        for province in ("BC", "SK", "MB")
    ),
)

_GST_ALONE = tuple(
    row
    for province in ("AB", "NT", "YT")
    for row in (
        _row(f"CA-{province}", set(C) - {C.FOOD}, "2008-01-01", GST, source=f"{_GST_LAW}; no tax of the province"),
        _row(f"CA-{province}", {C.FOOD}, "2008-01-01", GST._replace(rate_milli=0), source=_FOOD_LAW),
    )
)

_EXPORTED = set(C) - DOWNLOADS - {C.SERVICE}

_FRANCE = (
    _row(
        *("FR", ALL_BOOKS | {C.AUDIOBOOK, C.EBOOK}, "2014-01-01", Component("VAT", "FR", 5_500)),
        source="CGI, article 278-0 bis, A, 3°: books on any carrier or by download; BOI-TVA-LIQ-30-10-40",
    ),
    _row(
        *("FR", {C.AUDIO_DOWNLOAD}, "2020-01-01", Component("VAT", "FR", 5_500)),
        source="CGI, article 278-0 bis, A, 3°, as changed by loi 2019-1479, article 35",
    ),
    _row(
        *("FR", {C.FOOD}, "2014-01-01", Component("VAT", "FR", 5_500)),
        source="CGI, article 278-0 bis, A, 1°: food for people, but for sweets, some chocolate, margarine, caviar",
    ),
    _row(
        *("FR", {C.PERIODICAL}, "2014-01-01", Component("VAT", "FR", 2_100)),
        source="CGI, article 298 septies: press publications registered with the CPPAP",
    ),
    _row(
        *("FR", {C.GOODS, C.DOWNLOAD, C.SERVICE}, "2014-01-01", Component("VAT", "FR", 20_000)),
        source="CGI, article 278: 20 % since 2014-01-01",
    ),
    _row(
        *("FR-export", _EXPORTED, "2014-01-01", Component("VAT", "FR", 0)),
        source="CGI, article 262, I, 1°: goods sent out of the Union by the seller are exempt",
    ),
)

_CANADIAN_EXPORT = (
    _row(
        *("CA-export", _EXPORTED, "2008-01-01", GST._replace(rate_milli=0)),
        source="Excise Tax Act, Schedule VI, Part V, s. 12: goods sent abroad by the seller are zero-rated",
    ),
)

ROWS: tuple[Row, ...] = (*_QUEBEC, *_HST, *_WITH_PROVINCIAL_TAX, *_GST_ALONE, *_CANADIAN_EXPORT, *_FRANCE)
PLACES = frozenset(row.place for row in ROWS)
