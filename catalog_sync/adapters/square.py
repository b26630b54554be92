"""Square: items for sale, their prices and how many there are, over its APIs (`shops.systems.square`).

Sources: https://developer.squareup.com/reference/square/catalog-api/search-catalog-objects and
…/inventory-api/batch-retrieve-inventory-counts. What is sold is a variation of an item; either has a stamp of its own,
so that changes are looked for in both. A sale moves neither, only the count, whose `calculated_at` `updated_after` asks
for. What a shop does not track has no count: unknown, not 0. `begin_time` is exclusive, and fits the overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter, summed
from catalog_sync.records import Availability, Lane
from marketplace.foundation.money import exponent
from shops.systems import square
from shops.systems.numbers import isbn
from shops.systems.square import Square, articles, here_of, is_sold, sku_of, stamp

NAMELESS = {"", "Regular", "Normal", "Standard"}  # what Square calls the one variation of an item

RETRIEVE, RELATED = "/v2/catalog/batch-retrieve", {"include_related_objects": True}
Pair = tuple[dict[str, Any], dict[str, Any]]


class SquareAdapter(SystemAdapter):
    kind = "square"

    def read(self, client: Square, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        self._taxes: dict[str, tuple[Decimal, bool]] | None = None
        if changed_since is not None and lane is Lane.STOCK:
            counts = self._moved(client, changed_since)
            if counts is not None:
                found = articles(client.post(RETRIEVE, {**RELATED, "object_ids": sorted(counts)})) if counts else []
                yield [self._stated(client, pair, counts, lane) for pair in found]
                return
            self.is_whole, changed_since = True, None
        asked: dict[str, Any] = {"object_types": ["ITEM_VARIATION"], **RELATED}
        if changed_since is not None:
            asked |= {"object_types": ["ITEM", "ITEM_VARIATION"], "include_deleted_objects": True}
            asked["begin_time"] = stamp(changed_since)
        for answer in client.each("/v2/catalog/search", asked):
            pairs = articles(answer)
            counts = client.counts([variation["id"] for _item, variation in pairs])
            yield [self._stated(client, pair, counts, lane) for pair in pairs]

    def _moved(self, client: Square, since: datetime) -> dict[str, Decimal] | None:
        """Of what was counted, sold or received since, how many there are. None where that is more than a page: then
        all is fewer calls, since those that share a number with one of these are looked for by few numbers at once."""
        asked = {"location_ids": [client.location], "states": ["IN_STOCK"], "updated_after": stamp(since)}
        counts: dict[str, Decimal] = {}
        for answer in client.each("/v2/inventory/counts/batch-retrieve", asked):
            counts |= client.counted(answer)
            if len(counts) > square.PAGE:
                return None
        return counts

    def _stated(self, client: Square, pair: Pair, counts: dict[str, Decimal], lane: Lane) -> Stated:
        item, variation = pair
        of_item, of_variation = item.get("item_data") or {}, variation.get("item_variation_data") or {}
        here = here_of(of_variation, client.location)
        money = here.get("price_money") or of_variation.get("price_money") or {}
        currency = money.get("currency") or client.options["currency"]
        tracked = here.get("track_inventory", of_variation.get("track_inventory"))
        on_top, included = self._rates(client, of_item) if lane is Lane.CATALOGUE else (None, None)
        sku = sku_of(variation)
        stated_gtin = of_variation.get("upc") or isbn(sku)
        return Stated(
            sku=sku,
            gtin=stated_gtin,
            title=_title(of_item, of_variation),
            price=Decimal(money["amount"]).scaleb(-exponent(currency)) if "amount" in money else None,
            currency=currency,
            tax_rate=on_top,
            included_rate=included,
            quantity=Decimal(0) if here.get("sold_out") else counts.get(variation["id"]) if tracked else None,
            availability=None if tracked or here.get("sold_out") else Availability.IN_STOCK,
            is_gone=not is_sold(item, variation, client.location),
            raw=variation,
            key=variation["id"],
        )

    def _rates(self, client: Square, item: dict[str, Any]) -> tuple[Decimal, Decimal] | tuple[None, None]:
        """The taxes that come on top of its price, and those that are in it, in per cent."""
        if not item.get("tax_ids"):
            return None, None
        if self._taxes is None:
            self._taxes = {
                tax["id"]: (
                    Decimal(tax["tax_data"].get("percentage") or 0),
                    tax["tax_data"].get("inclusion_type") == "INCLUSIVE",
                )
                for answer in client.each("/v2/catalog/search", {"object_types": ["TAX"]})
                for tax in answer.get("objects", [])
                if tax["tax_data"].get("enabled", True)
            }
        return summed(self._taxes[key] for key in item["tax_ids"] if key in self._taxes)


def _title(item: dict[str, Any], variation: dict[str, Any]) -> str:
    name, more = str(item.get("name") or ""), str(variation.get("name") or "")
    return name if more in NAMELESS or more == name else f"{name}, {more}"
