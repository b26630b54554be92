"""Ask a bookseller: with an account, or with an address that is confirmed before the shop sees anything."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import links
from marketplace.foundation.models import MailMessage
from shops.models import Message, Side, Thread
from shops.threads import writing
from shops.threads.writing import Words
from tests import factories
from tests.shops.returns.sending_back import shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def shop():
    return factories.shop("Port", slug="port")


def page_of(thread: Thread) -> str:
    return reverse("storefront:question", args=[thread.pk, links.question_key(thread.pk)])


def ask(client: Client, **sent: str):
    return client.post("/shops/port/ask/", {"text": "In blue?", "email": "lea@example.org", "once": "1"} | sent)


def test_guests_question_waits_for_its_confirmation(client, shop):
    title = factories.stock_record(shop).product
    where = f"/shops/port/ask/?title={title.pk}"
    assert title.title in shown(client.get(where))
    sent = {"text": "Is there a <b>map</b> in it?", "email": "lea@example.org", "name": "Léa", "once": "1"}
    assert [client.post(where, sent).url for _ in range(2)] == [title.get_absolute_url()] * 2
    thread = Thread.objects.get()
    assert (thread.product, thread.confirmed_at, thread.waits_since) == (title, None, None)
    [mail] = MailMessage.objects.all()
    assert (mail.kind, mail.to, "map" in mail.text, page_of(thread) in mail.text) == (
        "thread_confirm", "lea@example.org", False, True,
    )  # fmt: skip
    page = client.get(page_of(thread))
    assert (page.status_code, "Yes, send it to Port" in shown(page)) == (200, True)
    assert "&lt;b&gt;map" in page.content.decode()
    thread.refresh_from_db()
    assert thread.confirmed_at is None  # programs that look confirm nothing
    client.post(page_of(thread))
    client.post(page_of(thread), {"text": "And an index?"})
    thread.refresh_from_db()
    assert (thread.confirmed_at is not None, thread.waits_since is not None) == (True, True)
    assert MailMessage.objects.filter(kind="thread_shop", to=shop.email).count() == 2
    assert list(thread.messages.values_list("text", flat=True)) == ["Is there a <b>map</b> in it?", "And an index?"]


def test_reader_with_a_confirmed_address_is_heard_at_once(shop):
    reader, client = factories.confirmed_user("lea@example.org"), Client()
    client.force_login(reader)
    answer = ask(client, email="other@example.org")
    thread = Thread.objects.get()
    assert (answer.url, thread.user, thread.email) == (page_of(thread), reader, "lea@example.org")
    assert thread.confirmed_at is not None
    writing.write(thread, Side.SHOP, Words("Yes."), by=None, now=timezone.now())
    mine = shown(client.get(reverse("storefront:my-words")))
    assert "<strong>new</strong>" in mine
    client.get(page_of(thread))
    assert "<strong>new</strong>" not in shown(client.get(reverse("storefront:my-words")))


def test_account_with_an_address_of_somebody_else_confirms_first(shop):
    factories.confirmed_user("lea@example.org")
    client, other = Client(), factories.user("mallory@example.org")
    client.force_login(other)
    ask(client)
    assert Thread.objects.get().confirmed_at is None


def test_nobody_fills_a_strangers_mailbox(client, shop):
    answers = [ask(client, once=str(number)).status_code for number in range(5)]
    assert answers == [302, 302, 302, 422, 422]
    assert MailMessage.objects.count() == 3
    others = [ask(Client(), email=f"{number}@example.org", once=f"o{number}").status_code for number in range(2)]
    assert others == [302, 429]


def test_key_of_another_question_opens_nothing(client, shop):
    ask(client)
    thread = Thread.objects.get()
    wrong = reverse("storefront:question", args=[thread.pk, links.question_key(thread.pk + 1)])
    answers = [client.get(wrong).status_code for _ in range(11)]
    assert answers == [404] * 10 + [429]
    order = factories.shop_order(shop, (factories.stock_record(shop), 1))
    of_order = writing.of_order(order, now=timezone.now())
    assert client.get(page_of(of_order)).status_code == 404


@pytest.mark.parametrize("title", ["x", "9" * 30, "-1", "²", "0"])
def test_title_that_is_none_is_left_out(client, shop, title):
    assert client.get("/shops/port/ask/", {"title": title}).status_code == 200


def test_shop_that_is_not_there_is_not_asked(client, shop):
    type(shop).objects.update(status="left")
    assert ask(client).status_code == 404
    assert Message.objects.count() == 0


def test_title_and_shop_lead_there(client, shop):
    record = factories.stock_record(shop)
    page = shown(client.get(record.product.get_absolute_url()))
    assert f'href="/shops/port/ask/?title={record.product_id}"' in page
    assert 'href="/shops/port/ask/"' in shown(client.get("/shops/port/"))
