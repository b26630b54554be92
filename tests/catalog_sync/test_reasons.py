"""The table of reasons, and what leaves an adapter."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from catalog_sync.reasons import REASONS, SHOWN_CHARACTERS, feed_error, reason


def test_words_are_filled_in():
    with translation.override("en"):
        words = reason("line_ragged", found=3, expected=5).words()
    assert words.startswith("The line has 3 cells, the header has 5.")


def test_long_values_are_shortened():
    (value,) = reason("gtin_not_a_number", value="x\n" * 200).values
    assert len(value[1]) == SHOWN_CHARACTERS


def test_unknown_code_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        reason("no_such_code")


def test_feed_error_carries_words_code_and_whether_a_person_is_needed():
    with translation.override("en"):
        error = feed_error("file_empty", permanent=False)
    assert (error.permanent, error.reason and error.reason.code) == (False, "file_empty")
    assert str(error) == REASONS["file_empty"]


def test_every_code_is_used_with_the_values_its_text_needs():
    """Reads the calls in the package: a misspelt value would only show in front of a bookseller."""
    wrong = []
    for path in (Path(settings.BASE_DIR) / "catalog_sync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ("reason", "feed_error"):
                continue
            given = {keyword.arg for keyword in node.keywords} - {"permanent"}
            if isinstance(node.args[0], ast.Constant) and None not in given:
                needed = set(re.findall(r"%\((\w+)\)s", REASONS[node.args[0].value]))
                if given != needed:
                    wrong.append((path.name, node.lineno, node.args[0].value))
    assert wrong == []
