"""Availability as Oscar asks for it, from the one place that knows: `shops.stock`."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from oscar.apps.partner.availability import Base, Unavailable

__all__ = ["ShopStock", "Unavailable"]


class ShopStock(Base):
    """`units`: what this shop can sell of this product now."""

    def __init__(self, units: int) -> None:
        self.units = self.num_available = units

    @property
    def code(self) -> str:
        return "instock" if self.units > 0 else "outofstock"

    @property
    def message(self) -> str:
        return _("In stock") if self.units > 0 else _("Not available")

    def is_purchase_permitted(self, quantity: int) -> tuple[bool, str]:
        if quantity <= self.units:
            return True, ""
        if self.units <= 0:
            return False, _("This shop has no copy left.")
        return False, ngettext("This shop has one copy left.", "This shop has %(units)d copies left.", self.units) % {
            "units": self.units
        }
