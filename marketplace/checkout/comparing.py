"""What lines really cost when these shops supply them: parcels as the checkout makes them, each by its cheapest way,
and priced as the checkout prices them. Without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from marketplace.checkout import limits, planning, tax
from marketplace.checkout.delivery import Destination, Trip
from marketplace.checkout.planning import Plan, PlannedLine, PlannedParcel
from marketplace.checkout.tax_categories import is_digital
from marketplace.checkout.tax_places import place_of_supply
from search.offers import Offer
from shops import book_law
from shops.models import Condition, DeliveryOption, Shop


@dataclass(frozen=True)
class Supplier:
    """A shop and the ways by which its parcel may come."""

    shop: Shop
    options: tuple[DeliveryOption, ...]
    trip: Trip


def priced(
    supplied: Sequence[tuple[PlannedLine, int, Offer | None]],
    suppliers: Mapping[int, Supplier],
    *,
    currency: str,
    tax_included: bool,
) -> Plan | None:
    """The plan of these lines: each with the shop that supplies it, and its offer there (None: it stays). None where a
    parcel has no way to the reader, or it is not known what tax is due."""
    by_shop: dict[int, dict[int, PlannedLine]] = {}
    for line, shop_id, offer in supplied:
        there = by_shop.setdefault(shop_id, {})
        record_id = offer.stock_record_id if offer else line.record.pk
        moved = _moved(line, offer) if offer else line
        if record_id in there:  # the same copy twice becomes one line
            moved = replace(there[record_id], quantity=there[record_id].quantity + moved.quantity)
        there[record_id] = moved
    parcels = [
        PlannedParcel(shop=of.shop, lines=tuple(there.values()), options=of.options, trip=of.trip)
        for of, there in ((suppliers[shop_id], there) for shop_id, there in by_shop.items())
    ]
    how = {"currency": currency, "tax_included": tax_included}
    chosen = [_by_its_cheapest_way(parcel) for parcel in planning.priced(parcels, **how).parcels]  # type: ignore[arg-type]
    plan = planning.priced([parcel for parcel in chosen if parcel], **how)  # type: ignore[arg-type]
    return None if None in chosen or plan.untaxed or plan.not_sold else plan


def _by_its_cheapest_way(quoted: PlannedParcel) -> PlannedParcel | None:
    ways = [option for option in quoted.options if not quoted.quotes[option.pk].refusal]
    option = min(ways, key=lambda one: quoted.quotes[one.pk].price_minor, default=None)
    if option is None and not all(line.is_digital for line in quoted.lines):
        return None
    if all(line.is_digital for line in quoted.lines):
        option = None  # nothing is brought
    return replace(quoted, option=option, lines=tuple(_taxed(line, quoted, option) for line in quoted.lines))


def _taxed(line: PlannedLine, parcel: PlannedParcel, option: DeliveryOption | None) -> PlannedLine:
    """With what is due where it is supplied; while no postcode is said, the estimate that the basket shows."""
    assert parcel.trip is not None
    to: Destination | None = parcel.trip.to if parcel.trip.to and parcel.trip.to.postcode else None
    facts = getattr(line.record.product, "facts", None)
    try:
        place = place_of_supply(parcel.shop, option, to, digital=line.is_digital)
        due = tax.due(parcel.shop, facts, digital=line.is_digital, place=place, now=parcel.trip.now)
    except tax.NoTaxRowError as missing:
        return replace(line, untaxed=str(missing))
    return replace(line, rates=due, untaxed="", limits=_limits(line, parcel, option, to))


def _limits(
    line: PlannedLine, parcel: PlannedParcel, option: DeliveryOption | None, to: Destination | None
) -> limits.LineLimits:
    """Where it is handed over this way. What was looked at for a copy that another replaces is kept (`_moved`)."""
    if option is None or not option.is_collected:
        return line.limits
    terms, facts = getattr(line.record, "terms", None), getattr(line.record.product, "facts", None)
    condition = terms.condition if terms else Condition.NEW
    found = limits.of_line(facts, condition, parcel.shop, option, to, digital=line.is_digital, area="")
    return found._replace(refused=found.refused and line.limits.refused) if line.limits.place else found


def _moved(line: PlannedLine, offer: Offer) -> PlannedLine:
    facts = getattr(line.record.product, "facts", None)
    return replace(
        line,
        unit_price_minor=offer.price_minor,
        sellable=offer.units,
        is_digital=is_digital(facts, offer.availability),
        is_new_book=book_law.is_new_book(facts, offer.condition),
        limits=limits.elsewhere(line.limits, facts, used=offer.is_used),
        as_of=offer.as_of,
        supply=offer.supply,
    )
