from pathlib import Path

import pytest

from search import queries
from search.documents import TitleDocument
from search.engines.base import Query, SearchError, Suggestion


def test_engine_is_the_one_of_the_settings(settings, tmp_path: Path) -> None:
    settings.SEARCH_ENGINE = "search.engines.tantivy.TantivyEngine"
    settings.SEARCH_INDEX_PATH = tmp_path / "one"
    queries.engine().write([TitleDocument(product_id=5, title="La Nausée")])
    assert queries.search(Query(text="nausee")).ids == (5,)
    assert queries.suggest("nau") == [Suggestion(kind="title", text="La Nausée", product_id=5)]
    assert queries.engine() is queries.engine()

    settings.SEARCH_INDEX_PATH = tmp_path / "other"
    with pytest.raises(SearchError):
        queries.search(Query(text="nausee"))
