"""Tables of subjects that an operator brings along; and what is told of those that cannot be read."""

import json

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django.utils.translation import override

from catalog_sync.models import Feed, SourceRecord
from catalog_sync.titles.sources import fold_again
from marketplace.catalogue import subject_files, subjects
from marketplace.catalogue.models import ProductFacts, Subject, SubjectMapping
from search import listings
from tests import factories

pytestmark = pytest.mark.django_db


def written(tmp_path, content: str | bytes, name: str = "table.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def names() -> dict[str, tuple[str, str]]:
    rows = Subject.objects.filter(scheme="thema").exclude(code__in=subjects.THEMA)
    return {code: labels for code, *labels in rows.values_list("code", "label_fr", "label_en")}


def test_names_of_thema_are_stored_under_each_other_and_ours_stay(tmp_path):
    table = (
        "code;label_fr;label_en;note\nFBAN;Romans de rue;Street fiction;x\nFBA;Fiction moderne;Modern fiction;\n"
        "F;Autre;Other;\n1D;Europe;Europe;\n"
    )
    call_command("import_subjects", "thema", written(tmp_path, table))
    assert names() == {"FBA": ["Fiction moderne", "Modern fiction"], "FBAN": ["Romans de rue", "Street fiction"]}
    assert Subject.objects.get(code="FBAN").parent.code == "FBA"
    assert Subject.objects.get(code="F").label_en == "Fiction"
    listing = listings.subject("FBAN")
    beginnings = [crumb.address[: len("/subject/fba-")] for crumb in listing.trail]
    assert beginnings == ["/subject/f-ro", "/subject/fb-r", "/subject/fba-"]


def test_editeurs_json_comes_one_language_at_a_time(tmp_path):
    def table(name: str) -> str:
        code = {"CodeValue": "FBA", "CodeDescription": name, "CodeNotes": "", "CodeParent": "FB", "IssueNumber": 1}
        return json.dumps({"CodeList": {"ThemaCodes": {"Code": [code, "?"]}}})

    report = subject_files.load("thema", written(tmp_path, table("Modern fiction")), language="en")
    assert (report.stored, report.refused) == (1, 1)
    assert report.reasons == ["Row 2: “” is no code: capitals and digits, at most 20."]
    assert names() == {"FBA": ["Modern fiction", "Modern fiction"]}
    subject_files.load("thema", written(tmp_path, table("Fiction moderne")), language="fr")
    assert names() == {"FBA": ["Fiction moderne", "Modern fiction"]}
    with pytest.raises(subject_files.SubjectFileError, match="--language"):
        subject_files.load("thema", written(tmp_path, table("x")))


def test_a_mapping_goes_before_ours_and_titles_are_filed_anew(tmp_path):
    feed = Feed.objects.create(shop=factories.shop(), name="list", kind="jsonl")
    product = factories.product("L'Étranger", gtin=9782070360024)
    said = {"title": "L'Étranger", "subjects": [["clil", "3443", ""]]}
    SourceRecord.objects.create(
        feed=feed,
        sku="1",
        product_id=product.pk,
        title="L'Étranger",
        facts=said,
        offer_hash=0,
        stock_hash=0,
        facts_hash=0,
    )
    book = openpyxl.Workbook()
    for row in (["Code", "Libellé", "Thema"], [3443, "Romans", "FBA"], [34, "", "DN"], [3442, "", ""], [3000, "", "9"]):
        book.active.append(row)
    book.save(tmp_path / "clil.xlsx")
    call_command("import_subjects", "clil", tmp_path / "clil.xlsx")
    assert dict(SubjectMapping.objects.values_list("prefix", "thema")) == {"3443": "FBA", "34": "DN"}
    fold_again(timezone.now())
    assert ProductFacts.objects.get(pk=product.pk).subject_codes == ["FBA"]


@pytest.mark.parametrize(
    ("codes", "found"),
    [
        ([["clil", "3443", ""]], ["FBA"]),
        ([["clil", "3449", ""]], ["DN"]),
        ([["clil", "3722", ""]], ["YF"]),
        ([["clil", "9999", ""], ["nur", "301", ""]], []),
        ([["thema", "JP", ""], ["clil", "3443", ""]], ["JP"]),
        ([["bisac", "FIC022020", ""]], ["FF"]),
    ],
)
def test_the_longest_beginning_counts_then_our_own_table(codes, found):
    loaded = {"clil": {"34": "DN", "3443": "FBA"}}
    assert subjects.thema_codes(codes, lambda: loaded) == found


def test_our_tables_name_subjects_that_there_are():
    assert {code for table in subjects.MAPPED.values() for code in table.values()} <= set(subjects.THEMA)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no row could be read"),
        ("a;b\n1;2\n", "first line must name"),
        ("code;label_fr\n", "no row could be read"),
        ("code;label_fr\n<b>;x\n", "Row 2: “<B>” is no code"),
        ("code;label_fr\nFBA;\n", "Row 2: It has no name."),
        (b"code;label_fr\nFBA;\xe9\n", "not in UTF-8"),
        ('{"CodeList": ', "breaks at line 1"),
        ("[" * 100_000, "breaks at|damaged"),
        ('{"CodeList": {}}', "no list of codes"),
        (b"PK\x03\x04 no workbook", "damaged"),
        # Python's limit of a field is the process's: whoever reads shops' files may have raised it.
        ('code;label_fr\n"' + "x" * 200_000 + "\n", "damaged|is no code"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_changes_nothing(tmp_path, content, said):
    with override("en"), pytest.raises(CommandError, match=said):
        call_command("import_subjects", "thema", written(tmp_path, content))
    assert names() == {}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.csv cannot be read"):
        call_command("import_subjects", "bisac", tmp_path / "nowhere.csv")
