"""Shop orders that go wrong, as the board counts and lists them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from marketplace.operations.listing import Choice
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.orders import mailed

Order = ShopOrder.Status
HEARD_WITHIN = timedelta(minutes=30)
# So long after its reader was told that it is late a person calls the shop.
LONG = timedelta(days=2)


def _unheard(now: datetime) -> Q:
    """Unanswered, and it took another channel than the shop's own, waits for a person, has not come through, or goes by
    a mail that does not leave."""
    late = Q(transmission__due_at__isnull=False, created_at__lt=now - HEARD_WITHIN)
    troubled = Q(transmission__fell_back_at__isnull=False) | Q(transmission__parked_at__isnull=False)
    return Q(status=Order.NEW) & (late | troubled | mailed.unheard(now))


def _late(now: datetime) -> Q:
    """Accepted, and neither ready nor sent as was said: its reader was told."""
    ordered = ShopOrderLine.objects.filter(
        shop_order=OuterRef("pk"),
        supply__in=[Supply.ORDER, Supply.PREORDER],
        accepted__gt=F("packed"),
        expected_on__lte=now.date(),
    )
    told = Q(status__in=[Order.ACCEPTED, Order.PACKED], late_at__lte=now)
    return told | Q(Exists(ordered), status=Order.ACCEPTED)


TROUBLED = {
    "unheard": Choice(_("Not heard of by the shop"), _unheard, urgent=True),
    "late": Choice(_("Late: the reader was told"), _late),
    "late_long": Choice(_("Late for more than 2 days"), lambda now: _late(now - LONG), urgent=True),
}
