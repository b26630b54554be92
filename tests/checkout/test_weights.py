from __future__ import annotations

import pytest

from marketplace.catalogue.models import Form, ProductFacts
from marketplace.checkout import weights


@pytest.mark.parametrize(
    ("facts", "grams"),
    [
        (ProductFacts(form="hardback", is_book=True), 600),
        (ProductFacts(form="hardback", is_book=True, weight_grams=1250), 1250),
        (ProductFacts(form="", is_book=True), 400),
        (ProductFacts(form="", is_book=False), 500),
        (ProductFacts(form="ebook", is_book=True), 0),
        (None, 500),
    ],
)
def test_weight_is_what_a_source_says_else_that_of_the_form(facts, grams):
    assert weights.grams(facts) == grams


def test_every_form_has_a_weight():
    assert set(weights.BY_FORM) == set(Form.values)
