"""What the law asks of a seller is said once for all shops of a business."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit
from marketplace.models import User
from shops.models import Business, Shop, ShopMember

FACTS = ("legal_name", "registration", "tax_registered", "tax_number", "qst_number", "is_professional")


def of(shop: Shop, *, now: datetime) -> Business:
    """The business of a shop; made from what the shop says where it has none yet."""
    with transaction.atomic():
        found = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
        if found.business_id is None:
            said = {name: getattr(found, name) for name in FACTS} | {"legal_name": found.legal_name or found.name}
            kind = Business.Kind.COMPANY if found.registration else Business.Kind.INDIVIDUAL
            found.business = Business.objects.create(kind=kind, made_at=now, **said)
            Shop.objects.filter(pk=found.pk).update(business=found.business)
        shop.business = found.business
    assert shop.business is not None
    return shop.business


def has_owner(business_id: int, person_id: int | None) -> bool:
    """Whether somebody owns one of its shops."""
    owners = ShopMember.objects.filter(role=ShopMember.Role.OWNER, user__is_active=True, shop__business=business_id)
    return person_id is not None and owners.filter(user=person_id).exists()


def is_company(shop: Shop) -> bool:
    """As against a person in their own name, trader or not."""
    if shop.business is None:
        return shop.is_professional and bool(shop.registration)
    return shop.business.kind == Business.Kind.COMPANY


def correct_seller(shop: Shop, *, is_professional: bool, by: User) -> bool:
    """Whether its seller is a trader, said by the network. Orders keep what their readers were told. False: it was so,
    or a company would be called a private person."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
        if stored.is_professional == is_professional or (is_company(stored) and not is_professional):
            return False
        stored.is_professional = is_professional
        stored.save(update_fields=["is_professional"])
        share(stored)
        audit.record("shop.seller", stored, by=by, shop_id=stored.pk, is_professional=is_professional)
    return True


def share(shop: Shop) -> int:
    """What was just changed at one of its shops holds for the business and all of them. Returns how many shops."""
    if shop.business_id is None:
        return 0
    said = {name: getattr(shop, name) for name in FACTS}
    with transaction.atomic():
        kept = {name: value for name, value in said.items() if name != "legal_name" or value}
        Business.objects.filter(pk=shop.business_id).update(**kept)
        return Shop.objects.filter(business=shop.business_id).exclude(pk=shop.pk).update(**said)
