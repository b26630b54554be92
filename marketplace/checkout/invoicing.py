"""When a document is made: the invoice of what was handed over, once; a credit note for each refund after it; the
invoice of a month's commission. Each under the lock of what it is about, so that no number is spent twice or lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import translation

from marketplace.checkout import invoice_words, tax
from marketplace.foundation import network
from marketplace.payments import incidents, invoice_parts, issuing, receivables
from marketplace.payments.invoice_parts import (
    COMMISSION,
    COMMISSION_BACK,
    COUNTER,
    DUES,
    NET,
    Part,
    Parts,
    fitting,
)
from marketplace.payments.ledger import COMMISSION as COMMISSION_ACCOUNT
from marketplace.payments.ledger import SALES_TAX, shop_account
from marketplace.payments.models import Invoice, LedgerEntry, Payment, RefundRequest, Settlement
from shops.models import Shop, ShopOrder, ShopOrderLine

Kind = Invoice.Kind
BATCH = 50
# What stands on a shop's account beside its orders.
CHARGED = {"dues": DUES, "dues_tax": DUES, "counter": COUNTER, "counter_tax": COUNTER}


def issue_invoices(now: datetime) -> int:
    """Step: an invoice for each shop order that was handed over, then a credit note for each refund of an invoiced
    one."""
    orders = without_invoice().order_by("handed_over_at", "pk").values_list("pk", flat=True)
    refunds = without_credit_note().order_by("shop_order", "pk").values_list("pk", flat=True)
    due = incidents.batch(orders, step="issue_invoices", most=BATCH)
    then = incidents.batch(refunds, step="issue_credit_notes", most=BATCH)
    made = incidents.one_by_one(due, lambda pk: bool(invoice_of(pk, now=now)), step="issue_invoices", now=now)
    return made + incidents.one_by_one(then, lambda pk: credit(pk, now=now), step="issue_credit_notes", now=now)


def without_invoice() -> QuerySet[ShopOrder]:
    """Handed over, and sold through a checkout."""
    made = Invoice.objects.filter(shop_order=OuterRef("pk"), kind=Kind.INVOICE)
    handed_over = ShopOrder.objects.filter(handed_over_at__isnull=False, invoiced_at=None)
    return handed_over.filter(~Exists(made), order__checkout__isnull=False)


def without_credit_note() -> QuerySet[RefundRequest]:
    invoiced = Invoice.objects.filter(shop_order=OuterRef("shop_order"), kind=Kind.INVOICE)
    return RefundRequest.objects.filter(Exists(invoiced), document=None, shop_order__isnull=False)


def invoice_of(shop_order_id: int, *, now: datetime) -> Invoice | None:
    """The invoice of a shop order, made where there is none yet. None where it is not handed over. What was given back
    before is taken off on it."""
    with transaction.atomic():
        shop_order = _locked(shop_order_id)
        if known := Invoice.objects.filter(shop_order=shop_order, kind=Kind.INVOICE).first():
            return known
        if shop_order.status != ShopOrder.Status.HANDED_OVER:
            return None
        lines = list(shop_order.lines.all())
        whole = {part: minor for line in lines for part, minor in invoice_parts.of_line(line).items()}
        requests = list(RefundRequest.objects.filter(shop_order=shop_order, document=None).order_by("pk"))
        left, back = _take_off(whole, lines, requests)
        language = shop_order.order.checkout.language
        with translation.override(language):
            said = invoice_words.invoice(shop_order, lines, whole, back, now=now)
        made = _issue(Kind.INVOICE, shop_order, left, said, now)
        ShopOrder.objects.filter(pk=shop_order.pk).update(invoiced_at=now)
        RefundRequest.objects.filter(pk__in=[request.pk for request in requests]).update(document=made)
        if shop_order.order.checkout.by_invoice:
            day = invoice_words.day_of(now, shop_order.shop)
            receivables.invoiced(shop_order.order.checkout.pk, on=day, total_minor=made.total_minor, now=now)
    return made


def credit(request_id: int, *, now: datetime) -> bool:
    """A credit note for one refund of an invoiced shop order, in the rates of what it is of, with what was borne of it;
    none where nothing of the invoice is left to correct. False where it is made already."""
    request = RefundRequest.objects.select_related("line").get(pk=request_id)
    assert request.shop_order_id is not None
    with transaction.atomic():
        shop_order = _locked(request.shop_order_id)
        if not RefundRequest.objects.filter(pk=request_id, document=None).exists():
            return False
        corrected = Invoice.objects.get(shop_order=shop_order, kind=Kind.INVOICE)
        parts = invoice_parts.take(left_of(corrected), request.worth_minor, fitting(request.kind, request.line_id))
        made = corrected
        if parts:
            with translation.override(corrected.language):
                said = invoice_words.credit_note(corrected, shop_order, request, parts, now=now)
            made = _issue(Kind.CREDIT_NOTE, shop_order, parts, said, now, follows=corrected)
        RefundRequest.objects.filter(pk=request_id).update(document=made)
    return True


def left_of(invoice: Invoice) -> Parts:
    """What of an invoice no credit note took back."""
    notes = [invoice_parts.thawed(note.parts) for note in invoice.followed_by.all()]
    return invoice_parts.less(invoice_parts.thawed(invoice.parts), notes)


def documents_of(order_id: int) -> list[Invoice]:
    """Invoices and credit notes of an order, as they were made. One query."""
    found = Invoice.objects.filter(shop_order__order=order_id).select_related("shop", "shop_order")
    return list(found.order_by("pk"))


def issue_commission_invoices(now: datetime) -> int:
    """Step: an invoice of the network's for each closed month in which it charged a shop something."""
    moved = Settlement.objects.filter(invoiced_at=None)
    due = list(moved.order_by("pk").values_list("pk", flat=True))
    name = "issue_commission_invoices"
    return incidents.one_by_one(due, lambda pk: bool(commission_invoice_of(pk, now=now)), step=name, now=now)


def commission_invoice_of(settlement_id: int, *, now: datetime) -> Invoice | None:
    """Made once; what it says is what the ledger booked. None where nothing was charged."""
    with transaction.atomic():
        settlement = Settlement.objects.select_for_update(of=("self",)).select_related("shop").get(pk=settlement_id)
        if known := Invoice.objects.filter(settlement=settlement).first():
            return known
        Settlement.objects.filter(pk=settlement_id).update(invoiced_at=now)
        parts, orders, reverse = _charged(settlement)
        if not any(parts.values()):
            return None
        shop = settlement.shop
        with translation.override(shop.language):
            said = invoice_words.commission(settlement, parts, orders=orders, reverse=reverse, now=now)
        return issuing.issue(
            Kind.COMMISSION, shop, parts, said, issuer=issuing.NETWORK, language=shop.language,
            currency=settlement.currency, now=now, settlement=settlement,
        )  # fmt: skip


def _charged(settlement: Settlement) -> tuple[Parts, int, bool]:
    """What the network took of a shop in its month, of how many orders, and whether the shop owes the tax itself."""
    shop, account = settlement.shop, shop_account(settlement.shop_id)
    # What it sold for the pool was the network's own sale, and no service to it.
    mine = Q(shop_order__shop=shop, shop_order__is_pooled=False) | Q(kind__in=CHARGED, debit=account)
    kept = Q(debit=COMMISSION_ACCOUNT) | Q(credit=COMMISSION_ACCOUNT) | Q(kind__in=CHARGED)
    taxed = Q(debit__startswith="tax:") | Q(credit__startswith="tax:")
    period = {"at__gte": settlement.begins_at, "at__lt": settlement.ends_at, "currency": settlement.currency}
    names, reverse = _tax_names(shop, settlement)
    found: Parts = {}
    orders = set()
    # Tax in the price, which the network owes in the shop's place, is none on what it charges.
    entries = LedgerEntry.objects.filter(mine, kept | taxed, **period).exclude(kind__in=SALES_TAX)
    for entry in entries.order_by("pk"):
        what = CHARGED.get(entry.kind, COMMISSION)
        place = next((side[4:] for side in (entry.credit, entry.debit) if side.startswith("tax:")), "")
        given = entry.debit == COMMISSION_ACCOUNT or entry.debit.startswith("tax:")
        if given and not place:
            what = COMMISSION_BACK
        part = Part(0, what, *names.get(place, ("tax", place, 0))) if place else Part(0, what, NET)
        found[part] = found.get(part, 0) + (-entry.amount_minor if given else entry.amount_minor)
        if what == COMMISSION and entry.shop_order_id:
            orders.add(entry.shop_order_id)
    return found, len(orders), reverse


def _tax_names(shop: Shop, settlement: Settlement) -> tuple[dict[str, tuple[str, str, int]], bool]:
    """Code and rate of what the ledger has by place alone."""
    try:
        due = tax.commission_tax(shop, network.current(), 100_00, tax.day_at(shop, settlement.begins_at))
    except tax.NoTaxRowError:
        return {}, False
    names = {part.of: (part.code, part.of, part.rate_milli) for part in due}
    return names, any(part.code == tax.REVERSE_CHARGE for part in due)


def _locked(shop_order_id: int) -> ShopOrder:
    """With its payment locked first, against a refund asked for at the same time. Its key stays free: whoever books a
    receipt at the same time names it in a `PaidPart`, with the receivable locked that is asked for here later."""
    list(Payment.objects.select_for_update(of=("self",)).filter(checkout__order__shop_orders=shop_order_id))
    rows = ShopOrder.objects.select_for_update(no_key=True, of=("self",)).select_related("shop", "order__checkout")
    return rows.get(pk=shop_order_id)


def _take_off(whole: Parts, lines: Sequence[ShopOrderLine], requests: Sequence[RefundRequest]) -> tuple[Parts, Parts]:
    """What is left of the goods handed over once what was given back before is off, and what that was. What was given
    back of copies that were then declined was never handed over."""
    left, back = dict(whole), Parts()
    given = {line.pk: sum(request.worth_minor for request in requests if request.line_id == line.pk) for line in lines}
    wanted = [
        (
            min(given[line.pk], sum(minor for part, minor in whole.items() if part.line == line.pk)),
            fitting(RefundRequest.Kind.LINE, line.pk),
        )
        for line in lines
    ]
    wanted += [(request.worth_minor, fitting(request.kind, None)) for request in requests if request.line_id is None]
    for amount, fits in wanted:
        taken = invoice_parts.take(left, amount, fits)
        left = invoice_parts.less(left, [taken])
        for part, minor in taken.items():
            back[part] = back.get(part, 0) + minor
    return left, back


def _issue(
    kind: str, shop_order: ShopOrder, parts: Parts, said: invoice_words.Said, now: datetime, **about: object
) -> Invoice:
    shop, language = shop_order.shop, shop_order.order.checkout.language
    return issuing.issue(
        kind, shop, parts, said, issuer=issuing.issuer_of(shop), language=language, currency=shop_order.currency,
        now=now, shop_order=shop_order, **about,
    )  # fmt: skip
