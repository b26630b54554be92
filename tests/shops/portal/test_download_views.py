"""What staff give for an article that is a download."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from marketplace.catalogue.models import ProductFacts
from shops.downloads import uploading
from shops.models import Download, Handout, LicenceCode
from tests import factories


@pytest.fixture(autouse=True)
def _files_of_this_test(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def record(ours):
    return factories.stock_record(ours.shop, factories.product("Conte", form="ebook"), units=None)


def give(ours, record, what: str, **fields):
    return ours.client.post(reverse("portal:download-give", args=[ours.shop.slug, record.pk, what]), fields)


def test_file_is_kept_beside_the_public_media(ours, record, settings, django_capture_on_commit_callbacks):
    for text in ("one", "two"):
        sent = SimpleUploadedFile("../../conte final.epub", text.encode())
        with django_capture_on_commit_callbacks(execute=True):
            assert give(ours, record, "file", file=sent).status_code == 302
    download = Download.objects.get()
    assert (download.kind, download.file_name, download.file_bytes) == ("file", "conte final.epub", 3)
    kept = [path for path in (settings.VAR_DIR / "private").rglob("*") if path.is_file()]
    assert [(path.read_text(), path.suffix, path.stat().st_mode & 0o777) for path in kept] == [("two", ".epub", 0o600)]
    assert not str(kept[0]).startswith(str(settings.MEDIA_ROOT))
    shown = ours.client.get(reverse("portal:download", args=[ours.shop.slug, record.pk])).content.decode()
    assert "conte final.epub" in shown


def test_codes_are_added_and_counted(ours, record):
    give(ours, record, "codes", codes="A-1\r\n\r\n A-2 \n")
    give(ours, record, "codes", codes="A-2\nA-3")
    assert sorted(LicenceCode.objects.values_list("code", flat=True)) == ["A-1", "A-2", "A-3"]
    assert Download.objects.get().codes_left == 3


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("link", {"link": "javascript:alert(1)"}),
        ("link", {"link": "http://example.org/x"}),
        ("codes", {"codes": " \n"}),
        ("codes", {"codes": "x" * (uploading.LONGEST_CODE + 1)}),
        ("file", {}),
        ("file", {"file": SimpleUploadedFile("a.epub", b"")}),
    ],
)
def test_what_cannot_be_taken_is_said(ours, record, what: str, fields: dict):
    answer = give(ours, record, what, **fields)
    assert (answer.status_code, Download.objects.count()) == (422, 0)
    assert "field-error" in answer.content.decode()


def test_file_that_is_too_large_is_refused(ours, record, monkeypatch):
    monkeypatch.setattr(uploading, "MOST_BYTES", 2)
    assert give(ours, record, "file", file=SimpleUploadedFile("a.epub", b"abc")).status_code == 422


def test_paperback_becomes_no_download(ours):
    paper = factories.stock_record(ours.shop)
    assert give(ours, paper, "link", link="https://example.org/x").status_code == 404


def test_another_shops_article_does_not_exist(ours, theirs):
    record = factories.stock_record(theirs.shop, factories.product("Conte", form="ebook"), units=None)
    assert give(ours, record, "link", link="https://example.org/x").status_code == 404


def test_article_is_found_by_its_number_however_it_is_written(ours, record):
    ProductFacts.objects.filter(product=record.product).update(gtin=9782070360024)
    for typed, found in (("2-07-036002-4", 1), ("978-2-07-036002-4", 1), ("cont", 1), ("2-07-036002-X", 0)):
        page = ours.client.get(reverse("portal:downloads", args=[ours.shop.slug]), {"q": typed})
        assert len(page.context["pages"]) == found, typed


def test_sold_kind_stays_and_selling_ends(ours, record):
    give(ours, record, "link", link="https://example.org/x")
    download, line = Download.objects.get(), ours.order.lines.first()
    Handout.objects.create(line=line, download=download, kind="link")
    assert give(ours, record, "codes", codes="A-1").status_code == 422
    ours.client.post(reverse("portal:download-sell", args=[ours.shop.slug, record.pk]), {"stop": "1"})
    assert Download.objects.get().active is False
