"""The ways into a feed, as the portal shows them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from catalog_sync.models import Webhook
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
