"""Covers that senders name: fetched once, never shown as they came, and nothing that harms."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import timedelta

import pytest
import responses
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from marketplace.catalogue import cover_files, folding
from marketplace.catalogue.cover_files import CoverError, fetch_covers, keep, name_of
from marketplace.catalogue.folding import Statement
from marketplace.catalogue.models import CoverFetch, ProductFacts
from marketplace.storefront.templatetags.storefront import cover
from tests import factories

pytestmark = pytest.mark.django_db
URL = "https://covers.example.org/9782070360024.jpg"
NOW = timezone.now()


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(width: int = 800, height: int = 1200, form: str = "JPEG", **more: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(made, form, **more)
    return made.getvalue()


def say(product, address: str) -> None:
    """A source names the cover of a title."""
    statement = Statement(product.pk, "publisher", 0, None, product.title, {"cover": address} if address else {})
    folding.fold([product.pk], [statement], now=NOW)


def sizes(name: str) -> dict[str, tuple[int, int]]:
    found = {}
    for size in cover_files.WIDTHS:
        with default_storage.open(name_of(name, size)) as file, Image.open(file) as made:
            found[size] = made.size
            assert (made.format, made.mode) == ("WEBP", "RGB")
    return found


@responses.activate
def test_named_cover_is_fetched_once_and_shown_in_two_sizes():
    product = factories.product("L'Étranger")
    responses.get(URL, body=picture())
    say(product, URL)
    assert fetch_covers(NOW) == 1
    assert fetch_covers(NOW) == 0
    facts = ProductFacts.objects.get(pk=product.pk)
    assert sizes(facts.cover.name) == {"page": (480, 720), "list": (160, 240)}
    shown = cover(product, facts=facts)
    assert f'src="/media/{facts.cover.name}"' in shown
    assert "160w" in shown
    say(product, URL)
    assert fetch_covers(NOW) == 0
    assert len(responses.calls) == 1


@responses.activate
def test_another_address_is_fetched_and_none_takes_the_cover_away():
    product = factories.product()
    responses.get(URL, body=picture())
    responses.get(URL + "?2", body=picture(600, 600))
    for address, page in ((URL, (480, 720)), (URL + "?2", (480, 480))):
        say(product, address)
        fetch_covers(NOW)
        assert sizes(ProductFacts.objects.get(pk=product.pk).cover.name)["page"] == page
    say(product, "")
    assert not ProductFacts.objects.get(pk=product.pk).cover


@responses.activate
def test_address_that_changes_while_the_old_one_is_fetched_wins():
    product = factories.product()
    responses.get(URL + "?new", body=picture(600, 600))

    def answer(request):
        say(product, URL + "?new")
        return 200, {}, picture()

    responses.add_callback("GET", URL, answer)
    say(product, URL)
    fetch_covers(NOW)
    assert not ProductFacts.objects.get(pk=product.pk).cover
    fetch_covers(NOW)
    assert sizes(ProductFacts.objects.get(pk=product.pk).cover.name)["page"] == (480, 480)


@responses.activate
@pytest.mark.parametrize(
    ("status", "body"), [(404, b""), (200, b"<html>no picture</html>"), (200, picture()[:300]), (200, picture(10, 10))]
)
def test_what_is_no_cover_is_given_up_with_its_reason(status, body):
    product = factories.product()
    responses.get(URL, status=status, body=body)
    say(product, URL)
    fetch_covers(NOW)
    fetch = CoverFetch.objects.get()
    assert (fetch.due_at, fetch.parked_at, fetch.last_error != "") == (None, None, True)
    assert not ProductFacts.objects.get(pk=product.pk).cover


@responses.activate
def test_server_that_is_down_is_asked_again_a_few_times(monkeypatch):
    monkeypatch.setattr("marketplace.foundation.http.time.sleep", lambda seconds: None)
    product = factories.product()
    responses.get(URL, status=503)
    say(product, URL)
    now, asked = NOW, 0
    while CoverFetch.objects.exclude(due_at=None).exists():
        asked += fetch_covers(now)
        now += timedelta(hours=7)
    assert asked == 5
    assert CoverFetch.objects.get().last_error


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_other_formats_are_made_anew(form):
    assert sizes(keep(picture(form=form)))["page"] == (480, 720)


def test_small_covers_are_not_enlarged():
    assert sizes(keep(picture(200, 300))) == {"page": (200, 300), "list": (160, 240)}


def test_nothing_but_pixels_is_kept():
    """A file that is a picture and something else besides, with words of its own."""
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    name = keep(picture(exif=exif) + b"<?php system($_GET[0]); ?>")
    for size in cover_files.WIDTHS:
        with default_storage.open(name_of(name, size)) as file:
            content = file.read()
        assert b"script" not in content
        assert b"php" not in content


def bomb() -> bytes:
    """A PNG of few bytes that says it has a thousand million pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 32_000, 32_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(), "pixels|no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no picture"),
        (picture(form="TIFF"), "no picture"),
        (picture(form="BMP"), "no picture"),
        (b"", "no picture"),
    ],
)
def test_hostile_and_foreign_files_are_refused(content, words):
    with pytest.raises(CoverError, match=words):
        keep(content)


def test_address_of_our_own_network_is_not_called():
    product = factories.product()
    say(product, "https://127.0.0.1/cover.jpg")
    fetch_covers(NOW)
    fetch = CoverFetch.objects.get()
    assert (fetch.due_at, fetch.last_error != "") == (None, True)
    assert not ProductFacts.objects.get(pk=product.pk).cover
