"""What must always be true of the money of orders that are over; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from oscar.apps.order.models import Order

from marketplace.payments.ledger import ORDERS
from marketplace.payments.models import LedgerEntry, MoneyCall, Payment
from shops.models import Rerouting, ShopOrder, ShopOrderLine


def finished_orders_hold_nothing() -> list[str]:
    """Once each part is booked or declined and every call is made, all that was paid is somebody's: readers', shops',
    the network's, the tax office's."""
    left: Counter[tuple[int, str]] = Counter()
    for column, sign in (("credit", 1), ("debit", -1)):
        rows = LedgerEntry.objects.filter(**{column: ORDERS}).order_by().values_list("order", "currency")
        for order_id, currency, minor in rows.annotate(sum=Sum("amount_minor")):
            left[order_id, currency] += sign * minor
    held = {key: minor for key, minor in left.items() if minor}
    over = set(_finished().filter(pk__in={order_id for order_id, _ in held}).values_list("pk", flat=True))
    return [
        f"order {order_id} is over, and {minor} {currency} of it are nobody's"
        for (order_id, currency), minor in sorted(held.items())
        if order_id in over
    ]


def _finished() -> QuerySet[Order]:
    lines = ShopOrderLine.objects.filter(shop_order__order=OuterRef("pk"))
    to_earn = lines.filter(quantity__gt=F("declined"), shop_order__booked_at=None)
    to_settle = lines.exclude(declined=F("settled"))
    looking = Rerouting.objects.filter(shop_order__order=OuterRef("pk"), outcome=Rerouting.Outcome.LOOKING)
    calls = MoneyCall.objects.filter(payment__checkout__order=OuterRef("pk"))
    to_make = calls.filter(done_at=None, refused_at=None)
    to_see_to = calls.filter(failed_at__isnull=False, settled_at=None)
    captured = Payment.objects.filter(checkout__order=OuterRef("pk"), state=Payment.State.CAPTURED)
    parts = ShopOrder.objects.filter(order=OuterRef("pk"))
    open_ones = (to_earn, to_settle, looking, to_make, to_see_to)
    return Order.objects.filter(Exists(captured), Exists(parts), *(~Exists(some) for some in open_ones))


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "of a finished order no money is left over": finished_orders_hold_nothing,
}
