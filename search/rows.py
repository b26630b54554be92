"""One row per title, for result lists, shelves and shop pages: two queries for any number of titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oscar.apps.catalogue.models import Product

from search import limits, offers
from search.limits import Limit
from search.offers import Offer
from search.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A title with what this reader can get of it. `best` is None where nobody has it now."""

    product: Product
    offers: Sequence[Offer]
    best: Offer | None
    here: Offer | None
    """On a shop's own page: that shop's offer."""
    limit: Limit | None = None
    """What keeps this reader from buying a new copy here and now."""
    near: Sequence[Offer]
    """Offers in stock within the reader's radius, nearest first; empty where no place is known."""

    @property
    def others(self) -> list[Offer]:
        return [offer for offer in self.offers if offer is not self.best and offer.buyable]

    @property
    def cheapest(self) -> Offer | None:
        """What "from" shows: the cheapest that can be bought, else the cheapest of all."""
        return cheapest(self.offers)

    @property
    def sold(self) -> Sequence[Offer]:
        """Offers that the limits of sale leave where this reader is: used copies may be sold on."""
        refused = self.limit is not None and self.limit.refusal
        return [offer for offer in self.offers if offer.is_used] if refused else self.offers

    @property
    def best_is_dearer(self) -> bool:
        """Then the button says its price: the row shows another one."""
        return bool(self.best and self.cheapest and not self.here and self.best.price_minor > self.cheapest.price_minor)

    @property
    def shops_in_stock(self) -> int:
        return len({offer.shop.pk for offer in self.offers if offer.buyable})

    @property
    def shops_near(self) -> int:
        return len({offer.shop.pk for offer in self.near})

    @property
    def soonest(self) -> Offer | None:
        """Where nobody has it: who can order it."""
        return next((offer for offer in self.offers if offer.state == "soon"), None)


def cheapest(offered: Sequence[Offer]) -> Offer | None:
    """Of those that can be bought, else of all."""
    shown = [offer for offer in offered if offer.buyable] or offered
    return min(shown, key=lambda offer: offer.price_minor, default=None)


def rows(product_ids: Sequence[int], reader: Reader, *, shop_id: int | None = None) -> list[Row]:
    """Rows in the order of the ids; titles that are gone or hidden are left out. With `shop_id` that shop's offer is
    the best one wherever it can be bought."""
    products = Product.objects.filter(pk__in=product_ids, is_public=True).select_related("facts").in_bulk()
    found = offers.offers_of(products, reader)
    return [_row(products[pk], found.get(pk, []), reader, shop_id) for pk in product_ids if pk in products]


def _row(product: Product, all_offers: Sequence[Offer], reader: Reader, shop_id: int | None) -> Row:
    here = [offer for offer in all_offers if offer.shop.pk == shop_id]
    radius = reader.place.radius_km if reader.place else 0
    near = [
        offer for offer in all_offers if offer.buyable and offer.distance_km is not None and offer.distance_km <= radius
    ]
    mine = offers.best(here)
    return Row(
        product=product,
        offers=all_offers,
        best=mine or offers.best(all_offers),
        here=mine,
        limit=limits.of(getattr(product, "facts", None), reader),
        near=sorted(near, key=lambda offer: (offer.distance_km or 0.0, offer.price_minor)),
    )
