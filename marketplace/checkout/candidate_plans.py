"""What shops that could be asked would cost: each with its plan, priced and brought as the reader chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import candidates, checkouts, comparing, limits, planning, voucher_amounts
from marketplace.checkout.candidates import Seen, Way
from marketplace.checkout.comparing import Supplier
from marketplace.checkout.delivery import Destination, Trip, needs_slot, options_by_shop
from marketplace.checkout.planning import Plan, PlannedParcel
from marketplace.foundation import network
from shops.models import DeliveryOption, ReroutedUnits, Rerouting, Shop
from shops.orders import answer_times

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


def of(
    row: Rerouting, parts: Sequence[ReroutedUnits], seen: Iterable[Seen], now: datetime
) -> tuple[dict[int, Found], dict[int, str]]:
    """{shop: what it would cost} of those that may be asked, and {shop: one of WHY_NOT} of the others. Two queries,
    hours read a moment ago."""
    asked = list(seen)
    records = _records(asked)
    options = options_by_shop(records)
    shops = {shop_id: next(iter(of_parts.values())).partner.shop for shop_id, of_parts in records.items()}
    hours = answer_times.hours_of(shops.values(), now=now)
    checkout, currency = row.shop_order.order.checkout, row.shop_order.currency
    to = Destination(checkout.country, checkout.postcode) if checkout.country else None
    found: dict[int, Found] = {}
    refused: dict[int, str] = {}
    for one in asked:
        shop_id = one.candidate.shop
        shop = shops.get(shop_id)
        if shop is None:  # its records went meanwhile
            refused[shop_id] = "way"
            continue
        ways = tuple(option for option in options[shop_id] if candidates.same_way(_way(option), shop, row.shop_order))
        supplier = Supplier(shop, ways, Trip(now=now, currency=currency, to=to, hours=hours[shop_id]))
        wanted = tuple(part for part in parts if part.pk in records[shop_id])
        plan = _plan(wanted, records[shop_id], supplier, currency) if ways else None
        priced = Found(shop, wanted, plan) if plan else None
        if why := _why_not(priced, checkout.age_stated):
            refused[shop_id] = why
        elif priced:
            found[shop_id] = priced
    return found, refused


def _records(asked: Sequence[Seen]) -> dict[int, dict[int, StockRecord]]:
    """{shop: {part: its copy there}}."""
    wanted = {pk for one in asked for pk in one.records.values()}
    related = StockRecord.objects.select_related("partner__shop__load", "terms", "product__facts", "download")
    there = {record.pk: record for record in related.filter(pk__in=wanted)}
    found = {one.candidate.shop: {part: there[pk] for part, pk in one.records.items() if pk in there} for one in asked}
    return {shop_id: of_parts for shop_id, of_parts in found.items() if of_parts}


def _way(option: DeliveryOption) -> Way:
    return Way(option.kind, option.point_id, option.receiving_shop_id, needs_slot(option))


def _why_not(found: Found | None, age_stated: int) -> str:
    if found is None:
        return "way"
    if checkouts.unpayable(found.plan):
        return "account"
    if limits.years(found.plan.lines) > age_stated:
        return "age"
    may_be_borne = min(candidates.most_borne(), _most_by_law(found.plan.parcels[0]))
    return "dear" if found.borne_minor > may_be_borne else ""


def _plan(
    parts: Iterable[ReroutedUnits], records: Mapping[int, StockRecord], supplier: Supplier, currency: str
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


def _most_by_law(parcel: PlannedParcel) -> int:
    """What may be paid for the reader: it lowers a fixed price as any discount would, and of the delivery of books the
    reader pays what the law asks at least."""
    delivery = max(0, parcel.delivery_minor - (parcel.quote.least_minor if parcel.quote else 0))
    limits_of = [(line.goods_minor, voucher_amounts.limit(parcel, line)) for line in parcel.lines]
    whole = voucher_amounts.WHOLE
    return delivery + sum(goods if most is None else goods * min(most, whole) // whole for goods, most in limits_of)
