from __future__ import annotations

from collections import Counter

from demo.assortment import offers_by_shop
from demo.editorial import FEATURED, HOME, PICKS, SHELVES
from demo.shops import SHOP_BY_SLUG, SHOPS
from demo.titles import french, goodbooks

SEED = 20260101


def test_featured_titles_are_in_stock_in_several_shops():
    titles = [*goodbooks(SEED), *french(SEED)]
    offers = offers_by_shop(SHOPS, titles, seed=SEED)
    sellers = Counter(
        offer.gtin for found in offers.values() for offer in found if offer.quantity and offer.price_minor
    )
    assert {number: sellers[number] for number in FEATURED if sellers[number] < 3} == {}
    for pick in PICKS:
        assert [offer for offer in offers[pick.shop_slug] if offer.gtin == pick.gtin], pick


def test_shelves_and_picks_speak_both_languages():
    assert len(SHELVES) == 2
    assert len(PICKS) == 6
    texts = [
        *HOME,
        *(text for shelf in SHELVES for text in shelf[:4]),
        *(text for pick in PICKS for text in (pick.text_fr, pick.text_en, pick.signed)),
    ]
    assert all(text.strip() for text in texts)
    assert all(len(shelf.gtins) == len(set(shelf.gtins)) >= 8 for shelf in SHELVES)


def test_picks_are_signed_by_people_of_the_shop():
    for pick in PICKS:
        people = {f"{member.first_name} {member.last_name}" for member in SHOP_BY_SLUG[pick.shop_slug].members}
        assert pick.signed in people, pick
