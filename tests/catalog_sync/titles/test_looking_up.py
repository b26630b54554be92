"""A number that nobody describes is asked of one service, and what it says is one more source."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import responses
from oscar.apps.catalogue.models import Product

from catalog_sync.models import Lookup
from catalog_sync.titles import facts, joining, looking_up
from marketplace.catalogue.models import ProductFacts
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN = 9782070360024
AT = NOON + timedelta(hours=1)
URL = f"https://books.example.org/{ISBN}"
LINE = {"gtin": ISBN, "title": "L'Étranger", "publisher": "Gallimard", "contributors": [["Albert Camus", "author"]]}
OPEN_LIBRARY = {
    f"ISBN:{ISBN}": {
        "title": "L'Étranger",
        "authors": [{"name": "Albert Camus"}],
        "publishers": [{"name": "Gallimard"}],
        "number_of_pages": 186,
        "publish_date": "1942",
        "cover": {"large": "https://covers.example.org/1.jpg"},
    }
}
ONIX = f"""<?xml version="1.0"?><ONIXMessage release="3.0"><Header><Sender><SenderName>S</SenderName></Sender></Header>
<Product><RecordReference>r</RecordReference><NotificationType>03</NotificationType>
<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{ISBN}</IDValue></ProductIdentifier>
<DescriptiveDetail><ProductComposition>00</ProductComposition><ProductForm>BC</ProductForm>
<TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel>
<TitleText>L'Étranger</TitleText></TitleElement></TitleDetail></DescriptiveDetail>
<PublishingDetail><Publisher><PublishingRole>01</PublishingRole><PublisherName>Gallimard</PublisherName></Publisher>
</PublishingDetail></Product></ONIXMessage>"""


@pytest.fixture
def unknown(settings) -> Product:
    settings.LOOKUP_URL, settings.LOOKUP_FORMAT = "https://books.example.org/{isbn}", "jsonl"
    books = feed()
    shelve(books, article("a", gtin=ISBN, title=""), article("b", gtin=9782070368228, title="Named"))
    sync_now(books)
    return Product.objects.get(upc=str(ISBN))


def row() -> Lookup:
    return Lookup.objects.get()


def test_only_what_nobody_names_is_asked_about_and_kept(unknown):
    assert (unknown.title, row().product, row().due_at is not None) == (str(ISBN), unknown, True)


@responses.activate
@pytest.mark.parametrize(
    ("form", "body"), [("jsonl", json.dumps(LINE)), ("onix", ONIX), ("openlibrary", json.dumps(OPEN_LIBRARY))]
)
def test_answer_is_one_more_source(unknown, settings, form, body):
    settings.LOOKUP_FORMAT = form
    responses.get(URL, body=body)
    assert looking_up.look_up(AT) == 1
    facts = ProductFacts.objects.select_related("product").get(gtin=ISBN)
    assert (facts.product.title, facts.publisher, facts.provenance["title"]) == ("L'Étranger", "Gallimard", ":service")
    assert (row().due_at, looking_up.look_up(AT)) == (None, 0)


@responses.activate
def test_publisher_is_believed_before_the_service_and_the_service_before_a_shop(unknown):
    responses.get(URL, body=json.dumps(LINE))
    looking_up.look_up(AT)
    for sender, expected in (("shop", "Gallimard"), ("publisher", "Éditions Gallimard")):
        other = feed(sender=sender)
        shelve(other, article("x", gtin=ISBN, title="L'étranger", publisher="Éditions Gallimard"))
        sync_now(other)
        assert ProductFacts.objects.get(gtin=ISBN).publisher == expected


@responses.activate
def test_title_that_was_joined_is_not_asked_about_and_no_answer_brings_it_back(unknown):
    kept = Product.objects.get(title="Named")
    joining.join(kept, unknown, by="staff", reason="", now=AT)
    assert looking_up.look_up(AT) == 1
    assert (len(responses.calls), row().due_at) == (0, AT + looking_up.ASKED_AGAIN_AFTER)
    Lookup.objects.update(asked_at=AT, title="L'Étranger")  # an answer that was on its way
    facts.refold([unknown.pk], now=AT)
    unknown.refresh_from_db()
    assert (unknown.is_public, ProductFacts.objects.filter(product=unknown).exists()) == (False, False)


@responses.activate
@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"body": ""}, {"body": json.dumps({**LINE, "gtin": 9782070368228})}]
)
def test_that_it_knows_nothing_is_remembered(unknown, answer):
    responses.get(URL, **answer)
    assert looking_up.look_up(AT) == 1
    assert (row().title, row().asked_at, row().due_at) == ("", AT, AT + looking_up.ASKED_AGAIN_AFTER)
    assert looking_up.look_up(AT + timedelta(days=1)) == 0
    assert len(responses.calls) == 1


@responses.activate
def test_trouble_is_tried_again_later(unknown):
    responses.get(URL, status=503)
    assert looking_up.look_up(AT) == 0
    assert (row().asked_at, row().due_at > AT, "503" in row().last_error) == (None, True, True)
    assert looking_up.look_up(AT) == 0
    assert len(responses.calls) == 3  # the client's own tries


@responses.activate
def test_answer_that_is_no_answer_is_a_persons_matter(unknown, settings):
    settings.LOOKUP_FORMAT = "onix"
    responses.get(URL, body="<html><title>Sign in</title></html>")
    looking_up.look_up(AT)
    assert row().parked_at == AT


@responses.activate
def test_title_that_somebody_named_meanwhile_needs_no_asking(unknown):
    other = feed()
    shelve(other, article("x", gtin=ISBN, title="L'Étranger"))
    sync_now(other)
    assert looking_up.look_up(AT) == 1
    assert (row().due_at, len(responses.calls)) == (None, 0)


def test_without_a_service_the_title_waits(unknown, settings):
    settings.LOOKUP_URL = ""
    assert looking_up.look_up(AT) == 0
    assert row().due_at is not None
