"""A year of a million order lines: how long its sums by day take to make, and a report of the year to read.

The lines are copies, by one statement for each table, of lines that were really written: 40 shops, 25 subjects, 2
rates, 365 days. The peer is the same report straight from the order lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import common
from django.db import connection
from django.db.models import Model, Sum
from oscar.apps.order.models import Line, Order

from marketplace.foundation import bulk
from marketplace.payments import commission, sales
from marketplace.payments.models import DailySales, LineCommission
from shops.models import ShopOrder, ShopOrderLine
from tests import factories

LINES, LINES_OF_AN_ORDER = 1_000_000, 4
SHOPS = 40
SUBJECTS = [
    *("FA", "FB", "FD", "FF", "FH", "FJ", "FK", "FL", "FM", "FN", "FP", "FQ", "FR"),
    *("FS", "FT", "FV", "FW", "FX", "AB", "AC", "NH", "PS", "QD", "TB", "WB"),
]
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
MOST_SECONDS = 2
# Rows begin behind those that the templates took.
FIRST_ID = 1_000


def copy(model: type[Model], template: Model, number: int, changed: Mapping[str, str]) -> None:
    """So many rows like the template; `changed` gives columns by an expression of n, the number of the row from 0."""
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    chosen = ", ".join(changed.get(field.column, f"t.{connection.ops.quote_name(field.column)}") for field in fields)
    if bulk.is_postgres():
        series = f"generate_series(0, {number - 1}) AS s(n)"
    else:
        series = (
            f"(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s LIMIT {number}) SELECT n FROM s) AS s"
        )
    table = connection.ops.quote_name(model._meta.db_table)
    where = f"t.{model._meta.pk.column} = {template.pk}"
    bulk.execute(f"INSERT INTO {table} ({columns}) SELECT {chosen} FROM {table} t, {series} WHERE {where}")


def analyse(*models: type[Model]) -> None:
    for model in models if bulk.is_postgres() else ():
        bulk.execute(f"ANALYZE {model._meta.db_table}")


def left(number: str, by: int) -> str:
    """What a division leaves; the sign for it would be taken for a parameter."""
    return f"({number}) - ({number}) / {by} * {by}"


def fill(lines: int) -> None:
    """Everything is made of one order of each shop."""
    shops = [factories.shop(f"Shop {number}") for number in range(SHOPS)]
    titles = [factories.product(subject_codes=[code]) for code in SUBJECTS]
    part = factories.shop_order(shops[0], (factories.stock_record(shops[0], titles[0]), 2))
    line = part.lines.get()
    kept = commission.frozen([line])[line.pk]
    orders, each = lines // LINES_OF_AN_ORDER, LINES_OF_AN_ORDER
    begins = datetime(2025, 1, 1, 10, tzinfo=UTC)
    if bulk.is_postgres():
        at = f"TIMESTAMPTZ '{begins.isoformat()}' + ({left('n', 365)}) * INTERVAL '1 day'"
    else:
        at = f"datetime('2025-01-01 10:00:00', '+' || ({left('n', 365)}) || ' days')"
    shop = f"{shops[0].pk} + {left('n * 7', SHOPS)}"
    title = f"{titles[0].pk} + {left('n * 11', len(titles))}"
    text = "CAST({} AS text)".format
    copy(Order, part.order, orders, {"id": f"{FIRST_ID} + n", "number": f"'b' || {text('n')}", "date_placed": at})
    in_order = f"{FIRST_ID} + n / {each}"
    copy(
        ShopOrder,
        part,
        orders,
        {
            "id": f"{FIRST_ID} + n",
            "order_id": f"{FIRST_ID} + n",
            "shop_id": shop,
            "number": f"'b' || {text('n')} || '-A'",
            "created_at": at,
        },
    )
    copy(Line, line.order_line, lines, {"id": f"{FIRST_ID} + n", "order_id": in_order})
    changed = {
        "id": f"{FIRST_ID} + n",
        "shop_order_id": in_order,
        "order_line_id": f"{FIRST_ID} + n",
        "product_id": title,
        "tax_rate_milli": f"CASE {left('n', 3)} WHEN 0 THEN 20000 ELSE 5500 END",
    }
    copy(ShopOrderLine, line, lines, changed)
    copy(LineCommission, kept, lines, {"line_id": f"{FIRST_ID} + n"})
    analyse(ShopOrder, ShopOrderLine, LineCommission)


def straight() -> list[object]:
    """By subject, from the order lines themselves."""
    since = datetime(2025, 1, 1, tzinfo=UTC)
    sold = ShopOrderLine.objects.filter(
        shop_order__created_at__gte=since, shop_order__created_at__lt=since + timedelta(days=365)
    )
    sums = sold.order_by("product__facts__subject_codes").values_list("product__facts__subject_codes")
    return list(sums.annotate(Sum("goods_minor"), Sum("tax_minor"), Sum("commission__amount_minor")))


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    factories.network(currency="CAD")
    lines = 2_000 if wants.quick else LINES
    made = common.seconds(lambda: fill(lines))
    summed = common.seconds(lambda: sales.refresh(*YEAR, now=factories.NOON))
    analyse(DailySales)
    rows = DailySales.objects.count()
    bare = common.seconds(common.bare_page()) / common.BARE_PAGES
    figures = [
        common.Figure(f"{lines:,} order lines, made for this", f"{made:.1f} s"),
        common.Figure("their sums by day, all of the year", f"{summed:.1f} s, {rows:,} rows"),
    ]
    peer = common.seconds(straight)
    for by in sales.GROUPS:
        taken = min(common.seconds(lambda by=by: sales.report(by, *YEAR, currency="CAD")) for _ in range(3))
        found = sales.report(by, *YEAR, currency="CAD")
        if sum(row.lines for row in found) != lines:
            raise SystemExit(f"The report by {by} does not have all lines.")
        figures.append(
            common.Figure(
                f"the year by {by}, {len(found)} rows", f"{taken:.3f} s", f"{peer:.3f} s", peer / taken,
                f"< {MOST_SECONDS} s", taken < MOST_SECONDS, taken,
            )
        )  # fmt: skip
    common.show("Reports", figures, bare, wants)


if __name__ == "__main__":
    main()
