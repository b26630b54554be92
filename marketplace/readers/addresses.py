"""A reader's address book: Oscar's rows, with the columns that a checkout asks for."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from oscar.apps.address.models import UserAddress

from marketplace.checkout import order_rows
from marketplace.models import User

MOST = 20
FIELDS = ("name", "line1", "line2", "city", "region", "postcode", "country")


class AddressError(Exception):
    """There are as many addresses as there can be."""


def of(reader: User) -> list[UserAddress]:
    """The default first, then by street."""
    return list(UserAddress.objects.filter(user=reader).order_by("-is_default_for_shipping", "line1", "pk"))


def keep(reader: User, given: Mapping[str, str], *, changed: UserAddress | None = None) -> UserAddress:
    """A new address, or `changed` with new columns; one that says the same as another of the reader's is that one.
    The first is the default. `given` holds every name of FIELDS. AddressError where there are `MOST` already."""
    country = order_rows.know_country(given["country"])
    with transaction.atomic():
        User.objects.select_for_update().get(pk=reader.pk)
        rows = of(reader)
        row = changed or UserAddress(user=reader, is_default_for_shipping=not rows)
        row.last_name, row.line1, row.line2, row.line4 = given["name"], given["line1"], given["line2"], given["city"]
        row.state, row.postcode, row.country = given["region"], given["postcode"], country
        row.hash = str(row.generate_hash())
        same = next((other for other in rows if other.hash == row.hash and other.pk != row.pk), None)
        if same:
            if changed:
                changed.delete()
            return same
        if changed is None and len(rows) >= MOST:
            raise AddressError
        row.save()
    return row


def prefer(reader: User, address: UserAddress) -> None:
    """From now on it stands first."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=reader.pk)
        mine = UserAddress.objects.filter(user=reader)
        mine.exclude(pk=address.pk).update(is_default_for_shipping=False)
        mine.filter(pk=address.pk).update(is_default_for_shipping=True)
