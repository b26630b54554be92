"""Documents made by a second process come in their order, and its end is not taken for that of its work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oscar.apps.catalogue.models import Product

from search import indexing, queries
from search.ahead import AheadError, made_ahead
from search.engines.base import Query
from tests import factories
from tests.factories import NOON


def test_lists_come_in_their_order():
    assert list(made_ahead(lambda: ([number, number + 1] for number in range(0, 10, 2)))) == list(range(10))
    assert list(made_ahead(list)) == []


def test_end_of_the_process_is_no_end_of_the_work(capfd):
    def fail() -> Iterator[list[int]]:
        yield [1]
        raise ValueError("broken")

    found = made_ahead(fail)
    assert next(found) == 1
    with pytest.raises(AheadError):
        next(found)
    assert "ValueError: broken" in capfd.readouterr().err


def test_index_is_built_from_what_a_second_process_reads(committed_db, settings, tmp_path, monkeypatch):
    settings.SEARCH_INDEX_PATH = tmp_path / "index"
    monkeypatch.setattr(indexing, "_READ_AHEAD_FROM", 1)
    factories.network()
    known = [factories.product(title) for title in ("Kamouraska", "La Peste")]
    assert indexing.rebuild(NOON) == 2
    assert set(queries.search(Query()).ids) == {product.pk for product in known}
    assert Product.objects.count() == 2  # the connection is still ours
