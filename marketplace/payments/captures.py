"""What a reader finally pays: captured once when every shop has answered, or well before the authorisation ends; with a
pre-ordered title at once. A line declined before lowers the capture, after it is refunded.

Where gift cards or a voucher paid a part, what is taken from the payment page is lowered or refunded first, and only
then they get back: what a shop sells is paid by the card that was bought for it, and an authorisation costs nobody
anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from marketplace.foundation import network
from marketplace.payments import incidents, means, sales
from marketplace.payments.ledger_corrections import record_goodwill_undone
from marketplace.payments.models import MoneyCall, Payment
from marketplace.payments.worth import NOTHING, due, goodwill_undone, returned
from shops.models import Rerouting, ShopOrder, ShopOrderLine, Supply
from shops.orders import expiring, missing

# Acceptance and rerouting stop this long before the authorisation ends (DESIGN §6).
MARGIN = timedelta(hours=24)
# What a shop leaves of that to another one, which is asked when it does not answer.
FOR_ANOTHER = timedelta(hours=24)
# What of it is kept for what cannot be ended: so much later it is captured with what is open, or nobody would be paid.
FOR_A_FAULT = timedelta(hours=12)
BATCH = 50
DECLINED = "declined after capture"


def settle_answers(now: datetime) -> int:
    """Step: decide captures that are due and refunds of what was declined since. Writes MoneyCall rows only."""
    return incidents.one_by_one(_to_settle(now), lambda pk: settle(pk, now=now), step="settle_answers", now=now)


def settle(payment_id: int, *, now: datetime) -> bool:
    """Decide for one payment. True where a call was written."""
    _end_unanswered(payment_id, now)
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=payment_id)
        theirs = ShopOrderLine.objects.filter(shop_order__order__checkout__payment=payment)
        lines = list(theirs.select_related("shop_order"))
        looking = _looking(payment)  # after the lines: a decline between the two is looked at, and this waits
        soon = _ends_soon(payment, now)
        if any(row.parked_at is None for row in looking) and not soon:
            return False
        is_last = _ends_soon(payment, now - FOR_A_FAULT)
        if soon and not is_last and any(line.open_units for line in lines):
            return False  # somebody answered a part just now: the rest ends next
        _give_up(looking, now)
        keep = due(payment, lines)
        if payment.state == Payment.State.AUTHORISED:
            made = _capture(payment, keep, now)
            if not made:  # decided by another worker before what was declined meanwhile: that is refunded later
                return False
        elif payment.state == Payment.State.CAPTURED:
            made = _refund_down_to(payment, keep, now)
            _take_goodwill_back(payment, lines, keep, now)
        else:
            return False
        sales.changed(line.shop_order.created_at for line in lines if line.settled != line.declined)
        for line in lines:  # as they were read: what is declined meanwhile is still to be settled
            if line.settled != line.declined:
                ShopOrderLine.objects.filter(pk=line.pk).update(settled=line.declined)
        return made


def _looking(payment: Payment) -> list[Rerouting]:
    """What another shop is looked for; the money of it is neither taken nor given back."""
    rows = Rerouting.objects.filter(shop_order__order__checkout__payment=payment, outcome=Rerouting.Outcome.LOOKING)
    return list(rows.select_related("shop_order"))


def _give_up(looking: Sequence[Rerouting], now: datetime) -> None:
    """Nobody is looked for any longer: the time is over, or it was tried so often that a person was asked. The reader's
    money does not wait for one."""
    for row in looking:
        if row.parked_at is not None:
            text = (
                f"Who else supplies what {row.shop_order} lacked could not be decided ({row.last_error[:300]}). The "
                "reader was told that it is gone, and does not pay it."
            )
            incidents.report(f"rerouting:{row.pk}", text, now=now, shop_id=row.shop_order.shop_id)
    missing.decided(looking, now=now)


def waits_until(payment: Payment) -> datetime | None:
    """When acceptance and rerouting end, so that it is captured in time; None: nothing ends, it is captured or was paid
    otherwise."""
    ends = payment.capture_before
    return ends - MARGIN if ends and payment.state == Payment.State.AUTHORISED else None


def answered_by(payment: Payment, *, other_shop: bool, now: datetime) -> datetime | None:
    """When the shops that are asked first, at `now`, must have answered; None: at no time. With `other_shop` so early
    that another one may be asked, where that leaves the first half of what the network gives."""
    ends = waits_until(payment)
    if ends is None or not other_shop:
        return ends
    half = timedelta(hours=network.current().answer_within_hours) / 2
    return ends - FOR_ANOTHER if ends - FOR_ANOTHER - now >= half else ends


def _ends_soon(payment: Payment, now: datetime) -> bool:
    """Whether its authorisation ends before anybody could look longer."""
    ends = waits_until(payment)
    return ends is not None and ends <= now


def _end_unanswered(payment_id: int, now: datetime) -> None:
    """What nobody answered when the payment can wait no longer is not charged: it ends first. In transactions of its
    own: a shop's answer locks its order, and never a payment after it. One that cannot be ended stops no other."""
    if _ends_soon(Payment.objects.get(pk=payment_id), now):
        of_payment = ShopOrder.objects.filter(order__checkout__payment=payment_id, status=ShopOrder.Status.NEW)
        end = partial(expiring.expire, now=now, last=True)
        incidents.one_by_one(of_payment.order_by("pk"), end, step="end_unanswered", now=now)


def _to_settle(now: datetime) -> list[int]:
    """Mostly there is nothing, which is asked first: the two statements take ten times as long to put together."""
    rows: list[QuerySet[Payment]] = []
    if Payment.objects.filter(state=Payment.State.AUTHORISED).exists():
        rows.append(_undecided(now))
    if (lines := ShopOrderLine.objects.filter(declined__gt=F("settled"))).exists():
        # Begins with the few lines that are still to be settled (the index `line_to_settle`), not with all payments.
        captured = Payment.objects.filter(state=Payment.State.CAPTURED, checkout__order__isnull=False)
        rows.append(captured.filter(~_looked_for(), checkout__order__in=lines.values("shop_order__order")))
    return [
        pk
        for some in rows
        for pk in incidents.batch(some.values_list("pk", flat=True), step="settle_answers", most=BATCH)
    ]


def _undecided(now: datetime) -> QuerySet[Payment]:
    order_lines = ShopOrderLine.objects.filter(shop_order__order__checkout__payment=OuterRef("pk"))
    unanswered = order_lines.filter(quantity__gt=F("accepted") + F("declined"))
    # A title that appears in months outlives every authorisation: it is charged at order, as the reader was told.
    charged_at_order = order_lines.filter(supply=Supply.PREORDER)
    ready = Payment.objects.filter(state=Payment.State.AUTHORISED, checkout__order__isnull=False).filter(
        Q(capture_before__lte=now + MARGIN) | (Exists(charged_at_order) | ~Exists(unanswered)) & ~_looked_for()
    )
    return ready.filter(~Exists(MoneyCall.objects.filter(payment=OuterRef("pk"), kind__in=["capture", "cancel"])))


def _looked_for() -> Exists:
    """Whether another shop is looked for, for part of a payment's order."""
    of_it = {"shop_order__order__checkout__payment": OuterRef("pk")}
    return Exists(Rerouting.objects.filter(outcome=Rerouting.Outcome.LOOKING, parked_at=None, **of_it))


def _capture(payment: Payment, keep: int, now: datetime) -> bool:
    charged = max(0, keep - payment.other_minor)
    kind = MoneyCall.Kind.CAPTURE if charged else MoneyCall.Kind.CANCEL
    reason = "every shop has answered, or need not" if charged else "every line was declined, or paid otherwise"
    _, made = MoneyCall.objects.get_or_create(
        key=f"capture:{payment.pk}",
        defaults={
            "kind": kind,
            "payment": payment,
            "amount_minor": charged or payment.amount_minor,
            "currency": payment.currency,
            "reason": reason,
            "due_at": now,
        },
    )
    if made:
        means.give_back(payment, max(0, means.left_of(payment) - keep), cause=DECLINED, now=now)
    return made


def _take_goodwill_back(payment: Payment, lines: Sequence[ShopOrderLine], keep: int, now: datetime) -> None:
    """What the network gave of its own and was declined afterwards went back for that: of each shop order, and of what
    was given on the whole payment."""
    by_shop_order: dict[ShopOrder, list[ShopOrderLine]] = defaultdict(list)
    for line in lines:
        by_shop_order[line.shop_order].append(line)
    back = returned(shop_order.pk for shop_order in by_shop_order)
    for shop_order, rows in by_shop_order.items():
        undone = goodwill_undone(rows, back.get(shop_order.pk, NOTHING))
        record_goodwill_undone(payment, undone, shop_order=shop_order, now=now)
    declined = payment.calls.filter(kind=MoneyCall.Kind.REFUND, follows=None, request=None)
    gone = declined.aggregate(sum=Sum("amount_minor", default=0))["sum"]
    gone += payment.other_back_minor - payment.requests.aggregate(other=Sum("other_minor", default=0))["other"]
    paid = payment.captured_minor + payment.other_minor
    record_goodwill_undone(payment, max(0, paid - keep - gone), shop_order=None, now=now)


def _refund_down_to(payment: Payment, keep: int, now: datetime) -> bool:
    """Give back what was captured beyond `keep` and is not on its way back yet. The key holds the running total, so
    that the same decline is never given back twice. What people gave back counts on its own (`worth.Returned`)."""
    asked = payment.requests.aggregate(other=Sum("other_minor", default=0))
    refunds = payment.calls.filter(kind=MoneyCall.Kind.REFUND, follows=None)
    on_the_way = refunds.filter(request=None).aggregate(sum=Sum("amount_minor", default=0))["sum"]
    in_all = refunds.aggregate(sum=Sum("amount_minor", default=0))["sum"]
    paid = payment.captured_minor + payment.other_minor
    declined_back = on_the_way + payment.other_back_minor - asked["other"]
    in_all_back = in_all + payment.other_back_minor
    owed_of_all = max(0, min(paid - keep - declined_back, paid - in_all_back))
    owed = min(owed_of_all, payment.captured_minor - in_all)
    means.give_back(payment, owed_of_all - owed, cause=DECLINED, now=now)
    if not owed:
        return owed_of_all > 0
    _, made = MoneyCall.objects.get_or_create(
        key=f"refund:{payment.pk}:{on_the_way + owed}",
        defaults={
            "kind": MoneyCall.Kind.REFUND,
            "payment": payment,
            "amount_minor": owed,
            "currency": payment.currency,
            "reason": DECLINED,
            "due_at": now,
        },
    )
    return made
