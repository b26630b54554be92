"""What is said of a change of address, to the shop and on the board."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from shops.models import Shop
from shops.onboarding import addresses


def not_placed() -> str:
    return _(
        "Its place on the map is not known: no postcode and no town of this name is in our tables. Until somebody says "
        "latitude and longitude on its address page, readers find it neither on the map nor near them."
    )


def tell(request: HttpRequest, shop: Shop, changed: addresses.Changed) -> None:
    """`shop` as it is now."""
    messages.success(request, _("Saved.") if changed.names else _("Nothing was changed."))
    if not changed.is_placed:
        messages.warning(request, not_placed())
    elif changed.is_found and (town := addresses.beside(shop)):
        text = _("On the map it stands by its postcode or town now, near %(town)s: correct the point if need be.")
        messages.info(request, text % {"town": town})
    elif "line1" in changed.names and not changed.names & set(addresses.POSITION):
        messages.info(request, _("The point on the map stays where it was: correct it if it is not right."))
    if "timezone" in changed.names:
        messages.info(request, _("The time zone is %(zone)s now.") % {"zone": shop.timezone})
