"""What search engines read first."""

import re

import pytest
from oscar.apps.catalogue.models import Product

from marketplace.catalogue import subjects
from marketplace.storefront import sitemap_views
from tests import factories

pytestmark = pytest.mark.django_db


def addresses(response) -> list[str]:
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    return re.findall(r"<loc>http://testserver(.*?)</loc>", response.content.decode())


def test_robots_keep_out_of_private_pages_and_find_the_sitemap(client):
    said = client.get("/robots.txt").content.decode().splitlines()
    assert said[0] == "User-agent: *"
    assert {"Disallow: /basket/", "Disallow: /portal/", "Disallow: /search/"} <= set(said)
    assert said[-1] == "Sitemap: http://testserver/sitemap.xml"


def test_parts_are_ranges_of_keys_that_have_a_public_title(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(sitemap_views, "KEYS_IN_PART", 10)
    rows = [factories.product(f"Titre {number}") for number in range(2)]
    start = rows[-1].pk // 10 * 10 + 10
    for pk, shown in (
        (start + 3, True),
        (start + 4, False),
        (start + 9, True),
        (start + 25, False),
        (start + 57, True),
    ):
        Product.objects.create(pk=pk, title=f"T {pk}", product_class=factories.product_class(), is_public=shown)
    with django_assert_num_queries(2):  # the ranges of titles, and of names
        parts = addresses(client.get("/sitemap.xml"))
    assert parts[-2:] == [f"/sitemap-titles-{start // 10}.xml", f"/sitemap-titles-{start // 10 + 5}.xml"]
    with django_assert_num_queries(1):
        said = addresses(client.get(parts[-2]))
    shown = Product.objects.filter(pk__in=(start + 3, start + 9)).order_by("pk")
    assert said == [product.get_absolute_url() for product in shown]
    assert client.get(f"/sitemap-titles-{start // 10 + 2}.xml").status_code == 404


def test_titles_say_when_their_facts_changed(client):
    product = factories.product("L'Étranger", updated_at="2026-01-02T03:04:05Z")
    part = client.get(f"/sitemap-titles-{product.pk // sitemap_views.KEYS_IN_PART}.xml").content.decode()
    assert f"{product.get_absolute_url()}</loc><lastmod>2026-01-02T03:04:05+00:00</lastmod>" in part


def test_names_are_listed_once_under_the_spelling_that_has_the_page(client, reindex):
    people = [{"name": name, "role": "author"} for name in ("Hébert, Anne", "Anne Hébert", "Hébert Anne", "村上春樹")]
    factories.product(contributors=people, publisher="Boréal")
    reindex()
    (part,) = [path for path in addresses(client.get("/sitemap.xml")) if "names" in path]
    found = addresses(client.get(part))
    assert sorted(found)[:2] == ["/author/%E6%9D%91%E4%B8%8A%E6%98%A5%E6%A8%B9/", found[0]]
    assert [path for path in found if "bert" in path] in (["/author/anne-hebert/"], ["/author/hebert-anne/"])
    assert "/publisher/boreal/" in found
    assert [client.get(path).status_code for path in found] == [200] * 3


def test_pages_are_shops_subjects_with_titles_and_texts(client, reindex):
    subjects.load()
    factories.shop(slug="port")
    factories.product(subject_codes=["FBA"], subject_path=["F", "FB"])
    reindex()
    found = addresses(client.get("/sitemap-pages-0.xml"))
    assert [path for path in found if "subject" in path] == [
        "/subject/f-romans-et-fiction/",
        "/subject/fb-romans-et-litterature-generale/",
    ]
    assert {"/", "/shops/", "/new/", "/shops/port/", "/shops/port/titles/"} <= set(found)
    assert client.get("/sitemap-pages-1.xml").status_code == 404
