"""What a person may see and do: the only way from a signed-in user to shops and their orders."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Q, QuerySet

from marketplace.models import User
from shops.models import DeliveryOption, DeskAction, Parcel, PickupPoint, Return, Shop, ShopMember, ShopOrder, Thread

_WORKS = {ShopMember.Role.OWNER, ShopMember.Role.STAFF}
_KEEPS_ACCOUNTS = {ShopMember.Role.OWNER, ShopMember.Role.ACCOUNTS}


def shops_for(user: User | AnonymousUser) -> QuerySet[Shop]:
    """The shops whose member the user is; for everyone else, operators included, none."""
    if not user.is_authenticated or not user.is_active:
        return Shop.objects.none()
    return Shop.objects.filter(members__user=user.pk)


def key_of(user: User | AnonymousUser) -> int:
    """By which their memberships are found; 0, which is nobody's, for who may not come in."""
    return (user.pk or 0) if user.is_authenticated and user.is_active else 0


def memberships(user: User | AnonymousUser) -> list[ShopMember]:
    """The user's roles, each with its shop, by the shop's name: what the portal's door asks, in one query."""
    if not user.is_authenticated or not user.is_active:
        return []
    return list(ShopMember.objects.filter(user=user.pk).select_related("shop").order_by("shop__name"))


def works(member: ShopMember) -> bool:
    return member.role in _WORKS


def does_accounts(member: ShopMember) -> bool:
    return member.role in _KEEPS_ACCOUNTS


def orders_for(user: User | AnonymousUser) -> QuerySet[ShopOrder]:
    """The shop orders of the user's shops, newest first."""
    return ShopOrder.objects.filter(shop__in=shops_for(user)).order_by("-pk")


def order_for(user: User | AnonymousUser, number: str) -> ShopOrder | None:
    """One of them by its number, with shop, order and delivery; None where it is not the user's to see."""
    return orders_for(user).select_related("shop", "order__user", "delivery_option").filter(number=number).first()


def desk_actions_for(user: User | AnonymousUser) -> QuerySet[DeskAction]:
    """What was pressed at the desks of the user's shops."""
    return DeskAction.objects.filter(shop__in=shops_for(user)).select_related("shop_order", "line", "by")


def can_work(user: User | AnonymousUser, shop: Shop) -> bool:
    """Whether the user may answer and hand over the shop's orders: its owner and its staff may, those who only read
    or do accounts may not."""
    if not user.is_authenticated or not user.is_active:
        return False
    return ShopMember.objects.filter(user=user.pk, shop=shop, role__in=_WORKS).exists()


def keeps_accounts(user: User | AnonymousUser, shop: Shop) -> bool:
    """Whether the user may say what concerns the shop's money and taxes: its owner, and who does its accounts."""
    if not user.is_authenticated or not user.is_active:
        return False
    return ShopMember.objects.filter(user=user.pk, shop=shop, role__in=_KEEPS_ACCOUNTS).exists()


def owns(user: User | AnonymousUser, shop: Shop) -> bool:
    """Whether the user decides for the shop: its owner, or one of them."""
    if not user.is_authenticated or not user.is_active:
        return False
    return ShopMember.objects.filter(user=user.pk, shop=shop, role=ShopMember.Role.OWNER).exists()


def members(user: User | AnonymousUser) -> QuerySet[ShopMember]:
    """Who acts for the user's shops, by shop and e-mail."""
    rows = ShopMember.objects.filter(shop__in=shops_for(user)).select_related("shop", "user")
    return rows.order_by("shop__name", "user__email")


def parcels_for(user: User | AnonymousUser) -> QuerySet[Parcel]:
    """What other shops carried, or carry, to the user's shops to be handed over there, oldest first."""
    rows = Parcel.objects.filter(carried_to__in=shops_for(user))
    return rows.select_related("shop_order__shop", "shop_order__order__checkout", "carried_to").order_by("pk")


def returns_for(user: User | AnonymousUser, shop: Shop) -> QuerySet[Return]:
    """What readers send back of what `shop`, one of the user's, sold, or to it for another shop."""
    rows = Return.objects.filter(Q(shop_order__shop=shop) | Q(goes_to=shop)).filter(
        Exists(shops_for(user).filter(pk=shop.pk))
    )
    return rows.select_related("shop_order__shop", "shop_order__order__user", "goes_to").prefetch_related("lines__line")


def threads_for(user: User | AnonymousUser, shop: Shop) -> QuerySet[Thread]:
    """What readers write to `shop`, one of the user's; a question once its reader's address is known to be theirs."""
    rows = Thread.objects.filter(shop=shop, confirmed_at__isnull=False)
    return rows.filter(Exists(shops_for(user).filter(pk=shop.pk)))


def points_for(user: User | AnonymousUser) -> QuerySet[PickupPoint]:
    """The pick-up points that the user keeps."""
    if not user.is_authenticated or not user.is_active:
        return PickupPoint.objects.none()
    return PickupPoint.objects.filter(keepers=user.pk)


def parcels_at(point: PickupPoint) -> QuerySet[Parcel]:
    """What waits, or waited, at the point, or is carried to it, oldest first."""
    rows = Parcel.objects.filter(waits_at=point)
    return rows.select_related("shop_order__shop", "shop_order__order__checkout", "waits_at").order_by("pk")


def orders_on_their_way_to_point(point: PickupPoint) -> QuerySet[ShopOrder]:
    """Orders that are to be collected there, and have not left their shop yet."""
    status = [ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED]
    there = ShopOrder.objects.filter(delivery_option__point=point, status__in=status)
    return there.exclude(pickup_code="").select_related("shop", "order__checkout").order_by("pk")


def orders_on_their_way_to(user: User | AnonymousUser, shop: Shop) -> QuerySet[ShopOrder]:
    """Other shops' orders that are to be collected at `shop`, one of the user's, and have not left their shop yet."""
    there = ShopOrder.objects.filter(
        delivery_kind=DeliveryOption.Kind.OTHER_SHOP,
        delivery_option__receiving_shop__in=shops_for(user).filter(pk=shop.pk),
        status__in=[ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED],
    )
    return there.select_related("shop", "order__checkout").order_by("pk")
