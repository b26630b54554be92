"""A shop adds its stock by itself: from a file nobody has seen to titles on sale."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors import trying
from catalog_sync.models import Feed, FeedSetup, SyncRun
from shops.models import ShopMember
from tests import factories
from tests.proof.test_feed_size import isbn
from tests.shops.portal.conftest import signed_in

WRONG = "9782070368229"  # its check digit does not fit
LINES = [
    "Code;Wie;Libellé;Tarif;En rayon",
    *(f"{isbn(n)};Zola;Titre {n};{n + 5},90;{1 + n % 3}" for n in range(20)),
    *(f";Zola;Sans numéro {n};12,00;1" for n in range(2)),
    f"{WRONG};Zola;Titre faux;9,00;1",
]
LIST = "\n".join(LINES).encode() + b"\n"


@pytest.fixture(autouse=True)
def _var(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def at(ours, name: str, *more: object) -> str:
    return reverse(f"portal:{name}", args=[ours.shop.slug, *more])


def sent(content: bytes = LIST, name: str = "stock.csv") -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile(name, content)}


def begun(ours, content: bytes = LIST) -> FeedSetup:
    assert ours.client.post(at(ours, "stock-upload"), sent(content)).status_code == 302
    return FeedSetup.objects.select_related("feed").get()


def chosen(ours, setup: FeedSetup, *fields: str, do: str = "keep"):
    seen = ours.client.get(at(ours, "stock-columns", setup.pk)).context["seen"]
    fields_sent = {f"column{place}": field for place, field in enumerate(fields)}
    return ours.client.post(at(ours, "stock-choose", setup.pk), {**fields_sent, "seen": seen, "do": do})


def tried(ours, content: bytes = LIST, *fields: str) -> FeedSetup:
    setup = begun(ours, content)
    answer = chosen(ours, setup, *(fields or ("isbn", "contributors", "title", "price", "quantity")))
    assert answer.url == at(ours, "stock-trial", setup.pk)
    assert ours.client.get(answer.url).context["is_trying"]
    assert trying.try_lists(timezone.now()) == 1
    return FeedSetup.objects.get()


GO = {"mode": "full", "freshness_hours": "72", "booking_lag_minutes": "1440"}


def test_from_an_unknown_spreadsheet_to_titles_on_sale(ours):
    feeds = Feed.objects.count()
    setup = tried(ours)
    page = ours.client.get(at(ours, "stock-trial", setup.pk))
    assert page.context["understood"] in ("20 of 23 rows understood", "20 lignes sur 23 comprises")
    assert [(each.code, each.rows) for each in page.context["troubles"]] == [
        ("sku_missing", 2),
        ("gtin_check_digit", 1),
    ]
    assert ours.shop.partner.stockrecords.count() == 2  # those it had before
    asked = ours.client.get(at(ours, "stock-sale", setup.pk))
    assert asked.context["form"]["mode"].value() == "full"
    gone = ours.client.post(at(ours, "stock-go", setup.pk), GO)
    assert gone.url == at(ours, "stock-sale", setup.pk)
    assert ours.client.get(gone.url).context["is_reading"]
    before = ours.client.get(gone.url).context["on_sale"]
    assert sync.sync_feeds(timezone.now() + timedelta(seconds=1)) == 1
    page = ours.client.get(gone.url)
    assert (page.context["is_reading"], page.context["on_sale"]) == (False, before + 20)
    assert Feed.objects.count() == feeds + 1
    assert setup.feed.name in ours.client.get(at(ours, "feeds")).content.decode()


def test_rows_of_each_trouble_are_a_page_and_a_file(ours):
    setup = tried(ours)
    page = ours.client.get(at(ours, "stock-rows", setup.pk, "gtin_check_digit"))
    assert [(issue.position, issue.value) for issue in page.context["pages"]] == [("24", WRONG)]
    file = ours.client.get(at(ours, "stock-rows-file", setup.pk, "gtin_check_digit"))
    assert WRONG in file.content.decode()
    assert "attachment" in file["Content-Disposition"]
    assert ours.client.get(at(ours, "stock-rows", setup.pk, "price_missing")).status_code == 404


def test_one_may_leave_and_come_back(ours):
    setup = begun(ours)
    start = ours.client.get(at(ours, "stock-start"))
    assert [each.pk for each in start.context["unfinished"]] == [setup.pk]
    assert at(ours, "stock-list", setup.pk) in start.content.decode()
    assert setup.feed.name not in re.findall(r"port-\d+", ours.client.get(at(ours, "feeds")).content.decode())
    chosen(ours, setup, "isbn", "", "title", "price", "quantity")
    back = ours.client.get(at(ours, "stock-columns", setup.pk))
    assert [column["field"] for column in back.context["columns"]] == ["isbn", "", "title", "price", "quantity"]
    ours.client.post(at(ours, "stock-give-up", setup.pk))
    assert not FeedSetup.objects.exists()


def test_columns_are_tried_before_they_are_kept_and_what_is_wrong_is_said(ours):
    setup = begun(ours)
    page = chosen(ours, setup, "", "", "title", "price", "", do="keep")
    assert page.context["problem"] != ""
    page = chosen(ours, setup, "isbn", "", "title", "price", "quantity", do="try")
    assert page.context["tried"]["articles"][0]["title"] == "Titre 0"
    assert FeedSetup.objects.get().columns_kept is False


@pytest.mark.parametrize(
    "files", [{}, sent(b"", "a.csv"), sent(b"\x89PNG" + b"0" * 50, "a.png")], ids=["none", "empty", "picture"]
)
def test_bad_upload_is_told_on_the_page_and_nothing_is_kept(ours, files):
    answer = ours.client.post(at(ours, "stock-upload"), files)
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert not FeedSetup.objects.exists()


def test_what_is_no_list_says_what_to_do_and_another_may_be_sent(ours):
    setup = begun(ours, b"<html><title>Connexion</title></html>")
    page = ours.client.get(at(ours, "stock-list", setup.pk))
    assert "Connexion" in page.context["trouble"]
    ours.client.post(at(ours, "stock-again", setup.pk), sent())
    assert ours.client.get(at(ours, "stock-list", setup.pk)).context["trouble"] == ""
    ours.client.post(at(ours, "stock-kind", setup.pk), {"kind": "booknet"})
    assert Feed.objects.get(setup=setup).kind == "booknet"


@pytest.mark.parametrize(
    "posted",
    [
        {"how": "https", "address": "ftp://till.example/list.csv"},
        {"how": "https", "address": "https://me:secret@till.example/list.csv"},
        {"how": "https", "address": "/etc/passwd"},
        {"how": "https", "address": ""},
        {"how": "sftp", "host": "10.0.0.1/../x", "port": "22", "user": "me", "password": "x"},
        {"how": "sftp", "host": "till.example", "port": "0", "user": "me", "password": "x"},
        {"how": "sftp", "host": "till.example", "port": "22", "user": "me"},
    ],
)
def test_addresses_that_are_none_are_refused(ours, posted):
    answer = ours.client.post(at(ours, "stock-connect"), posted)
    assert answer.status_code == 422
    assert not FeedSetup.objects.exists()


def test_connection_keeps_its_secrets_and_is_called_later(ours):
    posted = {"how": "sftp", "host": "till.example", "port": "2222", "user": "a b", "path": "out", "password": "s3cret"}
    answer = ours.client.post(at(ours, "stock-connect"), posted)
    setup = FeedSetup.objects.select_related("feed").get()
    assert answer.url == at(ours, "stock-list", setup.pk)
    assert setup.feed.location == "sftp://a%20b@till.example:2222/~/out"
    assert setup.feed.password == "s3cret"
    page = ours.client.get(answer.url)
    assert page.context["is_looking"]
    assert "s3cret" not in page.content.decode()


def test_nothing_goes_before_it_was_tried(ours):
    setup = begun(ours)
    answer = ours.client.post(at(ours, "stock-go", setup.pk), GO)
    assert answer.url == at(ours, "stock-trial", setup.pk)
    assert not Feed.objects.get(setup=setup).active


def test_what_a_shop_declares_is_kept_and_only_that(ours):
    setup = tried(ours)
    assert ours.client.post(at(ours, "stock-go", setup.pk), GO | {"mode": "all"}).status_code == 200
    posted = GO | {"mode": "delta", "freshness_hours": "192", "drop_limit": "100", "booking_lag_minutes": "4320"}
    ours.client.post(at(ours, "stock-go", setup.pk), posted)
    feed = Feed.objects.select_related("shop").get(setup=setup)
    assert (feed.mode, feed.freshness_hours, feed.drop_limit) == ("delta", 192, 20)
    assert (feed.shop.booking_lag_minutes, feed.active) == (4320, True)


def test_who_only_looks_sees_no_forms(ours):
    setup = tried(ours)
    looker = signed_in(factories.member(ours.shop, role=ShopMember.Role.READER).user)
    for name in ("stock-list", "stock-columns", "stock-trial", "stock-sale"):
        shown = looker.get(at(ours, name, setup.pk)).content.decode()
        assert f"add-stock/{setup.pk}" in shown
        assert 'enctype="multipart' not in shown
    assert looker.post(at(ours, "stock-go", setup.pk), GO).status_code == 403
    assert not SyncRun.objects.filter(feed__setup=setup).exists()
