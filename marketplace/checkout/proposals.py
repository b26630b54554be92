"""What a basket could come to if other shops supplied some of its lines: up to four proposals that differ.

Delivery is counted as the cheapest way by which a shop's parcel reaches the reader; collecting it counts where the shop
is as near as they want, is theirs, or sends nothing. Each is priced as the checkout would before it is shown, and what
does not keep the promise of its goal is dropped. New stays new; used copies are proposed for new ones only to
whoever asks for it, and a signed copy, a first edition or one with words of its own is replaced by nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from oscar.apps.basket.models import Basket

from marketplace.checkout import checkouts, comparing, delivery, delivery_steps
from marketplace.checkout.assigning import FAR_KM, Assignment, Goal, Offered, Source, Wish, assign, measure
from marketplace.checkout.comparing import Supplier
from marketplace.checkout.delivery import Destination, Trip, hours_by_shop, options_by_shop
from marketplace.checkout.models import Checkout
from marketplace.checkout.planning import Plan, PlannedLine
from marketplace.foundation import network
from search import availability, directory
from search.offers import Offer
from search.reader import Reader
from shops import load
from shops.models import Condition, Shop, StockTerms
from shops.opening import NO_HOURS

MOST_LINES = 60
MOST_SHOPS = 40
_GRADES = list(Condition)


@dataclass(frozen=True)
class Move:
    """A line that would come from another shop: its offer there."""

    line: PlannedLine
    offer: Offer

    @property
    def change_minor(self) -> int:
        """What the whole line then costs more (or less)."""
        return self.line.quantity * (self.offer.price_minor - (self.line.unit_price_minor or 0))


@dataclass(frozen=True)
class Proposal:
    """`goals` that it serves best. `before` is the basket as it is; None where that cannot be bought as it stands.
    Prices with delivery and tax, in minor units; None where that of the basket as it is is not known. `farthest_km` of
    its shops, None where one of them is not known."""

    goals: tuple[Goal, ...]
    after: Assignment
    before: Assignment | None
    price_minor: int
    price_before_minor: int | None
    moves: tuple[Move, ...]
    farthest_km: float | None

    @property
    def fewer_parcels(self) -> int | None:
        return self.before.parcels - self.after.parcels if self.before else None

    @property
    def less_minor(self) -> int | None:
        """What it costs less with delivery and tax; negative where more."""
        return None if self.price_before_minor is None else self.price_before_minor - self.price_minor

    def fingerprint(self) -> str:
        """Changes with whatever the reader saw of it."""
        moves = [
            (
                (move.line.basket_line_id, move.line.record.pk, move.line.quantity, move.line.unit_price_minor),
                (move.offer.stock_record_id, move.offer.price_minor),
            )
            for move in self.moves
        ]
        measured = [of.parcels for of in (self.after, self.before) if of], self.price_minor, self.price_before_minor
        return hashlib.sha256(repr((moves, measured)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Proposals:
    """`already`: goals that the basket serves best as it is."""

    found: tuple[Proposal, ...] = ()
    already: tuple[Goal, ...] = ()


def _destination(basket: Basket) -> Destination:
    """Where the reader has said that this basket goes, else somewhere in the network's country."""
    said = Checkout.objects.filter(basket_id=basket.pk).exclude(postcode="").order_by("-pk")
    country, postcode = said.values_list("country", "postcode").first() or ("", "")
    return Destination(country=country or network.current().country, postcode=postcode)


def propose(
    plan: Plan, offers: Mapping[int, Sequence[Offer]], reader: Reader, basket: Basket, *, used: bool = False
) -> Proposals:
    """`offers`: of all products of the plan (`search.offers.offers_of`). `used`: used copies may replace new ones.
    Three queries, however many lines (a fourth where couriers have slots); none where there is nothing to choose, or
    too much to look through."""
    sent = [line for parcel in plan.sent for line in parcel.lines]  # a download has no parcel that could be spared
    lines = [line for line in sent if line.unit_price_minor is not None]
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.record.product_id] += line.quantity
    choices = [_choices(line, offers, wanted, plan.currency, used) for line in lines]
    present = [line.record.partner.shop.pk for line in lines]
    if not any(choices) or len(lines) > MOST_LINES:
        return Proposals()
    trip = Trip(now=reader.now, currency=plan.currency, to=_destination(basket))
    suppliers, sources = _sources(lines, choices, present, reader, trip)
    choices = [{shop: offer for shop, offer in where.items() if shop in sources} for where in choices]
    wishes = [_wish(line, where, shop) for line, where, shop in zip(lines, choices, present, strict=True)]
    before = None if any(line.missing for line in lines) else measure(wishes, sources, present)
    serves: dict[tuple[int, ...], tuple[Assignment, list[Goal]]] = {}
    for goal in Goal:
        after = assign(wishes, sources, goal, mine=reader.shop_id) if goal != Goal.NEAREST or reader.place else None
        if after:
            serves.setdefault(after.shops, (after, []))[1].append(goal)
    _, already = serves.pop(tuple(present), (None, []))

    def price(shops: Sequence[int]) -> int | None:
        supplied = [(line, shop, where.get(shop)) for line, where, shop in zip(lines, choices, shops, strict=True)]
        of = comparing.priced(supplied, suppliers, currency=plan.currency, tax_included=plan.tax_included)
        return of.total_minor if of else None

    price_before = price(present) if before else None
    found = []
    for after, goals in serves.values():
        if (price_after := price(after.shops)) is not None:
            moves = [
                Move(line, where[shop])
                for line, where, shop in zip(lines, choices, after.shops, strict=True)
                if shop in where
            ]
            far = _farthest(after, sources)
            found.append(Proposal(tuple(goals), after, before, price_after, price_before, tuple(moves), far))
    found = _kept(found, reader.shop_id)
    if any((one.less_minor or 0) > 0 for one in found):
        already = [goal for goal in already if goal != Goal.CHEAPEST]
    return Proposals(tuple(found), tuple(already) if before else ())


def _farthest(after: Assignment, sources: Mapping[int, Source]) -> float | None:
    distances = [sources[shop].distance_km for shop in set(after.shops)]
    known = [distance for distance in distances if distance is not None]
    return max(known) if len(known) == len(distances) else None


def _kept(found: Sequence[Proposal], mine: int | None) -> list[Proposal]:
    """Those that keep the promise of a goal, with the goals that they do keep. The cheapest is what is cheapest of all
    that were priced, whatever the search took it for."""
    least = min(found, key=lambda one: (one.price_minor, one.after.parcels), default=None)
    kept = []
    for one in found:
        goals: list[Goal] = [goal for goal in one.goals if goal != Goal.CHEAPEST and _serves(one, goal, mine)]
        if one is least and _serves(one, Goal.CHEAPEST, mine):
            goals.append(Goal.CHEAPEST)
        if goals:
            kept.append(replace(one, goals=tuple(goal for goal in Goal if goal in goals)))
    return kept


def _serves(one: Proposal, goal: Goal, mine: int | None) -> bool:
    """More than the basket as it is; where that cannot be bought, anything does. Of equals the cheaper does."""
    before, after = one.before, one.after
    if before is None:
        return True
    cheaper = (one.less_minor or 0) > 0
    if goal == Goal.CHEAPEST:
        return cheaper
    fewer, nearer = before.parcels - after.parcels, before.way - after.way
    gain = {Goal.FEWEST: fewer, Goal.NEAREST: nearer, Goal.MINE: after.shops.count(mine) - before.shops.count(mine)}  # type: ignore[arg-type]
    return gain[goal] > 0 or (gain[goal] == 0 and cheaper) or (goal == Goal.MINE and gain[goal] == 0 and fewer > 0)


def _wish(line: PlannedLine, where: Mapping[int, Offer], present: int) -> Wish:
    """What no other shop has, or nobody as much of, can only stay."""
    offered = [Offered(shop, offer.price_minor, offer.units) for shop, offer in where.items()]
    if not line.missing or not offered:
        offered.append(Offered(present, line.unit_price_minor or 0, line.quantity))
    return Wish(line.quantity, offered, present)


def _sources(
    lines: Sequence[PlannedLine],
    choices: Sequence[Mapping[int, Offer]],
    present: Sequence[int],
    reader: Reader,
    trip: Trip,
) -> tuple[dict[int, Supplier], dict[int, Source]]:
    """Of the shops that have most of the lines, the nearest of equals first, and of those where lines are now."""
    cards = directory.active()
    away = {pk: availability.distance(reader.place, card) for pk, card in cards.items()}
    having = Counter(shop for where in choices for shop in where if shop in cards)
    others = sorted(having, key=lambda pk: (-having[pk], away[pk] is None, away[pk] or 0, pk))[:MOST_SHOPS]
    asked = {*others, *present}
    options, shops = options_by_shop(asked), Shop.objects.select_related("load").in_bulk(asked)
    barred = {shop.pk for shop in checkouts.without_payout(shops.values())} - {*present}
    slotted = any(delivery.needs_slot(one) for of in options.values() for one in of)
    hours = hours_by_shop(options, trip.now) if slotted else {}
    suppliers, found = {}, {}
    for pk in sorted(asked - barred):
        near = reader.place is not None and (away.get(pk) or FAR_KM) <= reader.place.radius_km
        its = replace(trip, hours=hours.get(pk, NO_HOURS), full_days=load.full_days(shops[pk]))
        theirs = [line for line, where, at in zip(lines, choices, present, strict=True) if (pk in where or at == pk)]
        for collects in (near or pk == reader.shop_id, pk in present):
            ways = delivery_steps.counted(options[pk], its, collects=collects)
            steps = delivery_steps.steps(ways, shops[pk], theirs, its)
            if steps:
                break
        if steps or pk in present:
            suppliers[pk] = Supplier(shops[pk], ways, its)
            found[pk] = Source(steps or ((0, 0),), away.get(pk))
    return suppliers, found


def _choices(
    line: PlannedLine, offers: Mapping[int, Sequence[Offer]], wanted: Mapping[int, int], currency: str, used: bool
) -> dict[int, Offer]:
    """By other shop, the cheapest copy that may stand for the line's. It must have enough for all lines of the title,
    since several may come to it."""
    terms = getattr(line.record, "terms", None)
    if terms is not None and (terms.signed or terms.first_edition or terms.note):
        return {}
    found: dict[int, Offer] = {}
    own = line.record.partner.shop.pk
    for offer in offers.get(line.record.product_id, ()):
        fits = offer.units >= wanted[line.record.product_id] and offer.currency == currency and not offer.is_download
        if fits and offer.shop.pk != own and _stands_for(offer, terms, used):
            cheapest = found.setdefault(offer.shop.pk, offer)
            if offer.price_minor < cheapest.price_minor:
                found[offer.shop.pk] = offer
    return found


def _stands_for(offer: Offer, terms: StockTerms | None, used: bool) -> bool:
    if offer.signed or offer.first_edition:
        return used  # a copy of its own
    condition = Condition(terms.condition) if terms else Condition.NEW
    if used or condition == offer.condition:
        return True
    return condition != Condition.NEW != offer.condition and _GRADES.index(condition) > _GRADES.index(
        Condition(offer.condition)
    )
