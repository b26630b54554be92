"""What a shop needs before it is put on sale, computed from what is stored."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.payments.models import BankAccount
from shops.models import DeliveryOption, Shop, ShopMember


class Point(NamedTuple):
    text: str | Promise
    is_done: bool


def points(shop: Shop) -> list[Point]:
    """Each, done or missing."""
    ways = set(shop.delivery_options.filter(active=True).values_list("kind", flat=True))
    counter = DeliveryOption.Kind.PICKUP in ways
    owners = shop.members.filter(role=ShopMember.Role.OWNER, user__is_active=True)
    is_paid = shop.stripe_account_ready or BankAccount.objects.filter(shop=shop).exists()
    return [
        Point(_("An owner has accepted the invitation"), owners.exists()),
        Point(_("A way of delivery, or pick-up at the counter"), bool(ways)),
        Point(_("Opening hours, where readers collect at its counter"), not counter or shop.opening_hours.exists()),
        Point(_("A first complete list of its stock was read"), shop.complete_as_of is not None),
        Point(_("An account at Stripe that is ready, or a bank account"), is_paid),
    ]


def is_ready(shop: Shop) -> bool:
    return all(point.is_done for point in points(shop))
