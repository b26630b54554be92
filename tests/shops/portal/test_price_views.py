"""Price rules as a shop says them: shown on real articles first, saved then."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from catalog_sync import pricing
from catalog_sync.models import Feed, PriceRule, SourceRecord
from marketplace.catalogue.models import ProductFacts
from marketplace.foundation.models import AuditEntry

TENTH = {"way": "cheaper", "percent": "10"}


@pytest.fixture
def listed(ours):
    """The stall's article as a list has it; its title is by a publisher."""
    record = ours.withheld.stock_record
    feed = Feed.objects.create(shop=ours.shop, name="books", kind="csv")
    SourceRecord.objects.create(
        feed=feed, sku=record.partner_sku, title="x", currency="CAD", price_kind="retail", availability="in_stock",
        condition="new", offer_hash=0, stock_hash=0, facts_hash=0, price_minor=1290, product_id=record.product_id,
    )  # fmt: skip
    StockRecord.objects.filter(pk=record.pk).update(price="12.90")
    ProductFacts.objects.update_or_create(product_id=record.product_id, defaults={"publisher": "Zoé"})
    return record


def post(stall, name, *names, **sent):
    return stall.client.post(reverse(f"portal:{name}", args=[stall.shop.slug, *names]), sent)


def test_rule_is_shown_saved_ordered_and_taken_back(ours, listed):
    sent = TENTH | {"publisher": "zoe", "rounding": "05"}
    page = post(ours, "price-preview", **sent)
    (one,) = page.context["preview"].some
    assert (one.listed_minor, one.now_minor, one.then_minor) == (1290, 1290, 1160)
    assert not PriceRule.objects.exists()
    assert post(ours, "price-save", **sent).status_code == 302
    first = PriceRule.objects.get()
    assert (first.publisher, first.change_bp, first.rounding) == ("Zoé", -1000, "05")
    pricing.resolve_prices(timezone.now())
    page = ours.client.get(reverse("portal:prices", args=[ours.shop.slug]))
    assert [(row.pk, listed, sold) for row, listed, sold in page.context["articles"]] == [(listed.pk, 1290, 1160)]
    post(ours, "price-save", way="dearer", amount="1.00", floor="5")
    second = PriceRule.objects.exclude(pk=first.pk).get()
    assert (second.change_minor, second.floor_minor, second.place) == (100, 500, 2)
    post(ours, "price-up", second.pk)
    pricing.resolve_prices(timezone.now())
    listed.refresh_from_db()
    assert str(listed.price) == "13.90"
    for rule in (first, second):
        assert post(ours, "price-remove", rule.pk).status_code == 302
    pricing.resolve_prices(timezone.now())
    listed.refresh_from_db()
    assert (str(listed.price), listed.terms.listed_price) == ("12.90", None)
    assert AuditEntry.objects.filter(action__startswith="shop.price_rule", shop=ours.shop).count() == 5


def test_preview_says_what_an_earlier_rule_names_already(ours, listed):
    PriceRule.objects.create(shop=ours.shop, place=1, change_bp=-500)
    page = post(ours, "price-preview", **TENTH)
    assert (page.context["preview"].named, page.context["preview"].some) == (0, [])


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, {"way"}),
        ({"way": "cheaper"}, {"percent"}),
        ({"way": "cheaper", "percent": "91"}, {"percent"}),
        ({"way": "dearer", "percent": "201"}, {"percent"}),
        ({"way": "dearer", "amount": "-1"}, {"amount"}),
        (TENTH | {"subject": "?"}, {"subject"}),
        (TENTH | {"publisher": "nobody"}, {"publisher"}),
        (TENTH | {"rounding": "7"}, {"rounding"}),
        (TENTH | {"feed": "999999"}, {"feed"}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(sent, wrong, ours):
    for name in ("price-preview", "price-save"):
        page = post(ours, name, **sent)
        assert (page.status_code, set(page.context["form"].errors)) == (422, wrong)
    assert not PriceRule.objects.exists()


def test_list_of_another_shop_is_none_of_ours(ours, theirs):
    feed = Feed.objects.create(shop=theirs.shop, name="theirs", kind="csv")
    assert set(post(ours, "price-save", **TENTH, feed=feed.pk).context["form"].errors) == {"feed"}


def test_more_rules_than_thirty_are_refused(ours, monkeypatch):
    monkeypatch.setattr("catalog_sync.price_setting.MOST_RULES", 0)
    assert post(ours, "price-save", **TENTH).status_code == 422
