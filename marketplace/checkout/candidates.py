"""Which other shops can supply what one lacks, each with the plan of it: priced and brought as the reader chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, comparing, limits, planning, voucher_amounts
from marketplace.checkout.comparing import Supplier
from marketplace.checkout.delivery import Destination, Trip, needs_slot, options_by_shop
from marketplace.checkout.planning import Plan, PlannedParcel
from marketplace.foundation import network
from marketplace.foundation.places import distance_km
from shops import supplying
from shops.models import Condition, DeliveryOption, ReroutedUnits, Rerouting, Shop, ShopOrder, ShopOrderLine, Supply
from shops.orders import answer_times

Kind = DeliveryOption.Kind
MOST_RECORDS = 2_000
# As far as somebody goes on foot or by bicycle for a book that was to lie in another shop.
NEAR_KM = 5.0
BROUGHT = frozenset({Kind.POST, Kind.COURIER})
WHY_NOT = {
    "way": _("does not bring it the way the reader chose, or not there"),
    "account": _("cannot be paid yet"),
    "age": _("asks for an age that the reader has not stated"),
    "dear": _("costs more than the rule for the difference allows"),
}


@dataclass(frozen=True)
class Found:
    """Another shop, what of the missing units it would supply, and the plan of that: one parcel."""

    shop: Shop
    parts: tuple[ReroutedUnits, ...]
    plan: Plan

    @property
    def agreed_minor(self) -> int:
        return sum(part.agreed_minor for part in self.parts)

    @property
    def borne_minor(self) -> int:
        """What it costs more than the reader agreed to pay."""
        return max(0, self.plan.total_minor - self.agreed_minor)


def of(row: Rerouting, parts: Sequence[ReroutedUnits], now: datetime) -> tuple[list[Found], dict[int, str]]:
    """Every shop that has some of it, can be paid, and can bring it, at what it may cost; and {shop: one of WHY_NOT} of
    those that have some and cannot."""
    records = _records(row, parts, now)
    options = options_by_shop(records)
    shops = {shop_id: next(iter(of_parts.values())).partner.shop for shop_id, of_parts in records.items()}
    hours = answer_times.hours_of(shops.values(), now=now)
    checkout, currency = row.shop_order.order.checkout, row.shop_order.currency
    to = Destination(checkout.country, checkout.postcode) if checkout.country else None
    found: list[Found] = []
    left_out: dict[int, str] = {}
    for shop_id, of_parts in records.items():
        shop = shops[shop_id]
        ways = tuple(option for option in options[shop_id] if _same_way(option, shop, row.shop_order))
        supplier = Supplier(shop, ways, Trip(now=now, currency=currency, to=to, hours=hours[shop_id]))
        wanted = tuple(part for part in parts if part.pk in of_parts)
        plan = _plan(wanted, of_parts, supplier, currency) if ways else None
        one = Found(shop, wanted, plan) if plan else None
        if why := _why_not(one, checkout.age_stated):
            left_out[shop_id] = why
        elif one:
            found.append(one)
    return found, left_out


def _why_not(found: Found | None, age_stated: int) -> str:
    if found is None:
        return "way"
    if checkouts.unpayable(found.plan):
        return "account"
    if limits.years(found.plan.lines) > age_stated:
        return "age"
    may_be_borne = min(_most_borne(), _most_by_law(found.plan.parcels[0]))
    return "dear" if found.borne_minor > may_be_borne else ""


def _records(row: Rerouting, parts: Sequence[ReroutedUnits], now: datetime) -> dict[int, dict[int, StockRecord]]:
    """{shop: {part: its copy there}}: new, at a price, enough on the shelf, of shops that were not asked for the title
    in this order before."""
    products = {part.line.product_id for part in parts}
    asked = ShopOrderLine.objects.filter(
        shop_order__order=row.shop_order.order_id,
        shop_order__shop__partner=OuterRef("partner"),
        product=OuterRef("product"),
    )
    rows = StockRecord.objects.filter(
        ~Exists(asked),
        product__in=products,
        product__is_public=True,
        price__isnull=False,
        price_currency=row.shop_order.currency,
        partner__shop__status=Shop.Status.ACTIVE,
    )
    related = rows.select_related("partner__shop__load", "terms", "product__facts", "download").order_by("price", "pk")
    found: dict[int, dict[int, StockRecord]] = {}
    for record in related[:MOST_RECORDS]:
        shop, terms = record.partner.shop, getattr(record, "terms", None)
        got = supplying.supplied(record, shop=shop, terms=terms, now=now, download=None)
        is_new = terms is None or terms.condition == Condition.NEW
        if got.supply != Supply.STOCK or not is_new:
            continue
        for part in parts:
            if part.line.product_id == record.product_id and part.units <= got.units:
                found.setdefault(shop.pk, {}).setdefault(part.pk, record)
    return found


def _same_way(option: DeliveryOption, shop: Shop, declined: ShopOrder) -> bool:
    """Whether the reader gets it as they chose to. A courier's slots are chosen by the reader, so they are not offered
    here."""
    was = declined.delivery_option
    if was is None:
        return False
    if was.kind in BROUGHT:
        return option.kind in BROUGHT and not needs_slot(option)
    if was.kind == Kind.POINT:
        return option.kind == Kind.POINT and option.point_id == was.point_id
    counter = was.receiving_shop if was.kind == Kind.OTHER_SHOP and was.receiving_shop else declined.shop
    if option.kind == Kind.OTHER_SHOP:
        return option.receiving_shop_id == counter.pk
    return option.kind == Kind.PICKUP and _is_near(shop, counter)


def _is_near(shop: Shop, other: Shop) -> bool:
    if shop.pk == other.pk:
        return True
    here, there = (shop.latitude, shop.longitude), (other.latitude, other.longitude)
    if None in here or None in there:
        return False
    return distance_km(here, there) <= NEAR_KM  # type: ignore[arg-type]  # none of them is None


def _plan(
    parts: Iterable[ReroutedUnits], records: dict[int, StockRecord], supplier: Supplier, currency: str
) -> Plan | None:
    """What these units cost there; None where it cannot be brought or taxed."""
    lines = []
    for part in parts:
        record = records[part.pk]
        wanted = BasketLine(stockrecord=record, product=record.product, quantity=part.units)
        lines.append(planning.line_of(wanted, supplier.shop, None, supplier.trip))
    supplied = [(line, supplier.shop.pk, None) for line in lines]
    included = network.current().tax_included
    plan = comparing.priced(supplied, {supplier.shop.pk: supplier}, currency=currency, tax_included=included)
    # The same title twice would be one line, and then no longer one for each of the parts.
    whole = plan and len(plan.lines) == len(lines)
    return plan if plan and whole and not (plan.short or plan.undelivered or plan.not_sold) else None


def _most_borne() -> int:
    rules = network.current()
    return 0 if rules.reroute_borne_by == "nobody" else rules.reroute_most_minor


def _most_by_law(parcel: PlannedParcel) -> int:
    """What may be paid for the reader: it lowers a fixed price as any discount would, and of the delivery of books the
    reader pays what the law asks at least."""
    delivery = max(0, parcel.delivery_minor - (parcel.quote.least_minor if parcel.quote else 0))
    limits_of = [(line.goods_minor, voucher_amounts.limit(parcel, line)) for line in parcel.lines]
    whole = voucher_amounts.WHOLE
    return delivery + sum(goods if most is None else goods * min(most, whole) // whole for goods, most in limits_of)
