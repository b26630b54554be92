"""Reading what a bank says of the network's account: camt.053 (ISO 20022), of any version."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from lxml import etree

from marketplace.foundation import money
from marketplace.payments.journals import ExportError

STATEMENT_BYTES = 5 * 1024 * 1024
# What a movement of a bookshop network's account never exceeds, and every sum that is kept of movements does hold.
MOST_MINOR = 10**13


@dataclass(frozen=True)
class BankLine:
    """One movement of a bank statement: below zero left the account. `text`: what the payer wrote with it, reference
    and words; `key` tells it from every other movement, also when it is read again. `unclear`: several payments in
    one entry, of which the bank gives the sum alone."""

    end_to_end_id: str
    amount_minor: int
    currency: str
    booked_on: date
    text: str = field(default="", compare=False)
    key: str = field(default="", compare=False)
    unclear: bool = field(default=False, compare=False)


def read(content: bytes) -> list[BankLine]:
    """The booked movements that carry an end-to-end id or what their payer wrote. Raises ExportError."""
    if len(content) > STATEMENT_BYTES:
        raise ExportError(_("The statement is larger than 5 MB: send it day by day."))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
        if not (etree.QName(root).namespace or "").startswith("urn:iso:std:iso:20022:tech:xsd:camt.053."):
            raise ExportError(_("This is no bank statement in the form camt.053."))
        return _told_apart([line for entry in root.iterfind(".//{*}Ntry") for line in _lines_of(entry)])
    except (etree.XMLSyntaxError, InvalidOperation, ValueError) as error:
        raise ExportError(_("The statement cannot be read: %(why)s") % {"why": error}) from error


def _lines_of(entry: etree._Element) -> list[BankLine]:
    """One for each payment. Where the bank gives the entry's amount alone it is that of its one payment; of several
    nobody knows who paid how much of it."""
    if entry.findtext("{*}Sts/{*}Cd", entry.findtext("{*}Sts", "")).strip() != "BOOK":
        return []
    parts = entry.findall("{*}NtryDtls/{*}TxDtls")
    found, unclear = [], []
    for part in parts:
        reference = (part.findtext("{*}Refs/{*}EndToEndId") or "").strip()
        reference = "" if reference == "NOTPROVIDED" else reference
        written = [*part.iterfind("{*}RmtInf/{*}Strd/{*}CdtrRefInf/{*}Ref"), *part.iterfind("{*}RmtInf/{*}Ustrd")]
        text = " ".join([*((each.text or "").strip() for each in written), reference]).strip()
        amount = part.find("{*}Amt")
        if amount is None:
            amount = part.find("{*}AmtDtls/{*}TxAmt/{*}Amt")
        if amount is None and len(parts) == 1:
            amount = entry.find("{*}Amt")
        if amount is not None and text:
            found.append(_line(entry, part, amount, reference, text))
        elif text:
            unclear.append(text)
    amount = entry.find("{*}Amt")
    if unclear and amount is not None:
        found.append(replace(_line(entry, entry, amount, "", " · ".join(unclear)), unclear=True))
    return found


def _line(
    entry: etree._Element, part: etree._Element, amount: etree._Element, reference: str, text: str
) -> BankLine:  # fmt: skip
    currency = amount.get("Ccy", "")
    figure = Decimal((amount.text or "").strip())
    if not figure.is_finite() or not 0 <= figure <= MOST_MINOR:
        raise ValueError(f"{figure} {currency} is no sum that a bank moves.")
    minor = money.to_minor(figure, currency)
    side = part.findtext("{*}CdtDbtInd") or entry.findtext("{*}CdtDbtInd")
    day = entry.findtext("{*}BookgDt/{*}Dt") or (entry.findtext("{*}BookgDt/{*}DtTm") or "")[:10]
    own = part.findtext("{*}Refs/{*}AcctSvcrRef") or entry.findtext("{*}AcctSvcrRef") or ""
    booked_on = date.fromisoformat(day)
    return BankLine(reference, -minor if side == "DBIT" else minor, currency, booked_on, text, own.strip())


def _told_apart(lines: Sequence[BankLine]) -> list[BankLine]:
    """With a key each, from all that the bank says of it; of several that say the same the first, the second, …"""
    seen: Counter[str] = Counter()
    found = []
    for line in lines:
        said = f"{line.key}|{line.end_to_end_id}|{line.amount_minor}|{line.currency}|{line.booked_on}|{line.text}"
        seen[said] += 1
        key = hashlib.sha256(f"{said}|{seen[said]}".encode()).hexdigest()[:40]
        found.append(replace(line, key=key))
    return found
