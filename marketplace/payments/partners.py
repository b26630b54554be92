"""The statement of a partner: what its account in the ledger did in a month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q, Sum

from marketplace.foundation import money
from marketplace.payments.ledger import partner_account
from marketplace.payments.models import LedgerEntry
from marketplace.payments.settlements import months
from shops.models import Partner

# A share, and what of it went back with its commission.
EARNED = ("referral", "referral_back")


@dataclass(frozen=True)
class StatementLine:
    """`amount_minor`: above zero it is the partner's, below it was paid."""

    at: datetime
    kind: str
    cause: str
    amount_minor: int


@dataclass(frozen=True)
class Statement:
    """A month of a partner's account, in UTC."""

    partner: Partner
    begins_at: datetime
    ends_at: datetime
    currency: str
    opening_minor: int
    lines: tuple[StatementLine, ...]

    @property
    def earned_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines if line.kind in EARNED)

    @property
    def paid_minor(self) -> int:
        return -sum(line.amount_minor for line in self.lines if line.kind not in EARNED)

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + sum(line.amount_minor for line in self.lines)


def statement(partner: Partner, month: datetime, *, currency: str) -> Statement:
    """Of the month that `month` lies in. Two queries."""
    begins = month.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, number = (begins.year + 1, 1) if begins.month == 12 else (begins.year, begins.month + 1)
    ends = begins.replace(year=year, month=number)
    account = partner_account(partner.pk)
    entries = LedgerEntry.objects.filter(Q(debit=account) | Q(credit=account), currency=currency)
    sums = entries.filter(at__lt=begins).aggregate(
        credits=Sum("amount_minor", filter=Q(credit=account), default=0),
        debits=Sum("amount_minor", filter=Q(debit=account), default=0),
    )
    lines = tuple(
        StatementLine(row.at, row.kind, row.cause, row.amount_minor if row.credit == account else -row.amount_minor)
        for row in entries.filter(at__gte=begins, at__lt=ends).order_by("at", "pk")
    )
    return Statement(partner, begins, ends, currency, sums["credits"] - sums["debits"], lines)


def months_of(partner: Partner, now: datetime) -> list[datetime]:
    """The beginning of each month with or after its first entry, the newest first; the present one is among them."""
    account = partner_account(partner.pk)
    first = LedgerEntry.objects.filter(credit=account).order_by("at").values_list("at", flat=True).first()
    present = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    over = [begins for begins, _ in months(first, now, UTC)] if first else []  # type: ignore[arg-type]  # a zone too
    return [present, *reversed([begins for begins in over if begins < present])]


def csv_lines(made: Statement) -> Iterator[str]:
    """Amounts with a point; causes are our own words, without commas or quotes."""
    yield "date,what,cause,amount,currency\r\n"
    for at, kind, cause, minor in (
        (made.begins_at, "opening", "", made.opening_minor),
        *((line.at, line.kind, line.cause, line.amount_minor) for line in made.lines),
        (made.ends_at, "closing", "", made.closing_minor),
    ):
        said = cause.replace(",", " ").replace('"', "'")
        yield f"{at:%Y-%m-%d},{kind},{said},{money.to_decimal(minor, made.currency)},{made.currency}\r\n"
