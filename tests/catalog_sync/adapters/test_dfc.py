"""Data Food Consortium graphs."""

import json

import pytest
import responses

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES


class TestDataFoodConsortium(AdapterConformance):
    kind = "dfc"
    fixture = FIXTURES / "dfc_catalog.json"
    expected = {
        "H-1": {
            "title": "Haricots cuits, boîte",
            "price": 209,
            "currency": "EUR",
            "quantity": 26,
            "availability": "in_stock",
            "publisher": "Ferme des Tilleuls",
            "subjects": (("dfc", "processed-vegetable", ""),),
            "description": "<p>Du jardin</p>",
            "cover": "https://images.example/beans.jpg",
            "unit_size": "0.4 kg",
        },
        # No limit of its own: 26 boxes make two cases.
        "H-12": {"price": 1885, "currency": "GBP", "quantity": 2, "unit_size": "12 × 0.4 kg"},
        "P-1": {"price": 1999, "availability": "in_stock", "unit_size": "500 g"},
        "M-1": {"title": "Miel", "price": None, "quantity": 3},  # the offer's limit is the lower
        "L-1": {"price": None, "availability": "unknown"},
    }
    unknown_quantities = ("P-1", "L-1")
    expected_refused = ("title_missing",)


def read(tmp_path, *nodes: dict):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps({"@context": "https://context.example/never-fetched", "@graph": list(nodes)}))
    (chunk,) = adapter_for(FeedUnderTest("dfc", str(path))).fetch(Lane.CATALOGUE, None)
    return {record.sku: record for record in chunk.records}


def item(name: str, **more) -> list[dict]:
    stated = {f"dfc-b:{key}": value for key, value in {"sku": name, "references": f"p/{name}", **more}.items()}
    return [
        {"@id": f"i/{name}", "@type": "dfc-b:CatalogItem", **stated},
        {"@id": f"p/{name}", "@type": "dfc-b:SuppliedProduct", "dfc-b:name": name},
    ]


def transformation(source: str, taken: object, result: str, given: object) -> dict:
    def flow(verb: str, product: str, pieces: object) -> dict:
        amount = {"dfc-b:hasUnit": "dfc-m:Piece", "dfc-b:value": pieces}
        return {f"dfc-b:{verb}": {"@id": f"p/{product}"}, "dfc-b:hasQuantity": amount}

    return {
        "@id": f"t/{source}-{result}",
        "@type": "dfc-b:AsPlannedTransformation",
        "dfc-b:hasInput": flow("consumes", source, taken),
        "dfc-b:hasOutput": flow("produces", result, given),
    }


@pytest.mark.parametrize(
    ("case_limit", "unit_limit", "taken", "given", "case", "unit"),
    [
        (3, None, 1, 12, (3, "in_stock"), (36, "in_stock")),  # a case is opened
        (-1, None, 1, 12, (None, "in_stock"), (None, "in_stock")),
        (0, None, 1, 12, (0, "temporarily_unavailable"), (0, "temporarily_unavailable")),
        (3, 5, 1, 12, (3, "in_stock"), (5, "in_stock")),  # its own number counts
        (None, None, 1, 12, (None, "unknown"), (None, "unknown")),
        (3, None, 1, "0.5", (3, "in_stock"), (None, "unknown")),
        (3, None, 1, 10**9, (3, "in_stock"), (None, "unknown")),
    ],
)
def test_unit_without_a_limit_has_what_its_cases_hold(tmp_path, case_limit, unit_limit, taken, given, case, unit):
    limits = [{} if limit is None else {"stockLimitation": limit} for limit in (case_limit, unit_limit)]
    nodes = [*item("case", **limits[0]), *item("unit", **limits[1]), transformation("case", taken, "unit", given)]
    found = read(tmp_path, *nodes)
    assert (found["case"].quantity, found["case"].availability) == case
    assert (found["unit"].quantity, found["unit"].availability) == unit
    assert found["case"].unit_size == ("12" if given == 12 else "")


def test_transformations_in_a_circle_end(tmp_path):
    nodes = [*item("a"), *item("b"), transformation("a", 2, "b", 1), transformation("b", 2, "a", 1)]
    found = read(tmp_path, *nodes, transformation("a", 1, "a", 1))
    assert {sku: record.quantity for sku, record in found.items()} == {"a": None, "b": None}


@responses.activate
def test_context_is_never_fetched(tmp_path):
    """Every request would fail here: none is registered."""
    assert read(tmp_path, *item("a", stockLimitation="7"))["a"].quantity == 7
    assert len(responses.calls) == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 5000, "file_damaged"),
        ('{"@graph":' * 500 + "1" + "}" * 500, "file_damaged"),
        ("[1, 2]", "file_wrong_kind"),
        ('{"@graph": [{"@type": "dfc-b:SuppliedProduct", "@id": "p"}]}', "file_without_articles"),
        ('{"@graph": {"@type": [1, {}], "@id": ["p"], "dfc-b:references": [[[]]]}}', "file_without_articles"),
    ],
)
def test_graph_that_is_none_is_told(tmp_path, text, code):
    path = tmp_path / "graph.json"
    path.write_text(text)
    with pytest.raises(FeedError) as caught:
        list(adapter_for(FeedUnderTest("dfc", str(path))).fetch(Lane.CATALOGUE, None))
    assert caught.value.reason is not None
    assert caught.value.reason.code == code
