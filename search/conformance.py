"""What every search engine must do. An engine's test file is a subclass that says how its engine is opened::

class TestTantivy(EngineConformance):
    @classmethod
    def opener(cls, place: Path) -> Callable[[], Engine]:
        return partial(TantivyEngine, place)
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from search import samples, side_by_side
from search.documents import TitleDocument
from search.engines.base import Engine, Page, Query, SearchError, Sort, Suggestion
from search.engines.query import DEEPEST_HIT, FACETS

CATALOGUE = samples.catalogue()
BY_TITLE = {document.title: document.product_id for document in CATALOGUE}
_PATIENCE_SECONDS = 60

_settings = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.differing_executors],
)


class EngineConformance:
    """Inherit, write ``opener``, and every test below runs."""

    # subclass implementation

    @classmethod
    def opener(cls, place: Path) -> Callable[[], Engine]:
        """Opens the index of a place, a different index for each; can be pickled and called in another process."""
        raise NotImplementedError

    # for all engines

    @pytest.fixture(scope="class")
    @classmethod
    def filled(cls, tmp_path_factory: pytest.TempPathFactory) -> Engine:
        """An engine with the whole sample, for tests that only read."""
        engine = cls.opener(tmp_path_factory.mktemp("filled"))()
        engine.rebuild(iter(CATALOGUE))
        return engine

    @pytest.fixture
    def opening(self, tmp_path: Path) -> Callable[[], Engine]:
        """Opens an index that is not there yet, anew at each call, as another process would."""
        return self.opener(tmp_path / "index")

    @pytest.mark.parametrize(
        ("title", "typed"), [(title, typed) for title, all_ in samples.SPELLINGS for typed in all_]
    )
    def test_search_finds_every_spelling_first(self, filled: Engine, title: str, typed: str) -> None:
        assert filled.search(Query(text=typed)).ids[:1] == (BY_TITLE[title],)

    @pytest.mark.parametrize(("title", "typed"), [(title, typed) for title, all_ in samples.ISBNS for typed in all_])
    def test_search_finds_an_isbn_alone(self, filled: Engine, title: str, typed: str) -> None:
        assert filled.search(Query(text=typed)) == Page(ids=(BY_TITLE[title],), total=1)

    @pytest.mark.parametrize("document", CATALOGUE[:30], ids=lambda document: document.title)
    def test_search_finds_an_exact_title_first(self, filled: Engine, document: TitleDocument) -> None:
        assert filled.search(Query(text=document.title)).ids[:1] == (document.product_id,)

    @pytest.mark.parametrize("typed", ["Albert Camus", "Camus, Albert", "camus albert", "ALBERT CAMUS"])
    def test_search_finds_an_author_in_either_order(self, filled: Engine, typed: str) -> None:
        assert set(filled.search(Query(text=typed)).ids) == {BY_TITLE["L'Étranger"], BY_TITLE["La Peste"]}

    @given(query=samples.QUERIES)
    @_settings
    def test_filters_and_facets_equal_a_count_by_hand(self, filled: Engine, query: Query) -> None:
        check_against_count_by_hand(filled, query)

    @pytest.mark.parametrize("text", ["", "jardin", "l'étranger", "9782070360024", "?!", "xyzzyplugh"])
    def test_a_count_is_what_is_found_as_written(self, filled: Engine, text: str) -> None:
        query = Query(text=text, languages=("fr",))
        page = filled.search(query)
        assert filled.count(query) == (0 if page.corrected else page.total)

    def test_quoted_words_are_found_only_together(self, filled: Engine) -> None:
        assert filled.search(Query(text='"prince petit"')).corrected
        assert filled.search(Query(text="«\u00a0petit prince\u00a0»")) == Page(
            ids=(BY_TITLE["Le Petit Prince"],), total=1
        )

    def test_a_typo_is_said_and_its_spelling_suggested(self, filled: Engine) -> None:
        page = filled.search(Query(text="Wuthring Hieghts"))
        assert page == Page(
            ids=(BY_TITLE["Wuthering Heights"],), total=1, corrected=True, suggestion="wuthering heights"
        )

    def test_a_typo_changes_nothing_where_the_word_is_known(self, filled: Engine) -> None:
        known = filled.search(Query(text="jardin", page_size=50))
        assert (known.corrected, known.suggestion) == (False, None)
        none_here = filled.search(Query(text="jardin", shops=frozenset([99])))
        assert (none_here.total, none_here.corrected) == (0, False)

    def test_words_of_which_one_is_unknown_find_most_words(self, filled: Engine) -> None:
        page = filled.search(Query(text="hobbit tolkien xyzzyx"))
        assert (page.ids[0], page.corrected) == (BY_TITLE["The Hobbit"], True)

    @pytest.mark.parametrize("typed", ["zzqx", "???", "xyzzyx qwrtpl"])
    def test_unknown_words_find_nothing(self, filled: Engine, typed: str) -> None:
        assert filled.search(Query(text=typed)) == Page(ids=(), total=0)

    @pytest.mark.parametrize("typed", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
    def test_hostile_texts_are_answered(self, filled: Engine, typed: str) -> None:
        assert isinstance(filled.search(Query(text=typed, facets=FACETS)), Page)
        assert isinstance(filled.suggest(typed), list)

    def test_values_out_of_bounds_are_answered(self, filled: Engine) -> None:
        codes = tuple(f"code {number}" for number in range(5_000))
        wild = Query(
            page=10**30,
            page_size=10**9,
            shops=frozenset([-1, 2**70]),
            subjects=codes,
            price_to_minor=2**80,
            facets=("x",),
        )
        assert filled.search(wild) == Page(ids=(), total=0)
        assert len(filled.search(Query(page_size=10**9)).ids) == 50
        assert filled.search(Query(sort="by magic")) == filled.search(Query())  # type: ignore[arg-type]

    def test_pages_go_through_all_titles_without_repeats(self, filled: Engine) -> None:
        for sort in Sort:
            pages = [filled.search(Query(sort=sort, page=page, page_size=7)) for page in range(1, 45)]
            ids = [product_id for page in pages for product_id in page.ids]
            assert sorted(ids) == sorted(document.product_id for document in CATALOGUE)
            assert {page.total for page in pages} == {len(CATALOGUE)}

    def test_a_page_beyond_the_deepest_is_empty_and_keeps_its_total(self, filled: Engine) -> None:
        assert filled.search(Query(page=DEEPEST_HIT, page_size=20)) == Page(ids=(), total=len(CATALOGUE))

    def test_sorting_by_price_follows_the_condition(self, filled: Engine) -> None:
        for conditions, price in (((), _cheapest), (("new",), _new), (("good",), _used)):
            page = filled.search(Query(sort=Sort.PRICE, conditions=conditions, price_from_minor=0, page_size=50))
            prices = [price(CATALOGUE[product_id - 1]) for product_id in page.ids]
            assert len(prices) == 50
            assert prices == sorted(prices)

    def test_sorting_by_newest_and_by_title(self, filled: Engine) -> None:
        newest = [
            CATALOGUE[i - 1].publication_ordinal or 0 for i in filled.search(Query(sort=Sort.NEWEST, page_size=50)).ids
        ]
        assert newest == sorted(newest, reverse=True)
        titles = filled.search(Query(text="camus", sort=Sort.TITLE)).ids
        assert titles == (BY_TITLE["L'Étranger"], BY_TITLE["La Peste"])  # E before P: articles do not count

    def test_sorting_by_arrival_and_by_volume(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        volumes = [("T10", 20260103), ("tome 2", 20260101), ("", 20260102), ("2", 20260103), ("1", None)]
        engine.write(
            samples.title(number, series="Les Aventures", series_number=volume, added_ordinal=added)
            for number, (volume, added) in enumerate(volumes, 1)
        )
        asked = Query(series=("les aventures",))
        assert engine.search(replace(asked, sort=Sort.VOLUME)).ids == (5, 2, 4, 1, 3)
        assert engine.search(replace(asked, sort=Sort.ARRIVAL)).ids == (4, 1, 3, 2, 5)

    def test_stock_in_a_favoured_shop_comes_first_among_equals(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write(
            [
                *(samples.title(1), samples.title(2, shops_in_stock=(5,))),
                *(samples.title(3, shops_in_stock=(6,)), samples.title(4, popularity=5)),
            ]
        )
        assert engine.search(Query(text="jardin", favoured=frozenset([6]))).ids == (3, 2, 4, 1)
        assert engine.search(Query(favoured=frozenset([5]))).ids == (2, 3, 4, 1)

    def test_what_is_collected_lies_on_a_shelf(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write(
            [
                samples.title(1, shops_in_stock=(5, 6), shops_on_shelf=(6,), shops_orderable=()),
                samples.title(2, shops_in_stock=(5,), shops_on_shelf=(), shops_orderable=(6,)),
            ]
        )
        asked = Query(within=frozenset([5, 6]), orderable=True, facets=("shop",))
        assert sorted(engine.search(asked).ids) == [1, 2]
        page = engine.search(replace(asked, on_shelf=True))
        assert (page.ids, page.facets["shop"]) == ((1,), [(6, 1)])

    def test_an_exact_title_comes_before_a_popular_and_that_before_a_mention(
        self, opening: Callable[[], Engine]
    ) -> None:
        engine = opening()
        engine.write([
            samples.title(1, title="Ombres", subtitle="Un jardin"),
            samples.title(2, title="Le jardin des ombres", popularity=10**6, shops_in_stock=(1,)),
            samples.title(3, title="Le jardin"),
            samples.title(4, title="Poèmes", description="Dans un jardin."),
            samples.title(5, title="Jardin des neiges"),
        ])  # fmt: skip
        assert engine.search(Query(text="jardin", favoured=frozenset([1]))).ids == (3, 2, 5, 1, 4)

    def test_the_nearest_spelling_comes_before_a_popular_one(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write([
            samples.title(1, title="Mostly Harmless", popularity=10**6, shops_in_stock=(1,)),
            samples.title(2, title="The Heartless City"),
            samples.title(3, title="Heartless"),
        ])  # fmt: skip
        page = engine.search(Query(text="hartless"))
        assert (page.ids, page.corrected, page.suggestion) == ((3, 2, 1), True, "heartless")

    def test_of_titles_that_fit_alike_the_popular_comes_first(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write([
            samples.title(1, title="Vu", contributors=("Léa Carpentier",)),
            samples.title(2, title="Lu dans un train", contributors=("Léa Carpentier", "Paul Roy"), popularity=400),
            samples.title(3, title="Su", contributors=("Léa Carpentier",), popularity=20),
        ])  # fmt: skip
        assert engine.search(Query(text="carpentier, léa")).ids == (2, 3, 1)

    def test_a_popular_title_comes_before_one_that_only_begins_as_typed(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write([
            samples.title(1, title="Train du soir"),
            samples.title(2, title="La fille du train", popularity=1_000),
            samples.title(3, title="Le dernier train"),
        ])  # fmt: skip
        assert engine.search(Query(text="train")).ids == (2, 1, 3)

    def test_a_word_found_only_in_another_form_is_looked_for_with_typos_too(
        self, opening: Callable[[], Engine]
    ) -> None:
        engine = opening()
        engine.write([samples.title(1, title="La Tempête"), samples.title(2, title="The Tempest")])
        assert set(engine.search(Query(text="tempets")).ids) == {1, 2}
        assert engine.search(Query(text="tempête")).ids == (1,)

    @pytest.mark.parametrize(
        ("typed", "kind", "text"),
        [
            ("petit p", "title", "Le Petit Prince"),
            ("l'étr", "title", "L'Étranger"),
            ("camu", "author", "Albert Camus"),
            ("saint-ex", "author", "Antoine de Saint-Exupéry"),
            ("aster", "series", "Astérix"),
            ("harry pot", "series", "Harry Potter"),
            ("tolkein", "author", "J. R. R. Tolkien"),
            ("wutheri", "title", "Wuthering Heights"),
            ("wutherng hei", "title", "Wuthering Heights"),
            ("9782070360024", "title", "L'Étranger"),
        ],
    )
    def test_suggest_completes_what_is_being_typed(self, filled: Engine, typed: str, kind: str, text: str) -> None:
        product_id = BY_TITLE[text] if kind == "title" else None
        assert Suggestion(kind=kind, text=text, product_id=product_id) in filled.suggest(typed)  # type: ignore[arg-type]

    def test_suggest_keeps_its_limit_and_repeats_nothing(self, filled: Engine) -> None:
        for typed in ("l", "le", "jardin", "a", "harry", "", " ", "!"):
            found = filled.suggest(typed, limit=5)
            assert len(found) <= 5
            assert len({(suggestion.kind, suggestion.text) for suggestion in found}) == len(found)

    def test_a_change_is_found_at_once_by_everyone(self, opening: Callable[[], Engine]) -> None:
        writer, reader = opening(), opening()
        assert writer.write([samples.title(1), samples.title(2)]) == 2
        assert reader.search(Query(shops=frozenset([7]))).total == 0
        writer.write([samples.title(1, shops_in_stock=(7,))])
        assert reader.search(Query(shops=frozenset([7]), facets=("shop",))).facets == {"shop": [(7, 1)]}
        writer.remove([1, 12345])
        assert reader.search(Query()).ids == (2,)
        reader.write([samples.title(3)])
        assert set(writer.search(Query()).ids) == {2, 3}

    def test_a_title_written_twice_at_once_is_there_once(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write([samples.title(1, title="Avant"), samples.title(1, title="Après")])
        assert (engine.search(Query()).ids, engine.search(Query(text="après")).ids) == ((1,), (1,))

    def test_nothing_to_write_or_remove_is_no_change(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write([samples.title(1)])
        before = engine.status()
        assert engine.write([]) == 0
        engine.remove([])
        assert engine.status() == before

    def test_status_tells_of_the_index(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        missing = engine.status()
        assert engine.ready() is False
        assert (missing.healthy, missing.documents, missing.detail != "") == (False, 0, True)
        with pytest.raises(SearchError):
            engine.search(Query())
        engine.write([samples.title(1)])
        found = engine.status()
        assert engine.ready() is True
        assert (found.healthy, found.documents, found.bytes > 0) == (True, 1, True)
        assert found.last_commit is not None

    def test_rebuild_replaces_the_index_while_it_is_read(self, opening: Callable[[], Engine]) -> None:
        engine = opening()
        engine.write(CATALOGUE[:100])
        with side_by_side.reading(opening()) as totals:
            for number in (120, 140, 100):
                assert engine.rebuild(iter(CATALOGUE[:number])) == number
        assert totals <= {100, 120, 140}
        assert engine.search(Query()).total == 100

    def test_rebuild_keeps_what_is_written_meanwhile(self, opening: Callable[[], Engine]) -> None:
        engine, other = opening(), opening()
        engine.write([samples.title(1, title="Ancien"), samples.title(2), samples.title(3)])

        def documents() -> Iterator[TitleDocument]:
            yield samples.title(1, title="Ancien")
            yield samples.title(2)
            other.write([samples.title(1, title="Nouveau"), samples.title(4)])
            other.remove([2])
            assert set(other.search(Query()).ids) == {1, 3, 4}
            yield samples.title(5)

        engine.rebuild(documents())
        assert set(engine.search(Query()).ids) == {1, 4, 5}
        assert engine.search(Query(text="nouveau")).ids == (1,)

    @pytest.mark.parametrize("doing", ["write", "rebuild"])
    def test_documents_that_cannot_be_read_leave_the_index_as_it_was(
        self, opening: Callable[[], Engine], doing: str
    ) -> None:
        engine = opening()
        engine.write([samples.title(1)])

        def documents() -> Iterator[TitleDocument]:
            yield from map(samples.title, range(2, 3000))
            raise LookupError("the database went away")

        with pytest.raises(LookupError):
            getattr(engine, doing)(documents())
        assert engine.search(Query()).ids == (1,)
        assert engine.rebuild([samples.title(3)]) == 1
        assert opening().search(Query()).ids == (3,)

    def test_only_one_rebuild_runs(self, opening: Callable[[], Engine]) -> None:
        engine, other = opening(), opening()

        def documents() -> Iterator[TitleDocument]:
            with pytest.raises(SearchError):
                other.rebuild([])
            yield samples.title(1)

        assert engine.rebuild(documents()) == 1

    @pytest.mark.parametrize("doing", ["write", "rebuild"])
    def test_a_killed_writer_loses_nothing_committed(self, opening: Callable[[], Engine], doing: str) -> None:
        engine = opening()
        engine.write([samples.title(1)])
        before = engine.status().documents
        side_by_side.kill_while(doing, opening)
        engine.write([samples.title(2)])
        assert engine.search(Query(text="jardin")).total >= before + 1
        assert engine.rebuild([samples.title(3)]) == 1
        engine.write([samples.title(4)])
        assert set(opening().search(Query()).ids) == {3, 4}


def check_against_count_by_hand(engine: Engine, query: Query) -> None:
    """Matches, total and every facet are those that ``samples.expected`` counts."""
    ids, facets = samples.expected(CATALOGUE, query)
    found: set[int] = set()
    for page in range(1, 2 + len(ids) // query.page_size):
        answer = engine.search(replace(query, page=page))
        found.update(answer.ids)
        assert (answer.total, answer.corrected) == (len(ids), False)
        assert {
            name: {value.value: value.titles for value in values} for name, values in answer.facets.items()
        } == facets
    assert found == ids


def _cheapest(document: TitleDocument) -> int:
    return min(price for price in (document.price_new_minor, document.price_used_minor) if price is not None)


def _new(document: TitleDocument) -> int:
    return document.price_new_minor or 0


def _used(document: TitleDocument) -> int:
    return document.price_used_minor or 0
