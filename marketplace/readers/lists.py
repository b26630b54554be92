"""A reader's lists of titles: several, each private or for everybody who has its address. The rows are Oscar's."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.crypto import constant_time_compare
from oscar.apps.catalogue.models import Product
from oscar.apps.wishlists.models import WishList

from marketplace.foundation import links
from marketplace.models import User

MOST_LISTS = 50
MOST_TITLES = 500  # of a list
LONGEST_NAME = 80
_SALT = "halles.list"


def lists_of(reader: User) -> QuerySet[WishList]:
    """The youngest first, each with `titles`, their number."""
    return WishList.objects.filter(owner=reader).annotate(titles=Count("lines")).order_by("-date_created", "-pk")


def make(reader: User, name: str) -> WishList | None:
    """A new private list; None where the reader has as many as there may be."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=reader.pk)
        if WishList.objects.filter(owner=reader).count() >= MOST_LISTS:
            return None
        return WishList.objects.create(owner=reader, name=name[:LONGEST_NAME])


def shared_key(wish_list: WishList) -> str:
    """What its shared address has: the key alone (six characters, Oscar's) could be guessed."""
    return f"{wish_list.key}.{links.key_of(_SALT, wish_list.key)}"


def seen_by(reader: User | None, key: str) -> WishList | None:
    """A list by its key: one's own; or one that is shared, by its shared key."""
    bare, _, secret = key.partition(".")
    found = WishList.objects.filter(key=bare).select_related("owner").first() if bare.isalnum() else None
    if found is None or found.owner == reader:
        return found
    fits = constant_time_compare(secret, links.key_of(_SALT, bare))
    return found if fits and found.visibility == WishList.PUBLIC else None


def put(wish_list: WishList, product: Product) -> bool:
    """Put a title on a list, once. False where the list is full."""
    with transaction.atomic():
        WishList.objects.select_for_update().get(pk=wish_list.pk)
        if wish_list.lines.filter(product=product).exists():
            return True
        if wish_list.lines.count() >= MOST_TITLES:
            return False
        wish_list.lines.create(product=product, title=product.title[:255])
    return True


def take_off(wish_list: WishList, product_id: int) -> None:
    wish_list.lines.filter(product_id=product_id).delete()


def change(wish_list: WishList, *, name: str, shared: bool) -> None:
    wish_list.name = name[:LONGEST_NAME]
    wish_list.visibility = WishList.PUBLIC if shared else WishList.PRIVATE
    wish_list.save(update_fields=["name", "visibility"])


def titles_of(wish_list: WishList) -> list[int]:
    """Products on a list, the last one put there first."""
    return [pk for pk in wish_list.lines.order_by("-pk").values_list("product_id", flat=True) if pk is not None]
