"""Who sells the network's downloads to a reader: the shop that the reader chooses, which is then the seller and earns
it like any sale of its own; or the network itself, for the solidarity pool (`payments.pooling`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db import models
from oscar.apps.basket.models import Line

from marketplace.payments.models import BankAccount
from shops import downloads
from shops.models import Shop

Parts = dict[tuple[Shop, bool], list[Line]]


class Chosen(NamedTuple):
    """Keys of shops, none or 0 for the pool: of all that is the network's, and of single articles by stock record."""

    shop_id: int | None = None
    by_record: Mapping[str, int] = {}

    def of(self, record_id: int) -> int | None:
        return self.by_record.get(str(record_id), self.shop_id) or None


def parts(rows: Iterable[Line], chosen: Chosen) -> Parts:
    """A basket's lines by the shop that sells them, its downloads apart. One query more where the reader has chosen a
    shop and something of the network's is in the basket."""
    found: Parts = defaultdict(list)
    shops: dict[int, Shop] | None = None
    for row in rows:
        shop, is_download = row.stockrecord.partner.shop, downloads.of(row.stockrecord) is not None
        if is_download and shop.sells_for_all and (earner_id := chosen.of(row.stockrecord_id)):
            if shops is None:
                wanted = {pk for pk in (chosen.shop_id, *chosen.by_record.values()) if pk}
                shops = {one.pk: one for one in choices().filter(pk__in=wanted)}
            shop = shops.get(earner_id, shop)
        found[shop, is_download].append(row)
    return found


def choices() -> models.QuerySet[Shop]:
    """Shops that can be chosen: on sale, and able to be paid."""
    can_be_paid = models.Q(stripe_account_ready=True) | models.Exists(
        BankAccount.objects.filter(shop=models.OuterRef("pk"))
    )
    return Shop.objects.filter(can_be_paid, status=Shop.Status.ACTIVE, sells_for_all=False).order_by("name", "pk")
