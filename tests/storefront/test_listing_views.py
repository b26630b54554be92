"""Pages that list the titles of an author, a publisher, a series, a subject, a shop, and what arrived last."""

import re

import pytest

from marketplace.catalogue import subjects
from marketplace.catalogue.models import ListedName, Subject
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


def titles(response) -> list[str]:
    return [row.product.title for row in response.context["rows"]]


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def book(title: str, author: str = "", **facts):
    people = [{"name": name, "role": "author"} for name in author.split(";") if name]
    return factories.product(title, contributors=people, contributors_text=author.replace(";", ", "), **facts)


@pytest.fixture
def market(reindex):
    """Volumes of a series, in a shop that has all but one; a novel under crime that another shop has."""
    subjects.load()
    port, page = factories.shop("Librairie du Port", slug="port"), factories.shop("La Page", slug="page")
    series = {"series": "Les Aventures", "publisher": "Boréal & Cie", "form": "comic"}
    for number in ("10", "Tome 2", "1"):
        volume = book(f"Volume {number}", "Hébert, Anne", series_number=number, **series)
        if number != "1":
            factories.stock_record(port, volume)
    novel = book("Le Meurtre", "Anne Hébert", publisher="Seuil", subject_codes=["FFC"], subject_path=["F", "FF"])
    factories.stock_record(page, novel)
    book("Autre Chose", "Anne Autre", publisher="Seuil", subject_codes=["YB"], subject_path=["Y", "YB"])
    reindex()
    return port


def test_author_has_one_page_under_every_spelling(client, market):
    response = client.get("/author/anne-hebert/?sort=title")
    assert titles(response) == ["Le Meurtre", "Volume 1", "Volume 10", "Volume Tome 2"]
    assert "<h1>Anne Hébert</h1>" in response.content.decode()
    assert "4 titles" in text_of(response)


def test_another_order_of_the_same_words_leads_to_the_first_spelling(client, market):
    ListedName.objects.create(
        kind="author", slug="hebert-anne", key="anne hebert", name="Hébert Anne", changed_on="2026-01-01"
    )
    moved = client.get("/author/hebert-anne/?sort=title")
    assert (moved.status_code, moved.url) == (301, "/author/anne-hebert/?sort=title")


def test_series_is_in_the_order_of_its_volumes(client, market):
    response = client.get("/series/les-aventures/")
    assert titles(response) == ["Volume 1", "Volume Tome 2", "Volume 10"]
    assert '<option value="volume" selected>In the order of the series' in response.content.decode()
    assert titles(client.get("/series/les-aventures/?sort=title")) == ["Volume 1", "Volume 10", "Volume Tome 2"]


def test_publisher_page_has_facets_that_keep_within_it(client, market):
    response = client.get("/publisher/boreal-cie/?shop=port")
    assert sorted(titles(response)) == ["Volume 10", "Volume Tome 2"]
    facets = {facet.name: [value.label for value in facet.values] for facet in response.context["facets"]}
    assert (facets["shop"], facets["form"]) == (["Librairie du Port"], ["Comic book"])
    assert 'action="/publisher/boreal-cie/"' in response.content.decode()
    assert '<meta name="robots" content="noindex, follow">' in response.content.decode()


def test_subject_page_has_the_levels_above(client, market):
    response = client.get("/subject/ff-romans-policiers-et-noirs/")
    assert titles(response) == ["Le Meurtre"]
    assert "Halles Fiction Crime and mystery" in text_of(response)
    assert 'href="/subject/f-romans-et-fiction/"' in response.content.decode()
    moved = client.get("/subject/FF/")
    assert (moved.status_code, moved.url) == (301, "/subject/ff-romans-policiers-et-noirs/")
    upper = client.get("/subject/f-romans-et-fiction/")
    assert (titles(upper), [(crumb.label, number) for crumb, number in upper.context["narrower"]]) == (
        *(["Le Meurtre"], [("Crime and mystery", 1)]),
    )
    assert "No title fits here." in text_of(client.get("/subject/a-arts/"))


def test_shop_lists_what_it_has_with_its_own_offers(client, market):
    response = client.get("/shops/port/titles/")
    assert sorted(titles(response)) == ["Volume 10", "Volume Tome 2"]
    assert {row.here.shop.slug for row in response.context["rows"]} == {"port"}
    assert "shop" not in {facet.name for facet in response.context["facets"]}


def test_arrivals_begin_with_the_last(client, market):
    assert titles(client.get("/new/")) == ["Le Meurtre", "Volume Tome 2", "Volume 10"]


def test_what_is_not_there_is_not_found(client, market):
    paths = ("/author/nobody/", "/series/anne-hebert/", "/subject/zz/", "/shops/none/titles/")
    assert [client.get(path).status_code for path in (*paths, "/author/%00/", "/subject/%00-a/")] == [404] * 6


def test_values_that_no_database_takes_are_left_out(client, market):
    assert len(titles(client.get("/publisher/boreal-cie/?subject=%00&shop=%00&q=%00&page=%00&sort=%00"))) == 3


def test_name_without_titles_is_not_found(client, market):
    ListedName.objects.create(kind="author", slug="gone", key="gone", name="Gone", changed_on="2026-01-01")
    assert client.get("/author/gone/").status_code == 404


def test_pages_are_answered_from_sql_while_the_search_is_down(client, market, settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "nothing-here"
    volumes = ["Volume 1", "Volume Tome 2", "Volume 10"]
    expected = {
        "/author/anne-hebert/": ["Le Meurtre", "Volume 1", "Volume 10", "Volume Tome 2"],
        "/author/anne-hebert/?q=meurtre": ["Le Meurtre"],
        "/publisher/seuil/": ["Autre Chose", "Le Meurtre"],
        "/series/les-aventures/": ["Volume 1", "Volume 10", "Volume Tome 2"],  # by the length of what is written
        "/subject/f-romans-et-fiction/": ["Le Meurtre"],
        "/shops/port/titles/": ["Volume 10", "Volume Tome 2"],
        "/new/": ["Autre Chose", "Le Meurtre", *volumes],
    }
    assert {path: titles(client.get(path)) for path in expected} == expected
    assert "The search is being repaired." in text_of(client.get("/series/les-aventures/"))


@pytest.mark.parametrize("number", [1, 30])
def test_queries_of_a_listing(client, reindex, django_assert_num_queries, number):
    shop = factories.shop()
    for place in range(number):
        factories.stock_record(shop, book(f"Tome {place}", "Anne Hébert", publisher="Seuil", series="Suite"))
    reindex()
    client.get("/author/anne-hebert/")
    with django_assert_num_queries(3):  # the name; titles; offers
        response = client.get("/author/anne-hebert/")
    page = response.content.decode()
    assert {'href="/author/anne-hebert/"', 'href="/publisher/seuil/"', 'href="/series/suite/"'} <= set(
        re.findall(r'href="[^"]+"', page)
    )


def test_addresses_are_canonical_with_their_page_and_their_language(client, reindex):
    for place in range(21):
        book(f"Tome {place}", series="Suite")
    reindex()
    page = client.get("/series/suite/?page=2").content.decode()
    at = "http://testserver/series/suite/?page=2"
    assert f'<link rel="canonical" href="{at}&amp;hl=en">' in page
    assert f'<link rel="alternate" hreflang="fr" href="{at}">' in page
    assert f'<link rel="alternate" hreflang="en" href="{at}&amp;hl=en">' in page
    assert f'<link rel="alternate" hreflang="x-default" href="{at}">' in page
    assert "noindex" not in page


def test_a_listing_says_what_was_left_out_and_which_filters_keep_titles_away(client, market):
    response = client.get("/series/les-aventures/?sort=title&colour=red&shop=nobody&page=9")
    assert response.context["left_out"] == [
        "Not known here and left out: “nobody”, “colour”",
        "There is only one page.",
    ]
    assert len(titles(response)) == 3
    response = client.get("/publisher/boreal-cie/?shop=page&form=comic")
    assert [(way.label, way.titles) for way in response.context["looser"]] == [("La Page", 3)]
    assert "3 titles without “La Page”" in text_of(response)


def test_a_subject_below_ours_has_its_loaded_name(client, market, reindex):
    Subject.objects.create(code="FFC", label_fr="Policier classique", label_en="Classic crime")
    book("Le Chien jaune", "Simenon, Georges", subject_codes=["FFC"])
    reindex()
    upper = client.get("/subject/ff-romans-policiers-et-noirs/")
    assert [(crumb.label, number) for crumb, number in upper.context["narrower"]] == [("Classic crime", 2)]
    below = client.get(upper.context["narrower"][0][0].address)
    assert sorted(titles(below)) == ["Le Chien jaune", "Le Meurtre"]
