"""Reports of what was sold, from sums by day that a step keeps (`DailySales`): the order lines of a year are a million,
their sums a part of that, and one report reads only these.

A day is a day of UTC, that of the order. Declined units are taken out by the rule of `worth`; what people gave back of
it since stands in a column of its own. A day is summed anew whenever one of its lines is declined or given back,
however old it is, so that total less given back is to the cent what is paid for the lines: by readers, or borne for
them. Not in it: what the network gave back on a whole payment, which is of no shop."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Min, Sum

from marketplace.foundation import bulk, money
from marketplace.payments import worth
from marketplace.payments.models import DailySales, RefundRequest, SalesDay
from shops import sharing
from shops.models import ShopOrder

# For so long a line may still change: authorisations end after a week, a bank's delay and a refund come after.
MAY_CHANGE = timedelta(days=35)
EVERY = timedelta(hours=1)
DAYS_AT_ONCE = 7
# What `SalesDay.summed_at` says while a day is being summed: some moment before it.
UNDER_WAY = datetime(1971, 1, 1, tzinfo=UTC)
COUNTED = ("lines", "units", "goods_minor", "tax_minor", "total_minor", "commission_minor")
SUMMED = (*COUNTED, "given_back_minor")
Group = tuple[object, ...]
GROUPS = {"month": "day", "day": "day", "shop": "shop__name", "subject": "subject", "tax": "tax_rate_milli"}


@dataclass(frozen=True)
class ReportRow:
    """`group` is a date, a shop's name, a Thema code or a rate in thousandths of a per cent."""

    group: object
    lines: int
    units: int
    goods_minor: int
    tax_minor: int
    total_minor: int
    commission_minor: int
    given_back_minor: int


def report(
    by: str, begins_on: date, ends_on: date, *, currency: str, shop_id: int | None = None, subject: str = ""
) -> list[ReportRow]:
    """Sums from first to last day, by one of GROUPS; of one shop or one subject where named, and of no shop
    that keeps its figures out of statistics. Two queries."""
    rows = DailySales.objects.filter(day__gte=begins_on, day__lte=ends_on, currency=currency)
    rows = rows.exclude(shop__in=sharing.keeping_back(sharing.Use.STATISTICS, sharing.Kind.TITLES))
    if shop_id is not None:
        rows = rows.filter(shop=shop_id)
    if subject:
        rows = rows.filter(subject__startswith=subject)
    group = GROUPS[by]
    sums = rows.order_by(group).values_list(group).annotate(*(Sum(name) for name in SUMMED))
    if by != "month":
        return [ReportRow(*row) for row in sums]
    months: dict[date, list[int]] = {}  # from the days: SQLite has no months of its own
    for day, *counts in sums:
        month = day.replace(day=1)
        months[month] = [one + other for one, other in zip(months.get(month, [0] * len(SUMMED)), counts, strict=True)]
    return [ReportRow(month, *counts) for month, counts in months.items()]


def sum_sales(now: datetime) -> int:
    """Step: sum what may have changed, each hour; days that were never summed at once."""
    first = ShopOrder.objects.aggregate(first=Min("created_at"))["first"]
    if first is None:
        return 0
    today, day = now.astimezone(UTC).date(), first.astimezone(UTC).date()
    summed = set(SalesDay.objects.filter(summed_at__gt=UNDER_WAY).values_list("day", flat=True))
    missing = [each for each in _days(day, today) if each not in summed]
    if not missing and SalesDay.objects.filter(day=today, summed_at__gt=now - EVERY).exists():
        return 0
    begins = max(day, today - MAY_CHANGE)
    old = [each for each in missing if each < begins]
    return sum(refresh(each, each, now=now) for each in old) + refresh(begins, today, now=now)


def changed(created: Iterable[datetime]) -> None:
    """Orders of these moments were declined in part, or given back: their days are to be summed anew."""
    days = {moment.astimezone(UTC).date() for moment in created}
    SalesDay.objects.filter(day__in=days).update(summed_at=None)


def refresh(begins_on: date, ends_on: date, *, now: datetime) -> int:
    """Make the sums of these days anew from the order lines; how many days. A day of which something changes while its
    lines are read stays to be summed; one that another process began later is left to it."""
    days = _days(begins_on, ends_on)
    for position in range(0, len(days), DAYS_AT_ONCE):
        some = days[position : position + DAYS_AT_ONCE]
        mark = UNDER_WAY - timedelta(microseconds=random.randrange(10**12))
        SalesDay.objects.bulk_create([SalesDay(day=each) for each in some], ignore_conflicts=True)
        SalesDay.objects.filter(day__in=some).update(summed_at=mark)
        rows = _sums(some[0], some[-1])  # before the transaction: on SQLite nobody else writes during one
        with transaction.atomic():
            marks = SalesDay.objects.select_for_update().filter(day__in=some).order_by("day")  # one at a time
            mine = {row.day for row in marks if row.summed_at in (mark, None)}
            DailySales.objects.filter(day__in=mine).delete()
            DailySales.objects.bulk_create(row for row in rows if date.fromisoformat(str(row.day)) in mine)
            SalesDay.objects.filter(day__in=mine, summed_at=mark).update(summed_at=now)
    return len(days)


def _sums(first: date, last: date) -> list[DailySales]:
    postgres = bulk.is_postgres()
    day = "(o.created_at AT TIME ZONE 'UTC')::date" if postgres else "substr(o.created_at, 1, 10)"
    code = "f.subject_codes ->> 0" if postgres else "json_extract(f.subject_codes, '$[0]')"
    since = datetime.combine(first, time(), tzinfo=UTC)
    until = datetime.combine(last + timedelta(days=1), time(), tzinfo=UTC)

    def left(amount: str) -> str:
        return f"SUM({amount} - CAST({amount} AS bigint) * l.declined / l.quantity)"

    # CROSS JOIN: SQLite keeps to this order, and does not begin with all lines there are.
    found = bulk.rows(
        f"""
        SELECT {day}, o.shop_id, COALESCE(substr({code}, 1, 2), ''), l.tax_rate_milli, o.currency, COUNT(*),
            SUM(l.quantity - l.declined), {left("l.goods_minor")}, {left("l.tax_minor")}, {left("l.total_minor")},
            {left("COALESCE(c.amount_minor, 0)")}
        FROM shops_shoporder o
        CROSS JOIN shops_shoporderline l
        LEFT JOIN titles_productfacts f ON f.product_id = l.product_id
        LEFT JOIN payments_linecommission c ON c.line_id = l.id
        WHERE l.shop_order_id = o.id AND o.created_at >= %s AND o.created_at < %s AND l.declined < l.quantity
        GROUP BY 1, 2, 3, 4, 5
        """,  # noqa: S608  # the parts put together are constants
        [bulk.moment(since), bulk.moment(until)],
    )
    names = ("day", "shop_id", "subject", "tax_rate_milli", "currency", *COUNTED)
    rows = {_group(row): DailySales(**dict(zip(names, row, strict=True))) for row in found}
    for group, minor in _given_back(since, until).items():
        if group not in rows:  # all of it was declined afterwards
            none = dict.fromkeys(COUNTED, 0)
            rows[group] = DailySales(**dict(zip(names, (*group, *none.values()), strict=True)))
        rows[group].given_back_minor = minor
    return list(rows.values())


def _group(row: Sequence[object]) -> Group:
    """Day (SQLite has it as text), shop, subject, rate, currency."""
    day = row[0] if isinstance(row[0], date) else date.fromisoformat(str(row[0]))
    return (day, *row[1:5])


def _given_back(since: datetime, until: datetime) -> dict[Group, int]:
    """What people gave back of the shop orders made then, by the groups of its lines: of the line it is of; else of
    all, by what they cost. What was declined as well counts once."""
    of_then = ShopOrder.objects.filter(created_at__gte=since, created_at__lt=until)
    asked = RefundRequest.objects.filter(shop_order__in=of_then).values("shop_order")
    parts = list(of_then.filter(pk__in=asked).prefetch_related("lines__product__facts"))
    back = worth.returned(part.pk for part in parts)
    found: dict[Group, int] = {}
    for part in parts:
        lines, returned = list(part.lines.all()), back[part.pk]
        left = sum(line.paid_minor - worth.units_worth(line.paid_minor, line.declined, line.quantity) for line in lines)
        paid = sum(line.paid_minor for line in lines) - worth.not_paid_for(lines, returned) - returned.total_minor
        weights = [returned.of_lines.get(line.pk, 0) for line in lines]
        if sum(weights) < returned.total_minor:
            rest = money.split(returned.total_minor - sum(weights), [line.total_minor for line in lines])
            weights = [one + other for one, other in zip(weights, rest, strict=True)]
        for line, minor in zip(lines, money.split(max(0, left - paid), weights), strict=True):
            facts = getattr(line.product, "facts", None)
            code = (facts.subject_codes[0] if facts and facts.subject_codes else "")[:2]
            group = (part.created_at.astimezone(UTC).date(), part.shop_id, code, line.tax_rate_milli, part.currency)
            if minor:
                found[group] = found.get(group, 0) + minor
    return found


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
