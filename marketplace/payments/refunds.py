"""Money given back by a person: of a line, of the delivery, or any amount; many times, never above what was paid.

What is asked for is a row with its `MoneyCall`, written under the payment's lock. Stripe may make a refund and the
reader's bank send it back days later: then it is owed again, and a person sees to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Sum
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import audit, links, mail
from marketplace.foundation.money import display
from marketplace.models import User
from marketplace.payments import gateway, ledger_corrections, means, refund_shares, sales
from marketplace.payments.models import MoneyCall, Payment, RefundRequest
from marketplace.payments.worth import NOTHING, Returned, not_paid_for, returned, units_worth
from shops.downloads import handing_out
from shops.models import ShopOrder, ShopOrderLine

Kind, Bearer = RefundRequest.Kind, RefundRequest.Bearer
FAILED = {"failed", "canceled"}


class RefundError(Exception):
    """It cannot be given back; the message says why, to a person."""


@dataclass(frozen=True)
class Wanted:
    """What to give back: `units` of a line (a line of which nothing is left in money refuses), an amount of a shop
    order's delivery (0: all that is left of it), or an amount of a shop order, or of the whole payment without one."""

    kind: str
    shop_order: ShopOrder | None = None
    line: ShopOrderLine | None = None
    units: int = 0
    amount_minor: int = 0


@dataclass(frozen=True)
class LeftOfLine:
    """What may still be given back of a line: units, and what all of them cost without delivery."""

    line: ShopOrderLine
    units: int
    amount_minor: int


@dataclass(frozen=True)
class Left:
    """What may still be given back of a shop order, in minor units."""

    lines: Sequence[LeftOfLine]
    delivery_minor: int
    total_minor: int


def left(shop_order: ShopOrder) -> Left:
    """Bounded by what is left of the payment too."""
    rows = list(shop_order.lines.all())
    back = returned([shop_order.pk]).get(shop_order.pk, NOTHING)
    most = min(_left_in_all(rows, back), _left_of(shop_order.order.checkout.payment))
    refunded = _units(rows)
    of_lines = []
    for line in rows:
        units = line.quantity - line.declined - refunded.get(line.pk, 0)
        of_lines.append(LeftOfLine(line, units, min(most, _goods(line, units, refunded.get(line.pk, 0)))))
    return Left(of_lines, min(most, _delivery(rows, back)), most)


def units_left(shop_order: ShopOrder) -> dict[int, int]:
    """By line id, the units that were not declined and whose money has not gone back."""
    rows = list(shop_order.lines.all())
    refunded = _units(rows)
    return {line.pk: line.left_units - refunded.get(line.pk, 0) for line in rows}


def worth(payment: Payment, wanted: Wanted) -> int:
    """What it comes to now, in minor units. Raises RefundError where so much is not left."""
    rows = list(wanted.shop_order.lines.all()) if wanted.shop_order else []
    back = returned([wanted.shop_order.pk]).get(wanted.shop_order.pk, NOTHING) if wanted.shop_order else NOTHING
    return _amount(payment, wanted, rows, back)


def ask(
    payment: Payment, wanted: Wanted, *, reason: str, by: User | None, once: str, now: datetime, borne_by: str = ""
) -> RefundRequest:
    """Write the refund; the step `move_money` makes it. `once` is the form's: sent again it gives the first request.
    Without a shop order the network bears it; else the shop, unless `borne_by` says otherwise. Raises RefundError."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=payment.pk)
        if known := RefundRequest.objects.filter(once=once).first():
            return known
        if payment.state != Payment.State.CAPTURED:
            raise RefundError(
                _("Nothing is captured yet, so there is nothing to give back: what is declined is not charged.")
            )
        rows = list(wanted.shop_order.lines.all()) if wanted.shop_order else []
        back = returned([wanted.shop_order.pk]).get(wanted.shop_order.pk, NOTHING) if wanted.shop_order else NOTHING
        amount = _amount(payment, wanted, rows, back)
        bearer = (borne_by or Bearer.SHOP) if wanted.shop_order else Bearer.NETWORK
        request = RefundRequest(
            payment=payment,
            shop_order=wanted.shop_order,
            line=wanted.line,
            kind=wanted.kind,
            units=wanted.units,
            amount_minor=amount,
            other_minor=max(0, amount - _left_charged(payment)),
            borne_by=bearer,
            reason=reason[:200],
            by=by,
            once=once,
            asked_at=now,
        )
        refund_shares.divide(request, refunded=_units(rows))
        request.other_parts = means.give_back(payment, request.other_minor, cause=request.reason, now=now)
        request.save()
        _withdraw_downloads(request, now)
        if wanted.shop_order:
            sales.changed([wanted.shop_order.created_at])
        if request.other_minor < amount:
            _call(request, key=f"refund-request:{request.pk}", now=now)
        else:
            carried_out(request, now=now)
        audit.record(
            "payment.refund",
            payment,
            by=by,
            reason=reason,
            shop_id=wanted.shop_order.shop_id if wanted.shop_order else None,
            amount_minor=amount,
            borne_by=str(bearer),
        )
    return request


def _withdraw_downloads(request: RefundRequest, now: datetime) -> None:
    """Of the downloads of its payment those of which nothing is left to give back, in copies or in money, and of codes
    those paid back: nobody keeps both. An amount beside that is goodwill and leaves them."""
    parts = ShopOrder.objects.filter(order__checkout__payment=request.payment, is_download=True)
    if request.shop_order_id:
        parts = parts.filter(pk=request.shop_order_id)
    for shop_order in parts.select_related("order__checkout__payment").prefetch_related("lines"):
        there = left(shop_order)
        gone = [of.line.pk for of in there.lines if not (of.units and there.total_minor)]
        handing_out.withdraw(gone, now=now)
        for of in there.lines:
            if of.line.pk == request.line_id and of.line.pk not in gone:
                handing_out.keep(of.line, of.units)


def carried_out(request: RefundRequest, *, now: datetime) -> None:
    """In the transaction that records the refund, or in which all of it went back otherwise: who bears it, the reversal
    of the shop's share, the reader's mail."""
    ledger_corrections.record_borne(request, now=now)
    if request.after_transfer and request.share_minor:
        _take_back(request, now)
    _tell(request, now)


def note_failure(found: gateway.Refund, *, now: datetime) -> bool:
    """Book a refund back that failed after it was made. False: it has not, or is noted already. Raises
    PaymentGatewayError (to be tried again) while the refund itself is not recorded yet."""
    if found.status not in FAILED:
        return False
    with transaction.atomic():
        call = (
            MoneyCall.objects.select_for_update(of=("self",))
            .select_related("payment__checkout")
            .filter(kind=MoneyCall.Kind.REFUND, stripe_id=found.id)
            .first()
        )
        if call is None:
            waiting = MoneyCall.objects.filter(key=found.metadata.get("key", ""), done_at=None)
            if waiting.filter(payment__intent_id=found.intent_id).exists():
                raise gateway.PaymentGatewayError(f"Refund {found.id} is not recorded yet.", permanent=False)
            return False
        if call.failed_at:
            return False
        MoneyCall.objects.filter(pk=call.pk).update(failed_at=now, last_error=found.failure_reason)
        Payment.objects.filter(pk=call.payment_id).update(refunded_minor=F("refunded_minor") - call.amount_minor)
        ledger_corrections.record_refund_failed(call, stripe_id=found.failure_transaction_id, now=now)
        audit.record("payment.refund_failed", call.payment, reason=found.failure_reason, amount_minor=call.amount_minor)
    return True


def failed() -> list[MoneyCall]:
    """Refunds sent back by a bank that nobody saw to yet, the oldest first."""
    rows = MoneyCall.objects.filter(kind=MoneyCall.Kind.REFUND, settled_at=None).exclude(failed_at=None)
    return list(rows.select_related("payment__checkout__order").order_by("failed_at", "pk"))


def try_again(call: MoneyCall, *, by: User, now: datetime) -> MoneyCall | None:
    """Make a failed refund once more. None: somebody saw to it already."""
    with transaction.atomic():
        if not _settle(call, now):
            return None
        audit.record("payment.refund_again", call.payment, by=by, amount_minor=call.amount_minor)
        return MoneyCall.objects.create(
            kind=MoneyCall.Kind.REFUND,
            payment=call.payment,
            shop_order=call.shop_order,
            key=f"{call.key}:again",
            amount_minor=call.amount_minor,
            currency=call.currency,
            reason=call.reason,
            follows=call,
            due_at=now,
        )


def paid_elsewhere(call: MoneyCall, *, by: User, how: str, now: datetime) -> bool:
    """A person paid it from the network's bank. False: somebody saw to it already."""
    with transaction.atomic():
        if not _settle(call, now):
            return False
        Payment.objects.filter(pk=call.payment_id).update(refunded_minor=F("refunded_minor") + call.amount_minor)
        ledger_corrections.record_paid_elsewhere(call, now=now)
        audit.record("payment.refund_elsewhere", call.payment, by=by, reason=how, amount_minor=call.amount_minor)
        return True


def _settle(call: MoneyCall, now: datetime) -> bool:
    waiting = MoneyCall.objects.filter(pk=call.pk, settled_at=None).exclude(failed_at=None)
    return bool(waiting.update(settled_at=now))


def _amount(payment: Payment, wanted: Wanted, rows: Sequence[ShopOrderLine], back: Returned) -> int:
    most = _left_of(payment)
    if wanted.shop_order:
        most = min(most, _left_in_all(rows, back))
    amount = wanted.amount_minor
    if wanted.kind == Kind.LINE:
        line = next(row for row in rows if wanted.line and row.pk == wanted.line.pk)
        refunded = _units(rows).get(line.pk, 0)
        if not 1 <= wanted.units <= line.quantity - line.declined - refunded:
            raise RefundError(_("So many units are not left to give back."))
        amount = min(most, _goods(line, wanted.units, refunded))
    elif wanted.kind == Kind.DELIVERY:
        most = min(most, _delivery(rows, back))
        amount = amount or most
    if amount < 1 or amount > most:
        room = display(most, payment.currency, translation.get_language() or "fr")
        raise RefundError(_("At most %(amount)s can be given back.") % {"amount": room})
    return amount


def _left_of(payment: Payment) -> int:
    """Of what was captured or paid otherwise; a refund that a bank sent back is still owed and counts."""
    return _left_charged(payment) + means.left_of(payment)


def _left_charged(payment: Payment) -> int:
    calls = payment.calls.filter(kind=MoneyCall.Kind.REFUND, follows=None)
    return payment.captured_minor - calls.aggregate(sum=Sum("amount_minor", default=0))["sum"]


def _left_in_all(rows: Sequence[ShopOrderLine], back: Returned) -> int:
    return sum(line.paid_minor for line in rows) - not_paid_for(rows, back) - back.total_minor


def _units(rows: Sequence[ShopOrderLine]) -> dict[int, int]:
    """Units given back of each line by earlier requests."""
    asked = RefundRequest.objects.filter(line__in=[line.pk for line in rows])
    return dict(asked.values_list("line_id").annotate(sum=Sum("units")).order_by())


def _goods(line: ShopOrderLine, units: int, refunded: int) -> int:
    """The next `units` of a line without their delivery, after those declined or given back."""
    goods, before = max(0, line.paid_minor - line.delivery_minor), line.declined + refunded
    return units_worth(goods, before + units, line.quantity) - units_worth(goods, before, line.quantity)


def _delivery(rows: Sequence[ShopOrderLine], back: Returned) -> int:
    kept = sum(line.delivery_minor - units_worth(line.delivery_minor, line.declined, line.quantity) for line in rows)
    return max(0, kept - back.delivery_minor)


def _call(request: RefundRequest, *, key: str, now: datetime) -> None:
    MoneyCall.objects.create(
        kind=MoneyCall.Kind.REFUND,
        payment=request.payment,
        shop_order=request.shop_order,
        request=request,
        key=key,
        amount_minor=request.amount_minor - request.other_minor,
        currency=request.payment.currency,
        reason=request.reason,
        due_at=now,
    )


def _take_back(request: RefundRequest, now: datetime) -> None:
    """As much as is left of the transfer; the rest is the shop's debt at once. A shop that is paid by bank has none:
    its account is that much lower."""
    assert request.shop_order is not None
    transfer = request.shop_order.money_calls.filter(kind=MoneyCall.Kind.TRANSFER).first()
    if transfer is None:
        return
    earlier = transfer.followed_by.filter(refused_at=None).aggregate(sum=Sum("amount_minor", default=0))["sum"]
    amount = min(request.share_minor, transfer.amount_minor - earlier)
    if amount > 0:
        MoneyCall.objects.get_or_create(
            key=f"reversal:{request.pk}",
            defaults={
                "kind": MoneyCall.Kind.REVERSAL,
                "payment": request.payment,
                "shop_order": request.shop_order,
                "request": request,
                "follows": transfer,
                "amount_minor": amount,
                "currency": request.payment.currency,
                "reason": request.reason,
                "due_at": now,
            },
        )


def _tell(request: RefundRequest, now: datetime) -> None:
    checkout = request.payment.checkout
    mail.post(
        "refund_made",
        to=checkout.email,
        language=checkout.language,
        dedupe_key=f"refund_made:{request.pk}",
        context={
            "request": request,
            "back_minor": request.amount_minor - request.other_parts.get("voucher_minor", 0),
            "by_page_minor": request.amount_minor - request.other_minor,
            "parts": request.other_parts,
            "order": checkout.order,
            "url": links.order_url(checkout.order) if checkout.order else "",
        },
        now=now,
        shop_id=request.shop_order.shop_id if request.shop_order else None,
    )
