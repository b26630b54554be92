"""What guests and readers wrote where nothing came of it is not kept for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from marketplace.checkout.models import Checkout, VoucherUse
from marketplace.readers import gift_cards
from marketplace.readers.erasing import WRITTEN
from shops.models import Reservation
from shops.orders import tries
from shops.returns import photos
from shops.threads import forgetting as words

KEEP = timedelta(days=90)
"""GDPR, article 5 (1) (e): no longer than its purpose needs. Who comes back to a basket does so within weeks, and so is
a payment given back, or a reservation in a shop, asked about; after a quarter nobody needs the name. What was ordered
is kept as accounting law asks."""
UNPLACED = [Checkout.State.OPEN, Checkout.State.ENDED, Checkout.State.REFUNDED]
_BLANK = {name: "" for name in WRITTEN if name != "country"}  # each begins with one: it names nobody
BATCH = 500


def forget_unplaced(now: datetime) -> int:
    """Step: empty what people wrote in checkouts that became no order and were left alone for `KEEP`, in guests'
    reservations that ended so long ago, and in gift cards that were not paid, or mailed since their buyer left; up to
    `BATCH` of each. The log of tries to reach shops, and pictures of what was sent
    back, go as late. Returns how many."""
    before = now - KEEP
    told = gift_cards.forget_told(before, BATCH) + tries.forget(now) + photos.forget(now) + words.forget_old(now)
    return _checkouts(before) + _reservations(before) + told


def _checkouts(before: datetime) -> int:
    old = Q(created_at__lt=before) & ~Q(touched_at__gte=before) & ~Q(expires_at__gte=before)
    with transaction.atomic():
        found = Checkout.objects.filter(old, state__in=UNPLACED).exclude(**_BLANK).order_by("pk")
        keys = list(found.select_for_update().values_list("pk", flat=True)[:BATCH])
        if keys:
            Checkout.objects.filter(pk__in=keys).update(**_BLANK)
            VoucherUse.objects.filter(checkout__in=keys).exclude(reader="").update(reader="")
    return len(keys)


def _reservations(before: datetime) -> int:
    found = Reservation.objects.filter(user=None, ended_at__lt=before).exclude(email="", name="").order_by("pk")
    keys = list(found.values_list("pk", flat=True)[:BATCH])
    return Reservation.objects.filter(pk__in=keys).update(email="", name="") if keys else 0
