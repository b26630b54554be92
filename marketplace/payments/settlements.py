"""The statement of a shop: what its account in the ledger did in a period, line by line, and the closing of each month.

A line is what was written at one moment for one cause: goods handed over with the commission on them, a transfer, a
refund after it, dues. Amounts are the shop's: what it gets is above zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import CharField, Exists, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from marketplace.payments import incidents
from marketplace.payments.ledger import COMMISSION, SALES_TAX, shop_account
from marketplace.payments.models import LedgerEntry, Settlement
from shops.models import Shop, ShopOrder

# A transaction that began before midnight may commit a little after; a day later none is left.
CLOSE_AFTER = timedelta(days=1)
_A_DAY = timedelta(days=1)
# A month of UTC ends so much later than the first zone's.
EARLIEST_ZONE = timedelta(hours=14)
SALES = {"earning", "commission", "commission_tax", "taken_back", "commission_back", "commission_tax_back"}
TRANSFERS = {"transfer", "reversal", "payout", "payout_returned", "local_paid"}


@dataclass
class Line:
    """`goods − commission − tax` of an order, or of what went back of it, or `other` (dues, part of a dispute), or what
    was `transferred`; all of them together are what the line did to the account: `amount_minor`."""

    at: datetime
    kind: str
    cause: str
    shop_order: ShopOrder | None
    goods_minor: int = 0
    commission_minor: int = 0
    tax_minor: int = 0
    other_minor: int = 0
    transferred_minor: int = 0
    keys: list[str] = field(default_factory=list)

    @property
    def amount_minor(self) -> int:
        return self.goods_minor - self.commission_minor - self.tax_minor + self.other_minor - self.transferred_minor


@dataclass(frozen=True)
class Statement:
    shop: Shop
    begins_at: datetime
    ends_at: datetime
    currency: str
    opening_minor: int
    lines: Sequence[Line]

    @property
    def month(self) -> datetime:
        """A moment within it, in whichever time zone: a shop may have another by now."""
        return self.begins_at + (self.ends_at - self.begins_at) / 2

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + sum(line.amount_minor for line in self.lines)

    def sum_of(self, column: str) -> int:
        return sum(getattr(line, f"{column}_minor") for line in self.lines)

    @property
    def sums(self) -> dict[str, int]:
        return {name: self.sum_of(name) for name in ("goods", "commission", "tax", "other", "transferred")}


def statement(shop: Shop, begins_at: datetime, ends_at: datetime, *, currency: str) -> Statement:
    """What the ledger says of [begins_at, ends_at). Three queries."""
    return Statement(
        shop, begins_at, ends_at, currency, balance_before(shop.pk, begins_at, currency=currency),
        _lines(shop, _entries(shop.pk, currency).filter(at__gte=begins_at, at__lt=ends_at)),
    )  # fmt: skip


def balance_before(shop_id: int, at: datetime, *, currency: str) -> int:
    """What the network owed the shop at a moment; below zero, what the shop owed."""
    account = shop_account(shop_id)
    sums = LedgerEntry.objects.filter(at__lt=at, currency=currency).aggregate(
        credits=Sum("amount_minor", filter=Q(credit=account), default=0),
        debits=Sum("amount_minor", filter=Q(debit=account), default=0),
    )
    return sums["credits"] - sums["debits"]


def _entries(shop_id: int, currency: str) -> QuerySet[LedgerEntry]:
    """On the shop's account, and what the network kept of its orders beside it."""
    account = shop_account(shop_id)
    kept = Q(debit=COMMISSION) | Q(credit=COMMISSION) | Q(debit__startswith="tax:") | Q(credit__startswith="tax:")
    kept &= ~Q(kind__in=SALES_TAX)  # the network's to pay: never the shop's, not even for a moment
    theirs = Q(debit=account) | Q(credit=account) | (kept & Q(shop_order__shop=shop_id, shop_order__is_pooled=False))
    return LedgerEntry.objects.filter(theirs, currency=currency)


def _lines(shop: Shop, entries: QuerySet[LedgerEntry]) -> list[Line]:
    found: dict[tuple[object, ...], Line] = {}
    for entry in entries.select_related("shop_order").order_by("at", "pk"):
        moved = "transfer" if entry.kind in TRANSFERS else "sale" if entry.kind in SALES else entry.kind
        key = (entry.at, entry.shop_order_id, moved, entry.cause)
        line = found.setdefault(key, Line(entry.at, entry.kind, entry.cause, entry.shop_order))
        line.keys.append(entry.key)
        _add(line, entry, shop.pk)
    return list(found.values())


def _add(line: Line, entry: LedgerEntry, shop_id: int) -> None:
    mine = shop_account(shop_id)
    on_account = entry.amount_minor * ((entry.credit == mine) - (entry.debit == mine))
    if on_account and entry.kind in TRANSFERS:
        line.transferred_minor -= on_account
    elif on_account and entry.kind not in SALES:
        line.other_minor += on_account
    elif on_account:
        line.goods_minor += on_account
    else:  # kept of the order without touching the account: it is in the goods, and taken off again
        kept = entry.credit if entry.credit == COMMISSION or entry.credit.startswith("tax:") else entry.debit
        amount = entry.amount_minor if kept == entry.credit else -entry.amount_minor
        line.goods_minor += amount
        _keep(line, kept, amount)


def _keep(line: Line, account: str, amount_minor: int) -> None:
    if account == COMMISSION:
        line.commission_minor += amount_minor
    else:
        line.tax_minor += amount_minor


def months(first: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of each month of a time zone from the one of `first` on, as long as it is over at `until`."""
    begins = first.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        year, month = (begins.year + 1, 1) if begins.month == 12 else (begins.year, begins.month + 1)
        ends = begins.replace(year=year, month=month)
        if ends > until:
            return
        yield begins, ends
        begins = ends


def periods(
    first: datetime, until: datetime, zone: ZoneInfo, *, last: datetime | None
) -> Iterator[tuple[datetime, datetime]]:
    """As `months`, the first beginning where the `last` statement ended. Where the shop has said another time zone
    since, that is some hours before or after midnight: nothing is in two statements, nor in none."""
    for begins, ends in months(first, until, zone):
        if last is None or begins - last >= _A_DAY:
            yield begins, ends
        elif ends - last >= _A_DAY:  # of a month that is over but for hours, these are in the next
            yield last, ends


def close_months(now: datetime) -> int:
    """Step: close what is over of every shop whose account moved, oldest month first."""
    shops = list(_shops_that_moved(now))
    rows = list(Shop.objects.filter(pk__in=shops).order_by("pk"))
    return incidents.one_by_one(rows, lambda shop: _close_of(shop, now), step="close_months", now=now)


def _shops_that_moved(now: datetime) -> QuerySet[Shop, int]:
    """Shops with an entry of a month that may be closed and is not: looked up by account and time for each of them, so
    that what is closed costs nothing."""
    month = (now - CLOSE_AFTER).astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = min(now - CLOSE_AFTER, month + EARLIEST_ZONE)
    last = Settlement.objects.filter(shop=OuterRef("pk")).order_by("-ends_at").values("ends_at")[:1]
    account = Concat(Value("shop:"), Cast("pk", CharField()))
    shops = Shop.objects.annotate(
        account=account, closed_until=Coalesce(Subquery(last), Value(datetime(1970, 1, 1, tzinfo=UTC)))
    )
    since = LedgerEntry.objects.filter(at__gte=OuterRef("closed_until"), at__lt=until)
    moved = Exists(since.filter(debit=OuterRef("account"))) | Exists(since.filter(credit=OuterRef("account")))
    return shops.filter(moved).values_list("pk", flat=True)


def _close_of(shop: Shop, now: datetime) -> int:
    account = shop_account(shop.pk)
    on_account = LedgerEntry.objects.filter(Q(debit=account) | Q(credit=account))
    done = 0
    for currency in on_account.order_by("currency").values_list("currency", flat=True).distinct():
        last = Settlement.objects.filter(shop=shop, currency=currency).order_by("-ends_at").first()
        open_ones = on_account.filter(currency=currency, **({"at__gte": last.ends_at} if last else {}))
        until = last.ends_at if last else None
        first = open_ones.order_by("at").values_list("at", flat=True).first()
        if first:
            for begins, ends in periods(first, now - CLOSE_AFTER, ZoneInfo(shop.timezone), last=until):
                done += close(shop, begins, ends, currency=currency, now=now) is not None
    return done


def close(shop: Shop, begins_at: datetime, ends_at: datetime, *, currency: str, now: datetime) -> Settlement | None:
    """Number and keep the statement of one month. None where it is closed already or nothing moved in it."""
    with transaction.atomic():
        Shop.objects.select_for_update(of=("self",)).only("pk").get(pk=shop.pk)
        if Settlement.objects.filter(shop=shop, currency=currency, ends_at__gt=begins_at).exists():
            return None
        made = statement(shop, begins_at, ends_at, currency=currency)
        if not made.lines:
            return None
        last = Settlement.objects.filter(shop=shop).aggregate(last=Max("number", default=0))["last"]
        return Settlement.objects.create(
            shop=shop,
            number=last + 1,
            begins_at=begins_at,
            ends_at=ends_at,
            currency=currency,
            opening_minor=made.opening_minor,
            closing_minor=made.closing_minor,
            closed_at=now,
            **{f"{name}_minor": minor for name, minor in made.sums.items()},
        )


def statement_of(settlement: Settlement) -> Statement:
    return statement(settlement.shop, settlement.begins_at, settlement.ends_at, currency=settlement.currency)


def differences(settlement: Settlement) -> list[str]:
    """Where the kept sums are not what the ledger says: an entry written into a closed month, or a changed row."""
    found = statement_of(settlement)
    said = {**found.sums, "opening": found.opening_minor, "closing": found.closing_minor}
    return [
        f"settlement {settlement}: {name} {getattr(settlement, f'{name}_minor')}, the ledger {minor}"
        for name, minor in said.items()
        if getattr(settlement, f"{name}_minor") != minor
    ]
