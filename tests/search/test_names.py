"""How a name becomes an address, and which names there are."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from marketplace.catalogue import changes
from marketplace.catalogue.models import ListedName
from search import indexing, names, queries
from search.documents import TitleDocument
from tests import factories

pytestmark = pytest.mark.django_db
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


@pytest.mark.parametrize(
    ("kind", "name", "address"),
    [
        ("author", "Camus, Albert", "/author/albert-camus/"),
        ("author", "Albert Camus", "/author/albert-camus/"),
        ("publisher", "Flammarion, Paris", "/publisher/flammarion-paris/"),
        ("series", "Title", "/series/title/"),
        ("author", "村上春樹", "/author/%E6%9D%91%E4%B8%8A%E6%98%A5%E6%A8%B9/"),
        ("author", "***", ""),
    ],
)
def test_address_of_a_name(kind, name, address):
    assert names.address(kind, name) == address


def test_names_that_a_slug_cannot_tell_apart_have_pages_of_their_own():
    addresses = {name: names.address("series", name) for name in ("C", "C++", "C#", "L'Œuvre", "Roman & fils")}
    assert (addresses["C"], addresses["Roman & fils"]) == ("/series/c/", "/series/roman-fils/")
    assert len({addresses[name] for name in ("C", "C++", "C#")}) == 3


def test_key_follows_a_folding_that_has_changed():
    title = TitleDocument(product_id=1, title="A", publisher="Seuil")
    note(title, on=FIRST)
    names.forget()
    ListedName.objects.update(key="as folded before")
    note(title, on=FIRST, changed=False)
    assert ListedName.objects.get().key == "seuil"


def test_change_after_a_rebuild_of_the_same_day_is_dated():
    title = TitleDocument(product_id=1, title="A", publisher="Seuil")
    note(title, on=FIRST)
    names.forget()
    assert note(title, on=SECOND, changed=False) == {"seuil": FIRST}
    assert note(title, on=SECOND) == {"seuil": SECOND}


def note(*titles: TitleDocument, on: date, changed: bool = True) -> dict[str, date]:
    assert list(names.noting(titles, on, changed=changed)) == list(titles)
    return dict(ListedName.objects.order_by("slug").values_list("slug", "changed_on"))


def test_names_are_written_as_their_titles_are_indexed():
    one = TitleDocument(product_id=1, title="A", contributors=("Hébert, Anne", "Anne Hébert"), publisher="Seuil")
    two = TitleDocument(product_id=2, title="B", contributors=("***",), publisher="Seuil", series="Suite")
    assert note(one, two, on=FIRST) == {"anne-hebert": FIRST, "seuil": FIRST, "suite": FIRST}
    assert list(ListedName.objects.values_list("kind", "key", "name").filter(slug="anne-hebert")) == [
        ("author", "anne hebert", "Anne Hébert")
    ]
    assert note(one, on=SECOND) == {"anne-hebert": SECOND, "seuil": SECOND, "suite": FIRST}
    assert note(one, on=FIRST) == {"anne-hebert": SECOND, "seuil": SECOND, "suite": FIRST}


def test_building_the_index_anew_changes_no_page():
    title = TitleDocument(product_id=1, title="A", publisher="Seuil", series="Suite")
    note(TitleDocument(product_id=2, title="B", publisher="Seuil"), on=FIRST)
    assert note(title, on=SECOND, changed=False) == {"seuil": FIRST, "suite": SECOND}


def test_what_this_process_wrote_is_not_written_again(django_assert_num_queries, django_capture_on_commit_callbacks):
    title = TitleDocument(product_id=1, title="A", publisher="Seuil")
    with django_capture_on_commit_callbacks(execute=True):
        note(title, on=FIRST)
    with django_assert_num_queries(0):
        list(names.noting([title], FIRST, changed=True))
    with django_assert_num_queries(1):
        list(names.noting([title], SECOND, changed=True))


def test_index_step_writes_them(reindex):
    reindex()
    product = factories.product(publisher="Boréal")
    changes.mark([product.pk])
    indexing.index_titles(timezone.now())
    assert list(ListedName.objects.values_list("kind", "slug")) == [("publisher", "boreal")]


def test_a_name_whose_last_title_has_gone_leaves_its_page_and_the_sitemap(client, reindex):
    kept = factories.product("La Peste", publisher="Gallimard")
    gone = factories.product("Perdu", publisher="Disparu")
    reindex()
    long_ago, today = timezone.now() - timedelta(days=9), timezone.now()
    ListedName.objects.update(changed_on=long_ago, looked_on=long_ago)
    gone.is_public = False
    gone.save()
    changes.mark([kept.pk, gone.pk])
    indexing.index_titles(long_ago)
    assert "/publisher/disparu/" in client.get("/sitemap-names-0.xml").content.decode()
    assert names.drop_gone(today) == 1
    assert "/publisher/disparu/" not in client.get("/sitemap-names-0.xml").content.decode()
    assert list(ListedName.objects.values_list("slug", "looked_on")) == [("gallimard", today.date())]
    assert names.drop_gone(today) == 0
    gone.is_public = True
    gone.save()
    changes.mark([gone.pk])
    indexing.index_titles(today)  # it is back, and so is its name, in the same process
    assert ListedName.objects.filter(slug="disparu").exists()


def test_no_name_goes_while_the_index_is_down_or_hardly_there(settings, tmp_path, reindex):
    for number in range(3):
        factories.product(f"Titre {number}", publisher=f"Maison {number}")
    reindex()
    ListedName.objects.create(kind="publisher", slug="gone", key="gone", name="Gone", changed_on=FIRST)
    whole = settings.SEARCH_INDEX_PATH
    settings.SEARCH_INDEX_PATH = tmp_path / "nothing-here"
    assert names.drop_gone(timezone.now()) == 0
    queries.engine().write([TitleDocument(product_id=1, title="x")])
    assert names.drop_gone(timezone.now()) == 0
    settings.SEARCH_INDEX_PATH = whole
    assert names.drop_gone(timezone.now()) == 1
