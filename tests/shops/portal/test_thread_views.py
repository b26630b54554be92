"""What readers write, at the desk: the inbox, answers, quick replies, what is wrong."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops.models import Incident, Message, QuickReply, ShopMember, Side, Thread
from shops.threads import incidents, writing
from shops.threads.writing import Asker, Words
from tests import factories
from tests.shops.portal.conftest import Stall, signed_in
from tests.shops.returns.sending_back import shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings, tmp_path):
    settings.LANGUAGE_CODE = "en"
    settings.VAR_DIR = tmp_path


def asked(stall: Stall, text: str = "Do you have it in blue?", language: str = "fr", **columns: object) -> Thread:
    asker = Asker("lea@example.org", "Léa", language, confirmed=True)
    return writing.ask(stall.shop, Words(text), asker, now=timezone.now(), **({"product_id": None} | columns))


def test_question_waits_in_the_queue_until_it_is_answered(ours):
    row = asked(ours)
    desk = reverse("portal:desk", args=[ours.shop.slug])
    where = reverse("portal:thread", args=[ours.shop.slug, row.pk])
    page = shown(ours.client.get(desk))
    assert [word for word in (f'href="{where}"', "Do you have it in blue?", "waits for") if word not in page] == []
    assert shown(ours.client.get(where)).count("Do you have it in blue?") == 1
    row.refresh_from_db()
    assert row.seen_by_shop == row.messages.get().pk
    act = reverse("portal:thread-act", args=[ours.shop.slug, row.pk, "write"])
    assert ours.client.post(act, {"text": "Yes, two.", "once": "1"}).url == where
    assert ours.client.post(act, {"text": "Yes, two.", "once": "1"}).url == where
    answer = Message.objects.get(side="shop")
    assert (answer.by, answer.waited_since is not None) == (ours.staff, True)
    assert where not in shown(ours.client.get(desk))
    mail = MailMessage.objects.get(kind="thread_reader")
    assert (mail.to, mail.language, "Yes, two." in mail.text) == ("lea@example.org", "fr", True)
    assert f"/questions/{row.pk}/" in mail.text


def test_nothing_to_answer_ends_the_waiting_and_counts_as_no_answer(ours):
    row = asked(ours, "Thank you!")
    ours.client.post(reverse("portal:thread-act", args=[ours.shop.slug, row.pk, "settle"]))
    row.refresh_from_db()
    assert (row.waits_since, Message.objects.filter(side="shop").count()) == (None, 0)


def test_words_of_an_order_begin_its_thread_once(ours):
    where = reverse("portal:order-thread", args=[ours.shop.slug, ours.order.number])
    assert ours.client.get(where).status_code == 200
    assert Thread.objects.count() == 0
    act = reverse("portal:order-thread-act", args=[ours.shop.slug, ours.order.number, "write"])
    for text in ("One", "Two"):
        ours.client.post(act, {"text": text})
    assert list(Thread.objects.get().messages.values_list("text", flat=True)) == ["One", "Two"]
    page = shown(ours.client.get(reverse("portal:order", args=[ours.shop.slug, ours.order.number])))
    assert page.index("One") < page.index("Two")
    assert ours.client.get(reverse("portal:thread", args=[ours.shop.slug, Thread.objects.get().pk])).url == where


def test_quick_reply_comes_in_the_readers_language(ours):
    where = reverse("portal:quick-reply-add", args=[ours.shop.slug])
    assert ours.client.post(where, {"label": "Open"}).status_code == 422
    ours.client.post(where, {"label": "Open", "text_fr": "Ouvert à dix heures.", "text_en": "Open at ten."})
    reply = QuickReply.objects.get()
    for language, words in (("fr", "Ouvert à dix heures."), ("en", "Open at ten.")):
        row = asked(ours, language, language=language)
        address = reverse("portal:thread", args=[ours.shop.slug, row.pk])
        page = shown(ours.client.get(address, {"reply": reply.pk}))
        assert words in page.partition("<textarea")[2]
    save = reverse("portal:quick-reply-save", args=[ours.shop.slug, reply.pk])
    ours.client.post(save, {"label": "Open", "text_fr": "", "text_en": "Open at ten."})
    reply.refresh_from_db()
    assert reply.text("fr") == "Open at ten."
    ours.client.post(reverse("portal:quick-reply-remove", args=[ours.shop.slug, reply.pk]))
    assert QuickReply.objects.count() == 0


def test_shop_settles_what_is_wrong_until_it_is_the_networks(ours):
    now = timezone.now()
    thread = writing.of_order(ours.order, now=now)
    said = {"by": None, "who": "reader", "now": now}
    row = incidents.open_one(thread, Side.READER, "damaged", Words("torn"), **said)
    assert "It came damaged" in shown(ours.client.get(reverse("portal:messages", args=[ours.shop.slug])))
    act = reverse("portal:order-thread-act", args=[ours.shop.slug, ours.order.number, "settled"])
    ours.client.post(
        reverse("portal:order-thread-act", args=[ours.shop.slug, ours.order.number, "write"]), {"text": "!"}
    )
    assert ours.order.number in shown(ours.client.get(reverse("portal:queue", args=[ours.shop.slug])))
    Incident.objects.filter(pk=row.pk).update(escalated_at=now)
    assert ours.client.post(act, {"done": "x"}).status_code == 422
    Incident.objects.filter(pk=row.pk).update(escalated_at=None)
    assert ours.client.post(act, {"done": "sent another copy"}).status_code == 302
    row.refresh_from_db()
    assert (row.closed_by, row.closer, row.done) == ("shop", ours.staff, "sent another copy")


def test_unconfirmed_question_does_not_exist_for_the_shop(ours):
    asker = Asker("lea@example.org", "Léa", "fr")
    row = writing.ask(ours.shop, Words("Buy now"), asker, product_id=None, now=timezone.now())
    assert ours.client.get(reverse("portal:thread", args=[ours.shop.slug, row.pk])).status_code == 404
    assert "Buy now" not in shown(ours.client.get(reverse("portal:messages", args=[ours.shop.slug])))
    assert MailMessage.objects.filter(kind="thread_shop").count() == 0


def test_who_only_looks_leaves_no_mark(ours):
    row = asked(ours)
    looker = signed_in(factories.member(ours.shop, role=ShopMember.Role.READER).user)
    page = looker.get(reverse("portal:thread", args=[ours.shop.slug, row.pk]))
    row.refresh_from_db()
    assert (page.status_code, row.seen_by_shop) == (200, 0)


@pytest.mark.parametrize("name", ["portal:messages", "portal:queue"])
def test_inbox_costs_the_same_for_1_and_30(name, ours, django_assert_num_queries):
    asked(ours, "0")
    client, where = ours.client, reverse(name, args=[ours.shop.slug])
    client.get(where)
    with CaptureQueriesContext(connection) as few:
        client.get(where)
    for number in range(1, 20):
        asked(ours, str(number), product_id=ours.order.lines.first().product_id)
    with django_assert_num_queries(len(few.captured_queries)):
        client.get(where)
