"""Processes that die at every failpoint, at later passages, and again elsewhere: nothing is lost, nothing repeated."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests import crashing
from tests.journeys.market import nothing_is_wrong
from tests.proof.sizes import sized

SEED, TELLINGS = 20260302, 8  # of each failpoint
MOST_DEATHS = 4
PASSAGES = [1, 1, 1, 2, 3]  # at which of them; many failpoints see only one in a telling


def die_at_random(folder: Path, *, names: Sequence[str], tellings: int, seed: int) -> Mapping[str, object]:
    """Tell the story `tellings` times for each name, on the committed database at hand. Returns counts; raises
    AssertionError that says where processes died and what differs."""
    scene = crashing.scene(folder / "scene")
    with scene.again(folder / "undisturbed"):
        crashing.tell()
        assert nothing_is_wrong()
        undisturbed = crashing.outcome()
    deaths: Counter[str] = Counter()
    for name in names:
        for number in range(tellings):
            chance = random.Random(f"{seed}:{name}:{number}")
            others = chance.choices(crashing.IN_THE_STORY, k=chance.randint(0, MOST_DEATHS - 1))
            first = f"{name}:{chance.choice(PASSAGES) if number else 1}"
            fails = [first, *(f"{other}:{chance.choice(PASSAGES)}" for other in others)]
            died = crashing.die_and_compare(scene, folder / f"{name}-{number}", undisturbed, *fails)
            deaths.update(fail.partition(":")[0] for fail in died)
    never = [name for name in names if not deaths[name]]
    return {"seed": seed, "tellings": len(names) * tellings, "deaths": deaths.total(), "never died at": never}


@pytest.mark.proof
def test_death_anywhere_and_again_loses_nothing_and_repeats_nothing(committed_db, tmp_path, said):
    counts = die_at_random(tmp_path, names=crashing.IN_THE_STORY, tellings=sized(TELLINGS), seed=SEED)
    said(counts)
    assert counts["never died at"] == []
