"""Put on sale, suspended, restored by the network: its owners are told by mail, with the reason.

Regulation (EU) 2019/1150, article 4: a statement of reasons on a durable medium, before a restriction takes effect or
as it does; article 11: how to complain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from marketplace.foundation import links, mail
from marketplace.models import User
from shops import lifecycle
from shops.models import Shop, ShopMember


def put_on_sale(shop: Shop, *, by: User, now: datetime) -> bool:
    """As `lifecycle.put_on_sale`."""
    with transaction.atomic():
        is_done = lifecycle.put_on_sale(shop, by=by, now=now)
        if is_done:
            tell_owners(shop, "shop_on_sale", shop.get_absolute_url(), now=now)
    return is_done


def suspend(shop: Shop, *, reason: str, by: User, now: datetime) -> bool:
    """As `lifecycle.suspend`."""
    with transaction.atomic():
        is_done = lifecycle.suspend(shop, reason=reason, by=by, now=now)
        if is_done:
            tell_owners(shop, "shop_suspended", f"/portal/{shop.slug}/", now=now, said={"reason": reason})
    return is_done


def restore(shop: Shop, *, reason: str, by: User, now: datetime) -> bool:
    """As `lifecycle.restore`."""
    with transaction.atomic():
        is_done = lifecycle.restore(shop, reason=reason, by=by, now=now)
        if is_done:
            said = {"reason": reason, "status": shop.status}
            tell_owners(shop, "shop_restored", f"/portal/{shop.slug}/", now=now, said=said)
    return is_done


def tell_owners(shop: Shop, kind: str, path: str, *, now: datetime, said: Mapping[str, object] | None = None) -> None:
    """At once, to each owner; where it has none, to its own address."""
    owners = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER, user__is_active=True).order_by("pk")
    context = {"shop": shop, "url": links.absolute(path), **(said or {})}
    for to in owners.values_list("user__email", flat=True) or [shop.email]:
        key = f"{kind}:{shop.pk}:{to}:{now.isoformat()}"
        mail.post(kind, to=to, language=shop.language, dedupe_key=key, context=context, now=now, shop_id=shop.pk)
