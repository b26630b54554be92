"""Whom the network's rules choose among the shops that can supply what another lacks, and what is kept of why."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.checkout import candidate_plans, candidates, routing_rules
from marketplace.checkout.candidate_plans import Found
from marketplace.checkout.models import RouteDecision, RoutingRules
from marketplace.checkout.routing_rules import Candidate
from shops.models import ReroutedUnits, Rerouting, ShopOrder

_CACHE_SECONDS = 5.0
_cached: tuple[float, RoutingRules | None] | None = None


@dataclass(frozen=True)
class Decision:
    """`row`: what `keep` writes, once it is carried out. `found`: who, with what it costs; None: nobody."""

    row: RouteDecision
    found: Found | None


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


def decide(row: Rerouting, parts: Sequence[ReroutedUnits], *, passed: Collection[int] = (), now: datetime) -> Decision:
    """Who is asked for these parts, of the shops but those `passed`. Two queries, and two more for each time that some
    are priced; rules read a moment ago."""
    rules = current()
    seen, left_out = candidates.seen(row, parts, now)
    least = len(parts) if row.is_whole else 1
    among = {
        one.candidate.shop: one for one in seen if one.candidate.shop not in passed and one.candidate.parts >= least
    }
    found: dict[int, Found] = {}

    def priced(wanted: Sequence[Candidate]) -> Sequence[Candidate]:
        new = [among[one.shop] for one in wanted if one.shop not in found]
        if new:
            costs, refused = candidate_plans.of(row, parts, new, now)
            found.update(costs)
            left_out.update(refused)
        return [replace(one, total_minor=found[one.shop].plan.total_minor) for one in wanted if one.shop in found]

    choice = routing_rules.choose([one.candidate for one in among.values()], links_of(rules), priced)
    known = [_with_total(one.candidate, found) for pk, one in among.items() if pk not in left_out]
    kept = RouteDecision(
        rerouting=row,
        rules=rules,
        decided_at=now,
        candidates=[routing_rules.kept(one) for one in known],
        steps=[{"link": step.link, "left": list(step.left)} for step in choice.steps] if choice else [],
        left_out=[{"shop": shop_id, "why": why} for shop_id, why in left_out.items()],
    )
    return Decision(kept, found[choice.shop] if choice else None)


def _with_total(candidate: Candidate, found: Mapping[int, Found]) -> Candidate:
    priced = found.get(candidate.shop)
    return replace(candidate, total_minor=priced.plan.total_minor) if priced else candidate


def keep(decision: Decision, made: ShopOrder | None) -> None:
    """In the transaction of what was decided. None: nobody could."""
    decision.row.shop_order = made
    decision.row.save()


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
