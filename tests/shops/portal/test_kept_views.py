"""Rules for copies that stay at the counter, as a shop says them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from shops import buffers
from shops.models import BufferRule, Shop, StockTerms


def post(stall, name, *names, **sent):
    return stall.client.post(reverse(f"portal:{name}", args=[stall.shop.slug, *names]), sent)


def test_rules_of_each_kind_are_said_shown_and_removed(ours):
    for sent in (
        {"kind": "all", "keep": "1", "price": "3"},
        {"kind": "subject", "subject": "yf", "keep": "2", "price": "3"},
        {"kind": "price", "price": "25.50", "keep": "3", "subject": "YF"},
        {"kind": "price", "price": "25.50", "keep": "4"},
    ):
        assert post(ours, "save-rule", **sent).status_code == 302
    assert Shop.objects.get(pk=ours.shop.pk).buffer == 1
    rules = [("price", "", 2550, 4), ("subject", "YF", 0, 2)]
    assert list(BufferRule.objects.values_list("kind", "subject", "price_minor", "keep")) == rules
    page = ours.client.get(reverse("portal:kept", args=[ours.shop.slug]))
    assert [rule.pk for rule, _ in page.context["rules"]] == list(BufferRule.objects.values_list("pk", flat=True))
    buffers.resolve_buffers(timezone.now())
    assert set(StockTerms.objects.values_list("buffer", flat=True)) <= {None, 1, 4}
    for rule in BufferRule.objects.all():
        assert post(ours, "remove-rule", rule.pk).status_code == 302
    assert not BufferRule.objects.exists()


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, {"kind", "keep"}),
        ({"kind": "subject", "keep": "1"}, {"subject"}),
        ({"kind": "subject", "subject": "?", "keep": "1"}, {"subject"}),
        ({"kind": "price", "keep": "1"}, {"price"}),
        ({"kind": "price", "keep": "1", "price": "0"}, {"price"}),
        ({"kind": "price", "keep": "1", "price": "x"}, {"price"}),
        ({"kind": "price", "keep": "0", "price": "1"}, {"keep"}),
        ({"kind": "all", "keep": "-1"}, {"keep"}),
        ({"kind": "all", "keep": "101"}, {"keep"}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(sent, wrong, ours):
    page = post(ours, "save-rule", **sent)
    assert (page.status_code, set(page.context["rule_form"].errors)) == (422, wrong)
    assert not BufferRule.objects.exists()


def test_more_rules_than_fifty_are_refused(ours, monkeypatch):
    monkeypatch.setattr(buffers, "MOST_RULES", 0)
    assert post(ours, "save-rule", kind="subject", subject="YF", keep="1").status_code == 422
    assert post(ours, "save-rule", kind="all", keep="1").status_code == 302


def test_article_by_its_number_and_none_of_another_shop(ours, theirs):
    record, foreign = ours.withheld.stock_record, theirs.withheld.stock_record
    assert post(ours, "save-article", number=record.partner_sku, keep="2").status_code == 302
    assert StockTerms.objects.get(pk=record.pk).own_buffer == 2
    page = ours.client.get(reverse("portal:kept", args=[ours.shop.slug]))
    assert [one.pk for one in page.context["articles"]] == [record.pk]
    assert post(ours, "save-article", number=record.partner_sku).status_code == 302
    assert StockTerms.objects.get(pk=record.pk).own_buffer is None
    refused = post(ours, "save-article", number=foreign.partner_sku, keep="2")
    assert (refused.status_code, set(refused.context["article_form"].errors)) == (422, {"number"})
