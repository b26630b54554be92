"""ONIX messages: what each kind of notification does, in which order messages speak, and what a broken one costs."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import onixcheck
import pytest
from lxml import etree

from catalog_sync import sync
from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.onix_codes import REFERENCE_NAMES
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors.locations import resolve
from catalog_sync.models import Feed, SourceRecord
from catalog_sync.records import Chunk, Cursor, Lane
from tests import factories
from tests.catalog_sync.adapters.test_onix import END, START, price, product, read, records
from tests.catalog_sync.feeds import FIXTURES

DETAIL = (
    "<DescriptiveDetail><TitleDetail><TitleElement><TitleElementLevel>01</TitleElementLevel>{}</TitleElement>"
    "</TitleDetail></DescriptiveDetail>"
)


def titled(title: str, reference: str = "R", notification: str = "03", more: str = "") -> str:
    inner = DETAIL.format(f"<TitleText>{title}</TitleText>") + more
    return product(inner, reference).replace(">03<", f">{notification}<", 1)


def deleted(reference: str = "R") -> str:
    return product("", reference).replace(">03<", ">05<")


def update(inner: str, reference: str = "R") -> str:
    return product(inner, reference).replace(">03<", ">04<", 1)


def stock(copies: int, amount: str = "10.00") -> str:
    return (
        f"<ProductSupply><SupplyDetail><ProductAvailability>21</ProductAvailability><Stock><OnHand>{copies}</OnHand>"
        f"</Stock>{price(amount)}</SupplyDetail></ProductSupply>"
    )


def message(*products: str, sent: str = "20240305T0900Z") -> str:
    return f"{START}<Header><SentDateTime>{sent}</SentDateTime></Header>{''.join(products)}{END}"


def skus(chunks: list[Chunk]) -> list[str]:
    return [record.sku for record in records(chunks)]


# Notification types, within one message


def test_test_messages_are_never_shown(tmp_path):
    (chunk,) = read(message(titled("A", "A", "88"), titled("B", "B", "89"), titled("C", "C")), tmp_path)
    assert skus([chunk]) == ["C"]
    assert [refused.reason.code for refused in chunk.refused] == ["record_test", "record_test"]
    assert chunk.gone == []


def test_deletion_takes_back_what_was_sent_in_error(tmp_path):
    (chunk,) = read(message(titled("A", "A"), deleted("A"), titled("B", "B")), tmp_path)
    assert (skus([chunk]), chunk.gone) == (["B"], ["A"])


def test_product_sent_again_after_its_deletion_is_listed(tmp_path):
    (chunk,) = read(message(deleted("A"), titled("A", "A")), tmp_path)
    assert (skus([chunk]), chunk.gone) == (["A"], [])


def test_block_update_speaks_for_its_blocks_alone():
    feed = FeedUnderTest("onix", str(FIXTURES / "onix30_update.xml"))
    (chunk,) = adapter_for(feed).fetch(Lane.CATALOGUE, None)
    (record,) = chunk.records
    assert (record.price, record.availability, record.days) == (1900, "orderable", 5)
    assert "price" in record.speaks_for
    assert set(record.speaks_for).isdisjoint({"title", "publisher", "description", "contributors"})


def test_message_of_updates_is_not_complete(tmp_path):
    (chunk,) = read(message(titled("A", "A"), update(stock(1), "B")), tmp_path)
    assert (chunk.complete, chunk.notes[-1].code) == (False, "updates_only")


def test_block_that_withdraws_speaks_for_the_stock(tmp_path):
    block = "<PublishingDetail><PublishingStatus>{}</PublishingStatus></PublishingDetail>"
    (record,) = records(read(message(update(block.format("15"))), tmp_path))
    assert ("availability" in record.speaks_for, record.availability) == (True, "unavailable")
    (record,) = records(read(message(update(block.format("04"))), tmp_path))
    assert "availability" not in record.speaks_for


def test_second_header_in_a_file_loses_nothing(tmp_path):
    text = message(titled("A", "A")) + message(titled("B", "B"), sent="20240306T0900Z")
    chunks = read(text, tmp_path)
    assert [(record.sku, record.as_of.day) for record in records(chunks)] == [("A", 5), ("B", 6)]


# What a broken message costs


def test_dtd_is_never_fetched(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/onix.dtd"
        text = f'<!DOCTYPE ONIXMessage SYSTEM "{address}">{message(titled("Caf&eacute;"))}'
        assert [record.title for record in records(read(text, tmp_path))] == ["Café"]
        with pytest.raises(BlockingIOError):
            server.accept()


def test_broken_bytes_cost_one_record_and_not_the_accents_of_the_others(tmp_path):
    path = tmp_path / "message.xml"
    good = message(titled("Été", "A"), titled("X?Y", "B"), titled("Noël", "C"))
    path.write_bytes(good.encode().replace(b"X?Y", b"X\xffY"))
    chunks = list(adapter_for(FeedUnderTest("onix", str(path))).fetch(Lane.CATALOGUE, None))
    assert [record.title for record in records(chunks)] == ["Été", "X\ufffdY", "Noël"]


def test_undeclared_entities_are_their_characters_or_stay_text(tmp_path):
    text = message(titled("&eacute;t&eacute; &unknown;", "A"), titled("B", "B"))
    assert [record.title for record in records(read(text, tmp_path))] == ["été &unknown;", "B"]


def test_short_tags_are_those_of_the_schema():
    """Every pair of our table, against EDItEUR's schemas of 2.1, 3.0 and 3.1."""
    folder = Path(onixcheck.__file__).parent / "schema"
    pairs = set()
    for path in folder.glob("xsd*/ONIX_BookProduct_*short.xsd"):
        for element in etree.parse(str(path)).iter("{*}element"):
            for value in element.xpath(".//*[@name='refname']//@value | .//*[@name='refname']/@fixed"):
                pairs.add((element.get("name"), value))
    ours = set(REFERENCE_NAMES.items())
    assert {pair for pair in ours if pair not in pairs} == set()


# Several messages


def folder_feed(folder: Path, **settings) -> FeedUnderTest:
    return FeedUnderTest("onix", str(folder), **settings)


def test_files_of_a_folder_are_read_in_the_order_of_sending(tmp_path):
    (tmp_path / "a.xml").write_text(message(titled("New"), sent="20240307T0900Z"), encoding="utf-8")
    (tmp_path / "b.xml").write_text(message(titled("Old"), sent="20240305T0900Z"), encoding="utf-8")
    (tmp_path / "c.xml.part").write_text(message(titled("Unfinished")), encoding="utf-8")
    chunks = list(adapter_for(folder_feed(tmp_path)).fetch(Lane.CATALOGUE, None))
    assert [(record.title, record.as_of.day) for record in records(chunks)] == [("Old", 5), ("New", 7)]
    assert [(chunk.complete, chunk.cursor is None) for chunk in chunks] == [(False, True), (False, False)]
    assert "files_several" in [note.code for note in chunks[0].notes]


def test_files_read_before_are_not_read_again(tmp_path):
    (tmp_path / "a.xml").write_text(message(titled("First")), encoding="utf-8")
    cursor = list(adapter_for(folder_feed(tmp_path)).fetch(Lane.CATALOGUE, None))[-1].cursor
    later = tmp_path / "b.xml"
    later.write_text(message(titled("Second"), sent="20240306T0900Z"), encoding="utf-8")
    os.utime(later, (1, 1))  # its own time says nothing of when it came
    chunks = list(adapter_for(folder_feed(tmp_path)).fetch(Lane.CATALOGUE, cursor))
    assert "Second" in [record.title for record in records(chunks)]
    far = Cursor(Lane.CATALOGUE, str(2**63))
    (chunk,) = adapter_for(folder_feed(tmp_path)).fetch(Lane.CATALOGUE, far)
    assert ([record.title for record in chunk.records], chunk.complete) == (["Second"], True)


def test_unreadable_file_of_a_folder_is_told_and_the_others_are_read(tmp_path):
    (tmp_path / "a.xml").write_text("", encoding="utf-8")
    (tmp_path / "b.xml").write_text("<rss/>", encoding="utf-8")
    (tmp_path / "c.xml").write_text(message(titled("Good")), encoding="utf-8")
    chunks = list(adapter_for(folder_feed(tmp_path)).fetch(Lane.CATALOGUE, None))
    assert [record.title for record in records(chunks)] == ["Good"]
    left_out = [dict(note.values)["name"] for chunk in chunks for note in chunk.notes if note.code == "file_left_out"]
    assert left_out == ["a.xml", "b.xml"]


@pytest.fixture
def books(db, settings, tmp_path) -> Feed:
    settings.VAR_DIR = tmp_path
    (tmp_path / "feeds" / "in").mkdir(parents=True)
    shop = factories.shop(complete_as_of=None)
    return Feed.objects.create(shop=shop, name="Distribution", kind="onix", location="in", currency="CAD", mode="delta")


def send(books: Feed, name: str, text: str) -> dict[str, tuple]:
    """Put a message into the feed's folder and read it: what is stored then, by article."""
    folder = Path(resolve(books.location))
    (folder / name).write_text(text, encoding="utf-8")
    run = sync.run(books, now=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert run.state == "done", run.notes
    return {
        r.sku: (r.title, r.price_minor, r.quantity, r.retired_at is not None)
        for r in SourceRecord.objects.filter(feed=books)
    }


def whole(title: str, copies: int, amount: str = "10.00", reference: str = "R") -> str:
    return titled(title, reference, more=stock(copies, amount).replace("EUR", "CAD"))


def test_confirmed_record_replaces_the_whole_one(books):
    text = message(whole("Early", 3).replace("</Product>", "") + "</Product>")
    assert send(books, "1", text) == {"R": ("Early", 1000, 3, False)}
    assert send(books, "2", message(titled("Confirmed"), sent="20240306T0900Z")) == {
        "R": ("Confirmed", None, None, False)
    }


def test_block_update_replaces_its_blocks_alone(books):
    send(books, "1", message(whole("Title", 3)))
    changed = message(update(stock(7, "11.00").replace("EUR", "CAD")), sent="20240306T0900Z")
    assert send(books, "2", changed) == {"R": ("Title", 1100, 7, False)}


def test_block_update_behind_its_record_in_one_reading_keeps_both(books):
    changed = update(stock(7, "11.00").replace("EUR", "CAD"))
    assert send(books, "1", message(whole("Title", 3), changed)) == {"R": ("Title", 1100, 7, False)}
    facts = SourceRecord.objects.get(feed=books, sku="R").facts
    more = update(
        "<CollateralDetail><TextContent><TextType>03</TextType><Text>New</Text></TextContent></CollateralDetail>"
    )
    send(books, "2", message(whole("Title", 3), more, sent="20240306T0900Z"))
    assert SourceRecord.objects.get(feed=books, sku="R").facts == {**facts, "description": "New"}


def test_older_message_never_overwrites_a_younger(books):
    send(books, "1", message(whole("Young", 3), sent="20240307T0900Z"))
    assert send(books, "2", message(whole("Old", 9), sent="20240305T0900Z")) == {"R": ("Young", 1000, 3, False)}


def test_senders_have_each_their_own_order(books):
    """A message of another house is not too old because this one's is younger."""
    send(books, "1", message(whole("Ours", 3, reference="ours.1"), sent="20240307T0900Z"))
    stored = send(books, "2", message(whole("Theirs", 9, reference="theirs.1"), sent="20240305T0900Z"))
    assert stored["theirs.1"] == ("Theirs", 1000, 9, False)
    stored = send(books, "3", message(whole("Theirs again", 8, reference="theirs.1"), sent="20240306T0900Z"))
    assert stored["theirs.1"] == ("Theirs again", 1000, 8, False)


def test_deletion_retires_the_article(books):
    send(books, "1", message(whole("Title", 3)))
    stored = send(books, "2", message(whole("Other", 1, reference="S"), deleted("R"), sent="20240306T0900Z"))
    assert (stored["R"][3], stored["S"][3]) == (True, False)


def test_last_of_duplicate_references_wins_and_is_told(books):
    assert send(books, "1", message(whole("First", 1), whole("Last", 2))) == {"R": ("Last", 1000, 2, False)}
    issues = books.runs.first().issues.values_list("sku", "code")
    assert list(issues) == [("R", "sku_twice")]
