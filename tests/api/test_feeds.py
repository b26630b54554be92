"""What a shop's program may send with its key, and what comes of it."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone, translation
from oscar.apps.partner.models import StockRecord

from catalog_sync import decisions, sync
from catalog_sync.doors import keys, pushing
from catalog_sync.models import Feed, FeedToken, Push, SyncRun
from marketplace.foundation.models import AuditEntry
from shops.models import Shop
from tests import factories
from tests.catalog_sync import memory

pytestmark = pytest.mark.django_db
ISBN = 9782070360024


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    memory.register(monkeypatch)
    with translation.override("en"):
        yield


def ago(**span: float):
    return timezone.now() - timedelta(**span)


@pytest.fixture
def books() -> Feed:
    """Two articles of yesterday's list: two copies each at 20 dollars."""
    made = memory.feed(name="books")
    memory.shelve(made, memory.article("a", gtin=ISBN), memory.article("b"), at=ago(days=1))
    assert sync.run(made, now=timezone.now()).state == "done"
    return made


@pytest.fixture
def key(books) -> str:
    return keys.make(books, label="till", by=factories.user(), now=timezone.now())


def push(key: str, *rows: object, as_of=None, name: str = "push-0001", **header: str):
    body = {"as_of": (as_of or ago(minutes=1)).isoformat(), "rows": list(rows)}
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name, "Accept-Language": "en"} | header
    return Client().post("/api/v1/feed/rows", json.dumps(body), content_type="application/json", headers=headers)


def get(key: str, path: str):
    return Client().get(f"/api/v1/feed/{path}", headers={"Authorization": f"Bearer {key}"})


def numbers() -> dict[str, tuple]:
    rows = StockRecord.objects.values_list("partner_sku", "num_in_stock", "price")
    return {sku: (number, price) for sku, number, price in rows}


def test_pushed_quantities_and_prices_go_in_and_the_rest_stays(key):
    response = push(
        key,
        {"sku": "a", "quantity": 7},
        {"sku": "b", "price": "18.50"},
    )
    assert (response.status_code, response.json()) == (202, {"push": "push-0001", "taken": 2, "refused": []})
    assert get(key, "pushes/push-0001").json() == {"push": "push-0001", "done": False, "run": None}
    assert pushing.apply_pushes(timezone.now()) == 1
    assert numbers() == {"a": (7, Decimal("20.00")), "b": (2, Decimal("18.50"))}
    state = get(key, "pushes/push-0001").json()
    assert (state["done"], state["run"]["changed"], state["run"]["gone"]) == (True, 2, 0)
    assert pushing.apply_pushes(timezone.now()) == 0


def test_the_same_push_again_changes_nothing(key):
    row, when = {"sku": "a", "quantity": 7}, ago(minutes=5)
    for _ in range(2):
        assert push(key, row, as_of=when).status_code == 202
    assert Push.objects.count() == 1
    pushing.apply_pushes(timezone.now())
    assert push(key, row, as_of=when).status_code == 202
    assert pushing.apply_pushes(timezone.now()) == 0
    assert push(key, {"sku": "a", "quantity": 8}, as_of=when).status_code == 409
    assert numbers()["a"][0] == 7


def test_pushes_out_of_order_end_with_the_youngest(key):
    push(key, {"sku": "a", "quantity": 3}, as_of=ago(minutes=1), name="the younger")
    push(key, {"sku": "a", "quantity": 9}, as_of=ago(minutes=30), name="the older one")
    while pushing.apply_pushes(timezone.now()):
        pass
    assert numbers()["a"][0] == 3


def test_list_older_than_a_push_does_not_undo_it(books, key):
    push(key, {"sku": "a", "quantity": 0})
    pushing.apply_pushes(timezone.now())
    memory.shelve(books, memory.article("a", gtin=ISBN), memory.article("b"), at=ago(hours=2))
    sync.run(Feed.objects.get(pk=books.pk), now=timezone.now())
    assert numbers()["a"][0] == 0


def test_isbn_will_do_where_it_names_one_article(key):
    response = push(key, {"gtin": "978-2-07-036002-4", "quantity": 1}, {"gtin": "9782070368228", "quantity": 1})
    assert response.json()["refused"] == [{"row": 2, "problem": "Your catalogue has no article with this ISBN or EAN."}]
    pushing.apply_pushes(timezone.now())
    assert numbers()["a"][0] == 1


@pytest.mark.parametrize(
    "row",
    [
        7,
        {},
        {"sku": "a"},
        {"sku": "", "quantity": 1},
        {"sku": 5, "quantity": 1},
        {"sku": "a\ud800", "quantity": 1},
        {"quantity": 1},
        {"sku": "a", "quantity": -1},
        {"sku": "a", "quantity": 1.5},
        {"sku": "a", "quantity": True},
        {"sku": "a", "quantity": "1"},
        {"sku": "a", "quantity": 10**9},
        {"sku": "a", "price": 12.9},
        {"sku": "a", "price": "12.90 EUR"},
        {"sku": "a", "price": "free"},
        {"sku": "a", "quantity": 1, "title": "Nana"},
        {"gtin": "9782070360025", "quantity": 1},
    ],
)
def test_wrong_rows_are_named_and_good_ones_beside_them_go_in(key, row):
    response = push(key, row, {"sku": "b", "quantity": 5})
    assert response.status_code == 202
    assert [wrong["row"] for wrong in response.json()["refused"]] == [1]
    pushing.apply_pushes(timezone.now())
    assert numbers() == {"a": (2, Decimal("20.00")), "b": (5, Decimal("20.00"))}


def test_null_is_not_known_and_not_zero(key):
    push(key, {"sku": "a", "quantity": None})
    pushing.apply_pushes(timezone.now())
    assert numbers()["a"][0] is None


def test_unknown_article_is_told_by_its_run(key):
    push(key, {"sku": "zzz", "quantity": 4})
    pushing.apply_pushes(timezone.now())
    run = SyncRun.objects.latest("pk")
    assert (run.refused, run.issues.get().code) == (1, "article_unknown")


def test_price_that_jumps_is_kept_back_and_vouched_for(key):
    push(key, {"sku": "a", "price": "90.00"})
    pushing.apply_pushes(timezone.now())
    assert numbers()["a"][1] == 20
    run = SyncRun.objects.latest("pk")
    assert decisions.approve(run, by=factories.user(), now=timezone.now())
    assert decisions.follow_decisions(timezone.now()) == 1
    assert numbers()["a"][1] == 90


@pytest.mark.parametrize("as_of", ["2026-03-02T09:00:00", "yesterday", None])
def test_time_without_zone_is_refused(key, as_of):
    body = json.dumps({"as_of": as_of, "rows": []})
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "push-0001"}
    sent = Client().post("/api/v1/feed/rows", body, content_type="application/json", headers=headers)
    assert sent.status_code == 422


def test_the_future_and_too_many_rows_are_refused(key):
    assert push(key, {"sku": "a", "quantity": 1}, as_of=timezone.now() + timedelta(minutes=1)).status_code == 422
    rows = [{"sku": f"s{n}", "quantity": 1} for n in range(pushing.MOST_ROWS + 1)]
    assert push(key, *rows).status_code == 422
    assert not Push.objects.exists()


def test_whole_list_is_sent_and_read(key, books):
    Feed.objects.filter(pk=books.pk).update(kind="csv", location="books.csv", due_at=None)
    content = "sku;titre;prix;quantité\na;Nana;21,00;4\nb;Germinal;20,00;2\n".encode()
    headers = {"Authorization": f"Bearer {key}", "As-Of": ago(hours=1).isoformat(), "X-File-Name": "list.csv"}
    sent = Client().put("/api/v1/feed/list", content, content_type="text/csv", headers=headers)
    assert (sent.status_code, sent.json()) == (202, {"bytes": len(content)})
    assert sync.sync_feeds(timezone.now()) == 1
    assert numbers() == {"a": (4, Decimal("21.00")), "b": (2, Decimal("20.00"))}
    first, *_ = get(key, "runs").json()
    assert (first["state"], first["changed"]) == ("done", 2)
    assert AuditEntry.objects.get(action="feed.send").actor_label == "api"


@pytest.mark.parametrize(
    ("as_of", "words"), [("2026-03-02", "with its zone"), ("2999-01-01T00:00:00Z", "in the future")]
)
def test_list_with_a_wrong_time_is_refused(key, books, as_of, words):
    Feed.objects.filter(pk=books.pk).update(kind="csv", location="books.csv")
    headers = {"Authorization": f"Bearer {key}", "As-Of": as_of, "Accept-Language": "en"}
    sent = Client().put("/api/v1/feed/list", b"x", content_type="text/csv", headers=headers)
    assert sent.status_code == 422
    assert words in sent.json()["message"]


def test_keys_open_their_own_feed_until_they_are_revoked(key, books):
    other = memory.feed(name="other")
    theirs = keys.make(other, label="till", by=factories.user(), now=timezone.now())
    assert get(theirs, "runs").json() == []
    assert len(get(key, "runs").json()) == 1
    assert get(theirs, "pushes/push-0001").status_code == 404
    for wrong in ("", "x", key[:-1], key.upper()):
        assert get(wrong, "runs").status_code == 401
    token = FeedToken.objects.get(feed=books)
    assert (key in token.digest, token.used_at is not None) == (False, True)
    assert keys.revoke(token, by=factories.user(), now=timezone.now())
    assert not keys.revoke(token, by=factories.user(), now=timezone.now())
    assert get(key, "runs").status_code == 401


def test_shop_that_left_is_not_let_in(key, books):
    Shop.objects.filter(pk=books.shop_id).update(status=Shop.Status.LEFT)
    assert get(key, "runs").status_code == 401


def test_it_is_described_and_needs_no_cookie():
    described = Client().get("/api/v1/openapi.json").json()
    assert {path for path in described["paths"] if path.startswith("/api/v1/feed/")} == {
        "/api/v1/feed/list",
        "/api/v1/feed/rows",
        "/api/v1/feed/runs",
        "/api/v1/feed/runs/{run_id}",
        "/api/v1/feed/dry-run",
        "/api/v1/feed/dry-runs/{dry_run_id}",
        "/api/v1/feed/pushes/{key}",
    }
    client = Client(enforce_csrf_checks=True)
    assert client.post("/api/v1/feed/rows", "{}", content_type="application/json").status_code == 401
    assert not client.cookies


def test_push_leaves_a_list_waiting_and_the_schedule_alone(books, key):
    rows = [memory.article(f"s{n}") for n in range(10)]
    memory.shelve(books, memory.article("a", gtin=ISBN), memory.article("b"), *rows, at=ago(hours=4))
    sync.run(Feed.objects.get(pk=books.pk), now=timezone.now())
    memory.shelve(books, memory.article("a", gtin=ISBN), at=ago(hours=3))
    waiting = sync.run(Feed.objects.get(pk=books.pk), now=timezone.now())
    assert waiting.state == SyncRun.State.AWAITING
    Feed.objects.filter(pk=books.pk).update(due_at=None, cursor="here", content_hash="as before")
    push(key, {"sku": "a", "quantity": 7})
    assert pushing.apply_pushes(timezone.now()) == 1
    waiting.refresh_from_db()
    feed = Feed.objects.get(pk=books.pk)
    assert (waiting.state, feed.due_at, feed.cursor, feed.content_hash) == (SyncRun.State.AWAITING, None, "here", "")


def test_prices_of_a_list_can_be_vouched_for_after_a_push(books, key):
    memory.shelve(books, memory.article("a", gtin=ISBN, price=9000), memory.article("b"), at=ago(hours=3))
    kept_back = sync.run(Feed.objects.get(pk=books.pk), now=timezone.now())
    push(key, {"sku": "b", "quantity": 7})
    pushing.apply_pushes(timezone.now())
    assert decisions.has_prices_kept_back(kept_back)
