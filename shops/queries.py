"""What a person may see and do: the only way from a signed-in user to shops and their orders."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from marketplace.models import User
from shops.models import Shop, ShopMember, ShopOrder

_WORKS = {ShopMember.Role.OWNER, ShopMember.Role.STAFF}
_REFUNDS = {ShopMember.Role.OWNER, ShopMember.Role.ACCOUNTS}


def shops_for(user: User | AnonymousUser) -> QuerySet[Shop]:
    """The shops whose member the user is; for everyone else, operators included, none."""
    if not user.is_authenticated or not user.is_active:
        return Shop.objects.none()
    return Shop.objects.filter(members__user=user.pk)


def orders_for(user: User | AnonymousUser) -> QuerySet[ShopOrder]:
    """The shop orders of the user's shops, newest first."""
    return ShopOrder.objects.filter(shop__in=shops_for(user)).order_by("-pk")


def order_for(user: User | AnonymousUser, number: str) -> ShopOrder | None:
    """One of them by its number, with shop, order and delivery; None where it is not the user's to see."""
    return orders_for(user).select_related("shop", "order__user", "delivery_option").filter(number=number).first()


def can_work(user: User | AnonymousUser, shop: Shop) -> bool:
    """Whether the user may answer and hand over the shop's orders: its owner and its staff may, those who only read
    or do accounts may not."""
    if not user.is_authenticated or not user.is_active:
        return False
    return ShopMember.objects.filter(user=user.pk, shop=shop, role__in=_WORKS).exists()


def can_refund(user: User | AnonymousUser, shop: Shop) -> bool:
    """Whether the user may give the shop's money back to readers: its owner, and whoever does its accounts."""
    if not user.is_authenticated or not user.is_active:
        return False
    return ShopMember.objects.filter(user=user.pk, shop=shop, role__in=_REFUNDS).exists()


def members(user: User | AnonymousUser) -> QuerySet[ShopMember]:
    """Who acts for the user's shops, by shop and e-mail."""
    rows = ShopMember.objects.filter(shop__in=shops_for(user)).select_related("shop", "user")
    return rows.order_by("shop__name", "user__email")
