"""Whom the network's rules choose among the shops that can supply what another lacks, and what is kept of why."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.checkout import routing_rules
from marketplace.checkout.candidates import BROUGHT, Found
from marketplace.checkout.models import RouteDecision, RoutingRules
from marketplace.checkout.routing_rules import Candidate, Choice
from marketplace.foundation import gazetteer
from marketplace.foundation.places import distance_km
from search import confidence
from shops.models import DeliveryOption, Rerouting, Shop, ShopLoad, ShopOrder

_CACHE_SECONDS = 5.0
_cached: tuple[float, RoutingRules | None] | None = None
_UNSURE_FIRST = (confidence.DOUBTFUL, confidence.LIKELY, confidence.SURE)


@dataclass(frozen=True)
class Decision:
    """What `keep` writes, once it is carried out."""

    row: RouteDecision
    choice: Choice | None


def current() -> RoutingRules | None:
    """The version that counts; None: the usual order. One query every few seconds."""
    global _cached
    kept = _cached  # another thread may forget it meanwhile
    if not kept or time.monotonic() - kept[0] >= _CACHE_SECONDS:
        kept = _cached = (time.monotonic(), RoutingRules.objects.first())
    return kept[1]


def forget() -> None:
    global _cached
    _cached = None


def links_of(rules: RoutingRules | None) -> Sequence[str]:
    return rules.links if rules else routing_rules.USUAL


def decide(row: Rerouting, found: Sequence[Found], left_out: Mapping[int, str], *, now: datetime) -> Decision:
    """Without a query where the rules were read a moment ago and each shop came with its load."""
    rules = current()
    of = candidates_of(row, found, now=now)
    choice = routing_rules.choose(of, links_of(rules))
    kept = RouteDecision(
        rerouting=row,
        rules=rules,
        decided_at=now,
        candidates=[routing_rules.kept(one) for one in of],
        steps=[{"link": step.link, "left": list(step.left)} for step in choice.steps] if choice else [],
        left_out=[{"shop": shop_id, "why": why} for shop_id, why in left_out.items()],
    )
    return Decision(kept, choice)


def keep(decision: Decision, made: ShopOrder | None) -> None:
    """In the transaction of what was decided. None: nobody could."""
    decision.row.shop_order = made
    decision.row.save()


def candidates_of(row: Rerouting, found: Iterable[Found], *, now: datetime) -> list[Candidate]:
    near, readers = _where(row.shop_order), row.shop_order.order.checkout.reader_shop_id
    return [_candidate(one, near, readers, now) for one in found]


def _candidate(found: Found, near: tuple[float, float] | None, readers: int | None, now: datetime) -> Candidate:
    shop = found.shop
    load = getattr(shop, "load", None) or ShopLoad()
    at = _position(shop)
    levels = [confidence.level(line.sellable, line.as_of, shop.kept_share, now=now) for line in found.plan.lines]
    return Candidate(
        shop=shop.pk,
        parts=len(found.parts),
        total_minor=found.plan.total_minor,
        level=min(levels, key=_UNSURE_FIRST.index),
        km=round(distance_km(near, at), 1) if near and at else None,
        is_readers=shop.pk == readers,
        open_orders=load.open_orders,
        is_full=shop.orders_per_day is not None and load.orders_today >= shop.orders_per_day,
        routed_units=load.routed_units,
        declined_share=load.declined_share,
    )


def _where(declined: ShopOrder) -> tuple[float, float] | None:
    """Where the reader gets it: at the counter they chose, at their postcode where it is known, else near the shop that
    they chose."""
    option, checkout = declined.delivery_option, declined.order.checkout
    if option is not None and option.kind in BROUGHT and checkout.country == "FR":
        for town in gazetteer.at_postcode(checkout.postcode.strip())[:1]:
            return town.position
    if option is not None and option.kind == DeliveryOption.Kind.OTHER_SHOP and option.receiving_shop:
        return _position(option.receiving_shop)
    return _position(declined.shop)


def _position(shop: Shop) -> tuple[float, float] | None:
    if shop.latitude is None or shop.longitude is None:
        return None
    return shop.latitude, shop.longitude


@dataclass(frozen=True)
class Simulated:
    """What other rules would have decided: of how many decisions, which would be others (with the shop then asked), and
    {shop: (decisions now, then)}."""

    looked_at: int
    changed: tuple[tuple[RouteDecision, int], ...]
    by_shop: dict[int, tuple[int, int]]


def simulated(links: Sequence[str], *, most: int = 1_000) -> Simulated:
    """The last decisions that had a choice, by these rules. What was known then is all that is looked at: who had more
    to do afterwards would have had less, and the other way about."""
    changed, now_of, then_of = [], Counter[int](), Counter[int]()
    decisions = RouteDecision.objects.filter(shop_order__isnull=False).select_related("shop_order")[:most]
    for decision in decisions:
        assert decision.shop_order is not None
        chosen = decision.shop_order.shop_id
        choice = routing_rules.choose(map(routing_rules.thawed, decision.candidates), links)
        then = choice.shop if choice else chosen
        now_of[chosen] += 1
        then_of[then] += 1
        if then != chosen:
            changed.append((decision, then))
    shops = sorted(now_of | then_of)
    return Simulated(len(decisions), tuple(changed), {pk: (now_of[pk], then_of[pk]) for pk in shops})
