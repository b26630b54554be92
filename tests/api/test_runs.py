"""What a feed's readings came to, and a list that is only tried, as a shop's program sees them."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from oscar.apps.partner.models import StockRecord

from catalog_sync import sync
from catalog_sync.doors import arrivals, keys, trying
from catalog_sync.models import DryRun, Feed, RecordIssue, SourceRecord, SyncRun
from marketplace.foundation.models import AuditEntry
from tests import factories
from tests.catalog_sync import memory

pytestmark = pytest.mark.django_db
HEADER = "sku;titre;prix;quantité\n"
FIRST = HEADER + "".join(f"s{n};Titre {n};20,00;2\n" for n in range(10))


@pytest.fixture(autouse=True)
def _world(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with translation.override("en"):
        yield


@pytest.fixture
def books(_world) -> Feed:
    """A feed of CSV files that has listed ten articles an hour ago."""
    shop = factories.shop(language="en", complete_as_of=None)
    made = memory.feed(shop, name="books", kind="csv", location="books.csv")
    earlier = timezone.now() - timedelta(hours=1)
    arrivals.receive(made, [FIRST.encode()], name="x.csv", made_at=earlier, now=earlier)
    assert sync.run(made, now=earlier).state == "done"
    return Feed.objects.get(pk=made.pk)


@pytest.fixture
def key(books) -> str:
    return keys.make(books, label="till", by=factories.user(), now=timezone.now())


def get(key: str, path: str):
    return Client().get(f"/api/v1/feed/{path}", headers={"Authorization": f"Bearer {key}"})


def try_list(key: str, text: str, **header: str):
    headers = {"Authorization": f"Bearer {key}", "X-File-Name": "new.csv", "Accept-Language": "en"} | header
    return Client().post("/api/v1/feed/dry-run", text.encode(), content_type="text/csv", headers=headers)


def tried(key: str, text: str) -> dict:
    number = try_list(key, text).json()["id"]
    assert get(key, f"dry-runs/{number}").json() == {"id": number, "done": False, "would": None, "report": None}
    assert trying.try_lists(timezone.now()) == 1
    answer = get(key, f"dry-runs/{number}").json()
    assert answer["done"]
    return answer


def state() -> tuple:
    """All that a reading could have changed."""
    return (
        list(StockRecord.objects.order_by("pk").values()),
        list(SourceRecord.objects.order_by("sku").values()),
        list(SyncRun.objects.order_by("pk").values()),
        list(Feed.objects.values("due_at", "cursor", "content_hash", "parked_at", "lease_until")),
        RecordIssue.objects.count(),
    )


def test_tried_list_tells_what_it_would_change_and_changes_nothing(books, key):
    before = state()
    text = FIRST.replace("s0;Titre 0;20,00;2", "s0;Titre 0;21,00;2").replace("s1;Titre 1;20,00;2", "s1;Titre 1;20,00;5")
    answer = tried(key, text + "new;Neuf;12,00;1\n;;;\n;No number;1;1\n")
    report = answer["report"]
    assert answer["would"] == "apply"
    names = ("id", "state", "read", "new", "changed", "unchanged", "gone", "refused", "refused_by", "written")
    assert {name: report[name] for name in names} == {
        "id": None,
        "state": "done",
        "read": 12,
        "new": 1,
        "changed": 2,
        "unchanged": 8,
        "gone": 0,
        "refused": 1,
        "refused_by": {"sku_missing": 1},
        "written": 0,
    }
    sample = {
        kind: [(row["sku"], row["before"], row["after"]) for row in rows] for kind, rows in report["sample"].items()
    }
    assert sample == {"new": [("new", None, 1200)], "price": [("s0", 2000, 2100)], "number": [("s1", 2, 5)]}
    assert [(row["kind"], row["code"], row["position"]) for row in report["problems"] if row["kind"] == "refused"] == [
        ("refused", "sku_missing", "14")
    ]
    assert report["peak_memory_mb"] > 10
    assert state() == before
    assert list(trying.folder().iterdir()) == []
    assert AuditEntry.objects.get(action="feed.try").actor_label == "api"


def test_tried_list_is_told_what_the_guard_would_say(key):
    answer = tried(key, HEADER + "s0;Titre 0;20,00;2\n")
    assert (answer["would"], answer["report"]["gone"], answer["report"]["awaiting"]) == ("await approval", 9, 9)
    assert answer["report"]["notes"][0].startswith("9 of 10 articles are missing")


def test_the_list_of_last_time_and_no_list_at_all(key):
    assert tried(key, FIRST)["report"]["notes"] == ["The list is the same as last time. Nothing had to be changed."]
    answer = tried(key, "<html><title>Sign in</title></html>")
    assert (answer["would"], answer["report"]["state"]) == ("fail", "failed")
    assert try_list(key, "").status_code == 422
    assert try_list(key, "x", **{"As-Of": "2999-01-01T00:00:00Z"}).status_code == 422
    assert try_list(key, "x", **{"As-Of": "2026-99-01T00:00:00Z"}).status_code == 422


def test_only_a_few_lists_wait(key):
    for _ in range(trying.MOST_WAITING):
        assert try_list(key, FIRST).status_code == 202
    assert try_list(key, FIRST).status_code == 422
    assert len(list(trying.folder().iterdir())) == trying.MOST_WAITING


def test_list_that_breaks_us_is_tried_later_and_kept(key, monkeypatch):
    try_list(key, FIRST + "new;Neuf;12,00;1\n")

    def break_down(*_, **__):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(sync.staging, "stage", break_down)
    with pytest.raises(RuntimeError):
        trying.try_lists(timezone.now())
    waiting = DryRun.objects.get()
    assert (waiting.done_at, waiting.due_at > timezone.now(), len(list(trying.folder().iterdir()))) == (None, True, 1)


def test_old_dry_runs_and_stray_files_are_forgotten(key, monkeypatch):
    tried(key, FIRST)
    try_list(key, FIRST)
    stray = trying.folder() / "stray.csv"
    stray.write_text("x")
    assert trying.prune(timezone.now()) == 0
    assert stray.exists()  # it may be one that is being written
    real = time.time
    monkeypatch.setattr(trying.time, "time", lambda: real() + 7200)
    assert trying.prune(timezone.now()) == 0
    assert {file.name for file in trying.folder().iterdir()} == {DryRun.objects.get(done_at=None).file}
    assert trying.prune(timezone.now() + timedelta(days=8)) == 2


def test_dry_runs_and_runs_of_others_do_not_exist(books, key):
    number = try_list(key, FIRST).json()["id"]
    theirs = keys.make(memory.feed(name="other"), label="till", by=factories.user(), now=timezone.now())
    run = SyncRun.objects.get()
    assert [get(theirs, f"dry-runs/{number}").status_code, get(theirs, f"runs/{run.pk}").status_code] == [404, 404]
    assert get(key, f"runs/{run.pk}").status_code == 200


def test_run_report_counts_every_refusal_however_few_are_listed(books, key, monkeypatch):
    monkeypatch.setattr(sync.staging, "MOST_ISSUES", 2)
    monkeypatch.setattr(sync.staging, "LEAST_ISSUES", 0)
    rows = "".join(f"n{n};;5,00;1\n" for n in range(4)) + ";No number;1;1\n"
    now = timezone.now()
    arrivals.receive(books, [(FIRST + rows).encode()], name="x.csv", made_at=now, now=now)
    run = sync.run(books, now=now)
    report = get(key, f"runs/{run.pk}").json()
    assert (report["refused"], report["refused_by"]) == (5, {"title_missing": 4, "sku_missing": 1})
    assert [row["code"] for row in report["problems"] if row["kind"] == "refused"] == ["title_missing"] * 2
    assert report["rows_per_second"] == round(15 / report["seconds"])
    assert report["peak_memory_mb"] > 10
