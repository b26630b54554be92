"""Killed at any failpoint, Halles goes on as if nothing had happened: every failpoint of the registry."""

from __future__ import annotations

import ast
import math
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from marketplace.foundation import leases
from marketplace.foundation.failpoints import FAILPOINTS, failpoint, passed
from marketplace.payments import calls
from marketplace.payments.models import MoneyCall
from tests import crashing
from tests.journeys.market import nothing_is_wrong
from tests.test_structure import CODE

ROOT = Path(__file__).resolve().parent.parent
DEFINITION = "marketplace/foundation/failpoints.py"


@pytest.fixture(scope="module")
def scene(committed_module, tmp_path_factory: pytest.TempPathFactory) -> crashing.Scene:
    return crashing.scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def in_order() -> list[str]:
    """The failpoints of the story by their first passages, once it was told undisturbed."""
    return []


@pytest.fixture(scope="module")
def undisturbed(
    in_order: list[str], scene: crashing.Scene, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """The outcome of the story when nobody dies."""
    with scene.again(tmp_path_factory.mktemp("undisturbed")):
        passed.clear()
        crashing.tell()
        in_order += passed
        assert nothing_is_wrong()
        return crashing.outcome()


def test_undisturbed_story_ends_as_reckoned_by_hand(undisturbed):
    """2 × 12.90 and 9.50 from the port, 2 × 11.95 from Mile End, 5 % on top, the port's part by post at 8.95, taxed.
    Mile End answers for one of two alone, the port declines one of two after the capture. Paid, Mile End gives 5.00
    back, of which 0.38 are commission and 0.06 its tax. A bank disputes 10.00, which costs 15.00 more."""
    total, mile, port_two, port_one = 7157, 2510, 3396, 1251
    assert port_two + port_one + mile == total
    assert undisturbed["payment"] == [("captured", total, total - mile // 2, port_two // 2 + 500)]
    # less 8 % of 22.40 and of 11.95, and on these 5 % and 9.975 % of tax
    to_port, to_mile = port_two // 2 + port_one - 179 - (9 + 18), mile // 2 - 96 - (5 + 10)
    assert undisturbed["balance at Stripe"] == [
        ("adjustment", -1000, 1500),
        ("charge", 2500, 103),
        ("charge", total - mile // 2, 201),
        ("refund", -port_two // 2, 0),
        ("refund", -500, 0),
        ("transfer", -to_port, 0),
        ("transfer", -to_mile, 0),
        ("transfer_refund", 500 - 38 - 6, 0),
    ]
    assert undisturbed["objects at Stripe"] == [
        ("checkout.session", 2),
        ("payment_intent", 2),
        ("refund", 2),
        ("transfer", 2),
    ]
    assert {number: left for number, *_, left in undisturbed["stock"]} == {
        "P1": 2, "P2": 0, "P3": 2, "P4": 2, "M1": 0, "M2": 4, "M3": 2,
    }  # fmt: skip
    assert (undisturbed["found"], undisturbed["left to do"]) == ([1, 1, 1], [])
    assert [(kind, times) for kind, _, times in undisturbed["letters"]] == [
        *[("account_changed", 1)] * 4,
        ("gift_card", 1),
        ("gift_card_bought", 1),
        *[("motion_closed", 1)] * 2,
        *[("motion_opened", 1)] * 2,
        ("order_placed", 1),
        ("refund_made", 1),
        ("shop_order_accepted", 1),
        ("shop_order_declined", 1),
        *[("shop_order_handed_over", 1)] * 2,
        *[("shop_order_new", 1)] * 2,
        *[("shop_order_ready", 1)] * 2,
        ("shop_order_taken_back", 1),
        ("shop_order_unanswered", 1),
        ("shop_webhook_changed", 1),
    ]


# One telling has several deaths, far apart from each other: each at the first passage of its failpoint, so that each of
# them is met undisturbed by those to come. `make proof` kills at random.
TELLINGS = math.ceil(len(crashing.IN_THE_STORY) / 8)


# On PostgreSQL every second telling: what is between two commits is the same code.
@pytest.mark.parametrize("number", range(0, TELLINGS, 2 if connection.vendor == "postgresql" else 1))
def test_death_at_failpoint_loses_nothing_and_repeats_nothing(number, scene, undisturbed, in_order, tmp_path):
    assert sorted(in_order) == crashing.IN_THE_STORY
    fails = [f"{name}:1" for name in in_order[number::TELLINGS]]
    assert crashing.die_and_compare(scene, tmp_path, undisturbed, *fails) == fails


def test_death_twice_in_a_row_loses_nothing(scene, undisturbed, tmp_path):
    """The process that takes over from the dead one dies at the same place, and so does the next."""
    fails = ["refund.after_call:1"] * 3
    assert crashing.die_and_compare(scene, tmp_path, undisturbed, *fails) == fails


def test_step_that_records_before_it_acts_is_noticed(scene, undisturbed, tmp_path, monkeypatch):
    """Negative control: what is recorded first and dies is never done."""

    def record_then_act(call: MoneyCall, now: datetime) -> bool:
        leases.finish(call, done_at=now)
        failpoint(f"{calls.POINTS[call.kind]}.before_call")
        moved = calls.MAKE[call.kind](call)
        MoneyCall.objects.filter(pk=call.pk).update(stripe_id=moved.stripe_id)
        calls.RECORD[call.kind](call, moved, now)
        return True

    monkeypatch.setattr(calls, "_move", record_then_act)
    with pytest.raises(AssertionError, match=r"\('refund', 1\), \('transfer', 2\)"):
        crashing.die_and_compare(scene, tmp_path, undisturbed, "refund.before_call:1")


def test_step_that_acts_again_blindly_is_noticed(scene, undisturbed, tmp_path, monkeypatch):
    """Negative control: a key made up at each try instead of a stored one, and no look at what the last try did."""
    monkeypatch.setattr(MoneyCall, "idempotency_key", property(lambda call: secrets.token_hex()))
    monkeypatch.setitem(calls.LOOK, MoneyCall.Kind.REFUND, lambda call: None)
    with pytest.raises(AssertionError, match=r"\('refund', 3\)"):
        crashing.die_and_compare(scene, tmp_path, undisturbed, "refund.after_call:1")


def passed_in(source: str) -> Iterator[str]:
    """The names given to `failpoint` in a file, as patterns: a name made up of parts stands for what fits."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
            (name,) = node.args
            parts = name.values if isinstance(name, ast.JoinedStr) else [name]
            yield "".join(re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in parts)


def unlisted(patterns: list[str]) -> list[str]:
    return [pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in FAILPOINTS)]


def test_failpoints_in_the_code_are_those_of_the_registry():
    sources = [path.read_text() for path in CODE if str(path.relative_to(ROOT)) != DEFINITION]
    patterns = [pattern for source in sources for pattern in passed_in(source)]
    assert unlisted(patterns) == []
    assert [name for name in FAILPOINTS if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []


def test_failpoint_that_is_not_listed_is_noticed():
    """Negative control, and what it does when it is passed all the same."""
    source = 'failpoint("mail.before_send")\nfailpoint("mail.while_sending")\nfailpoint(f"{point}.before_calling")'
    assert unlisted(list(passed_in(source))) == [r"mail\.while_sending", r"\w+\.before_calling"]
    with pytest.raises(KeyError, match="not listed"):
        failpoint("mail.while_sending")
