"""Which titles someone of a shop stands for, told to the search."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from marketplace.catalogue import changes
from marketplace.catalogue.models import ProductFacts
from marketplace.cms.models import Pick
from shops.models import Shop


def follow_picks(now: datetime) -> int:
    """Step: titles whose pick came, went, or was there before the title. Returns how many changed."""
    wanted = set(Pick.objects.filter(live=True, shop__status=Shop.Status.ACTIVE).values_list("gtin", flat=True))
    picked = dict(ProductFacts.objects.filter(picked=True).values_list("product_id", "gtin"))
    gone = [product_id for product_id, gtin in picked.items() if gtin not in wanted]
    new = ProductFacts.objects.filter(gtin__in=wanted, picked=False).values_list("product_id", flat=True)
    come = list(new)
    if not gone and not come:
        return 0
    with transaction.atomic():
        ProductFacts.objects.filter(product_id__in=come).update(picked=True)
        ProductFacts.objects.filter(product_id__in=gone).update(picked=False)
        changes.mark(come + gone)
    return len(come) + len(gone)
