import html
import threading
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django.utils.html import strip_tags

from marketplace.catalogue import changes
from marketplace.catalogue.models import Subject, TitleChange
from marketplace.catalogue.sanitising import sanitise
from search import indexing, queries
from search.documents import TitleDocument
from search.engines.base import Query, SearchError
from search.engines.generations import rebuilding_alone
from shops.models import Shop
from tests import factories

pytestmark = pytest.mark.django_db


def document_of(product) -> TitleDocument:
    (document,) = indexing.documents([product.pk], now=timezone.now())
    return document


def test_document_holds_what_is_known_of_a_title():
    Subject.objects.create(code="F", label_fr="Fiction", label_en="Fiction")
    Subject.objects.create(code="FB", label_fr="Romans", label_en="Novels")
    title = factories.product(
        "L'Étranger",
        gtin=9782070360024,
        subtitle="Roman",
        contributors=[{"name": "Camus, Albert", "role": "author"}],
        publisher="Gallimard",
        series="Folio",
        series_number="2",
        form="pocket",
        publication_date=date(1942, 5, 19),
        description="<p>Aujourd&rsquo;hui, <em>maman</em> est morte.</p>",
        subject_codes=["FBZ"],
        subject_path=["F", "FB", "FBZ"],
    )
    title.date_created = datetime(2026, 3, 1, 12, tzinfo=UTC)
    title.save()
    assert document_of(title) == TitleDocument(
        product_id=title.pk,
        title="L'Étranger",
        gtin=9782070360024,
        subtitle="Roman",
        contributors=("Camus, Albert",),
        series="Folio",
        series_number="2",
        publisher="Gallimard",
        subjects=("F", "FB"),
        subject_labels="Fiction Fiction Romans Novels",
        description="Aujourd’hui, maman est morte.",
        language="fr",
        form="pocket",
        publication_ordinal=19420519,
        added_ordinal=20260301,
    )


def test_document_counts_shops_prices_and_conditions():
    title = factories.product()
    has, used, orders = factories.shop(), factories.shop(), factories.shop()
    factories.stock_record(has, title, price="20.00")
    factories.stock_record(has, title, price="18.00", units=1)
    factories.stock_record(used, title, price="7.50", condition="good")
    factories.stock_record(orders, title, price="17.00", units=0, availability="orderable")
    factories.stock_record(factories.shop(), title, price="1.00", units=0)
    factories.stock_record(factories.shop(status=Shop.Status.PAUSED), title, price="2.00")
    document = document_of(title)
    assert document.shops_in_stock == document.shops_on_shelf == tuple(sorted((has.pk, used.pk)))
    assert document.shops_orderable == (orders.pk,)
    assert (document.price_new_minor, document.price_used_minor) == (1700, 750)
    assert document.conditions == ("good", "new")
    assert document.popularity == 3


@pytest.mark.parametrize(("form", "word"), [("ebook", "in_stock"), ("audio", "digital")])
def test_document_of_a_download_lies_on_no_shelf(form, word):
    title, shop = factories.product(form=form), factories.shop()
    factories.download(factories.stock_record(shop, title, units=3, availability=word))
    document = document_of(title)
    assert (document.shops_in_stock, document.shops_on_shelf) == ((shop.pk,), ())


def test_document_of_a_title_without_facts_or_offers():
    title = factories.product()
    title.facts.delete()
    assert document_of(title).shops_in_stock == ()


def test_hidden_titles_have_no_document():
    title = factories.product()
    title.is_public = False
    title.save()
    assert indexing.documents([title.pk], now=timezone.now()) == []


def test_documents_cost_the_same_for_1_and_30_titles(django_assert_num_queries):
    shop = factories.shop()
    titles = [factories.product(subject_codes=["F"]) for _ in range(30)]
    for title in titles:
        factories.stock_record(shop, title)
    indexing.documents([titles[0].pk], now=timezone.now())
    for wanted in (titles[:1], titles):
        with django_assert_num_queries(4):
            assert len(indexing.documents([title.pk for title in wanted], now=timezone.now())) == len(wanted)


def test_index_titles_writes_what_changed_and_takes_the_marks(reindex):
    reindex()
    title = factories.product("Un titre marqué")
    factories.product("Un autre titre")
    changes.mark([title.pk, title.pk])
    changes.mark([title.pk])
    assert indexing.index_titles(timezone.now()) == 1
    assert queries.search(Query(text="titre")).ids == (title.pk,)
    assert TitleChange.objects.count() == 0
    assert indexing.index_titles(timezone.now()) == 0


def test_index_titles_removes_what_is_gone(reindex):
    title = factories.product("Bientôt caché")
    reindex()
    assert queries.search(Query(text="caché")).total == 1
    title.is_public = False
    title.save()
    changes.mark([title.pk, 10**9])
    assert indexing.index_titles(timezone.now()) == 2
    assert queries.search(Query(text="caché")).total == 0


def test_index_titles_keeps_the_marks_when_the_engine_fails(reindex, settings, tmp_path):
    changes.mark([factories.product().pk])
    settings.SEARCH_ENGINE = "search.engines.tantivy.TantivyEngine"
    settings.SEARCH_INDEX_PATH = tmp_path / "index"
    (tmp_path / "index").mkdir(exist_ok=True)
    (tmp_path / "index" / "current").write_text("another-version")
    with pytest.raises(SearchError):
        indexing.index_titles(timezone.now())
    assert TitleChange.objects.count() == 1


def test_index_titles_runs_once_at_a_time(committed_db, reindex):
    reindex()
    changes.mark([factories.product().pk])
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with indexing._alone() as alone:
            assert alone
            held.set()
            done.wait(20)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(20)
    assert indexing.index_titles(timezone.now()) == 0
    done.set()
    other.join()
    assert indexing.index_titles(timezone.now()) == 1


def test_rebuild_reads_everything_and_says_how_far(reindex):
    titles = [factories.product() for _ in range(3)]
    said: list[int] = []
    assert indexing.rebuild(timezone.now(), said=said.append) == 3
    assert said == [3]
    assert sorted(queries.search(Query()).ids) == sorted(title.pk for title in titles)


def test_rebuild_command_ends_with_json(reindex):
    factories.product()
    out = StringIO()
    call_command("rebuild_index", "--json", stdout=out)
    assert '"indexed": 1' in out.getvalue().splitlines()[-1]


def test_rebuild_command_says_when_one_is_running(reindex, settings):
    reindex()
    with rebuilding_alone(settings.SEARCH_INDEX_PATH), pytest.raises(CommandError, match="already being rebuilt"):
        call_command("rebuild_index", stdout=StringIO())


@pytest.mark.parametrize(
    "description",
    [
        "L'été & <l'hiver> « 漢字 » \U0001f600, 1 < 2 > 0 \"ainsi\"\n\nEt puis &amp;lt; &nbsp; AT&T",
        "<p>Un</p><ul><li>deux &lt;p&gt;</li></ul><br>trois &amp;amp; &nbsp;&eacute;&#233;<b>q</b>",
        "<p>Il &copy 2020 &notit; a &; <!-- rien --><a href='x'>lien</a><br/> 1 < 2 & <P>x</P>",
        "<script>x()</script>",
    ],
)
def test_descriptions_are_plain_as_a_parser_reads_them(description):
    for stored in (sanitise(description), description):
        assert indexing._plain(stored) == html.unescape(strip_tags(stored) if "<" in stored else stored)


def test_missing_index_is_not_begun_by_the_titles_that_changed():
    now = timezone.now()
    known, changed = factories.product("Kamouraska"), factories.product("La Peste")
    TitleChange.objects.all().delete()
    changes.mark([changed.pk])
    assert (indexing.index_titles(now), queries.engine().status().healthy) == (0, False)
    assert indexing.heal_index(now) == 2
    assert indexing.index_titles(now) == 1
    assert {*queries.search(Query()).ids} == {known.pk, changed.pk}
