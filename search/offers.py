"""What each shop offers of a title, read from SQL, the best for this reader first: one query for all titles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from oscar.apps.partner.models import StockRecord

from marketplace.foundation import money
from marketplace.foundation.prepared import Prepared
from search import availability, confidence, directory
from search.availability import Opening
from search.directory import ShopCard
from search.reader import Reader
from shops import sellable, sharing, supplying
from shops.models import Availability, Condition, Shop, Supply

NEAR_ENOUGH_KM = 1.0
"""Shops whose distances differ by less count as equally near, so that of two in one street the cheaper is first."""


class _Record(NamedTuple):
    pk: int
    product_id: int
    price: Decimal
    price_currency: str
    num_in_stock: int | None
    num_allocated: int | None


class _Shop(NamedTuple):
    """Of the shop what may not be seconds old; its other columns come from the directory."""

    pk: int
    status: str
    buffer: int
    freshness_hours: int
    complete_as_of: datetime | None
    fresh_until: datetime | None


class _Download(NamedTuple):
    kind: str
    active: bool
    codes_left: int | None


class _Terms(NamedTuple):
    stock_record_id: int
    condition: str
    signed: bool
    first_edition: bool
    note: str
    photo: str
    availability: str
    days: int | None
    available_on: date | None
    as_of: datetime | None
    follows_runs: bool
    buffer: int | None
    open_limit: int
    retired_at: datetime | None


# Rows of plain values: thirty offers as objects of three models cost as much as the rest of a title's page.
_COLUMNS = (
    *_Record._fields,
    *(f"partner__shop__{name}" for name in _Shop._fields),
    *(f"download__{name}" for name in _Download._fields),
    *(f"terms__{name}" for name in _Terms._fields),
)
_SHOP_AT = len(_Record._fields)
_DOWNLOAD_AT = _SHOP_AT + len(_Shop._fields)
_TERMS_AT = _DOWNLOAD_AT + len(_Download._fields)
_RECORDS = Prepared(
    lambda product_ids: (
        StockRecord.objects.filter(product_id__in=product_ids, partner__shop__status=Shop.Status.ACTIVE)
        .exclude(price=None)
        .exclude(terms__retired_at__isnull=False)
        .values_list(*_COLUMNS)
    )
)
_ORDER = {"have": 0, "ask": 1, "soon": 2, "gone": 3}
_LATER = {Availability.ORDERABLE, Availability.PREORDER}
_NEVER = {Availability.UNAVAILABLE, Availability.TEMPORARILY_UNAVAILABLE, Availability.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One stock record as the screen shows it. Price in minor units; `units` is what can be sold now; `state` is have,
    ask (the shop confirms), soon (to order) or gone."""

    stock_record_id: int
    product_id: int
    shop: ShopCard
    state: str
    units: int
    condition: str
    signed: bool
    first_edition: bool
    note: str
    """The shop's words on this copy."""
    photo: str
    """Of this copy: the kept picture for pages, or empty (`catalogue.cover_files`)."""
    availability: str
    stale: bool
    """Whether its number is too old to count, so that nobody knows what is there."""
    days: int | None
    available_on: date | None
    supply: Supply
    """How it is got; `can_order` where that is by an order."""
    can_order: bool
    as_of: datetime | None
    price_minor: int
    currency: str
    distance_km: float | None
    is_mine: bool
    opening: Opening
    collect_today: bool
    confidence: str
    """Of `search.confidence`: how likely a copy is really there."""

    @property
    def buyable(self) -> bool:
        return self.units > 0

    @property
    def is_download(self) -> bool:
        return self.supply == Supply.DIGITAL

    @property
    def is_used(self) -> bool:
        return self.condition != Condition.NEW

    @property
    def price(self) -> Decimal:
        return money.to_decimal(self.price_minor, self.currency)


def offers_of(product_ids: Iterable[int], reader: Reader) -> dict[int, list[Offer]]:
    """Offers of shops on sale, by product: new before used, each group best first. Products without any are left out.

    Best first: what is there before what is to be ordered; then the reader's own shop; then what is doubtful last; then
    by distance where a place is known; then the price; then the shop's name."""
    found: dict[int, list[Offer]] = {}
    cards = directory.active()
    wanted = list(product_ids)
    for row in _RECORDS.rows(wanted) if wanted else []:
        record, shop = _Record(*row[:_SHOP_AT]), _Shop(*row[_SHOP_AT:_DOWNLOAD_AT])
        download = _Download(*row[_DOWNLOAD_AT:_TERMS_AT]) if row[_DOWNLOAD_AT] is not None else None
        terms = _Terms(*row[_TERMS_AT:]) if row[_TERMS_AT] is not None else None
        card = cards.get(shop.pk)
        if card is None or not _may_leave(card, reader):
            continue  # it came on sale within the directory's last five seconds
        found.setdefault(record.product_id, []).append(_offer(record, shop, terms, download, card, reader))
    for offers in found.values():
        offers.sort(key=_rank)
    return found


def _may_leave(card: ShopCard, reader: Reader) -> bool:
    """An offer is a title with its price: a shop may let neither go where this is asked for."""
    return not reader.use or sharing.allows(card, reader.use, sharing.Kind.TITLES, sharing.Kind.PRICES)


def of_one_first(offers: list[Offer], shop: ShopCard | None) -> list[Offer]:
    """The same offers, a shop's before all others: in its own entrance."""
    return sorted(offers, key=lambda offer: offer.shop.pk != shop.pk) if shop else offers


def best(offers: Iterable[Offer]) -> Offer | None:
    """The one whose button a list shows: the first that can be bought; new before used."""
    return next((offer for offer in offers if offer.buyable), None)


def _offer(record: Any, shop: Any, terms: Any, download: Any, card: ShopCard, reader: Reader) -> Offer:
    """`record`, `shop`, `terms` and `download` have the columns that the rules of stock ask for, as their models
    have."""
    got = supplying.supplied(record, shop=shop, terms=terms, now=reader.now, download=download)
    units = got.units if got.supply in (Supply.STOCK, Supply.DIGITAL) else 0
    word = terms.availability if terms else Availability.IN_STOCK
    is_download = got.supply == Supply.DIGITAL
    state = _state(record, word, units, is_download)
    as_of = sellable.effective_as_of(terms, shop)
    return Offer(
        stock_record_id=record.pk,
        product_id=record.product_id,
        shop=card,
        state=state,
        units=units,
        condition=terms.condition if terms else Condition.NEW,
        signed=bool(terms and terms.signed),
        first_edition=bool(terms and terms.first_edition),
        note=terms.note if terms else "",
        photo=terms.photo if terms else "",
        availability=word,
        stale=not is_download
        and word == Availability.IN_STOCK
        and not sellable.sells(shop=shop, terms=terms, now=reader.now),
        days=terms.days if terms else None,
        available_on=terms.available_on if terms else None,
        supply=got.supply,
        can_order=got.units > units,
        as_of=as_of,
        price_minor=money.to_minor(record.price, record.price_currency),
        currency=record.price_currency,
        distance_km=availability.distance(reader.place, card),
        is_mine=card.pk == reader.shop_id,
        opening=availability.opening(card, reader.now),
        collect_today=not is_download and state in ("have", "ask") and availability.collects_today(card, reader.now),
        confidence=confidence.SURE if is_download else confidence.level(units, as_of, card.kept_share, now=reader.now),
    )


def _state(record: _Record, word: str, units: int, is_download: bool) -> str:
    if units > 0:
        return "ask" if record.num_in_stock is None and not is_download else "have"
    return "soon" if word in _LATER else "gone"


def _rank(offer: Offer) -> tuple[object, ...]:
    is_placeless = offer.distance_km is None
    far = offer.distance_km or 0.0
    return (
        offer.is_used,
        _ORDER[offer.state],
        not offer.is_mine,
        offer.state == "have" and offer.confidence == confidence.DOUBTFUL,
        is_placeless,
        round(far / NEAR_ENOUGH_KM),
        offer.price_minor,
        far,
        offer.shop.name,
        offer.stock_record_id,
    )


def in_stock_at(shop_id: int, limit: int, *, now: datetime) -> tuple[list[int], int]:
    """Products that a shop can sell now, newest first, and how many there are: without the index."""
    records = StockRecord.objects.filter(partner__shop__pk=shop_id, product__is_public=True).exclude(price=None)
    sold = sellable.annotate_sellable(records, now=now).filter(sellable__gt=0)
    return list(sold.order_by("-product_id").values_list("product_id", flat=True)[:limit]), sold.count()
