"""What a shop's system posts to its feed's webhook, and what comes of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from oscar.apps.partner.models import StockRecord

from catalog_sync import sync
from catalog_sync.doors import hooks, pushing, signatures
from catalog_sync.models import Feed, Push, Webhook
from marketplace.foundation import webhook_signing
from shops.models import Shop
from tests import factories
from tests.catalog_sync import memory

pytestmark = pytest.mark.django_db
ISBN = 9782070360024
Form = Webhook.Form


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    memory.register(monkeypatch)
    with translation.override("en"):
        yield


@pytest.fixture
def books() -> Feed:
    """Two articles of yesterday's list: two copies each at 20 dollars. Its next reading is far away."""
    made = memory.feed(name="books")
    memory.shelve(made, memory.article("a", gtin=ISBN), memory.article("b"), at=timezone.now() - timedelta(days=1))
    assert sync.run(made, now=timezone.now()).state == "done"
    Feed.objects.filter(pk=made.pk).update(due_at=timezone.now() + timedelta(hours=1))
    return made


def secret_of(feed: Feed, form: Form = Form.STANDARD, given: str = "") -> str:
    return hooks.make(feed, form=form, given=given, by=factories.user(), now=timezone.now())


def post(feed: Feed, body: bytes, headers: dict[str, str]):
    where = reverse("hook", args=[Webhook.objects.get(feed=feed).slug])
    client = Client(enforce_csrf_checks=True)
    response = client.post(where, body, content_type="application/json", headers=headers | {"Accept-Language": "en"})
    assert not client.cookies
    return response


def signed(secret: str, body: bytes, *, name: str = "msg_1", sent_at=None) -> dict[str, str]:
    seconds = str(int((sent_at or timezone.now()).timestamp()))
    digest = hmac.digest(webhook_signing.standard_key(secret), f"{name}.{seconds}.".encode() + body, "sha256")
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": name, "webhook-timestamp": seconds, "webhook-signature": signature}


def send(feed: Feed, secret: str, message: object, **how):
    body = json.dumps(message).encode()
    return post(feed, body, signed(secret, body, **how))


def number(sku: str = "a") -> int:
    return StockRecord.objects.get(partner_sku=sku).num_in_stock


def is_due(feed: Feed) -> bool:
    return Feed.objects.filter(pk=feed.pk, due_at__lte=timezone.now()).exists()


def test_rows_go_in_as_of_their_time(books):
    secret = secret_of(books)
    rows = [{"sku": "a", "quantity": 7}, {"sku": "b", "price": "18.50"}, {"sku": "b"}]
    answer = send(books, secret, {"rows": rows}, sent_at=timezone.now() - timedelta(minutes=2))
    assert (answer.status_code, answer.json()["taken"]) == (202, 2)
    assert answer.json()["refused"] == [{"row": 3, "problem": "Neither a quantity nor a price."}]
    age = timezone.now() - Push.objects.get().as_of
    assert timedelta(minutes=2) <= age < timedelta(minutes=3)
    assert pushing.apply_pushes(timezone.now()) == 1
    assert (number(), StockRecord.objects.get(partner_sku="b").price) == (7, Decimal("18.50"))
    assert not is_due(books)
    assert Webhook.objects.get().used_at is not None


def test_message_sent_again_is_the_same_push(books):
    """Also later, when its new time of sending would make its old number young."""
    secret = secret_of(books)
    rows = {"rows": [{"sku": "a", "quantity": 7}]}
    send(books, secret, rows, sent_at=timezone.now() - timedelta(minutes=4))
    first = Push.objects.get().as_of
    assert send(books, secret, rows).status_code == 202
    assert Push.objects.get().as_of == first
    assert send(books, secret, {"rows": [{"sku": "a", "quantity": 8}]}).status_code == 409


def test_time_that_the_message_names_counts(books):
    secret = secret_of(books)
    read_at = timezone.now() - timedelta(hours=3)
    send(books, secret, {"as_of": read_at.isoformat(), "rows": [{"sku": "a", "quantity": 7}]})
    assert Push.objects.get().as_of == read_at
    for as_of in ("2026-03-02T09:00:00", "2026-99-99T99:00:00Z", 7, None, "2999-01-01T00:00:00Z"):
        wrong = send(books, secret, {"as_of": as_of, "rows": []}, name=f"msg_{as_of}")
        assert wrong.status_code == 422


@pytest.mark.parametrize("minutes", [-6, 6])
def test_old_and_future_messages_are_refused(books, minutes):
    secret = secret_of(books)
    when = timezone.now() + timedelta(minutes=minutes)
    assert send(books, secret, {"rows": [{"sku": "a", "quantity": 7}]}, sent_at=when).status_code == 401
    assert (Push.objects.count(), is_due(books)) == (0, False)


def test_unsigned_and_wrongly_signed_messages_leave_nothing(books):
    secret = secret_of(books)
    other = memory.feed(books.shop, name="other")
    body = b'{"rows": [{"sku": "a", "quantity": 7}]}'
    for headers in ({}, signed(secret_of(other), body), signed(secret, body + b" ")):
        assert post(books, body, headers).status_code == 401
    assert (Push.objects.count(), is_due(books), Webhook.objects.get(feed=books).used_at) == (0, False, None)


def test_without_the_check_it_would_go_in(books, monkeypatch):
    """Negative control: nothing but the signature keeps the message of the test before out."""
    secret_of(books)
    monkeypatch.setattr(signatures, "check", lambda *_, now, **__: signatures.Signed("msg_1", now))
    assert post(books, b'{"rows": [{"sku": "a", "quantity": 7}]}', {}).status_code == 202
    assert Push.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 422), (b"[" * 200_000, 422), (b'{"rows": {"sku": "a"}}', 422), (b"x" * (1 << 20 | 1), 413)],
)
def test_what_cannot_be_read_is_refused_with_a_reason(books, body, status):
    answer = post(books, body, signed(secret_of(books), body))
    assert (answer.status_code, list(answer.json())) == (status, ["error", "message", "where"])
    assert not is_due(books)


def test_news_makes_the_feed_due_at_once_and_then_not_for_a_minute(books):
    secret = secret_of(books)
    assert send(books, secret, {"type": "stock.changed"}).status_code == 202
    assert is_due(books)
    memory.shelve(books, memory.article("a", gtin=ISBN, quantity=5), memory.article("b"), at=timezone.now())
    assert sync.sync_feeds(timezone.now()) == 1
    assert number() == 5
    for n in range(3):
        send(books, secret, {"type": "stock.changed"}, name=f"msg_{n}")
    webhook = Webhook.objects.get()
    assert Feed.objects.get(pk=books.pk).due_at == webhook.news_at
    assert timedelta(seconds=50) < webhook.news_at - timezone.now() <= hooks.NEWS_EVERY


def test_news_that_comes_while_the_list_is_read_is_not_forgotten(books, monkeypatch):
    secret = secret_of(books)
    Feed.objects.filter(pk=books.pk).update(due_at=timezone.now())
    real = sync.run

    def meanwhile(feed, **how):
        assert send(books, secret, {}).status_code == 202
        return real(feed, **how)

    monkeypatch.setattr(sync, "run", meanwhile)
    assert sync.sync_feeds(timezone.now()) == 1
    assert is_due(books)


@pytest.mark.parametrize(
    ("form", "header"), [(Form.SHOPIFY, "X-Shopify-Hmac-Sha256"), (Form.WOOCOMMERCE, "X-WC-Webhook-Signature")]
)
def test_shop_systems_bring_news_and_no_numbers(books, form, header):
    secret_of(books, form, "0123456789abcdef")
    body = b'{"rows": [{"sku": "a", "quantity": 7}]}'
    right = base64.b64encode(hmac.new(b"0123456789abcdef", body, hashlib.sha256).digest()).decode()
    assert post(books, body, {header: "AAAA"}).status_code == 401
    assert not is_due(books)
    assert post(books, body, {header: right}).status_code == 202
    assert (Push.objects.count(), is_due(books)) == (0, True)


def square_says(where: str, key: str, body: bytes) -> dict[str, str]:
    right = base64.b64encode(hmac.new(key.encode(), where.encode() + body, hashlib.sha256).digest()).decode()
    return {"x-square-hmacsha256-signature": right}


def test_square_signs_the_public_address_and_the_body(books, settings):
    """https://developer.squareup.com/docs/webhooks/step3validate: behind a proxy the address is the public one."""
    key, body = "sq-signature-key-0123", b'{"type": "inventory.count.updated", "event_id": "a", "rows": [{"sku": "a"}]}'
    secret_of(books, Form.SQUARE, key)
    settings.SITE_URL = "https://halles.example.org"
    there = f"https://halles.example.org/hooks/{Webhook.objects.get().slug}/"
    inside, elsewhere = there.replace("halles.example.org", "testserver"), there.replace("/hooks/", "/other/")
    refused = [
        {"X-Shopify-Hmac-Sha256": "AAAA"},
        square_says("", key, body),
        square_says(inside, key, body),
        square_says(elsewhere, key, body),
        square_says(there, "another-key-012345", body),
        square_says(there, key, body + b" "),
    ]
    assert {post(books, body, headers).status_code for headers in refused} == {401}
    assert not is_due(books)
    assert post(books, body, square_says(there, key, body)).status_code == 202
    assert (Push.objects.count(), is_due(books)) == (0, True)


def test_square_that_sends_it_again_is_not_heard_again(books):
    """It sends what was not answered in time once more, and anybody who saw it may, by the same id of the event."""
    key = "sq-signature-key-0123"
    secret_of(books, Form.SQUARE, key)
    slug = hooks.address_of(Webhook.objects.get())

    def says(event: str) -> tuple[bytes, dict[str, str]]:
        body = json.dumps({"type": "catalog.version.updated", "event_id": event}).encode()
        return body, square_says(slug, key, body)

    assert post(books, *says("a")).status_code == 202
    first = Webhook.objects.get().news_at
    Feed.objects.filter(pk=books.pk).update(due_at=timezone.now() + timedelta(hours=1))
    assert [post(books, *says("a")).status_code for _again in range(3)] == [202] * 3
    assert (Webhook.objects.get().news_at, is_due(books)) == (first, False)
    assert [post(books, *says(event)).status_code for event in "bcd"] == [202] * 3
    assert Webhook.objects.get().news_at - first == hooks.NEWS_EVERY
    other = memory.feed(books.shop, name="other")  # its events are its own
    hooks.make(other, form=Form.SQUARE, given=key, by=factories.user(), now=timezone.now())
    body = says("a")[0]
    where = hooks.address_of(Webhook.objects.get(feed=other))
    assert post(other, body, square_says(where, key, body)).status_code == 202
    assert Webhook.objects.get(feed=other).news_at is not None


def test_event_that_could_not_be_kept_is_heard_when_it_comes_again(books, monkeypatch):
    key, body = "sq-signature-key-0123", b'{"type": "catalog.version.updated", "event_id": "a"}'
    secret_of(books, Form.SQUARE, key)
    headers = square_says(hooks.address_of(Webhook.objects.get()), key, body)

    def dies(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as dying:
        dying.setattr(hooks, "_hear_news", dies)
        with pytest.raises(RuntimeError):
            post(books, body, headers)
    assert post(books, body, headers).status_code == 202
    assert is_due(books)


@pytest.mark.parametrize("body", [b"[1]", b'{"event_id": 7}', b"{}", b"", b"{"])
def test_square_without_an_event_is_news_all_the_same(books, body):
    key = "sq-signature-key-0123"
    secret_of(books, Form.SQUARE, key)
    assert post(books, body, square_says(hooks.address_of(Webhook.objects.get()), key, body)).status_code == 202
    assert is_due(books)


def test_square_gets_an_address_before_it_has_a_key(books):
    """Its signature key is there once the subscription is, and that asks for the address."""
    secret_of(books, Form.SQUARE)
    address = hooks.address_of(Webhook.objects.get())
    secret_of(books, Form.SQUARE, "sq-signature-key-0123")
    assert hooks.address_of(Webhook.objects.get()) == address
    assert Webhook.objects.get().sender == "Square"


def test_woocommerce_is_told_that_the_address_is_there(books):
    secret_of(books, Form.WOOCOMMERCE)
    assert post(books, b"webhook_id=12", {}).status_code == 200
    assert post(books, b"webhook_id=12&x=1", {}).status_code == 401
    assert not is_due(books)


def test_secret_before_is_good_for_a_day(books):
    old = secret_of(books)
    address = Webhook.objects.get().slug
    new = secret_of(books)
    assert Webhook.objects.get().slug == address
    assert [send(books, secret, {}).status_code for secret in (old, new)] == [202, 202]
    Webhook.objects.update(old_until=timezone.now())
    assert [send(books, secret, {}).status_code for secret in (old, new)] == [401, 202]
    stored = Webhook.objects.get()
    assert new not in (stored.sealed_secret, stored.sealed_old_secret)
    secret_of(books, Form.WOOCOMMERCE)
    assert (Webhook.objects.get().sealed_old_secret, Webhook.objects.get().old_until) == ("", None)


@pytest.mark.parametrize(
    ("form", "given"), [(Form.SHOPIFY, ""), (Form.WOOCOMMERCE, "short"), (Form.STANDARD, "no base64!")]
)
def test_secret_that_cannot_be_one_is_refused(books, form, given):
    with pytest.raises(hooks.HookError):
        secret_of(books, form, given)
    assert not Webhook.objects.exists()


def test_address_is_none_without_a_webhook_or_a_shop(books):
    secret = secret_of(books)
    slug = Webhook.objects.get().slug
    Shop.objects.filter(pk=books.shop_id).update(status=Shop.Status.LEFT)
    assert send(books, secret, {}).status_code == 404
    Shop.objects.filter(pk=books.shop_id).update(status=Shop.Status.ACTIVE)
    assert hooks.end(books, by=factories.user())
    assert not hooks.end(books, by=factories.user())
    assert Client().post(reverse("hook", args=[slug])).status_code == 404
    assert Client().get(reverse("hook", args=[slug])).status_code == 405
