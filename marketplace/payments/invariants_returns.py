"""What must always be true of what readers send back, and of its money; each function returns its violations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from marketplace.payments.models import RefundRequest
from shops.models import Return, ReturnLine, ReturnRefund, ShopOrderLine

PAID_WITHIN = timedelta(days=2)


def no_copy_comes_back_twice() -> list[str]:
    """Of no line are more units on their way back, or paid back as returned, than its shop handed over."""
    under_way, paid = Q(returned__of__ended_at=None), Q(returned__of__state=Return.State.REFUNDED)
    counted = ShopOrderLine.objects.annotate(
        back=Coalesce(Sum("returned__units", filter=under_way), 0),
        paid=Coalesce(Sum("returned__refunded", filter=paid), 0),
    )
    return [
        f"line {line.pk}: {line.back} on their way back and {line.paid} paid of {line.handed_over} handed over"
        for line in counted.filter(returned__isnull=False, handed_over__lt=F("back") + F("paid")).distinct()
    ]


def refunds_are_those_of_their_return() -> list[str]:
    """Nothing is given back twice for a return: of each of its lines at most what its shop said, and in all what its
    due row says; nothing before it was checked."""
    wrong = []
    requests = {row.once: row for row in RefundRequest.objects.filter(once__startswith="return:")}
    lines = ReturnLine.objects.select_related("of").filter(of__checked_at__isnull=False)
    for line in lines:
        request = requests.pop(f"return:{line.pk}", None)
        if request and (request.units > line.refunded or request.line_id != line.line_id):
            wrong.append(f"{line.of}: {request.units} paid back of line {line.line_id}, {line.refunded} were to be")
    return wrong + [f"refund request {row.pk} is of a return that nobody checked" for row in requests.values()]


def money_of_a_return_is_made_once() -> list[str]:
    """A return is refunded when its due row is done, and a checked one has a row that is due, parked or done."""
    done = ReturnRefund.objects.exclude(made_at=None).exclude(of__state=Return.State.REFUNDED)
    wrong = [f"{row.of}: its money is back, and it is {row.of.state}" for row in done.select_related("of")]
    for row in Return.objects.filter(state=Return.State.REFUNDED).exclude(refund__made_at__isnull=False):
        wrong.append(f"{row}: refunded, and no money of it was asked for")
    late = Return.objects.filter(state=Return.State.CHECKED, checked_at__lt=timezone.now() - PAID_WITHIN)
    asleep = late.filter(Q(refund=None) | Q(refund__due_at=None, refund__parked_at=None))
    return wrong + [f"{row}: checked on {row.checked_at:%Y-%m-%d}, and nothing is due" for row in asleep]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "returns: no copy comes back twice": no_copy_comes_back_twice,
    "returns: nothing is given back twice": refunds_are_those_of_their_return,
    "returns: the money of each is made once": money_of_a_return_is_made_once,
}
