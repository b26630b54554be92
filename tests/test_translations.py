"""Every text of ours in French, and in English as we wrote it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.utils import translation

from tests.test_structure import ROOT, tracked

LANGUAGES = ["fr", "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}|</?\w+[^>]*>")
# Before ? ! ; : » and after « stands a no-break space.
WRONG_SPACE = re.compile(r"(?<!\u00a0)[?!;»](?!\w)|(?<![\u00a0\w]):(?=\s|$)|[\w\)] ?:(?=\s|$)|«(?!\u00a0)|'")


def path(language: str, suffix: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def catalogue(language: str) -> Catalog:
    with path(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def texts(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def named(message: Message) -> str:
    return f"{message.context or ''} {forms(message.id)[0]}".strip()


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def said(message: Message) -> tuple[str, ...]:
    """What gettext answers; of a plural, for one and for two."""
    if isinstance(message.id, str):
        asked = translation.pgettext(message.context, message.id) if message.context else None
        return (asked or translation.gettext(message.id),)
    one, many = message.id
    if message.context:
        return tuple(translation.npgettext(message.context, one, many, count) for count in (1, 2))
    return tuple(translation.ngettext(one, many, count) for count in (1, 2))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_none_is_a_guess(language):
    unfinished = [named(m) for m in texts(language) if m.fuzzy or not all(forms(m.string))]
    assert unfinished == []
    assert not catalogue(language).fuzzy


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_of_text_and_translation_are_the_same(language):
    wrong = []
    for message in texts(language):
        original, translated = forms(message.id), forms(message.string)
        # The singular may leave the number out, or say it where English does not.
        same = placeholders(translated[-1]) == placeholders(original[-1])
        if not (same and placeholders(original[0]) <= placeholders(translated[0]) <= placeholders(original[-1])):
            wrong.append(named(message))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_what_the_texts_compile_to(language):
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    with path(language, "mo").open("rb") as file:
        stored = read_mo(file)
    assert in_words(stored) == in_words(read_mo(compiled))


def in_words(found: Catalog) -> dict[tuple[str | None, tuple[str, ...]], tuple[str, ...]]:
    return {(m.context, forms(m.id)): forms(m.string) for m in found if m.id}


def test_french_stands_as_french_is_set():
    wrong = [form for message in texts("fr") for form in forms(message.string) if WRONG_SPACE.search(form)]
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["Qui achète ?", "Fini!", "Attendez; lisez.", "Total : 3", "Total: 3", "« oui »", "l'ISBN"]
)
def test_the_rule_of_french_setting_finds_what_is_wrong(text):
    assert WRONG_SPACE.search(text)


@pytest.mark.parametrize(
    "text", ["Qui achète\u00a0?", "Total\u00a0: %(total)s", "«\u00a0oui\u00a0», dit l’une", "07:30"]
)
def test_the_rule_of_french_setting_lets_good_texts_be(text):
    assert not WRONG_SPACE.search(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_words_win_over_those_of_the_frameworks(language):
    """Django's, Oscar's and allauth's catalogues know some of our texts too, and mean something else."""
    ours = {(m.context, forms(m.id)): forms(m.string) for m in texts(language)}
    with translation.override(language):
        other = {}
        for message in texts("fr"):
            wanted = ours.get((message.context, forms(message.id)), forms(message.id))
            if said(message) != wanted:
                other[named(message)] = said(message)
    assert other == {}


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext (Debian's package gettext)")
def test_no_text_in_the_code_is_unknown_to_the_catalogue(tmp_path):
    """Collected as `scripts/messages` does, in a copy."""
    for source in tracked():
        place = source.relative_to(ROOT)
        if place.parts[0] not in {"tests", "bench", "demo", "docs", "deploy", "static"}:
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, tmp_path / place)
    command = [sys.executable, "-W", "ignore", "manage.py", "makemessages", "--locale", "fr"]
    options = ["--no-location", "--no-wrap", "--no-obsolete"]
    environment = {**os.environ, "PYTHONPATH": ""}
    made = subprocess.run([*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    with (tmp_path / "locale/fr/LC_MESSAGES/django.po").open("rb") as file:
        collected = {(m.context, forms(m.id)) for m in read_po(file) if m.id}
    known = {(m.context, forms(m.id)) for m in texts("fr")}
    assert sorted(map(str, collected - known)) == [], "run scripts/messages and translate what is new"
    assert sorted(map(str, known - collected)) == [], "run scripts/messages: these texts are in the code no more"
