"""Several people of one shop answer the same order at the moment at which its time is over: one of the answers and the
end counts, the others are told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import invariants
from shops.models import ShopOrder
from shops.orders import expiring, fulfilment
from shops.orders.fulfilment import FulfilmentError
from tests import factories
from tests.proof.sizes import sized
from tests.shops.racing import at_once

SEED, ROUNDS, UNITS = 20260302, 1_000, 3
ANSWERS = ["accept one", "accept all", "decline one", "decline all"]
END = "expire"


def answer_at_once(*, rounds: int, seed: int) -> Mapping[str, object]:
    """Its counts; `violations` are texts."""
    chance = random.Random(seed)
    shop = factories.shop(reserves_on_accept=True)
    won: Counter[str] = Counter()
    violations: list[str] = []
    for number in range(rounds):
        record = factories.stock_record(shop, units=UNITS)
        placed = factories.shop_order(shop, (record, UNITS), answer_due_at=timezone.now())
        doing = [END, *(chance.choice(ANSWERS) for _ in range(chance.choice([1, 2])))]
        chance.shuffle(doing)
        people = [(what, ShopOrder.objects.get(pk=placed.pk)) for what in doing]
        results = at_once(lambda n, people=people: _answer(*people[n]), len(people))
        winners = [result for result in results if isinstance(result, str)]
        won.update(winners)
        violations += [f"round {number}: {text}" for text in _wrong(placed, winners, results)]
    violations += invariants.counters_that_differ() + invariants.ends_without_cause()
    return {"seed": seed, "rounds": rounds, **dict(sorted(won.items())), "violations": violations}


def _answer(what: str, seen: ShopOrder) -> str:
    line = seen.lines.get()
    line.shop_order = seen
    now = timezone.now()
    if what == END:
        if not expiring.expire(seen, now=now):
            raise FulfilmentError("somebody answered")
    elif what == "accept all":
        fulfilment.accept_all(seen, by=what, now=now)
    elif what == "accept one":
        fulfilment.accept(line, 1, by=what, now=now)
    else:
        fulfilment.decline(line, 1 if what == "decline one" else UNITS, by=what, reason="other", now=now)
    return what


def _wrong(placed: ShopOrder, winners: list[str], results: list[object]) -> list[str]:
    """Exactly one answer is in the counts, the version, the trail and the letters; every other was told."""
    found = []
    told = sum(isinstance(result, FulfilmentError) for result in results)
    if (len(winners), told) != (1, len(results) - 1):
        found.append(f"{results}")
        return found
    line = placed.lines.get()
    accepted = {"accept one": 1, "accept all": UNITS}.get(winners[0], 0)
    declined = {"decline one": 1, "decline all": UNITS, END: UNITS}.get(winners[0], 0)
    if (line.accepted, line.declined) != (accepted, declined):
        found.append(f"{winners[0]} counted as {line.accepted} accepted, {line.declined} declined")
    placed.refresh_from_db()
    trail = AuditEntry.objects.filter(subject_type="shops.shoporder", subject_id=str(placed.pk))
    by = ["system" if winners == [END] else winners[0]]
    if (placed.version, [entry.actor_label for entry in trail]) != (1, by):
        found.append(f"version {placed.version}, audit {[entry.actor_label for entry in trail]}")
    letters = MailMessage.objects.filter(
        kind__startswith="shop_order", dedupe_key__contains=f":{placed.number}:"
    ).count()
    if letters != (0 if winners == ["accept one"] else 1):
        found.append(f"{letters} letters for {winners[0]}")
    return found


@pytest.mark.proof
def test_of_a_thousand_answers_at_once_one_counts(committed_db, said):
    counts = answer_at_once(rounds=sized(ROUNDS), seed=SEED)
    said(counts)
    assert counts["violations"] == []
