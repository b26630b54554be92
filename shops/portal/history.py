"""Who did what to an order, without a gap."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from marketplace.foundation.models import AuditEntry
from marketplace.payments.models import Payment
from shops.models import Cancellation, Parcel, ShopOrder, ShopOrderLine, Transmission
from shops.portal.words import DEEDS, moment


def history(
    shop_order: ShopOrder, lines: list[ShopOrderLine], parcels: list[Parcel], now: datetime
) -> list[dict[str, object]]:
    """Oldest first. Of those who hand over for this shop their place is told, not the person."""
    titles = {line.pk: line.title for line in lines}
    about = _of(ShopOrder, [shop_order.pk]) | _of(Parcel, [parcel.pk for parcel in parcels])
    about |= _of(ShopOrderLine, titles)
    about |= _of(Transmission, Transmission.objects.filter(shop_order=shop_order).values_list("pk", flat=True))
    about |= _of(Cancellation, Cancellation.objects.filter(line__in=titles).values_list("pk", flat=True))
    paid = Payment.objects.filter(checkout__order=shop_order.order_id).values_list("pk", flat=True)
    about |= _of(Payment, paid) & Q(shop=shop_order.shop_id)
    buyer_id = shop_order.order.user_id
    entries = AuditEntry.objects.filter(about, action__in=DEEDS).order_by("pk")
    return [
        {
            "when": moment(entry.at, now),
            "who": entry.facts.get("place") or _who(entry, buyer_id),
            "deed": DEEDS[entry.action],
            "title": _title(entry, titles),
            "units": entry.facts.get("units") if isinstance(entry.facts.get("units"), int) else None,
        }
        for entry in entries
    ]


def _who(entry: AuditEntry, buyer_id: int | None) -> str:
    """A shop's people by their address; the reader never by theirs."""
    if entry.actor_label.startswith("reader") or (buyer_id is not None and entry.actor_id == buyer_id):
        return _("The reader")
    return _("the network") if entry.actor_label == "system" else entry.actor_label


def _title(entry: AuditEntry, titles: dict[int, str]) -> str:
    if entry.subject_type == ShopOrderLine._meta.label_lower:
        return titles.get(int(entry.subject_id), "")
    if said := entry.facts.get("title"):  # what was offered is no line yet
        return str(said)
    return titles.get(entry.facts.get("line"), "")  # type: ignore[arg-type]


def _of(model: type[Model], keys: Iterable[int]) -> Q:
    return Q(subject_type=model._meta.label_lower, subject_id__in=[str(key) for key in keys])
