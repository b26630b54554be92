import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from demo import titles
from search import indexing, queries, samples, side_by_side, text
from search.conformance import EngineConformance
from search.documents import TitleDocument
from search.engines import elasticsearch, fields
from search.engines.base import Engine, Query, SearchError, Sort
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.query import FACETS
from search.engines.tantivy import TantivyEngine
from tests import factories
from tests.search import elastic

if not elastic.reachable() and not elastic.EXPECTED:
    pytest.skip(elastic.MISSING, allow_module_level=True)

JARDIN = samples.title(1)


def test_the_server_is_there() -> None:
    assert elastic.reachable(), elastic.MISSING


@pytest.fixture
def engine(tmp_path: Path) -> ElasticsearchEngine:
    return opened(tmp_path)


def opened(place: Path) -> ElasticsearchEngine:
    return ElasticsearchEngine(os.environ["ELASTICSEARCH_URL"], elastic.index_name(place), place)


class TestElasticsearch(EngineConformance):
    @classmethod
    def opener(cls, place: Path) -> Callable[[], Engine]:
        return partial(ElasticsearchEngine, os.environ["ELASTICSEARCH_URL"], elastic.index_name(place), place)


def test_an_index_of_another_version_is_refused_until_rebuilt(
    engine: ElasticsearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.write([JARDIN])
    monkeypatch.setattr(fields, "TEXT_VERSION", 0)
    newer = opened(tmp_path)
    with pytest.raises(SearchError, match=r"no search index test-.*: run manage"):
        newer.search(Query())
    for refused in (lambda: newer.write([JARDIN]), lambda: newer.remove([1])):
        with pytest.raises(SearchError, match="built by another version: run manage"):
            refused()
    assert (newer.status().healthy, engine.status().healthy) == (False, True)
    assert newer.rebuild([JARDIN]) == 1
    assert newer.search(Query()).ids == (1,)
    assert len(newer._aliases()) == 2  # the other version may run on
    assert engine.status().healthy


def test_versions_side_by_side_leave_each_other_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, name = os.environ["ELASTICSEARCH_URL"], elastic.index_name(tmp_path)
    versions = []
    for version in ("old", "new"):
        monkeypatch.setattr(fields, "version", lambda version=version: version)
        versions.append(ElasticsearchEngine(address, name, tmp_path / version))
    old, new = versions
    title = TitleDocument(product_id=1, title="Un titre")
    for engine in (old, new, old, new):
        assert engine.rebuild([title]) == 1
    assert (old.status().documents, new.status().documents) == (1, 1)
    monkeypatch.setattr(elasticsearch, "GRACE", timedelta(0))
    assert new.rebuild([title]) == 1  # it has been in use for longer than the grace
    assert (old.status().lost, new.status().documents) == (True, 1)


def test_leftovers_of_killed_rebuilds_are_removed_by_the_next(engine: ElasticsearchEngine) -> None:
    engine.write([JARDIN])
    left = engine._make("left", engine._next, {})
    engine.write([samples.title(2)])
    assert engine.search(Query()).ids == (1, 2)
    engine.rebuild([JARDIN])
    ((index, aliases),) = engine._aliases().items()
    assert (index != left, aliases) == (True, [engine._live])


def test_writers_without_a_common_folder_end_with_one_index(tmp_path: Path, engine: ElasticsearchEngine) -> None:
    """A second machine's rebuild replaces the first one's, which says so."""
    other = ElasticsearchEngine(os.environ["ELASTICSEARCH_URL"], elastic.index_name(tmp_path), tmp_path / "another")

    def documents() -> Iterator[TitleDocument]:
        assert other.rebuild([samples.title(2)]) == 1
        yield JARDIN

    with pytest.raises(SearchError):
        engine.rebuild(documents())
    assert engine.search(Query()).ids == (2,)
    assert len(engine._aliases()) == 1


def test_a_change_that_the_server_refuses_is_an_error(
    engine: ElasticsearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.write([JARDIN])
    monkeypatch.setattr(elasticsearch, "_source", lambda document: b'{"unheard_of": [1]}')
    with pytest.raises(SearchError, match=r"refused 1 changes, the first because .*unheard_of"):
        engine.write([samples.title(2)])
    with pytest.raises(SearchError, match="refused"):
        engine.rebuild([samples.title(2)])
    assert engine.search(Query()).ids == (1,)


@pytest.mark.parametrize("name", ["halles.two", "Halles", "", "a*"])
def test_a_name_that_could_reach_other_indexes_is_refused(settings, name: str) -> None:
    settings.SEARCH_INDEX_NAME = name
    with pytest.raises(ImproperlyConfigured, match="HALLES_INDEX_NAME"):
        ElasticsearchEngine.from_settings(settings)
    settings.SEARCH_INDEX_NAME = "halles-2"
    assert ElasticsearchEngine.from_settings(settings)._live.startswith("halles-2.")


def test_nothing_but_search_errors_leaves_an_engine_without_a_server(tmp_path: Path) -> None:
    engine = ElasticsearchEngine("http://127.0.0.1:1", "test-none", tmp_path)
    calls = (
        lambda: engine.search(Query()),
        lambda: engine.suggest("jard"),
        lambda: engine.write([JARDIN]),
        lambda: engine.remove([1]),
        lambda: engine.rebuild([JARDIN]),
    )
    for call in calls:
        with pytest.raises(SearchError):
            call()
    assert not engine.status().healthy


def test_a_server_that_hangs_is_left_alone_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch, "SECONDS_TO_SEARCH", 0.1)
    asked: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        engine = ElasticsearchEngine(f"http://127.0.0.1:{server.getsockname()[1]}", "test-none", tmp_path)

        def accept() -> None:
            asked.append(server.accept()[0])

        accepting = threading.Thread(target=accept)
        accepting.start()
        for _ in range(5):
            with pytest.raises(SearchError):
                engine.search(Query())
        accepting.join()
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
        asked[0].close()
        engine._rests_until = 0  # negative control: after its rest it is asked again
        with pytest.raises(SearchError):
            engine.search(Query())
        server.accept()[0].close()


@pytest.mark.django_db
def test_a_site_whose_server_is_down_answers_from_sql_and_heals(client, settings, tmp_path: Path) -> None:
    settings.SEARCH_ENGINE = "tests.search.elastic.OwnIndex"
    settings.SEARCH_INDEX_PATH = tmp_path / "index"
    title = factories.product("La Peste")
    settings.SEARCH_ADDRESS = "http://127.0.0.1:1"
    page = client.get("/search/", {"q": "peste"})
    assert [row.product for row in page.context["rows"]] == [title]
    assert (page.context["failed"], client.get("/suggest/?q=peste").content) == (True, b"\n")
    assert indexing.heal_index(timezone.now()) == 0  # who does not answer has lost nothing
    settings.SEARCH_ADDRESS = os.environ["ELASTICSEARCH_URL"]
    assert client.get("/search/", {"q": "peste"}).context["failed"]
    assert (indexing.heal_index(timezone.now()), indexing.heal_index(timezone.now())) == (1, 0)
    page = client.get("/search/", {"q": "pestes"})
    assert ([row.product for row in page.context["rows"]], page.context["failed"]) == ([title], False)
    assert queries.engine().status().documents == 1


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Engine]:
    """Both engines with the demo's best known titles."""
    one = opened(tmp_path_factory.mktemp("elasticsearch"))
    other = TantivyEngine(tmp_path_factory.mktemp("tantivy"))
    for engine in (one, other):
        engine.rebuild(DEMO)
    return one, other


def _demo(number: int) -> Iterator[TitleDocument]:
    """Real titles, with stock and prices as by chance."""
    chance = random.Random(20261126)
    known = [*islice(titles.french(1), number // 2), *islice(titles.goodbooks(1), number // 2)]
    for product_id, title in enumerate(known, 1):
        in_stock = tuple(chance.sample(samples.SHOPS, chance.choice([0, 1, 2, 4])))
        yield samples.title(
            product_id,
            title=title.title,
            gtin=int(title.gtin) if title.gtin else None,
            contributors=tuple(name for name, _ in title.contributors),
            series=title.series,
            series_number=title.series_number,
            publisher=title.publisher,
            subjects=(title.subject[:1], title.subject),
            subject_labels=" ".join(titles.SUBJECTS.get(title.subject, ())),
            description=title.description,
            language=title.language,
            form=title.form,
            conditions=("new",) if in_stock else (),
            shops_in_stock=in_stock,
            price_new_minor=title.price_minor if in_stock else None,
            publication_ordinal=int(title.year[:4]) * 10_000 + 101 if title.year[:4].isdigit() else None,
            popularity=round(title.popularity * 100),
        )


DEMO = list(_demo(1_000))


def test_both_engines_put_the_same_first_for_titles_and_isbns(two: tuple[Engine, Engine]) -> None:
    known = random.Random(1).sample(DEMO, 60)
    asked = [Query(text=document.title, facets=("shop",), page_size=50) for document in known]
    asked += [Query(text=str(document.gtin)) for document in known[:20] if document.gtin]
    assert side_by_side.differences(*two, asked) == []


def test_both_engines_find_and_count_the_same(two: tuple[Engine, Engine]) -> None:
    """Words, authors, words with a letter left out, filters, and every order."""
    chance = random.Random(2)
    asked = [
        Query(text="love", shops=frozenset([3]), price_to_minor=1_500, facets=FACETS, page_size=50),
        *(Query(sort=sort, facets=FACETS, languages=("eng",), page_size=50) for sort in Sort),
    ]
    for document in chance.sample(DEMO, 40):
        word = max(text.tokens(document.title), key=len)
        at = chance.randrange(len(word))
        asked.append(Query(text=f"{word} {document.contributors[0]}", page_size=50))
        asked.append(Query(text=word[:at] + word[at + 1 :], facets=("shop",), page_size=50))
    assert side_by_side.differences(*two, asked, first=False) == []


def test_both_engines_suggest_the_same(two: tuple[Engine, Engine]) -> None:
    one, other = two
    for typed in ("harry pott", "hary pot", "le pet", "victor hu", "the hunger gam", "mocki", "l'étr", "astér"):
        assert {found.text for found in one.suggest(typed)} == {found.text for found in other.suggest(typed)}, typed


def test_differences_name_what_two_engines_do_not_share(two: tuple[Engine, Engine], tmp_path: Path) -> None:
    """Negative control."""
    less = TantivyEngine(tmp_path)
    less.rebuild(document for document in DEMO if document.title != "The Hunger Games")
    found = side_by_side.differences(two[0], less, [Query(text="The Hunger Games", facets=("language",))])
    assert [line.partition(" is ")[0] for line in found] == [
        f"'The Hunger Games': {name}" for name in ("total", "the first", "found", "language")
    ]
