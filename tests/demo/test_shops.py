from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from demo.accounts import ACCOUNTS, PASSWORD
from demo.shops import SHOPS, TIMEZONE


def test_shops_are_whole_and_in_quebec():
    assert len(SHOPS) >= 8
    assert len({shop.slug for shop in SHOPS}) == len(SHOPS)
    assert ZoneInfo(TIMEZONE)
    for shop in SHOPS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", shop.slug), shop.slug
        assert re.fullmatch(r"[GHJ]\d[A-Z] \d[A-Z]\d", shop.postcode), shop.slug
        assert re.fullmatch(r"\d{3}-555-01\d\d", shop.phone), shop.slug
        assert 45 < shop.latitude < 47.5, shop.slug
        assert -76 < shop.longitude < -71, shop.slug
        assert len(shop.hours) == 7, shop.slug
        assert shop.description_fr, shop.slug
        assert shop.description_en, shop.slug
        assert shop.email.endswith("@example.org"), shop.slug


def test_opening_hours_open_before_they_close():
    for shop in SHOPS:
        for spans in shop.hours:
            times = re.findall(r"\d\d:\d\d", spans)
            assert len(times) == 2 * len(spans.split()), shop.slug
            assert times == sorted(set(times)), shop.slug


def test_every_shop_hands_over_and_posts_and_some_send_bicycles():
    kinds = {shop.slug: [option.kind for option in shop.delivery] for shop in SHOPS}
    assert all(kinds[slug][0] == "pickup" and "post" in kinds[slug] for slug in kinds)
    assert sum("courier" in found for found in kinds.values()) >= 4
    for shop in SHOPS:
        for option in shop.delivery:
            assert bool(option.countries) == (option.kind != "pickup"), shop.slug
            assert bool(option.postcode_prefixes) == (option.kind == "courier"), shop.slug
            assert option.days_min <= option.days_max, shop.slug


def test_accounts_open_every_door_and_are_told_apart():
    assert len({account.email for account in ACCOUNTS}) == len(ACCOUNTS)
    assert {account.door for account in ACCOUNTS} == {"reader", "operator", "editor", "shop"}
    announced = [account.door for account in ACCOUNTS if account.announced]
    assert sorted(announced) == ["editor", "operator", "reader", "shop", "shop"]
    assert all(account.email.endswith("@example.org") for account in ACCOUNTS)
    assert len(PASSWORD) >= 12
    for shop in SHOPS:
        roles = [account.member_role for account in ACCOUNTS if account.shop_slug == shop.slug]
        assert roles == ["owner", "staff"]
