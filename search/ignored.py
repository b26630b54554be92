"""An address as a reader's choices, and in words what of it was left out: addresses are typed, shortened, shared, and
made by programs. Only what is known is looked for; the page says the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace

from babel import Locale
from django.http import QueryDict
from django.utils.translation import gettext as _

from search import directory, words
from search.engines.base import Sort
from search.forms import LONGEST_TEXT, MOST_CHOSEN, SEVERAL, SWITCHES, Choices, choices, span_parameter
from search.reader import Reader
from shops.models import Condition

_NAMES = {"q", "sort", "page", "price", "published", *SEVERAL, *SWITCHES}
# What other sites and mails hang on to addresses, and what names a language: nobody chose anything with it.
_NOT_OURS = re.compile(r"(?:utm_|mc_|pk_|mtm_|_)[a-z_]+|(?:fb|g|ms|tw|y)clid|ref|hl|lang|language")
_SUBJECT = re.compile(r"[A-Z0-9]{1,12}")
_MOST_NAMED, _LONGEST_NAMED = 3, 40
_LANGUAGES = frozenset(Locale("en").languages)


def known_choices(parameters: QueryDict, reader: Reader, usual_sort: Sort = Sort.BEST) -> tuple[Choices, list[str]]:
    """The choices without values that do not exist, and a sentence for whatever was left out. `usual_sort` is what a
    page has that says none."""
    read = choices(parameters, usual_sort)
    known = {name: tuple(value for value in values if _IS_KNOWN[name](value)) for name, values in read.chosen.items()}
    chosen = replace(read, chosen={name: values for name, values in known.items() if values})
    return chosen, [*_of_text(parameters), *_of_values(parameters, read, chosen), *_of_reader(chosen, reader)]


def _of_text(parameters: QueryDict) -> list[str]:
    typed = parameters.get("q", "")
    said = []
    if len(" ".join(typed.split())) > LONGEST_TEXT:
        said.append(_("Only the first %(count)d characters of your words were used.") % {"count": LONGEST_TEXT})
    if any(unicodedata.category(character) in ("Cc", "Cs") and not character.isspace() for character in typed):
        said.append(_("Characters that cannot be read were left out."))
    return said


def _of_values(parameters: QueryDict, read: Choices, chosen: Choices) -> list[str]:
    said = []
    if any(len(set(parameters.getlist(name))) > MOST_CHOSEN for name in SEVERAL):
        said.append(_("Of each kind of filter only the first %(count)d were used.") % {"count": MOST_CHOSEN})
    if unknown := list(_unknown(parameters, read, chosen)):
        shown = [f"“{value[:_LONGEST_NAMED]}”" for value in unknown[:_MOST_NAMED]]
        shown += ["…"] if len(unknown) > _MOST_NAMED else []
        said.append(_("Not known here and left out: %(values)s") % {"values": ", ".join(shown)})
    page = parameters.get("page", "")
    if page and page != str(chosen.page):
        said.append(_("There is no page “%(page)s”.") % {"page": page[:_LONGEST_NAMED]})
    return said


def _unknown(parameters: QueryDict, read: Choices, chosen: Choices) -> Iterable[str]:
    for name, values in read.chosen.items():
        kept = chosen.chosen.get(name, ())
        yield from (value for value in values if value not in kept)
    sort = parameters.get("sort", "")
    if sort and sort not in set(Sort):
        yield sort
    for name, read_span in (("price", read.price), ("published", read.published)):
        if (span := parameters.get(name, "")) and span != span_parameter(read_span):
            yield span
    yield from (name for name in SWITCHES if parameters.get(name, "") not in ("", "0", "1"))
    yield from (name for name in parameters if name not in _NAMES and not _NOT_OURS.fullmatch(name))


def _of_reader(chosen: Choices, reader: Reader) -> list[str]:
    said = []
    if "near" in chosen.switches and not reader.place:
        said.append(_("To see what is in stock near you, say where you are."))
    if "mine" in chosen.switches and not reader.shop:
        said.append(_("To see what is in stock in your shop, choose one."))
    return said


_IS_KNOWN: dict[str, Callable[[str], bool]] = {
    "shop": lambda slug: directory.by_slug(slug) is not None,
    "subject": lambda code: _SUBJECT.fullmatch(code) is not None,
    "language": lambda code: code in _LANGUAGES,
    "form": lambda code: code in words.FORMS,
    "audience": lambda code: code in words.AUDIENCES,
    "condition": lambda code: code in Condition.values,
}
