"""A shop says what stands in the columns of its list."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from catalog_sync import sync
from catalog_sync.column_words import FIELD_WORDS
from catalog_sync.models import Feed, SyncRun
from catalog_sync.reading import heads
from catalog_sync.reasons import reason
from marketplace.foundation.models import AuditEntry
from shops.portal.queries import feeds_for
from tests.shops.portal.conftest import signed_in

ISBNS = ("9782070368228", "9782070360024", "9782070370481", "9782070411191", "9780439023481")
ROWS = "".join(f"{isbn};Titre <b>{n}</b>;{n + 5},90;{n + 1}\n" for n, isbn in enumerate(ISBNS))


@pytest.fixture
def feed(ours, settings, tmp_path) -> Feed:
    settings.VAR_DIR = tmp_path
    (tmp_path / "feeds").mkdir()
    Feed.objects.filter(pk=ours.run.feed_id).update(kind="csv", location="list.csv", parked_at=timezone.now())
    return Feed.objects.get(pk=ours.run.feed_id)


def put(feed: Feed, content: str | bytes, tmp_path: Path) -> Path:
    path = tmp_path / "feeds" / feed.location
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def address(feed: Feed, name: str = "columns") -> str:
    return reverse(f"portal:{name}", args=[feed.shop.slug, feed.name])


def choose(ours, feed: Feed, *fields: str, do: str = "try", seen: str = ""):
    shown = ours.client.get(address(feed)).context
    sent = {f"column{place}": field for place, field in enumerate(fields)}
    return ours.client.post(
        address(feed, "choose-columns"), {**sent, "do": do, "seen": seen or shown["seen"]}, follow=do == "keep"
    )


def test_page_shows_rows_proposal_and_what_becomes_of_them(ours, feed, tmp_path):
    put(feed, "ISBN;Nazwa;Prix;Stock\n" + ROWS * 3, tmp_path)
    response = ours.client.get(address(feed))
    assert [column["field"] for column in response.context["columns"]] == ["isbn", "", "price", "quantity"]
    assert response.context["columns"][1]["maybe"] != ""
    assert len(response.context["rows"]) == 8
    first, *others = response.context["tried"]["articles"]
    assert (first["gtin"], first["units"], len(others)) == ("978-2-07-036822-8", 1, 4)
    assert "Titre &lt;b&gt;0&lt;/b&gt;" in response.content.decode()
    assert address(feed) in ours.client.get(reverse("portal:feeds", args=[feed.shop.slug])).content.decode()


def test_choice_is_tried_before_it_is_kept(ours, feed, tmp_path):
    put(feed, "A;B;C;D\n" + ROWS + ";;x;\n", tmp_path)
    response = choose(ours, feed, "isbn", "title", "price", "quantity")
    assert [article["title"] for article in response.context["tried"]["articles"]][:2] == ["Titre 0", "Titre 1"]
    assert [position for position, _ in response.context["tried"]["refused"]] == [7]
    assert Feed.objects.get(pk=feed.pk).options == {}


def test_choice_is_kept_audited_and_read_at_once(ours, feed, tmp_path):
    put(feed, "A;B;C;D\n" + ROWS, tmp_path)
    response = choose(ours, feed, "isbn", "title", "", "quantity", do="keep")
    assert [message.level_tag for message in response.context["messages"]] == ["success"]
    kept = Feed.objects.get(pk=feed.pk)
    assert kept.options == {"columns": {"isbn": "A", "title": "B", "quantity": "D"}, "unused": ["C"]}
    assert AuditEntry.objects.get(action="feed.columns").actor == ours.staff
    assert sync.sync_feeds(timezone.now()) == 1
    run = SyncRun.objects.filter(feed=feed).latest("pk")
    assert (run.state, run.new) == (SyncRun.State.DONE, 5)
    again = ours.client.get(address(feed)).context["columns"]
    assert [column["field"] for column in again] == ["isbn", "title", "", "quantity"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("title", "title", "isbn", ""), "columns_twice"),
        (("", "title", "price", ""), "columns_no_identifier"),
        (("nonsense", "title", "", ""), "columns_no_identifier"),
    ],
)
def test_choice_that_cannot_be_is_said_and_not_kept(ours, feed, tmp_path, fields, code):
    put(feed, "A;B;C;D\n" + ROWS, tmp_path)
    response = choose(ours, feed, *fields, do="keep")
    with translation.override(response.context["LANGUAGE_CODE"]):
        words = reason(code, field=gettext(FIELD_WORDS["title"])).words()
    assert (response.context["problem"], response.context["tried"]) == (words, None)
    assert Feed.objects.get(pk=feed.pk).options == {}


def test_choice_made_for_another_list_is_not_kept(ours, feed, tmp_path):
    put(feed, "A;B;C;D\n" + ROWS, tmp_path)
    choose(ours, feed, "isbn", "title", "price", "quantity", do="keep", seen="0" * 16)
    assert Feed.objects.get(pk=feed.pk).options == {}


def test_list_without_names_is_numbered_and_kept_so(ours, feed, tmp_path):
    put(feed, "".join(f"Titre {n};{n + 1};A-{n}\n" for n in range(6)), tmp_path)
    shown = ours.client.get(address(feed)).context
    assert [column["name"] for column in shown["columns"]] == ["#1", "#2", "#3"]
    assert shown["problem"]
    choose(ours, feed, "title", "quantity", "sku", do="keep")
    assert [a["sku"] for a in ours.client.get(address(feed)).context["tried"]["articles"]][:2] == ["A-0", "A-1"]


def test_who_may_only_look_sees_and_cannot_choose(ours, feed, looker, tmp_path):
    put(feed, "ISBN;Titre;Prix;Stock\n" + ROWS, tmp_path)
    client = signed_in(looker)
    assert 'name="do"' not in client.get(address(feed)).content.decode()
    assert client.post(address(feed, "choose-columns"), {"do": "keep"}).status_code == 403
    assert list(feeds_for(looker).values_list("options", flat=True)) == [{}]


def test_workbook_and_packed_list_are_shown_too(ours, feed, tmp_path):
    book = openpyxl.Workbook()
    for row in (["ISBN", "Titre", "Prix"], *([float(isbn), "Titre", 12.9] for isbn in ISBNS)):
        book.active.append(row)
    book.save(tmp_path / "feeds" / feed.location)
    assert ours.client.get(address(feed)).context["tried"]["articles"][0]["gtin"] == "978-2-07-036822-8"
    packed = gzip.compress(("ISBN;Titre;Prix;Stock\n" + ROWS * 20_000).encode())
    put(feed, packed, tmp_path)
    assert len(ours.client.get(address(feed)).context["rows"]) == 8


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (heads.MOST_UNPACKED + 1))


@pytest.mark.parametrize("made", ["missing", "elsewhere", "no table", "page", "empty", "bomb", "damaged"])
def test_what_cannot_be_shown_is_said(ours, feed, tmp_path, monkeypatch, made):
    monkeypatch.setattr(heads, "MOST_UNPACKED", 1 << 20)
    path = tmp_path / "feeds" / feed.location
    if made == "elsewhere":
        Feed.objects.filter(pk=feed.pk).update(location="https://a.example/list.csv")
    elif made == "no table":
        Feed.objects.filter(pk=feed.pk).update(kind="onix")
    elif made == "bomb":
        bomb(path)
    elif made != "missing":
        put(feed, {"page": "<html><title>503</title>", "empty": "", "damaged": b"PK\x03\x04xx"}[made], tmp_path)
    response = ours.client.get(address(feed))
    assert (response.status_code, bool(response.context["nothing"])) == (200, True)
    assert ours.client.post(address(feed, "choose-columns"), {"do": "keep"}).status_code == 200


def test_hostile_cells_stay_text_and_long_ones_short(ours, feed, tmp_path):
    cells = '"<script>alert(1)</script>";"=cmd|1"'
    put(feed, f"SKU;Titre;Prix\n{cells};{'9' * 100_000}\n" + 'A;"x\n' * 3, tmp_path)
    response = ours.client.get(address(feed))
    text = response.content.decode()
    assert "<script>alert" not in text
    assert len(text) < 60_000
