"""What a shop could not hand over is supplied by another one: as a frozen plan of its own, in a new shop order.

The reader pays what was agreed, or less where it costs less. Where it costs more, the network has said who bears the
difference, up to an amount; else it is not done. It comes the way the reader chose: what was to be brought is brought,
what was to be collected lies at the same counter or at one near by. Until it is decided the money waits
(`payments.captures`); it is decided once, under the payment's lock, so that whoever dies on the way changed nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import (
    checkouts,
    comparing,
    freezing,
    institutions,
    limits,
    order_rows,
    planning,
    referrals,
    voucher_amounts,
)
from marketplace.checkout.comparing import Supplier
from marketplace.checkout.delivery import Destination, Trip, hours_by_shop, needs_slot, options_by_shop
from marketplace.checkout.planning import Plan, PlannedParcel
from marketplace.foundation import audit, leases, links, money, network, prepared
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.places import distance_km
from marketplace.payments import captures, commission
from marketplace.payments.models import Dispute, Payment, RefundRequest
from shops import stock, supplying
from shops.models import Condition, DeliveryOption, ReroutedUnits, Rerouting, Shop, ShopOrder, ShopOrderLine, Supply
from shops.orders import missing, reader_mail, splitting

logger = logging.getLogger("halles.rerouting")
Kind, Outcome = DeliveryOption.Kind, Rerouting.Outcome
BATCH = 20
MOST_RECORDS = 400
# As far as somebody goes on foot or by bicycle for a book that was to lie in another shop.
NEAR_KM = 5.0
# Whoever has less time to answer would hardly do it, and the reader be told of a shop for nothing.
LEAST_TIME = timedelta(hours=4)
BROUGHT = frozenset({Kind.POST, Kind.COURIER})


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


def reroute(now: datetime) -> int:
    """Step: decide who supplies what shops could not."""
    done = 0
    for row in leases.claim(Rerouting, now=now, limit=BATCH):
        try:
            decide(row.pk, now=now)
        except Exception as error:  # one that cannot be decided must not stop the next; it shows on the board
            logger.exception("Rerouting %s cannot be decided; it is tried again.", row.pk)
            leases.postpone(row, error=f"{type(error).__name__}: {error}", now=now)
            continue
        done += 1
    return done


def decide(rerouting_id: int, *, now: datetime) -> None:
    """Move what other shops have, in one transaction with their orders; what is left is told to the reader as gone."""
    with transaction.atomic():
        payments = Payment.objects.select_for_update(of=("self",))
        payment = payments.get(checkout__order__shop_orders__reroutings=rerouting_id)
        related = ("shop_order__shop", "shop_order__order__checkout", "shop_order__delivery_option")
        row = Rerouting.objects.select_related(*related).get(pk=rerouting_id)
        if row.outcome != Outcome.LOOKING:
            return
        parts = list(row.parts.select_related("line__shop_order").order_by("line__stock_record_id", "pk"))
        if _may_move(payment, row, now):
            _move_all(row, parts, captures.waits_until(payment), now)
        missing.decided([row], now=now)
        failpoint("rerouting.before_commit")
    failpoint("rerouting.after_commit")


def _may_move(payment: Payment, row: Rerouting, now: datetime) -> bool:
    """Not once the payment can wait for another shop's answer for less than `LEAST_TIME`. Not while a bank looks at it
    or a person has given money back of that part: what of it is still there is no longer what was agreed. An
    institution has its own rules for from whom it buys."""
    ends = captures.waits_until(payment)
    too_late = ends is not None and ends - now < LEAST_TIME
    open_dispute = Dispute.objects.filter(payment=payment).exclude(status=Dispute.Status.WON).exists()
    of_part = Q(shop_order=row.shop_order) | Q(payment=payment, shop_order=None)
    given_back = RefundRequest.objects.filter(of_part).exists()
    bound = institutions.institution_of(row.shop_order.order.user_id)
    in_part_local = row.shop_order.order.checkout.local_minor > 0  # each shop says how much of it it takes
    return not (too_late or open_dispute or given_back or bound or in_part_local)


def _move_all(row: Rerouting, parts: Sequence[ReroutedUnits], latest: datetime | None, now: datetime) -> None:
    """First to whoever has the most of it, so that few parcels are sent; whose copies are gone meanwhile is passed
    over. `latest`: when they must have answered."""
    left, passed = list(parts), set[int]()
    while left:
        found = [one for one in _candidates(row, left, now) if one.shop.pk not in passed]
        if row.is_whole:
            found = [one for one in found if len(one.parts) == len(parts)]
        best = min(found, key=lambda one: (-len(one.parts), one.plan.total_minor, one.shop.pk), default=None)
        if best is None:
            return
        passed.add(best.shop.pk)
        if _move(row, best, latest, now):
            left = [part for part in left if part not in best.parts]


def _candidates(row: Rerouting, parts: Sequence[ReroutedUnits], now: datetime) -> list[Found]:
    """Every shop that has some of it, can be paid, and can bring it, at what it may cost."""
    records = _records(row, parts, now)
    options = options_by_shop(records)
    hours = hours_by_shop(options, now)
    checkout, currency = row.shop_order.order.checkout, row.shop_order.currency
    to = Destination(checkout.country, checkout.postcode) if checkout.country else None
    found = []
    for shop_id, of_parts in records.items():
        shop = next(iter(of_parts.values())).partner.shop
        ways = tuple(option for option in options[shop_id] if _same_way(option, shop, row.shop_order))
        supplier = Supplier(shop, ways, Trip(now=now, currency=currency, to=to, hours=hours[shop_id]))
        wanted = tuple(part for part in parts if part.pk in of_parts)
        plan = _plan(wanted, of_parts, supplier, currency)
        if plan is None or checkouts.unpayable(plan) or limits.years(plan.lines) > checkout.age_stated:
            continue
        one = Found(shop, wanted, plan)
        if one.borne_minor <= min(_most_borne(), _most_by_law(plan.parcels[0])):
            found.append(one)
    return found


def _records(row: Rerouting, parts: Sequence[ReroutedUnits], now: datetime) -> dict[int, dict[int, StockRecord]]:
    """{shop: {part: its copy there}}: new, at a price, enough on the shelf, of shops that were not asked for the title
    in this order before."""
    products = {part.line.product_id for part in parts}
    asked = ShopOrderLine.objects.filter(shop_order__order=row.shop_order.order_id, product__in=products)
    before = set(asked.values_list("shop_order__shop", "product"))
    rows = StockRecord.objects.filter(
        product__in=products,
        product__is_public=True,
        price__isnull=False,
        price_currency=row.shop_order.currency,
        partner__shop__status=Shop.Status.ACTIVE,
    )
    related = rows.select_related("partner__shop", "terms", "product__facts").order_by("price", "pk")
    found: dict[int, dict[int, StockRecord]] = {}
    for record in related[:MOST_RECORDS]:
        shop, terms = record.partner.shop, getattr(record, "terms", None)
        got = supplying.supplied(record, shop=shop, terms=terms, now=now, download=None)
        is_new = terms is None or terms.condition == Condition.NEW
        if got.supply != Supply.STOCK or not is_new or (shop.pk, record.product_id) in before:
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


def _move(row: Rerouting, found: Found, latest: datetime | None, now: datetime) -> bool:
    """The new shop order, its copies taken. False: they are gone, and nothing was written."""
    declined, checkout = row.shop_order, row.shop_order.order.checkout
    planned = found.plan.parcels[0]
    before = transaction.savepoint()
    # Not stored: the checkout stays what the reader paid.
    parcel = freezing.parcel_of(checkout, planned)
    frozen = [freezing.line_of(parcel, line) for line in planned.lines]
    order_lines = prepared.insert(order_rows.line_of(declined.order, line) for line in frozen)
    bearer = _first(declined).shop if network.current().reroute_borne_by == "shop" and found.borne_minor else None
    lines = splitting.take_over(
        declined,
        checkout,
        parcel,  # type: ignore[arg-type]  # its lines are not related rows
        frozen,
        order_lines=order_lines,
        borne=money.split(found.borne_minor, [line.total_minor for line in frozen]),
        bearer=bearer,
        now=now,
        latest=latest,
    )
    by_record = sorted(lines, key=lambda line: line.stock_record_id or 0)  # stock is locked in this order everywhere
    if not all(stock.take(line, line.quantity, now=now) for line in by_record):
        transaction.savepoint_rollback(before)
        return False
    transaction.savepoint_commit(before)
    for part, line in zip(found.parts, lines, strict=True):
        ReroutedUnits.objects.filter(pk=part.pk).update(moved_to=line)
    facts = {line.record.product_id: getattr(line.record.product, "facts", None) for line in planned.lines}
    commission.freeze(lines, facts, channel=checkout.channel, partner_id=referrals.earning(checkout), at=now)
    made = lines[0].shop_order
    audit.record(
        "shop_order.reroute", made, shop_id=made.shop_id, instead_of=declined.number, borne_minor=found.borne_minor
    )
    cancel = [links.cancel_url(declined.order, line.pk) for line in lines]
    reader_mail.rerouted(made, lines, cancel_urls=cancel, now=now)
    return True


def _first(shop_order: ShopOrder) -> ShopOrder:
    """Whose copy was missing first, where a shop that took over misses it too."""
    while shop_order.instead_of is not None:
        shop_order = shop_order.instead_of
    return shop_order
