"""What a first visit of the search page loads, pictures of titles left out, as it goes over the wire where Halles is in
service: Caddy compresses the page (`deploy/configure`), WhiteNoise style sheets and scripts; fonts are compressed by
themselves."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests import factories

pytestmark = pytest.mark.django_db

MOST_BYTES, MOST_SCRIPT_BYTES = 150_000, 30_000
LOADED = re.compile(r'<(?:link|script)[^>]+(?:href|src)="/static/([^"?]+)"')
COVER = re.compile(r'<svg class="drawn-cover.*?</svg>', re.DOTALL)
FONT = re.compile(r'url\("\.\./(vendor/fonts/[^"]+)"\)')


def wire(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def full_page(client, reindex) -> str:
    """As many hits as a page has, each with several offers, all facets with something in them."""
    factories.network(languages=["fr", "en"])
    shops = [factories.shop(f"Librairie {number}") for number in range(6)]
    for number in range(20):
        facts = {"publisher": f"Éditions {number}", "language": ["fr", "en"][number % 2], "form": "paperback"}
        facts |= {"contributors_text": f"Anne Auteur {number}", "subject_codes": ["FBA"], "subject_path": ["F", "FB"]}
        product = factories.product(f"Le pays numéro {number}", is_book=True, **facts)
        for shop in shops:
            factories.stock_record(shop, product, price=f"{10 + number}.50")
    reindex()
    return client.get("/search/?q=pays").content.decode()


def test_a_first_view_of_the_search_page_is_light(client, reindex):
    page = full_page(client, reindex)
    assert page.count('class="title-row"') == 20
    files = {name: (settings.BASE_DIR / "static" / name).read_bytes() for name in LOADED.findall(page)}
    for name in FONT.findall(files["css/tokens.css"].decode()):
        files[name] = (settings.BASE_DIR / "static" / name).read_bytes()
    sizes = {name: len(content) if name.endswith(".woff2") else wire(content) for name, content in files.items()}
    sizes["page"] = wire(COVER.sub("", page).encode())
    script = sum(size for name, size in sizes.items() if name.endswith(".js"))
    assert {Path(name).suffix for name in sizes} == {"", ".css", ".js", ".svg", ".woff2"}
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert script <= MOST_SCRIPT_BYTES, sizes


def test_the_server_that_is_set_up_compresses_pages():
    assert "encode zstd gzip" in (settings.BASE_DIR / "deploy" / "configure").read_text()
