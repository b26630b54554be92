"""The errors of a run as a file: whole, in the reader's language, and never a formula."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import translation

from catalog_sync import error_file, runs
from catalog_sync.models import RecordIssue, SyncRun
from catalog_sync.reasons import reason
from tests.catalog_sync.memory import NOON, feed

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> SyncRun:
    return SyncRun.objects.create(feed=feed(), state="done", started_at=NOON, refused=2)


def refuse(run: SyncRun, code: str, *, sku: str = "", position: int = 0, **values: object) -> None:
    with translation.override("en"):
        runs._issue(run, RecordIssue.Kind.REFUSED, reason(code, **values), sku=sku, position=position).save()


def rows(run: SyncRun, language: str = "en") -> list[list[str]]:
    with translation.override(language):
        text = "".join(error_file.lines(run))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";" if language == "fr" else ","))


def test_says_where_what_is_wrong_and_what_to_do(run):
    refuse(run, "gtin_check_digit", sku="A1", position=17, value="9782070360025")
    refuse(run, "title_missing", position=18)
    assert rows(run) == [
        ["Row", "Article number", "Column", "Value", "What is wrong", "What to do"],
        [
            "17",
            "A1",
            "ISBN or EAN",
            "9782070360025",
            "“9782070360025” is no valid ISBN or EAN: the check digit does not fit.",
            "Look for a typing mistake.",
        ],
        ["18", "", "Title", "", "No title, and no valid ISBN or EAN to find it by.", "Fill in the title."],
    ]


def test_speaks_french_with_semicolons(run):
    refuse(run, "title_missing", position=18)
    assert rows(run, "fr")[1][2] == "Titre"


@pytest.mark.parametrize("hostile", ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "\r=1"])
def test_what_looks_like_a_formula_is_a_text(run, hostile):
    refuse(run, "gtin_not_a_number", sku=hostile, value=hostile)
    for row in rows(run):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


def test_plain_cells_stay_as_they_are():
    for cell in ("", "12,90", "978-2-07-036002-4", "L'Étranger = The Stranger", "a-b"):
        assert error_file.safe(cell) == cell


def test_says_how_many_are_not_listed(run):
    SyncRun.objects.filter(pk=run.pk).update(refused=5000)
    run.refresh_from_db()
    refuse(run, "title_missing", position=18)
    assert rows(run)[-1][4] == "4999 more articles, not listed one by one."
