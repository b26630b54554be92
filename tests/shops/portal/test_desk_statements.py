"""The desk's statements are compiled once: each says the same as one compiled anew, and finds it for whoever asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone

from marketplace.foundation.prepared import Prepared, _flat
from shops import queries
from shops.portal import queue, queue_context
from tests import factories
from tests.shops.portal.conftest import Stall

NOW = timezone.now()
FIRST, PRESSED, WAITING = queue._FIRST, queue._PRESSED_OR_BACK, queue_context._WAITING
ASKED: list[tuple[Prepared, tuple[Any, ...]]] = [
    (FIRST, (3, 7, NOW, ())),
    (FIRST, (4, 8, NOW - timedelta(days=2), ())),
    (FIRST, (7, 7, NOW, (7, 9))),
    (FIRST, (7, 3, NOW, (11, 7))),
    (PRESSED, (7,)),
    (PRESSED, (3,)),
    (WAITING, (3, 7, NOW)),
    (WAITING, (12, 12, NOW - timedelta(hours=5))),
]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("prepared", "values"), ASKED)
def test_it_is_the_statement_that_would_be_compiled_anew(prepared: Prepared, values: tuple[Any, ...]) -> None:
    sql, parameters = prepared._build(*values).query.get_compiler(connection=connection).as_sql()
    kept, flat = prepared._statement(values), _flat(values)
    of_values = dict(kept.places)
    filled = [flat[of_values[place]] if place in of_values else one for place, one in enumerate(kept.parameters)]
    assert (kept.sql, filled) == (sql, list(parameters))


def test_each_shop_finds_its_own_and_each_time_what_is_there_now(ours: Stall, theirs: Stall) -> None:
    def found(of: Stall, *, at: Stall | None = None, pressed: tuple[int, ...] = ()) -> list[str]:
        rows = FIRST.objects(queries.key_of(of.staff), (at or of).shop.pk, NOW, pressed)
        return sorted(row.number for row in rows)

    assert (found(ours), found(theirs)) == ([ours.order.number], [theirs.order.number])
    assert found(ours, at=theirs) == []
    another = factories.shop_order(ours.shop)
    assert found(ours) == sorted([ours.order.number, another.number])
    assert found(ours, pressed=(another.pk,)) == [ours.order.number]


def test_who_may_not_come_in_finds_nothing(ours: Stall) -> None:
    ours.staff.is_active = False
    assert (queries.key_of(ours.staff), queries.key_of(AnonymousUser())) == (0, 0)
    assert not any(group.rows for group in queue.queue(ours.staff, ours.shop, now=NOW))
