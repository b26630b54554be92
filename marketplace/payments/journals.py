"""The ledger as files for an accountant: the French FEC, and a plain journal.

FEC: livre des procédures fiscales, article A47 A-1 (arrêté du 29 juillet 2013): eighteen columns in this order, parted
by tabs, dates YYYYMMDD, amounts with a comma, in euros, in ISO 8859-15; named <SIREN>FEC<last day>.txt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from stdnum.fr import siren as siren_number

from catalog_sync.error_file import safe
from marketplace.foundation import money, network
from marketplace.payments.chart import Account, account_of
from marketplace.payments.models import LedgerEntry
from shops.models import Shop

FEC_COLUMNS = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
FEC_ENCODING = "iso-8859-15"
JOURNAL_COLUMNS = (
    "entry", "at", "kind", "debit", "credit", "amount", "currency", "order", "shop order", "stripe id", "cause", "key",
)  # fmt: skip
_ZONES = {"FR": "Europe/Paris", "BE": "Europe/Brussels", "CH": "Europe/Zurich", "CA": "America/Toronto"}


class ExportError(Exception):
    """The file cannot be made as it was asked for; the text says why and what to do."""


def home_zone() -> ZoneInfo:
    """In which a day of the network's accounts begins."""
    return ZoneInfo(_ZONES.get(network.current().country, "UTC"))


def entries(begins_on: date, ends_on: date) -> QuerySet[LedgerEntry]:
    """Of whole days, both included, oldest first, in the network's currency."""
    zone = home_zone()
    since = datetime.combine(begins_on, time(), tzinfo=zone)
    until = datetime.combine(ends_on + timedelta(days=1), time(), tzinfo=zone)
    found = LedgerEntry.objects.filter(at__gte=since, at__lt=until, currency=network.current().currency)
    return found.select_related("order", "shop_order").order_by("at", "pk")


def fec_name(siren: str, ends_on: date) -> str:
    """Raises ExportError for what is no SIREN."""
    if not siren_number.is_valid(siren):
        raise ExportError(_("%(given)s is no SIREN: give its nine digits.") % {"given": siren or "–"})
    return f"{siren_number.compact(siren)}FEC{ends_on:%Y%m%d}.txt"


def fec(begins_on: date, ends_on: date) -> Iterator[str]:
    """Lines with their ends, the heading first, then two for each entry. Entries are numbered from the first of the
    period on, so the period is a whole financial year. Raises ExportError where the accounts are not in euros."""
    if network.current().currency != "EUR":
        raise ExportError(_("The FEC is in euros, the network's accounts are not: take the journal instead."))
    yield "\t".join(FEC_COLUMNS) + "\r\n"
    zone, shops = home_zone(), dict(Shop.objects.values_list("pk", "name"))
    for number, entry in enumerate(entries(begins_on, ends_on).iterator(chunk_size=2000), start=1):
        day = f"{entry.at.astimezone(zone):%Y%m%d}"
        piece = entry.shop_order.number if entry.shop_order else entry.order.number if entry.order else entry.key
        amount = str(money.to_decimal(entry.amount_minor, entry.currency)).replace(".", ",")
        for name, is_debit in ((entry.debit, True), (entry.credit, False)):
            account = account_of(name)
            cells = (
                *_journal(entry), str(number), day, account.number, account.label, *_auxiliary(account, name, shops),
                piece, day, entry.cause, amount if is_debit else "0,00", "0,00" if is_debit else amount, "", "", day,
                "", "",
            )  # fmt: skip
            yield "\t".join(_clean(cell) for cell in cells) + "\r\n"


def journal(begins_on: date, ends_on: date) -> Iterator[str]:
    """CSV with commas and points, one line for each entry: what any program for accounts can be told to read."""

    def written(cells: tuple[object, ...]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow([safe(str(cell)) for cell in cells])
        return out.getvalue()

    yield written(JOURNAL_COLUMNS)
    for entry in entries(begins_on, ends_on).iterator(chunk_size=2000):
        yield written(
            (
                entry.pk, entry.at.isoformat(), entry.kind, entry.debit, entry.credit,
                money.to_decimal(entry.amount_minor, entry.currency), entry.currency,
                entry.order.number if entry.order else "", entry.shop_order.number if entry.shop_order else "",
                entry.stripe_id, entry.cause, entry.key,
            )
        )  # fmt: skip


def _journal(entry: LedgerEntry) -> tuple[str, str]:
    sides = {entry.debit, entry.credit}
    if "bank" in sides:
        return "BQ", "Banque"
    if "stripe" in sides:
        return "ST", "Stripe"
    return ("VT", "Ventes") if sides & {"commission", "dues"} else ("OD", "Opérations diverses")


def _auxiliary(account: Account, name: str, shops: dict[int, str]) -> tuple[str, str]:
    """The account of one shop, place or currency below a common number."""
    if not account.name.endswith(":"):
        return "", ""
    of = name.partition(":")[2]
    return (f"L{of}", shops[int(of)]) if account.name == "shop:" else (of, of)


def _clean(cell: str) -> str:
    return " ".join(cell.split())
