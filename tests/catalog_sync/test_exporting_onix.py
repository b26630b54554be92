"""An ONIX message of ours: EDItEUR's schema accepts it, and it reads back as the same records."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import onixcheck
import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from catalog_sync import cleaning
from catalog_sync.adapters import adapter_for
from catalog_sync.canonical_json import Defaults, from_json
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.exporting_codes import AUDIENCES, LANGUAGES, PRODUCT_IDENTIFIERS, ROLES
from catalog_sync.exporting_onix import MessageHeader, write_onix, write_onix_reading
from catalog_sync.identifiers import gtin_text
from catalog_sync.records import Availability, CatalogRecord, Chunk, Condition, Form, Lane, Relation
from tests.catalog_sync.feeds import FIXTURES
from tests.catalog_sync.test_exporting import FEEDS, articles, read

AS_OF = datetime(2024, 3, 5, 8, 15, tzinfo=UTC)
HEADER = MessageHeader("Librairie Exemple", "EUR", AS_OF, complete=True)
DESCRIPTIVE = (
    *("subtitle", "contributors", "subjects", "language", "form", "pages", "series", "series_number"),
    *("audience", "weight", "age_limit"),
)


def back(text: str, path: Path, lane: Lane = Lane.CATALOGUE) -> list[Chunk]:
    path.write_text(text, encoding="utf-8")
    return list(adapter_for(FeedUnderTest("onix", str(path))).fetch(lane, None))


@cache
def schema() -> etree.XMLSchema:
    """EDItEUR's schema, as onixcheck brings it; parsing it takes longer than all messages of these tests."""
    folder = Path(onixcheck.__file__).parent / "schema" / "xsd3.0"
    return etree.XMLSchema(etree.parse(str(folder / "ONIX_BookProduct_3.0_reference.xsd")))


def faults(text: str) -> list[str]:
    schema().validate(etree.fromstring(text.encode()))
    return [fault.message for fault in schema().error_log]


def carried(record: CatalogRecord) -> CatalogRecord:
    """What ONIX can carry of a record, as docs/formats.md says it."""
    plain = CatalogRecord._field_defaults
    changes: dict = {"contains_our_orders": False, "first_edition": False, "unit_size": ""}
    changes["as_of"] = record.as_of.replace(microsecond=0)
    if not record.price:
        changes |= {"currency": "EUR", "price_kind": "recommended", "tax_code": ""}
    elif not record.tax_code.replace(".", "").isdecimal():
        changes["tax_code"] = ""
    changes["contributors"] = tuple((name, role if role in ROLES else "other") for name, role in record.contributors)
    changes["audience"] = record.audience if record.audience in AUDIENCES else ""
    changes["series_number"] = record.series_number if record.series else ""
    changes["subjects"] = tuple(each for each in record.subjects if each[1] or each[2])
    works = tuple(each for each in record.related if each[0] == Relation.WORK)
    others = tuple(
        each for each in record.related if each not in works and each[1].partition(":")[0] in PRODUCT_IDENTIFIERS
    )
    changes["related"] = works + others
    if not record.title:
        changes |= {name: plain[name] for name in DESCRIPTIVE}
    form = changes.get("form", record.form)
    availability = record.availability
    if availability == Availability.ORDERABLE and record.quantity:
        availability = Availability.IN_STOCK
    if availability in (Availability.IN_STOCK, Availability.ORDERABLE) and form == Form.EBOOK:
        availability = Availability.DIGITAL
    if availability == Availability.DIGITAL and not record.title:  # nothing says that it is a download
        availability = Availability.IN_STOCK if record.quantity else Availability.ORDERABLE
    elif availability == Availability.DIGITAL and form not in (Form.EBOOK, Form.AUDIO):
        changes["form"] = Form.EBOOK
    changes["availability"] = availability
    dated = (Availability.ORDERABLE, Availability.PREORDER, Availability.TEMPORARILY_UNAVAILABLE)
    changes["available_from"] = record.available_from if availability in dated else ""
    if availability == Availability.PREORDER and not record.available_from:
        changes["available_from"] = record.publication_date
    return record._replace(**changes)


@pytest.mark.parametrize(("kind", "name"), FEEDS, ids=[name for _, name in FEEDS])
def test_feed_written_as_onix_is_valid_and_reads_back_the_same(kind, name, tmp_path):
    chunks = read(kind, FIXTURES / name)
    stream = io.StringIO()
    written = write_onix_reading(chunks, stream, sender="Exemple", currency="EUR")
    assert faults(stream.getvalue()) == []
    again = back(stream.getvalue(), tmp_path / "message.xml")
    new = [record for record in articles(chunks) if record.condition == Condition.NEW and not record.speaks_for]
    first = chunks[0].as_of.replace(microsecond=0)
    assert articles(again) == [carried(record)._replace(as_of=first) for record in new]
    gone = [sku for chunk in chunks for sku in chunk.gone]
    assert [sku for chunk in again for sku in chunk.gone] == gone
    assert written == (len(new) + len(gone), len(articles(chunks)) - len(new))
    assert not again[-1].complete  # the header, which says so, comes before the end is known


_words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="&<;\x7f"), max_size=20).map(
    cleaning.one_line
)
_name = _words.filter(bool)
_gtins = st.sampled_from([None, 9782070368228, 3017620422003, 96385074, 19782070368225, 36000291452])
_dates = st.sampled_from(["", "1987", "1987-03", "1987-03-14"])
_schemes = st.sampled_from(["thema", "bisac", "clil", "bic", "keywords", "google", "sender"])
_houses = st.sampled_from(["doi", "owi", "proprietary:Exemple", "isrc"])


@st.composite
def _records(draw: st.DrawFn) -> CatalogRecord:
    """A record as our reader of JSON gives it, of everything that it can hold."""
    gtin = draw(_gtins)
    kinds = draw(st.lists(st.tuples(st.sampled_from(Relation.ALL), _houses, _name), max_size=3, unique=True))
    values = {
        "sku": draw(_name),
        "gtin": gtin_text(gtin) if gtin else None,
        "title": draw(_words) if gtin else draw(_name),
        "price": draw(st.sampled_from([None, "0.00", "12.90", "1234.00"])),
        "currency": draw(st.sampled_from(["EUR", "CAD"])),
        "price_kind": draw(st.sampled_from(["retail", "recommended", "fixed"])),
        "quantity": draw(st.sampled_from([None, 0, 1, 40])),
        "availability": draw(st.sampled_from(Availability.ALL)),
        "days": draw(st.sampled_from([None, 1, 21])),
        "available_from": draw(_dates),
        "first_edition": draw(st.booleans()),
        "subtitle": draw(_words),
        "contributors": draw(
            st.lists(st.lists(st.tuples(_name, st.sampled_from([*ROLES, "other", "x"])), max_size=1), max_size=1).map(
                lambda groups: [list(pair) for group in groups for pair in group]
            )
        ),
        "publisher": draw(_words),
        "subjects": draw(
            st.lists(
                st.tuples(_schemes, _words, _words),
                max_size=3,
                unique=True,
            ).map(lambda rows: [list(row) for row in rows])
        ),
        "language": draw(st.sampled_from(["", *LANGUAGES])),
        "form": draw(st.sampled_from(["", *Form.ALL])),
        "pages": draw(st.sampled_from([None, 1, 184])),
        "publication_date": draw(_dates),
        "description": draw(st.sampled_from(["", "<p>Un <em>mot</em> &amp; un autre</p>", "a\nb < c"])),
        "cover": draw(st.sampled_from(["", "https://c.example/1.jpg?a=1&b=2"])),
        "series": draw(_words),
        "series_number": draw(_words),
        "audience": draw(st.sampled_from(["", *AUDIENCES, "dogs"])),
        "unit_size": draw(st.sampled_from(["", "500 g"])),
        "tax_code": draw(st.sampled_from(["", "5.5", "20", "Z", "reduced"])),
        "weight": draw(st.sampled_from([None, 350])),
        "territory": draw(st.sampled_from(["", "+", "+BE FR", "-CA US", "-FR"])),
        "age_limit": draw(st.sampled_from(["", "16", "18", "alcohol"])),
        "related": [list(each) for each in kinds]
        + ([["other_format", "gtin", "9780439023481"], ["work", "istc", "A0220090000154FA"]] if gtin else []),
    }
    understood = from_json(values, Defaults("EUR", False), AS_OF)
    assert understood.record is not None
    return understood.record


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(records=st.lists(_records(), max_size=4, unique_by=lambda record: record.sku))
def test_whatever_a_record_can_hold_is_valid_and_reads_back_the_same(records, tmp_path):
    check(records, tmp_path)


def check(records: Sequence[CatalogRecord], tmp_path: Path) -> None:
    stream = io.StringIO()
    assert write_onix(records, stream, HEADER) == (len(records), 0)
    assert faults(stream.getvalue()) == []
    chunks = back(stream.getvalue(), tmp_path / "message.xml")
    assert articles(chunks) == [carried(record) for record in records]
    assert [refused for chunk in chunks for refused in chunk.refused] == []
    assert chunks[-1].complete == bool(records)


def test_limits_of_sale_are_said_in_onix(tmp_path):
    (record, *_) = articles(read("csv", FIXTURES / "list_bom.csv"))
    stream = io.StringIO()
    limited = record._replace(territory="-CA US", age_limit="18", publisher="")
    write_onix([limited, limited._replace(sku="b", territory="+BE FR", age_limit="")], stream, HEADER)
    assert faults(stream.getvalue()) == []
    message = etree.fromstring(stream.getvalue().encode())
    said = [
        [
            (one.findtext("{*}SalesRightsType"), *[part.text for part in one.find("{*}Territory")])
            for one in product.iterfind("{*}PublishingDetail/{*}SalesRights")
        ]
        for product in message.iterfind("{*}Product")
    ]
    assert said == [
        [("03", "CA US"), ("02", "WORLD", "CA US")],
        [("02", "BE FR"), ("03", "WORLD", "BE FR")],
    ]
    assert [one.findtext("{*}AudienceCodeValue") for one in message.iterfind(".//{*}Audience")][-1] == "18"
    again = articles(back(stream.getvalue(), tmp_path / "m.xml"))
    assert [(one.publisher, one.territory, one.age_limit) for one in again] == [
        ("", "-CA US", "18"),
        ("", "+BE FR", ""),
    ]


def test_used_copies_are_left_out(tmp_path):
    (record, *_) = articles(read("csv", FIXTURES / "list_bom.csv"))
    stream = io.StringIO()
    used = [record._replace(condition=Condition.GOOD), record._replace(signed=True)]
    assert write_onix([*used, record], stream, HEADER) == (1, 2)
    assert [each.condition for each in articles(back(stream.getvalue(), tmp_path / "m.xml"))] == ["new"]


def test_update_of_blocks_is_written_as_one_and_of_single_fields_is_left_out(tmp_path):
    (update,) = articles(read("onix", FIXTURES / "onix30_update.xml"))
    stream = io.StringIO()
    header = HEADER._replace(as_of=update.as_of)
    assert write_onix([update, update._replace(speaks_for=("price",))], stream, header) == (1, 1)
    assert faults(stream.getvalue()) == []
    assert articles(back(stream.getvalue(), tmp_path / "m.xml")) == [update._replace(language="")]


def test_message_that_breaks_the_schema_is_found(tmp_path):
    """That onixcheck finds something at all."""
    stream = io.StringIO()
    write_onix(articles(read("onix", FIXTURES / "onix30.xml")), stream, HEADER)
    broken = stream.getvalue().replace("<ProductComposition>00</ProductComposition>", "", 1)
    assert len(faults(broken)) == 1


def test_read_feed_converts_to_onix(capsys, tmp_path):
    call_command("read_feed", "google_merchant", str(FIXTURES / "google.xml"), "--onix", "--currency", "EUR")
    text = capsys.readouterr().out
    path = tmp_path / "check.xml"
    path.write_text(text, encoding="utf-8")
    assert onixcheck.validate(str(path)) == []
    skus = [
        record.sku for record in articles(read("google_merchant", FIXTURES / "google.xml")) if record.condition == "new"
    ]
    assert [record.sku for record in articles(back(text, tmp_path / "m.xml"))] == skus
