"""What a basket could come to if other shops supplied some of its lines: up to four proposals that differ.

Delivery is counted as the cheapest way by which a shop's parcel reaches the reader; collecting it counts where the shop
is as near as they want, is theirs, or sends nothing. New stays new; used copies are proposed for new ones only to
whoever asks for it, and a signed copy, a first edition or one with words of its own is replaced by nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oscar.apps.basket.models import Basket

from marketplace.checkout import delivery_steps
from marketplace.checkout.assigning import FAR_KM, Assignment, Goal, Offered, Source, Wish, assign, measure
from marketplace.checkout.delivery import Destination, options_by_shop
from marketplace.checkout.models import Checkout
from marketplace.checkout.planning import Plan, PlannedLine
from marketplace.foundation import network
from search import availability, directory
from search.offers import Offer
from search.reader import Reader
from shops.models import Condition, Shop, StockTerms

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
    `farthest_km` of its shops, None where one of them is not known."""

    goals: tuple[Goal, ...]
    after: Assignment
    before: Assignment | None
    moves: tuple[Move, ...]
    farthest_km: float | None

    @property
    def fewer_parcels(self) -> int | None:
        return self.before.parcels - self.after.parcels if self.before else None

    @property
    def less_minor(self) -> int | None:
        """What it costs less with delivery; negative where more."""
        return self.before.total_minor - self.after.total_minor if self.before else None

    def fingerprint(self) -> str:
        """Changes with whatever the reader saw of it."""
        moves = [
            (
                (move.line.basket_line_id, move.line.record.pk, move.line.quantity, move.line.unit_price_minor),
                (move.offer.stock_record_id, move.offer.price_minor),
            )
            for move in self.moves
        ]
        measured = [(of.parcels, of.goods_minor, of.delivery_minor) for of in (self.after, self.before) if of]
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
    Three queries, however many lines; none where there is nothing to choose, or too much to look through."""
    lines = [line for line in plan.lines if line.unit_price_minor is not None]
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.record.product_id] += line.quantity
    choices = [_choices(line, offers, wanted, plan.currency, used) for line in lines]
    present = [line.record.partner.shop.pk for line in lines]
    if not any(choices) or len(lines) > MOST_LINES:
        return Proposals()
    sources = _sources(choices, present, reader, _destination(basket))
    choices = [{shop: offer for shop, offer in where.items() if shop in sources} for where in choices]
    wishes = [_wish(line, where, shop) for line, where, shop in zip(lines, choices, present, strict=True)]
    before = None if any(line.missing for line in lines) else measure(wishes, sources, present)
    serves: dict[tuple[int, ...], tuple[Assignment, list[Goal]]] = {}
    for goal in Goal:
        after = assign(wishes, sources, goal, mine=reader.shop_id) if goal != Goal.NEAREST or reader.place else None
        if after:
            serves.setdefault(after.shops, (after, []))[1].append(goal)
    _, already = serves.pop(tuple(present), (None, []))
    found = [
        _proposal(
            after,
            goals,
            before,
            [(line, where.get(shop)) for line, where, shop in zip(lines, choices, after.shops, strict=True)],
            sources,
        )
        for after, goals in serves.values()
    ]
    return Proposals(tuple(found), tuple(already) if before else ())


def _proposal(
    after: Assignment,
    goals: Sequence[Goal],
    before: Assignment | None,
    supplied: Sequence[tuple[PlannedLine, Offer | None]],
    sources: Mapping[int, Source],
) -> Proposal:
    """`supplied`: each line with its offer in the other shop; None where it stays."""
    distances = [sources[shop].distance_km for shop in set(after.shops)]
    known = [distance for distance in distances if distance is not None]
    return Proposal(
        goals=tuple(goals),
        after=after,
        before=before,
        moves=tuple(Move(line, offer) for line, offer in supplied if offer is not None),
        farthest_km=max(known) if len(known) == len(distances) else None,
    )


def _wish(line: PlannedLine, where: Mapping[int, Offer], present: int) -> Wish:
    """What no other shop has, or nobody as much of, can only stay."""
    offered = [Offered(shop, offer.price_minor, offer.units) for shop, offer in where.items()]
    if not line.missing or not offered:
        offered.append(Offered(present, line.unit_price_minor or 0, line.quantity))
    return Wish(line.quantity, offered, present)


def _sources(
    choices: Sequence[Mapping[int, Offer]], present: Sequence[int], reader: Reader, to: Destination
) -> dict[int, Source]:
    """Of the shops that have most of the lines, the nearest of equals first, and of those where lines are now."""
    cards = directory.active()
    away = {pk: availability.distance(reader.place, card) for pk, card in cards.items()}
    having = Counter(shop for where in choices for shop in where if shop in cards)
    others = sorted(having, key=lambda pk: (-having[pk], away[pk] is None, away[pk] or 0, pk))[:MOST_SHOPS]
    asked = {*others, *present}
    options, shops = options_by_shop(asked), Shop.objects.in_bulk(asked)
    found = {}
    for pk in sorted(asked):
        near = reader.place is not None and (away.get(pk) or FAR_KM) <= reader.place.radius_km
        here = options[pk]
        ways = delivery_steps.steps(here, shops[pk], to, collects=near or pk == reader.shop_id)
        if not ways and pk in present:
            ways = delivery_steps.steps(here, shops[pk], to, collects=True) or ((0, 0),)
        if ways:
            found[pk] = Source(ways, away.get(pk))
    return found


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
        fits = offer.units >= wanted[line.record.product_id] and offer.currency == currency
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
