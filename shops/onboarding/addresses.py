"""Where a shop is and how it is reached: found on the map when it is made, changed by its owner or on the board.

Its country decides tax, the law of books, prices and whether it can be paid by Stripe: of a shop that has been on sale
the network alone changes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from oscar.apps.partner.models import Partner

from catalog_sync import pricing
from marketplace.foundation import audit, gazetteer, links, mail, whereabouts
from marketplace.foundation.gazetteer.areas import area_name
from marketplace.models import User
from shops.models import Shop

FIELDS = ("name", "line1", "city", "region", "postcode", "country", "phone", "email", "language", "timezone")
POSITION = ("latitude", "longitude")
_PLACED_BY = ("city", "postcode", "country")


class Changed(NamedTuple):
    """`names` of the columns that are others now. `is_placed`: it is on the map; `is_found`: just looked up."""

    names: frozenset[str]
    is_placed: bool
    is_found: bool


def position(said: Mapping[str, Any]) -> dict[str, float | None]:
    """Latitude and longitude of an address, None where it cannot be placed."""
    found = whereabouts.position_of(said["country"], said["postcode"], said["city"])
    return dict(zip(POSITION, found or (None, None), strict=True))


def beside(shop: Shop) -> str:
    """The town next to where the shop is on the map: "Laval (Québec)"; empty where it has none, or is in the wild."""
    if shop.latitude is None or shop.longitude is None:
        return ""
    row = gazetteer.nearest((shop.latitude, shop.longitude))
    return f"{row.name} ({area_name(row.area)})" if row else ""


def may_change_country(shop: Shop) -> bool:
    """Whether its owner may."""
    return shop.status == Shop.Status.DRAFT


def change(shop: Shop, said: Mapping[str, Any], *, by: User, now: datetime) -> Changed:
    """`said` as `AddressForm` cleaned it. Where town, postcode or country are others, or no point is said, the point is
    looked up; one that was said stays. The address that mail went to so far is told of another one."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
        wanted = dict(said)
        is_found = _is_to_be_found(stored, said)
        if is_found:
            wanted |= position(said)
        before = {name: getattr(stored, name) for name, value in wanted.items() if getattr(stored, name) != value}
        changes = {name: wanted[name] for name in before}
        if "name" in before and not stored.legal_name and not may_change_country(stored):
            # Invoices of what was sold under it go on naming it.
            changes["legal_name"] = before["name"]
        if changes:
            for name, value in changes.items():
                setattr(stored, name, value)
            stored.save(update_fields=list(changes))
            entry = audit.record("shop.address", stored, by=by, shop_id=stored.pk, before=before, **changes)
            _follow(stored, before, entry.pk, now)
    return Changed(frozenset(before), stored.latitude is not None, is_found)


def _is_to_be_found(stored: Shop, said: Mapping[str, Any]) -> bool:
    if any(said[name] is None for name in POSITION):
        return True
    corrected = any(said[name] != getattr(stored, name) for name in POSITION)
    return not corrected and any(said[name] != getattr(stored, name) for name in _PLACED_BY)


def _follow(shop: Shop, before: Mapping[str, Any], key: int, now: datetime) -> None:
    if "name" in before:
        Partner.objects.filter(pk=shop.partner_id).update(name=shop.name)
    if "country" in before:
        pricing.due_if_ruled(shop.pk, now)
    if "email" in before:
        _tell(shop, before["email"], f"shop_email_changed:{key}", now)


def _tell(shop: Shop, old: str, key: str, now: datetime) -> None:
    """Whoever has got hold of an owner's account does not lead orders and mail elsewhere in silence."""
    context = {"shop": shop, "old": old, "url": links.absolute(f"/portal/{shop.slug}/address/")}
    mail.post(
        "shop_email_changed", to=old, language=shop.language, dedupe_key=key, context=context, now=now, shop_id=shop.pk
    )
