"""Numbers for documents: the only place that makes Invoice rows.

Numbers of one issuer, kind and year have no gap and no double: they are counted in the transaction that writes the
document, under the lock of their series (Directive 2006/112/EC, article 226 (2); CGI annexe II, article 242 nonies A,
I-7°: a unique number, based on a chronological and continuous sequence)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from marketplace.payments.invoice_parts import Parts, frozen, tax_of, total_of
from marketplace.payments.models import Invoice, InvoiceSeries
from shops.models import Shop

NETWORK = "network"


def issuer_of(shop: Shop) -> str:
    return f"shop:{shop.pk}"


def issue(
    kind: str,
    shop: Shop,
    parts: Parts,
    said: dict[str, Any],
    *,
    issuer: str,
    language: str,
    currency: str,
    now: datetime,
    **about: Any,
) -> Invoice:
    """Number and keep one document. Called in the transaction, and under the lock, of what it is about, so that it is
    made once. `about`: shop_order, settlement, follows. The year is that of the shop's clock. Its number stands in
    `said["number"]`."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A document is numbered in the transaction of what it is about.")
    year = now.astimezone(ZoneInfo(shop.timezone)).year
    invoice = Invoice(
        kind=kind, issuer=issuer, year=year, number=_next(issuer, kind, year), shop=shop, issued_at=now,
        language=language, currency=currency, total_minor=total_of(parts), tax_minor=tax_of(parts),
        parts=frozen(parts), **about,
    )  # fmt: skip
    invoice.said = said | {"number": invoice.label}
    invoice.digest = digest(invoice)
    invoice.save(force_insert=True)
    return invoice


def _next(issuer: str, kind: str, year: int) -> int:
    """The next number; the series stays locked until the transaction ends."""
    which = {"issuer": issuer, "kind": kind, "year": year}
    InvoiceSeries.objects.bulk_create([InvoiceSeries(**which)], ignore_conflicts=True)
    series = InvoiceSeries.objects.select_for_update().get(**which)
    InvoiceSeries.objects.filter(pk=series.pk).update(last=series.last + 1)
    return series.last + 1


def digest(invoice: Invoice) -> str:
    """Of everything that is on it, hexadecimal."""
    on_it = [
        invoice.kind, invoice.issuer, invoice.year, invoice.number, invoice.shop_id, invoice.shop_order_id,
        invoice.settlement_id, invoice.follows_id, int(invoice.issued_at.timestamp() * 1_000_000), invoice.language,
        invoice.currency, invoice.total_minor, invoice.tax_minor, invoice.parts, invoice.said,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(on_it, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
