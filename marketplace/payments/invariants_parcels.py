"""What must hold of parcels between shops, in money."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q, QuerySet, Sum

from marketplace.payments.ledger import shop_account
from marketplace.payments.models import LedgerEntry, RefundRequest
from shops.models import Parcel, ParcelRefund


def handovers_are_booked_once() -> list[str]:
    """Each parcel that another shop handed over is in the ledger with the amount of its sale, and no other is."""
    entries = {row.key: row for row in LedgerEntry.objects.filter(kind="handover")}
    booked = Parcel.objects.exclude(fee_booked_at=None).select_related("shop_order")
    wrong = []
    for parcel in booked.filter(Q(shop_order__handover_fee_minor__gt=0) | Q(collected_at=None)):
        entry, part = entries.pop(f"handover:{parcel.pk}", None), parcel.shop_order
        ours = (shop_account(part.shop_id), shop_account(parcel.carried_to_id or 0), part.handover_fee_minor)
        if entry is None or parcel.collected_at is None or (entry.debit, entry.credit, entry.amount_minor) != ours:
            wrong.append(f"parcel {parcel.pk} of {part} is not booked as it was sold")
    return wrong + [f"ledger entry {row.pk} is of no parcel that was handed over" for row in entries.values()]


def lost_parcels_are_paid_back_once() -> list[str]:
    """What was given up, or nobody collected elsewhere, has a refund that is due, parked or made, and that is what went
    back for it; or its shop sent other copies in the place of what was lost."""
    wrong = [
        f"parcel {pk} was given up, and nothing is due"
        for pk in _ended().filter(refund=None, replaced_by=None).values_list("pk", flat=True)
    ]
    wrong += [
        f"parcel {pk} was not collected, and nothing is due"
        for pk in Parcel.objects.filter(uncollected_at__isnull=False, refund=None).values_list("pk", flat=True)
    ]
    both = _ended().exclude(refund=None).exclude(replaced_by=None)
    wrong += [f"parcel {pk} was paid back and sent once more" for pk in both.values_list("pk", flat=True)]
    for row in ParcelRefund.objects.select_related("parcel").prefetch_related("parcel__lines"):
        keys = [f"lost:{line.pk}" for line in row.parcel.lines.all()] + [f"lost-delivery:{row.pk}"]
        back = RefundRequest.objects.filter(once__in=keys).aggregate(sum=Sum("amount_minor", default=0))["sum"]
        asleep = row.made_at is None and row.due_at is None and row.parked_at is None
        if back != row.amount_minor or asleep:
            wrong.append(f"{row}: {back} went back, it says {row.amount_minor}{', and nothing is due' * asleep}")
    return wrong


def _ended() -> QuerySet[Parcel]:
    return Parcel.objects.filter(missing_ended_at__isnull=False)


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "parcels: what another shop hands over is booked once": handovers_are_booked_once,
    "parcels: what is lost is paid back once": lost_parcels_are_paid_back_once,
}
