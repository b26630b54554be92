from __future__ import annotations

import pytest

from marketplace.catalogue.models import ProductFacts
from marketplace.checkout.tax_categories import Category, category_of, is_digital

# As in France; the book's rate is that of food too.
RATES = {Category.BOOK: 5_500, Category.FOOD: 5_500, Category.PERIODICAL: 2_100, Category.GOODS: 20_000}


@pytest.mark.parametrize(
    ("facts", "category"),
    [
        ({"form": "paperback", "is_book": True}, Category.BOOK),
        ({"form": "", "is_book": True}, Category.BOOK),
        ({"form": "comic"}, Category.UNNUMBERED),
        ({"form": ""}, Category.GOODS),
        ({"form": "map", "is_book": True}, Category.GOODS),
        ({"form": "calendar", "is_book": True}, Category.GOODS),
        ({"form": "audio", "is_book": True}, Category.AUDIOBOOK),
        ({"form": "paperback", "gtin": 9770241239008}, Category.PERIODICAL),
        ({"form": "goods", "tax_code": "5.5"}, Category.FOOD),
        ({"form": "goods", "tax_code": "Basic groceries"}, Category.FOOD),
        ({"form": "goods", "tax_code": "food"}, Category.GOODS),
        ({"form": "map", "is_book": True, "tax_code": "5.5"}, Category.BOOK),
        ({"form": "paperback", "is_book": True, "tax_code": "20"}, Category.GOODS),
        ({"form": "paperback", "is_book": True, "tax_code": "5.50"}, Category.BOOK),
        ({"form": "goods", "tax_code": "2.1"}, Category.PERIODICAL),
        ({"form": "goods", "tax_code": "7"}, Category.GOODS),
        ({"form": "goods", "tax_code": "NaN"}, Category.GOODS),
    ],
)
def test_category_is_by_form_and_number_unless_the_shop_says_another(facts, category):
    assert category_of(ProductFacts(**facts), digital=False, rate_of=RATES.get) == category


@pytest.mark.parametrize(
    ("form", "category"),
    [("ebook", "ebook"), ("paperback", "ebook"), ("audio", "audio_download"), ("music", "download"), ("", "download")],
)
def test_download_has_its_own_category_whatever_the_code(form, category):
    assert category_of(ProductFacts(form=form, tax_code="5.5"), digital=True, rate_of=RATES.get) == category


def test_unknown_title_is_no_book():
    assert category_of(None, digital=False) == Category.GOODS
    assert (is_digital(None, ""), is_digital(None, "digital")) == (False, True)
    assert (is_digital(ProductFacts(form="ebook"), ""), is_digital(ProductFacts(form="audio"), "")) == (True, False)
