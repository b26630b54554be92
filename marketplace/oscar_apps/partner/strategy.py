"""Which record, price and availability Oscar sees for a product or a basket line.

Oscar's own strategy prices a line from the first record of its product, whichever shop the reader chose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from oscar.apps.basket.models import Line
from oscar.apps.catalogue.models import Product
from oscar.apps.partner import strategy as oscar_strategy
from oscar.apps.partner.models import StockRecord
from oscar.apps.partner.prices import FixedPrice
from oscar.apps.partner.prices import Unavailable as NoPrice

from marketplace.checkout import tax
from marketplace.checkout.tax_categories import is_digital
from marketplace.checkout.tax_places import home
from marketplace.checkout.tax_tables import Component
from marketplace.foundation import money, network
from marketplace.foundation.models import Network
from marketplace.oscar_apps.partner.availability import ShopStock, Unavailable
from shops import downloads, supplying

# All that a price and an availability depend on, in one query for any number of records.
RELATED = ("terms", "download", "partner__shop", "product__facts")


class Selector(oscar_strategy.Selector):
    """Every reader sees the same prices."""

    def strategy(self, request: HttpRequest | None = None, user: object = None, **kwargs: object) -> ShopStrategy:
        return ShopStrategy(request)


class ShopStrategy(oscar_strategy.Structured):
    """Lives for one request; keeps the records it has read, all of a basket's at once."""

    def __init__(self, request: HttpRequest | None = None, now: datetime | None = None) -> None:
        super().__init__(request)
        self._now = now
        self._records: dict[int, StockRecord] = {}

    @property
    def now(self) -> datetime:
        self._now = self._now or timezone.now()
        return self._now

    def fetch_for_line(self, line: Line, stockrecord: StockRecord | None = None) -> oscar_strategy.PurchaseInfo:
        """The line's own record: the shop that the reader chose."""
        wanted = stockrecord.pk if stockrecord else line.stockrecord_id
        if wanted not in self._records:
            self._read({wanted, *(other.stockrecord_id for other in line.basket.all_lines())})
        return self.fetch_for_product(line.product, self._records.get(wanted))

    def select_stockrecord(self, product: Product) -> StockRecord | None:
        """Without a chosen shop: the cheapest record that can be sold now, of equal price the earlier one."""
        records = list(StockRecord.objects.filter(product=product).exclude(price=None).select_related(*RELATED))
        self._records.update((record.pk, record) for record in records)
        return min(records, key=lambda record: (self._sellable(record) <= 0, record.price, record.pk), default=None)

    def pricing_policy(self, product: Product, stockrecord: StockRecord | None) -> FixedPrice | NoPrice:
        if not stockrecord or stockrecord.price is None:
            return NoPrice()
        return price_of(stockrecord, network.current(), self.now)

    def availability_policy(self, product: Product, stockrecord: StockRecord | None) -> ShopStock | Unavailable:
        shown = stockrecord is not None and product.is_public
        return ShopStock(self._sellable(stockrecord)) if shown and stockrecord else Unavailable()

    def _sellable(self, record: StockRecord) -> int:
        shop = getattr(record.partner, "shop", None)
        if not shop:
            return 0
        terms, download = getattr(record, "terms", None), downloads.of(record)
        return supplying.supplied(record, shop=shop, terms=terms, now=self.now, download=download).units

    def _read(self, keys: Iterable[int]) -> None:
        records = StockRecord.objects.filter(pk__in=set(keys) - self._records.keys()).select_related(*RELATED)
        self._records.update((record.pk, record) for record in records)


def price_of(record: StockRecord, of: Network, now: datetime) -> FixedPrice:
    """One unit, taxed as if it were collected in the shop: an estimate. A line's tax is computed on the line and for
    where it goes (`checkout.planning`), and no order is made of this one."""
    currency = record.price_currency
    due = _due(record, now)
    net, taxes = tax.net_and_taxes(money.to_minor(record.price, currency), due, included=of.tax_included)
    return FixedPrice(
        currency=currency,
        excl_tax=money.to_decimal(net, currency),
        tax=money.to_decimal(sum(taxes), currency),
        tax_code=str(tax.rate_milli(due)),
    )


def _due(record: StockRecord, now: datetime) -> tuple[Component, ...]:
    shop = getattr(record.partner, "shop", None)
    facts, terms = getattr(record.product, "facts", None), getattr(record, "terms", None)
    if shop is None:
        return ()
    digital = is_digital(facts, terms.availability if terms else "")
    try:
        return tax.due(shop, facts, digital=digital, place=home(shop), now=now)
    except tax.NoTaxRowError:
        return ()
