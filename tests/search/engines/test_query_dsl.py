import random
import re

import pytest

from search.engines import fields, query_dsl
from search.engines.clauses import All, Count, Everything, Fixed, OneOf, Request, Term
from search.engines.spelling import distance

LETTERS = "abcé+"


def begins_nearly(word: str, typed: str) -> bool:
    """By the rule: some beginning of the word is at most one edit away."""
    return any(distance(word[:length], typed) <= 1 for length in range(len(word) + 1))


@pytest.mark.parametrize("typed", ["abca", "aabb", "c++c", "éabab"])
def test_begins_nearly_is_one_edit_and_no_more(typed: str) -> None:
    chance = random.Random(typed)
    expression = re.compile(query_dsl._begins_nearly(typed))
    words = ["".join(chance.choices(LETTERS, k=chance.randrange(8))) for _ in range(1_500)]
    words += [typed[:at] + chance.choice(LETTERS) + typed[at + 1 :] + "bc" for at in range(len(typed))]
    found = [word for word in words if expression.fullmatch(word)]
    assert found == [word for word in words if begins_nearly(word, typed)]
    assert 0 < len(found) < len(words)


def test_mappings_have_every_field_and_keep_no_text() -> None:
    mappings = query_dsl.mappings()
    assert set(mappings["properties"]) == {*fields.FIELDS, query_dsl.WRITTEN}
    assert (mappings["dynamic"], mappings["_source"]) == ("strict", {"includes": ["shown"]})


def test_a_facet_with_a_filter_is_counted_without_it() -> None:
    request = Request(
        match=All((Fixed(Term("all", "mer"), 100.0),), (Term("title", "mer"),)),
        filters={"shop": OneOf("shops", (3,)), "form": OneOf("form", ("pocket",))},
        counts={"shop": Count("shops"), "subject": Count("subject")},
    )
    hits, shop = query_dsl.searches(request)
    inner = hits["query"]["function_score"]["query"]["bool"]
    in_shop, in_form = {"terms": {"shops": [3]}}, {"terms": {"form": ["pocket"]}}
    assert (inner["filter"], list(hits["aggs"])) == ([in_shop, in_form], ["subject"])
    assert (shop["size"], list(shop["aggs"])) == (0, ["shop"])
    assert shop["query"] == {"bool": {"filter": [{"term": {"all": "mer"}}, in_form]}}


def test_a_request_for_a_count_scores_nothing() -> None:
    (body,) = query_dsl.searches(Request(match=Fixed(Everything(), 100.0), limit=0))
    assert (body["query"], body["size"]) == ({"bool": {"filter": [{"match_all": {}}]}}, 0)
