"""Who did what to an order, without a gap."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from marketplace.foundation.models import AuditEntry
from shops.models import Parcel, ShopOrder, ShopOrderLine
from shops.portal.words import DEEDS, moment

HISTORY_SHOWN = 30


def history(
    shop_order: ShopOrder, lines: list[ShopOrderLine], parcels: list[Parcel], now: datetime
) -> list[dict[str, object]]:
    """Who did what, oldest first. Of those who hand over for this shop their place is told, not the person."""
    titles = {line.pk: line.title for line in lines}
    about = Q(subject_type=ShopOrder._meta.label_lower, subject_id=str(shop_order.pk))
    about |= Q(subject_type=Parcel._meta.label_lower, subject_id__in=[str(parcel.pk) for parcel in parcels])
    entries = AuditEntry.objects.filter(about, action__in=DEEDS).order_by("pk")[:HISTORY_SHOWN]
    return [
        {
            "when": moment(entry.at, now),
            "who": entry.facts.get("place") or entry.actor_label,
            "deed": DEEDS[entry.action],
            "title": titles.get(entry.facts.get("line"), ""),
            "units": entry.facts.get("units") if isinstance(entry.facts.get("units"), int) else None,
        }
        for entry in entries
    ]
