"""Whatever an address says: a page that says what was ignored, of bounded size and cost, never an error."""

import pytest

from marketplace.catalogue.models import Subject
from search import samples
from search.engines import clauses, matching
from search.engines.matching import Reading
from tests import factories

pytestmark = pytest.mark.django_db
SHORT = 40_000  # bytes of a page with three titles


@pytest.fixture(autouse=True)
def _titles(client, reindex):
    client.cookies["django_language"] = "en"
    Subject.objects.create(code="F", label_fr="Fiction", label_en="Fiction")
    port, far = factories.shop("Librairie du Port", slug="port"), factories.shop("La Page", slug="page")
    for number, title in enumerate(("L'Étranger", "La Peste", "La Chute")):
        product = factories.product(
            title, contributors_text="Albert Camus", contributors=[{"name": "Albert Camus", "role": "author"}],
            form="pocket", language="fr", subject_codes=["F"],
        )  # fmt: skip
        factories.stock_record(port if number else far, product, price="11.95")
    reindex()


def said(response) -> list[str]:
    assert response.status_code == 200
    return response.context["left_out"]


@pytest.mark.parametrize(
    ("address", "sentences"),
    [
        ("q=camus&sort=price&page=1&utm_source=x&fbclid=y", []),
        ("q=" + "camus " * 2_000, ["Only the first 200 characters of your words were used."]),
        ("q=ca%01mus%00", ["Characters that cannot be read were left out."]),
        ("q=camus%ff&shop=", []),
        ("q=camus&page=1000000000", ["There is no page “1000000000”."]),
        ("q=camus&page=-3", ["There is no page “-3”."]),
        ("q=camus&page=%D9%A3", ["There is no page “٣”."]),
        ("q=camus&page=7", ["There is only one page."]),
        ("q=camus&colour=red&sort=magic", ["Not known here and left out: “magic”, “colour”"]),
        ("q=camus&price=a-b&near=yes", ["Not known here and left out: “a-b”, “near”"]),
        ("q=camus&shop=nobody&form=scroll&language=qqq&condition=x&subject=%3Cb%3E",
         ["Not known here and left out: “nobody”, “<b>”, “qqq”, …"]),
        ("q=camus&near=1&mine=1",
         ["To see what is in stock near you, say where you are.",
          "To see what is in stock in your shop, choose one."]),
        ("q=camus&" + "&".join(f"subject=F&subject=F{n}" for n in range(60)),
         ["Of each kind of filter only the first 50 were used."]),
    ],
    ids=range(13),
)  # fmt: skip
def test_page_says_what_was_left_out(client, address, sentences):
    response = client.get(f"/search/?{address}")
    assert said(response) == sentences
    assert len(response.context["rows"]) == 3
    page = response.content.decode()
    assert all(sentence.replace("<b>", "&lt;b&gt;") in page for sentence in sentences)
    assert "<b>" not in page


@pytest.mark.parametrize("typed", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_texts_are_pages(client, typed):
    query = {"q": typed.encode("utf-8", "replace")}
    response = client.get("/search/", query)
    assert response.status_code == 200
    assert client.get("/suggest/", query).status_code == 200


@pytest.mark.parametrize(
    "typed", ['"camus', "+camus -x*", "camus AND (", "camus^9", "camus~2", "[camus TO z]", "/camus/"]
)
def test_query_syntax_is_only_text(client, typed):
    titles = {row.product.title for row in client.get("/search/", {"q": typed}).context["rows"]}
    assert titles == {"L'Étranger", "La Peste", "La Chute"}


def test_thousands_of_values_make_no_long_page_and_no_more_queries(client, django_assert_num_queries):
    address = "/search/?" + "&".join(f"shop=s{n}&form=f{n}&subject=F{n}" for n in range(1_500))
    client.get("/search/?subject=F")
    with django_assert_num_queries(1):
        response = client.get(address)
    assert len(response.context["chips"]) == 50  # subjects, which only the database knows
    assert response.content.count(b"<li>") < 500
    assert len(response.content) < SHORT + 8 * len(address)  # which is in links, and in what leads back here


@pytest.mark.parametrize("typed", ["abcdefghijklmnop " * 16, "ab'cd-ef.gh " * 40, " ".join("abcdefghijklmnop")])
def test_a_query_costs_a_bounded_number_of_lookups(typed):
    for reading in Reading:
        assert _leaves(matching.match(matching.take_apart(typed), reading)) < 1_000


def test_a_place_that_does_not_exist_is_said(client):
    response = client.post("/place/", {"where": "Nulle-Part-sur-Rien", "radius_km": "10"})
    assert response.status_code == 400  # of the form, which is shown again
    assert "Nulle-Part-sur-Rien" in response.content.decode()
    assert list(response.context["form"].errors) == ["where"]


def test_nothing_found_counts_what_each_filter_keeps_away(client):
    response = client.get("/search/?q=camus&shop=page&price=5000-&form=hardback&order=1")
    assert [(way.label, way.titles) for way in response.context["looser"]] == []
    response = client.get("/search/?q=etranger&shop=port&form=pocket")
    (way,) = response.context["looser"]
    assert (way.label, way.parameters, way.titles) == ("Librairie du Port", "q=etranger&form=pocket", 1)
    assert "1 title without “Librairie du Port”" in response.content.decode()
    response = client.get("/search/?q=camus&price=5000-9900")
    assert [(way.parameters, way.titles) for way in response.context["looser"]] == [("q=camus", 3)]
    assert "3 titles without “$50" in response.content.decode()


def _leaves(clause: object) -> int:
    match clause:
        case clauses.All(must, should):
            return sum(map(_leaves, (*must, *should)))
        case clauses.Any(inner) | clauses.Best(inner):
            return sum(map(_leaves, inner))
        case clauses.Fixed(inner) | clauses.Boosted(inner):
            return _leaves(inner)
    return 1
