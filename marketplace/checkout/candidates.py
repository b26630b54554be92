"""Which other shops have what one lacks, and what the rules want to know of each: two statements, however many shops
there are. What it would cost there is worked out for those alone that the rules leave (`candidate_plans`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from oscar.apps.partner.models import StockRecord

from marketplace.checkout.routing_rules import Candidate
from marketplace.foundation import gazetteer, money, network, prepared
from marketplace.foundation.places import distance_km
from marketplace.payments.models import BankAccount
from search import confidence
from shops.models import (
    Condition,
    DeliveryOption,
    DeliverySlot,
    ReroutedUnits,
    Rerouting,
    Shop,
    ShopOrder,
    ShopOrderLine,
)
from shops.sellable import SELLS, effective_as_of, sellable_units

Kind = DeliveryOption.Kind
Position = tuple[float, float]
MOST_RECORDS = 5_000
# As far as somebody goes on foot or by bicycle for a book that was to lie in another shop.
NEAR_KM = 5.0
BROUGHT = frozenset({Kind.POST, Kind.COURIER})
_UNSURE_FIRST = (confidence.DOUBTFUL, confidence.LIKELY, confidence.SURE)


@dataclass(frozen=True)
class Seen:
    """What the rules know of a shop, and its stock record of each of the parts that it has, cheapest first, by key."""

    candidate: Candidate
    records: Mapping[int, int]


class _Terms(NamedTuple):
    """As `sellable_units` reads them; what it would refuse was not asked for."""

    as_of: datetime | None
    follows_runs: bool
    open_limit: int
    buffer: int | None
    retired_at: None = None
    availability: str = SELLS


class _Wanted(NamedTuple):
    """A part as it is asked for again at each shop."""

    part: int
    product: int
    units: int
    agreed_minor: int


class _Copy(NamedTuple):
    record: int
    product: int
    price: Decimal
    num_in_stock: int | None
    num_allocated: int | None
    terms: _Terms | None


class Way(NamedTuple):
    kind: str
    point: int | None
    receiving_shop: int | None
    has_slots: bool


class _Shop(NamedTuple):
    """As `sellable_units` and the rules read it, its ways after."""

    pk: int
    status: str
    buffer: int
    fresh_until: datetime | None
    freshness_hours: int
    complete_as_of: datetime | None
    kept_share: float
    latitude: float | None
    longitude: float | None
    orders_per_day: int | None
    is_payable: bool
    open_orders: int
    orders_today: int
    routed_units: int
    declined_share: float


@dataclass
class _Supplier:
    shop: _Shop
    ways: list[Way] = field(default_factory=list)


def seen(row: Rerouting, parts: Sequence[ReroutedUnits], now: datetime) -> tuple[list[Seen], dict[int, str]]:
    """Every shop that has some of it, and {shop: why it cannot be asked, one of `candidate_plans.WHY_NOT`} as far as
    that shows without a price."""
    wanted = [_Wanted(part.pk, part.line.product_id or 0, part.units, part.agreed_minor) for part in parts]
    copies = _copies(row, wanted)
    suppliers = _suppliers(copies)
    near, readers = _where(row.shop_order), row.shop_order.order.checkout.reader_shop_id
    borne = most_borne()
    found: list[Seen] = []
    left_out: dict[int, str] = {}
    for shop_id, of_shop in copies.items():
        supplier = suppliers.get(shop_id)
        if supplier is None:
            left_out[shop_id] = "way"
            continue
        chosen = _enough(of_shop, supplier.shop, wanted, now)
        if not chosen:
            continue
        one = _seen(chosen, supplier.shop, row.shop_order.currency, now, near=near, readers=readers)
        agreed = sum(one.agreed_minor for one in chosen)
        if not any(same_way(way, supplier.shop, row.shop_order) for way in supplier.ways):
            left_out[shop_id] = "way"
        elif not supplier.shop.is_payable:
            left_out[shop_id] = "account"
        elif one.candidate.goods_minor > agreed + borne:
            left_out[shop_id] = "dear"
        else:
            found.append(one)
    return found, left_out


def most_borne() -> int:
    """What the network lets another shop cost more than the reader agreed to."""
    rules = network.current()
    return 0 if rules.reroute_borne_by == "nobody" else rules.reroute_most_minor


def _seen(
    chosen: Mapping[_Wanted, tuple[_Copy, int]],
    shop: _Shop,
    currency: str,
    now: datetime,
    *,
    near: Position | None,
    readers: int | None,
) -> Seen:
    at = _position(shop)
    counted = {(units, copy.terms) for copy, units in chosen.values()}  # in most shops the same of all
    levels = [
        confidence.level(units, effective_as_of(_as(terms), _as(shop)), shop.kept_share, now=now)
        for units, terms in counted
    ]
    goods = sum(copy.price * wanted.units for wanted, (copy, _) in chosen.items())
    candidate = Candidate(
        shop=shop.pk,
        parts=len(chosen),
        goods_minor=money.to_minor(Decimal(goods), currency),
        level=min(levels, key=_UNSURE_FIRST.index),
        km=round(distance_km(near, at), 1) if near and at else None,
        is_readers=shop.pk == readers,
        open_orders=shop.open_orders,
        is_full=shop.orders_per_day is not None and shop.orders_today >= shop.orders_per_day,
        routed_units=shop.routed_units,
        declined_share=shop.declined_share,
    )
    return Seen(candidate, {wanted.part: copy.record for wanted, (copy, _) in chosen.items()})


def _enough(
    of_shop: Mapping[int, Sequence[_Copy]], shop: _Shop, wanted: Iterable[_Wanted], now: datetime
) -> dict[_Wanted, tuple[_Copy, int]]:
    """{part: (its cheapest copy there of which enough are on the shelf, how many)}."""
    found: dict[_Wanted, tuple[_Copy, int]] = {}
    there: Any = shop
    for one in wanted:
        copy: Any
        for copy in of_shop.get(one.product, ()):
            units = sellable_units(copy, shop=there, terms=copy.terms, now=now)
            if one.units <= units:
                found[one] = copy, units
                break
    return found


def _as(slim: object) -> Any:
    """What has the columns that are read of a model, and is made in a tenth of the time."""
    return cast(Any, slim)


def _of_new_copies(products: Sequence[int], order_id: int, currency: str) -> QuerySet[Any, Any]:
    """New, at a price, on the shelf, of shops that were not asked for the title in this order before."""
    asked = ShopOrderLine.objects.filter(
        shop_order__order=order_id, shop_order__shop__partner=OuterRef("partner"), product=OuterRef("product")
    )
    offered = Q(terms=None) | Q(terms__retired_at=None, terms__availability=SELLS, terms__condition=Condition.NEW)
    rows = StockRecord.objects.filter(
        ~Exists(asked),
        offered,
        product__in=products,
        product__is_public=True,
        price__isnull=False,
        price_currency=currency,
        partner__shop__status=Shop.Status.ACTIVE,
    )
    columns = ("partner__shop", "pk", "product", "price", "num_in_stock", "num_allocated", "terms__pk")
    terms = [f"terms__{name}" for name in _Terms._fields[:4]]
    return rows.order_by("price", "pk").values_list(*columns, *terms)[:MOST_RECORDS]


_COPIES = prepared.Prepared(_of_new_copies)


def _copies(row: Rerouting, wanted: Iterable[_Wanted]) -> dict[int, dict[int, list[_Copy]]]:
    """{shop: {title: its copies, cheapest first}}."""
    products = sorted({one.product for one in wanted if one.product})
    found: dict[int, dict[int, list[_Copy]]] = {}
    if not products:
        return found
    rows = _COPIES.rows(products, row.shop_order.order_id, row.shop_order.currency)
    for shop, record, product, price, in_stock, allocated, terms_id, *of_terms in rows:
        terms = _Terms(*of_terms) if terms_id is not None else None
        copy = _Copy(record, product, price, in_stock, allocated, terms)
        found.setdefault(shop, {}).setdefault(product, []).append(copy)
    return found


def _of_ways(shops: Sequence[int]) -> QuerySet[Any, Any]:
    own = (f"shop__{name}" for name in _Shop._fields[:10])
    bank = Exists(BankAccount.objects.filter(shop=OuterRef("shop")))
    slots = Exists(DeliverySlot.objects.filter(option=OuterRef("pk"), active=True))
    load = [Coalesce(F(f"shop__load__{name}"), 0) for name in ("open_orders", "orders_today", "routed_units")]
    rows = DeliveryOption.objects.filter(shop__in=shops, active=True).annotate(has_bank=bank, has_slots=slots)
    rows = rows.annotate(open_now=load[0], today=load[1], routed=load[2])
    return rows.order_by("pk").values_list(
        "kind", "point", "receiving_shop", "has_slots", *own, "shop__stripe_account_ready", "has_bank", "open_now",
        "today", "routed", "shop__load__declined_share",
    )  # fmt: skip


_WAYS = prepared.Prepared(_of_ways)


def _suppliers(shops: Iterable[int]) -> dict[int, _Supplier]:
    """Of those that bring or hand over at all."""
    found: dict[int, _Supplier] = {}
    wanted = sorted(shops)
    for values in _WAYS.rows(wanted) if wanted else ():
        *way, has_slots = values[:4]
        *own, ready, has_bank, open_orders, today, routed, declined = values[4:]
        if own[0] not in found:
            payable = bool(ready or has_bank)
            found[own[0]] = _Supplier(_Shop._make([*own, payable, open_orders, today, routed, declined or 0.0]))
        found[own[0]].ways.append(Way._make([*way, bool(has_slots)]))
    return found


def same_way(way: Way, shop: Shop | _Shop, declined: ShopOrder) -> bool:
    """Whether the reader gets it as they chose to. A courier's slots are chosen by the reader, so they are not offered
    here."""
    was = declined.delivery_option
    if was is None:
        return False
    if was.kind in BROUGHT:
        return way.kind in BROUGHT and not (way.kind == Kind.COURIER and way.has_slots)
    if was.kind == Kind.POINT:
        return way.kind == Kind.POINT and way.point == was.point_id
    counter = was.receiving_shop if was.kind == Kind.OTHER_SHOP and was.receiving_shop else declined.shop
    if way.kind == Kind.OTHER_SHOP:
        return way.receiving_shop == counter.pk
    return way.kind == Kind.PICKUP and _is_near(shop, counter)


def _is_near(shop: Shop | _Shop, other: Shop) -> bool:
    if shop.pk == other.pk:
        return True
    here, there = _position(shop), _position(other)
    return here is not None and there is not None and distance_km(here, there) <= NEAR_KM


def _where(declined: ShopOrder) -> Position | None:
    """Where the reader gets it: at the counter they chose, at their postcode where it is known, else near the shop that
    they chose."""
    option, checkout = declined.delivery_option, declined.order.checkout
    if option is not None and option.kind in BROUGHT and checkout.country == "FR":
        for town in gazetteer.at_postcode(checkout.postcode.strip())[:1]:
            return town.position
    if option is not None and option.kind == Kind.OTHER_SHOP and option.receiving_shop:
        return _position(option.receiving_shop)
    return _position(declined.shop)


def _position(shop: Shop | _Shop) -> Position | None:
    if shop.latitude is None or shop.longitude is None:
        return None
    return shop.latitude, shop.longitude
