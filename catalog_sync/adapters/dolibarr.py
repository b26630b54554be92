"""Dolibarr: products for sale, their prices and how many there are, over REST (`shops.systems.dolibarr`).

How many there are is the real stock of one warehouse, which is without what is ordered where Dolibarr is set to take it
off as an order is validated; where it is not, nothing is read. What changes a stock is a stock movement: what is read
of it goes by their ids, from the last one that was a while old. A changed product is read by its stamp, of which only
the day is asked for: what changed within a day comes again. The price is the one without levels, with tax or without
as the marketplace shows it. Services are not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from catalog_sync.adapters.system import OVERLAP, Stated, SystemAdapter
from catalog_sync.records import Lane
from marketplace.foundation.money import exponent
from shops.systems import dolibarr
from shops.systems.dolibarr import Dolibarr, can_be_asked_for, copies, status
from shops.systems.numbers import isbn, number

PRODUCTS = [("mode", "1"), ("includestockdata", "1")]
SOLD = "(t.tosell:=:1)"
LATEST = 100  # movements that are looked at for one that is old enough


class DolibarrAdapter(SystemAdapter):
    kind = "dolibarr"

    def read(self, client: Dolibarr, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context(whole=changed_since is None)
        if lane is Lane.STOCK and changed_since is not None:
            pages: Iterable[list[dict[str, Any]]] = self._moved(client)
        else:
            if lane is Lane.STOCK:
                newest = [("sortfield", "t.rowid"), ("sortorder", "DESC"), ("limit", str(LATEST))]
                self._reach(client, client.rows("/stockmovements", newest))
            test = SOLD if changed_since is None else client.changed_since(changed_since)
            pages = client.each("/products", PRODUCTS, test)
        for page in pages:
            yield [self._stated(product, client) for product in page]

    def _moved(self, client: Dolibarr) -> Iterator[list[dict[str, Any]]]:
        """The products of the movements since the last one that was reached."""
        after, moved = int(self.reached or 0), list[dict[str, Any]]()
        for page in client.each("/stockmovements", after=after, size=dolibarr.MOVEMENTS):
            moved += page
        self._reach(client, moved, after)
        here = [row for row in moved if str(row.get("warehouse_id")) == str(client.options["warehouse_id"])]
        keys = sorted({int(row["product_id"]) for row in here})
        if keys and (keys[-1] - keys[0]) // dolibarr.PAGE < len(keys) // dolibarr.FEW:  # fewer calls than one by one
            for page in client.each("/products", PRODUCTS, f"(t.rowid:<=:{keys[-1]})", after=keys[0] - 1):
                yield [row for row in page if int(row["id"]) in keys]
        else:
            yield client.of("/products", "rowid", keys, PRODUCTS)

    def _reach(self, client: Dolibarr, movements: list[dict[str, Any]], before: int = 0) -> None:
        """Up to the last movement that is old enough for all before it to have become visible."""
        began = client.caller.began or datetime.now(UTC)
        until = Decimal(int((began - OVERLAP).timestamp()))
        old = [int(row["id"]) for row in movements if (number(row.get("tms")) or until + 1) <= until]
        all_before = min((int(row["id"]) for row in movements), default=before + 1) - 1
        self.reached = str(max(old, default=before or all_before))

    def _stated(self, product: dict[str, Any], client: Dolibarr) -> Stated:
        sku = str(product.get("ref") or "")
        return Stated(
            sku=sku,
            gtin=str(product.get("barcode") or isbn(sku)),
            title=str(product.get("label") or ""),
            price=_cents(product.get("price_ttc" if self.feed.tax_included else "price"), client.options["currency"]),
            quantity=copies(product, client.options["warehouse_id"]),
            is_gone=status(product) != "1",
            raw=product,
            refused="" if can_be_asked_for(sku) else "sku_with_slash",
        )


def _cents(stated: Any, currency: object) -> Decimal | None:
    """Dolibarr works prices out to eight places."""
    found = number(stated)
    return None if found is None else found.quantize(Decimal(1).scaleb(-exponent(str(currency))), ROUND_HALF_UP)
