"""Where a supply is made for the tax: where the goods are delivered, the shop where they are collected, the reader's
own place for what is downloaded.

Excise Tax Act (Canada), Schedule IX, Part II (goods: the province of delivery) and the New Harmonized Value-added Tax
System Regulations, sections 6 to 8 (downloads: the recipient's address); Directive 2006/112/EC, articles 31 to 33
(goods) and 58 (electronic services: the consumer's place). Below 10,000 € a year article 59c lets a seller of the Union
keep to its own country's tax; that is not offered: the reader's country always counts, as article 59c (3) allows."""

from __future__ import annotations

from dataclasses import replace

from marketplace.checkout.delivery import Destination
from marketplace.foundation.gazetteer.areas import PROVINCES
from shops.models import DeliveryOption, Shop

EU = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV"}
    | {"MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)
# Parts of a country with a tax of their own, or outside the Union's: Corsica and overseas; the Canaries, Ceuta and
# Melilla; the Azores and Madeira; Åland. They are places of their own ("FR-20"), and no row of the country holds there.
APART = {"FR": ("20", "97", "98"), "ES": ("35", "38", "51", "52"), "PT": ("9",), "FI": ("22",)}
EXPORT = "export"


def place_of(country: str, postcode: str) -> str:
    """The place whose rows hold at an address: "CA-QC" by the first letter of its postcode, "FR", "BE", "FR-20". A
    Canadian postcode that says no province gives "CA", for which there is no row."""
    code = "".join(postcode.split()).upper()
    if country == "CA":
        province = PROVINCES.get(code[:1])
        return f"CA-{province}" if province else "CA"
    apart = next((prefix for prefix in APART.get(country, ()) if code.startswith(prefix)), "")
    return f"{country}-{apart}" if apart else country


def home(shop: Shop) -> str:
    return place_of(shop.country, shop.postcode)


def _where_collected(shop: Shop, option: DeliveryOption) -> str:
    """Goods are supplied where they are handed over: in the shop, at the point, in the shop that hands over for it."""
    if option.kind == DeliveryOption.Kind.POINT and option.point is not None:
        return place_of(option.point.country, option.point.postcode)
    if option.kind == DeliveryOption.Kind.OTHER_SHOP and option.receiving_shop is not None:
        return home(option.receiving_shop)
    return home(shop)


def place_of_supply(shop: Shop, option: DeliveryOption | None, to: Destination | None, *, digital: bool) -> str:
    """Where one line of the shop is supplied. `option` and `to` are None while the reader has not said them: then it is
    where the shop is, an estimate. Goods that leave the country (the Union, from one of its shops) are exported:
    "CA-export"."""
    if to is not None and to.country == "MC":  # Monaco is France (Directive 2006/112/EC, article 7)
        to = replace(to, country="FR")
    if option is not None and option.is_collected and not digital:
        return _where_collected(shop, option)
    if to is None:
        return home(shop)
    if not digital and to.country != shop.country and not {to.country, shop.country} <= EU:
        return f"{shop.country}-{EXPORT}"
    return place_of(to.country, to.postcode)
