"""The ways into a feed, as the portal shows them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from catalog_sync.doors import trying
from catalog_sync.models import DryRun, SyncRun, Webhook
from marketplace.foundation.models import AuditEntry


def feeds_page(stall) -> str:
    return reverse("portal:feeds", args=[stall.shop.slug])


def test_webhook_is_made_shown_once_and_ended(ours):
    where = reverse("portal:make-webhook", args=[ours.shop.slug, ours.run.feed.name])
    assert where in ours.client.get(feeds_page(ours)).content.decode()
    made = ours.client.post(where, {"form": "standard"})
    webhook = Webhook.objects.get(feed=ours.run.feed)
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert made.context["address"] == f"http://testserver/hooks/{webhook.slug}/"
    page = ours.client.get(feeds_page(ours)).content.decode()
    assert (webhook.slug in page, secret in page) == (True, False)
    ours.client.post(reverse("portal:end-webhook", args=[ours.shop.slug, ours.run.feed.name]))
    assert not Webhook.objects.exists()
    assert list(
        AuditEntry.objects.filter(action__startswith="webhook.").order_by("pk").values_list("action", "actor")
    ) == [
        ("webhook.make", ours.staff.pk),
        ("webhook.end", ours.staff.pk),
    ]


@pytest.mark.parametrize("sent", [{}, {"form": "smoke"}, {"form": "shopify"}, {"form": "standard", "secret": "x"}])
def test_what_is_wrong_with_a_webhook_is_said(ours, sent):
    where = reverse("portal:make-webhook", args=[ours.shop.slug, ours.run.feed.name])
    response = ours.client.post(where, sent, follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert not Webhook.objects.exists()


def test_list_is_tried_and_nothing_is_changed(ours, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    feed = ours.run.feed
    type(feed).objects.filter(pk=feed.pk).update(kind="csv", location="ours/")
    where = reverse("portal:try-list", args=[ours.shop.slug, feed.name])
    assert where in ours.client.get(feeds_page(ours)).content.decode()
    text = "sku;titre;prix;quantité\na;Nana;20,00;2\nb;;20,00;2\n"
    tried = ours.client.post(where, {"file": SimpleUploadedFile("stock.csv", text.encode())})
    page = ours.client.get(tried.url)
    assert "run" not in page.context
    runs = SyncRun.objects.count()
    assert trying.try_lists(timezone.now()) == 1
    page = ours.client.get(tried.url)
    assert (page.context["run"].new, page.context["run"].refused, SyncRun.objects.count()) == (1, 1, runs)
    assert [count for count, _words in page.context["refusals"]] == [1]
    assert [issue.sku for issue, _word in page.context["issues"]] == ["b", "a"]  # refused; without an ISBN
    assert "Nana" in page.content.decode()


def test_what_is_wrong_with_a_tried_list_is_said(ours):
    where = reverse("portal:try-list", args=[ours.shop.slug, ours.run.feed.name])
    for sent in ({}, {"file": SimpleUploadedFile("cover.png", b"\x89PNG" + b"0" * 9)}):
        response = ours.client.post(where, sent, follow=True)
        assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert not DryRun.objects.exists()
