"""What a reading costs depends on what it changes, not on how much is there already."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from catalog_sync.models import SyncRun
from catalog_sync.titles import candidates
from tests.catalog_sync import memory
from tests.catalog_sync.memory import article, feed, shelve
from tests.proof.test_feed_size import isbn

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite counts its own steps."),
]


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.register(monkeypatch)


def steps_of(act: Callable[[], object]) -> int:
    """Hundreds of instructions of SQLite's virtual machine."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, 100)
    try:
        act()
    finally:
        connection.connection.set_progress_handler(None, 100)
    return counted[0]


def read(articles: list, name: str) -> None:
    of = feed(name=name)
    shelve(of, *articles)
    assert memory.sync_now(of).state == SyncRun.State.DONE


@pytest.mark.parametrize("with_gtin", [True, False])
def test_new_articles_cost_the_same_beside_few_and_many(with_gtin):
    costs = []
    for number, others in enumerate([200, 4000]):
        read([article(f"G{n}", title=f"Goods {number} {n}") for n in range(others)], f"others-{number}")
        candidates.file_new()  # what a first list made is filed once, by whoever asks next
        gtins = [int(isbn(1000 * number + n)) if with_gtin else None for n in range(100)]
        articles = [article(f"N{n}", gtin=gtin) for n, gtin in enumerate(gtins)]
        costs.append(steps_of(lambda articles=articles, number=number: read(articles, f"new-{number}")))
    few, many = costs
    assert many < 1.5 * few
