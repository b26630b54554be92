"""A shop's statement as PDF and as CSV, in the active language."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog_sync.error_file import safe
from marketplace.foundation import money, network
from marketplace.foundation.paper import Paper
from marketplace.payments.models import Settlement
from marketplace.payments.settlements import Line, Statement
from shops.models import ShopOrderLine

BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8
WORDS = {
    "earning": gettext_lazy("Handed over"),
    "commission": gettext_lazy("Handed over"),
    "taken_back": gettext_lazy("Given back to the reader"),
    "commission_back": gettext_lazy("Given back to the reader"),
    "transfer": gettext_lazy("Transfer to you"),
    "reversal": gettext_lazy("Transfer taken back"),
    "payout": gettext_lazy("Transfer to your bank"),
    "payout_returned": gettext_lazy("Transfer that your bank sent back"),
    "dues": gettext_lazy("Dues"),
    "dues_tax": gettext_lazy("Tax on dues"),
    "handover": gettext_lazy("Parcel handed over for another shop"),
    "dividend": gettext_lazy("Dividend"),
    "pool_share": gettext_lazy("From the solidarity pool"),
    "dispute_share": gettext_lazy("Dispute"),
    "borne": gettext_lazy("Promotion that you bear"),
    "difference_back": gettext_lazy("What you bore for another shop, given back"),
}


def said(line: Line) -> str:
    """What a line is, in a few words."""
    return str(WORDS.get(line.kind, _("Correction")))


def articles(statement: Statement) -> Mapping[int, list[ShopOrderLine]]:
    """The articles behind the lines, by id of the shop order; one query."""
    found: dict[int, list[ShopOrderLine]] = defaultdict(list)
    ids = {line.shop_order.pk for line in statement.lines if line.shop_order}
    for article in ShopOrderLine.objects.filter(shop_order__in=ids).order_by("pk"):
        if article.quantity > article.declined:
            found[article.shop_order_id].append(article)
    return found


def named(found: Sequence[ShopOrderLine]) -> str:
    return "; ".join(f"{article.left_units} × {article.title}" for article in found)


def csv_lines(statement: Statement) -> Iterator[str]:
    """One row for each line and one for the balance before and after; amounts with the decimal mark of the language.
    What a spreadsheet program would take for a formula is not one."""
    french = (get_language() or "").startswith("fr")

    def written(cells: Sequence[object]) -> str:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";" if french else ",", lineterminator="\r\n")
        writer.writerow(
            [_number(cell, statement.currency, french) if isinstance(cell, int) else safe(str(cell)) for cell in cells]
        )
        return out.getvalue()

    of_order, zone = articles(statement), ZoneInfo(statement.shop.timezone)
    heading = (_("Date"), _("What"), _("Order"), _("Articles"), _("Goods and delivery"), _("Commission"))
    yield BYTE_ORDER_MARK + written((*heading, _("Tax on commission"), _("Other"), _("Transferred"), _("Balance")))
    balance = statement.opening_minor
    yield written(
        (statement.begins_at.astimezone(zone).date(), _("Balance before"), "", "", "", "", "", "", "", balance)
    )
    for line in statement.lines:
        balance += line.amount_minor
        order = line.shop_order
        yield written(
            (
                line.at.astimezone(zone).date(),
                said(line),
                order.number if order else "",
                named(of_order[order.pk]) if order and line.goods_minor else "",
                line.goods_minor,
                line.commission_minor,
                line.tax_minor,
                line.other_minor,
                line.transferred_minor,
                balance,
            )
        )


def pdf(statement: Statement, settlement: Settlement | None) -> bytes:
    """A4. Without a settlement it is marked as not closed."""
    language, shop, home = (get_language() or "en")[:2], statement.shop, network.current()
    zone = ZoneInfo(shop.timezone)

    def amount(minor: int) -> str:
        return money.display(minor, statement.currency, language)

    period = date_format(statement.month.astimezone(zone), "F Y")
    heading = _("Statement of %(month)s") % {"month": period}
    number = _("No. %(number)s") % {"number": settlement.number} if settlement else _("Not closed yet")
    made_at = settlement.closed_at if settlement else statement.ends_at
    paper = Paper(title=heading, language=language, foot=f"{home.name} · {shop.name} · {heading}", made_at=made_at)
    theirs = [shop.legal_name or shop.name, shop.line1, f"{shop.postcode} {shop.city}", shop.registration]
    ours = [home.legal_name or home.name, *home.legal_address.splitlines()]
    paper.letterhead(f"{heading} · {number}", ours, [text for text in theirs if text])
    paper.rows(
        ["", statement.currency],
        [
            [_("Balance before"), amount(statement.opening_minor)],
            [_("Goods and delivery"), amount(statement.sum_of("goods"))],
            [_("Commission"), amount(-statement.sum_of("commission"))],
            [_("Tax on commission"), amount(-statement.sum_of("tax"))],
            [_("Dues, dividends and other"), amount(statement.sum_of("other"))],
            [_("Transferred to you"), amount(-statement.sum_of("transferred"))],
        ],
        widths=(120, 54),
        numbers=1,
        sums=[_("Balance after"), amount(statement.closing_minor)],
    )
    if statement.closing_minor < 0:
        paper.said(_("Below zero: it is taken off your next transfers."), soft=True)
    of_order = articles(statement)
    rows = [
        [
            date_format(line.at.astimezone(zone), "SHORT_DATE_FORMAT"),
            _what(line, of_order),
            amount(line.goods_minor),
            amount(-line.commission_minor - line.tax_minor),
            amount(line.other_minor - line.transferred_minor),
        ]
        for line in statement.lines
    ]
    titles = [_("Date"), _("What"), _("Goods and delivery"), _("Commission and tax"), _("Other, transferred")]
    paper.rows(titles, rows, widths=(20, 82, 24, 24, 24), numbers=3)
    return paper.bytes()


def _what(line: Line, of_order: Mapping[int, list[ShopOrderLine]]) -> str:
    order = line.shop_order
    first = f"{said(line)} {order.number}" if order else said(line)
    return f"{first}\n{named(of_order[order.pk])}" if order and line.goods_minor else first


def _number(minor: int, currency: str, french: bool) -> str:
    text = str(money.to_decimal(minor, currency))
    return text.replace(".", ",") if french else text
