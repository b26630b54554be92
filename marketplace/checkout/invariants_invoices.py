"""What must always be true of numbered documents; each function returns its violations as short texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef
from django.utils import timezone

from marketplace.checkout import invoicing
from marketplace.payments import invoice_parts, issuing
from marketplace.payments.invoice_parts import COMMISSION, COMMISSION_BACK
from marketplace.payments.models import Invoice, InvoiceSeries
from shops.models import ShopOrder

ISSUED_WITHIN = timedelta(hours=1)


def numbers_have_no_gap() -> list[str]:
    """Of n documents of an issuer, kind and year the numbers are 1 to n (no number is there twice: a constraint)."""
    none: tuple[int, int | None, int | None] = (0, None, None)
    counted = {
        (row.issuer, row.kind, row.year): (row.last, 1, row.last) if row.last else none
        for row in InvoiceSeries.objects.all()
    }
    sums = Invoice.objects.order_by().values_list("issuer", "kind", "year")
    there = {tuple(row[:3]): row[3:] for row in sums.annotate(Count("pk"), Min("number"), Max("number"))}
    return [
        f"{' '.join(map(str, series))}: {counted.get(series, none)[0]} given, {there.get(series, none)[0]} there"
        for series in sorted({*counted, *there})
        if counted.get(series, none) != there.get(series, none)
    ]


def documents_are_as_issued() -> list[str]:
    """What a document says is what it said when it was numbered, and its parts are its total."""
    wrong = []
    for row in Invoice.objects.iterator(chunk_size=500):
        parts = invoice_parts.thawed(row.parts)
        if issuing.digest(row) != row.digest:
            wrong.append(f"{row.issuer} {row.label} was changed")
        if (row.total_minor, row.tax_minor) != (invoice_parts.total_of(parts), invoice_parts.tax_of(parts)):
            wrong.append(f"{row.issuer} {row.label}: its parts are not its total")
    return wrong


def what_was_handed_over_is_invoiced() -> list[str]:
    """Whatever its mark says."""
    made = Invoice.objects.filter(shop_order=OuterRef("pk"), kind=Invoice.Kind.INVOICE)
    handed_over = ShopOrder.objects.filter(status=ShopOrder.Status.HANDED_OVER, order__checkout__isnull=False)
    late = handed_over.filter(~Exists(made), handed_over_at__lt=timezone.now() - ISSUED_WITHIN)
    return [f"{number} was handed over and has no invoice" for number in late.values_list("number", flat=True)]


def refunds_are_credited() -> list[str]:
    late = invoicing.without_credit_note().filter(asked_at__lt=timezone.now() - ISSUED_WITHIN)
    numbers = late.values_list("pk", "shop_order__number")
    return [f"refund request {pk} of {number} has no credit note" for pk, number in numbers]


def credit_notes_fit() -> list[str]:
    """Of no part of an invoice, so of no rate either, more is taken back than there was."""
    credited = Invoice.objects.filter(kind=Invoice.Kind.INVOICE, followed_by__isnull=False).distinct()
    return [
        f"{invoice.issuer} {invoice.label}: {-minor} too much is credited of {part.what} {part.code or 'without tax'}"
        for invoice in credited.prefetch_related("followed_by")
        for part, minor in invoicing.left_of(invoice).items()
        if minor < 0
    ]


def commission_invoices_agree() -> list[str]:
    """A month's commission invoice says the commission of its statement."""
    wrong = []
    for row in Invoice.objects.exclude(settlement=None).select_related("settlement"):
        parts = invoice_parts.thawed(row.parts)
        net = sum(invoice_parts.net_of(parts, what) for what in (COMMISSION, COMMISSION_BACK))
        assert row.settlement is not None
        if net != row.settlement.commission_minor:
            wrong.append(f"{row.label}: commission {net}, its statement {row.settlement.commission_minor}")
    return wrong


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "numbers of invoices and credit notes have no gap": numbers_have_no_gap,
    "invoices and credit notes are as they were issued": documents_are_as_issued,
    "what was handed over is invoiced": what_was_handed_over_is_invoiced,
    "refunds of invoiced orders are credited": refunds_are_credited,
    "credit notes never exceed their invoice": credit_notes_fit,
    "commission invoices agree with the statements": commission_invoices_agree,
}
