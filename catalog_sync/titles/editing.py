"""A title's facts with who says each, and what an operator says instead: one more source, which wins, audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oscar.apps.catalogue.models import Product

from catalog_sync import cleaning
from catalog_sync.models import Feed
from catalog_sync.records import CONTRIBUTOR_ROLES
from catalog_sync.titles import facts, precedence
from marketplace.catalogue import changes, sale_limits
from marketplace.catalogue.folding import Statement, fold_one, whole_date
from marketplace.catalogue.models import FactEdit, Form, ProductFacts
from marketplace.foundation import audit
from marketplace.models import User

FACTS: dict[str, Any] = {
    "title": gettext_lazy("Title"),
    "subtitle": gettext_lazy("Subtitle"),
    "contributors": gettext_lazy("Contributors"),
    "publisher": gettext_lazy("Publisher"),
    "series": gettext_lazy("Series"),
    "series_number": gettext_lazy("Number in the series"),
    "language": gettext_lazy("Language"),
    "form": gettext_lazy("Format"),
    "pages": gettext_lazy("Pages"),
    "publication_date": gettext_lazy("Published"),
    "subjects": gettext_lazy("Subject"),
    "audience": gettext_lazy("Audience"),
    "unit_size": gettext_lazy("Content of one unit"),
    "weight": gettext_lazy("Weight in grams"),
    "territory": gettext_lazy("Where it may be sold"),
    "age_limit": gettext_lazy("Sold from which age"),
    "description": gettext_lazy("Description"),
    "cover": gettext_lazy("Address of the cover"),
}
LONG = frozenset({"contributors", "description", "subjects"})
_LENGTHS = {"title": 255, "subtitle": 300, "publisher": 200, "series": 200, "series_number": 20, "cover": 500}
_LENGTHS |= {"audience": 60, "unit_size": 60, "description": 20_000}


class EditError(ValueError):
    """What was written cannot be this fact; the message says why."""


@dataclass(frozen=True)
class Said:
    """One source's word: `by` is who (a shop, the network, the service), `feed` its feed or empty, `at` when."""

    text: str
    by: str
    feed: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Fact:
    """One fact: what is shown and from whom, what the others say. `shown` is None where nobody says anything."""

    name: str
    label: Any
    shown: Said | None
    others: Sequence[Said]
    edited: bool


def facts_of(product: Product) -> list[Fact]:
    """Every fact of a title in the order of FACTS. Five queries."""
    statements = facts.statements_of([product.pk], gone=True)
    shops = {
        feed.name: feed.shop.name
        for feed in Feed.objects.filter(name__in={said.source for said in statements}).select_related("shop")
    }
    counting = facts.counting(statements)
    provenance = fold_one(counting, gtin=None)[1]["provenance"] if counting else {}
    found = []
    for name, label in FACTS.items():
        speaking = [said for said in statements if _value(said, name) or (said.rank < 0 and name in said.facts)]
        chosen = next((said for said in speaking if said.source == provenance.get(name)), None)
        edited = any(said.rank == precedence.EDIT for said in speaking)
        others = [_said(said, name, shops) for said in speaking if said is not chosen]
        found.append(Fact(name, label, _said(chosen, name, shops) if chosen else None, others, edited))
    return found


def say(product: Product, fact: str, text: str, *, by: User, now: datetime) -> None:
    """An operator says what a fact is; an empty text: that there is nothing to show. Raises `EditError`."""
    value = read(fact, text)
    with transaction.atomic():
        before = FactEdit.objects.filter(product=product, fact=fact).values_list("value", flat=True).first()
        FactEdit.objects.update_or_create(product=product, fact=fact, defaults={"value": value, "by": by, "at": now})
        _folded(product, now)
        audit.record("title.edit", product, by=by, fact=fact, before=_short(before), value=_short(value))


def take_back(product: Product, fact: str, *, by: User, now: datetime) -> bool:
    """The edit is taken away, and what the others say is shown again. False: there was none."""
    with transaction.atomic():
        edit = FactEdit.objects.filter(product=product, fact=fact).first()
        if edit is None:
            return False
        edit.delete()
        _folded(product, now)
        audit.record("title.edit_back", product, by=by, fact=fact, before=_short(edit.value))
    return True


def _folded(product: Product, now: datetime) -> None:
    if not facts.refold([product.pk], now=now) and not facts.statements_of([product.pk]):
        ProductFacts.objects.filter(product=product).delete()
    changes.mark([product.pk])


def read(fact: str, text: str) -> Any:
    """What is written on the page, as a source record has it; None for nothing. Raises `EditError`."""
    if fact not in FACTS:
        raise EditError(_("There is no such fact."))
    text = text.strip() if fact in LONG else cleaning.one_line(text)
    if not text:
        if fact == "title":
            raise EditError(_("A title needs a name."))
        return None
    if len(text) > (most := _LENGTHS.get(fact, 2000)):
        raise EditError(_("At most %(most)s characters.") % {"most": most})
    reader = _READERS.get(fact)
    return reader(text) if reader else text


def _pages(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 100_000:
        raise EditError(_("Write the number of pages."))
    return int(text)


def _grams(text: str) -> int:
    grams = cleaning.grams(text, "gr") if text.isdigit() else None
    if grams is None:
        raise EditError(_("Write the weight as a number of grams."))
    return grams


def _territory(text: str) -> str:
    said = text.upper()
    if not sale_limits.is_territory(said):
        raise EditError(_("Write codes of countries: +BE FR for these alone, -US for all but these."))
    return said


def _age_limit(text: str) -> str:
    years = sale_limits.stated_years(text)
    if not years and text != sale_limits.ALCOHOL:
        raise EditError(_("Write an age from 16 to 21, or alcohol."))
    return years or text


def _form(text: str) -> str:
    if text not in Form.values:
        raise EditError(_("There is no such format."))
    return text


def _language(text: str) -> str:
    if len(text) > 3 or not text.isascii() or not text.isalpha():
        raise EditError(_("Write its code, like fr or en."))
    return text.lower()


def _date(text: str) -> str:
    if whole_date(text) is None:
        raise EditError(_("Write it like 1987, 1987-03 or 1987-03-14."))
    return text


def _cover(text: str) -> str:
    if not text.startswith("https://"):
        raise EditError(_("Write an address that begins with https://."))
    return text


def _people(text: str) -> list[list[str]]:
    """A line each: "Albert Camus" or "Jean Grenier (foreword)"."""
    found = []
    for line in text.splitlines():
        name, bracket, role = line.strip().rstrip(")").rpartition(" (")
        if not bracket or role not in CONTRIBUTOR_ROLES:
            name, role = line.strip(), "author"
        if name:
            found.append([cleaning.one_line(name), role])
    return found


def _subjects(text: str) -> list[list[str]]:
    codes = text.replace(",", " ").upper().split()
    if not all(code.isalnum() and code.isascii() and len(code) <= 20 for code in codes):
        raise EditError(_("Write Thema codes, like FBA."))
    return [["thema", code, ""] for code in codes]


_READERS: dict[str, Any] = {
    "pages": _pages,
    "weight": _grams,
    "territory": _territory,
    "age_limit": _age_limit,
    "form": _form,
    "language": _language,
    "publication_date": _date,
    "contributors": _people,
    "subjects": _subjects,
    "cover": _cover,
}


def written(fact: str, value: Any) -> str:
    """A source's value as it is written on the page: what `read` takes."""
    if not value:
        return ""
    if fact == "contributors":
        return "\n".join(name if role == "author" else f"{name} ({role})" for name, role in value)
    if fact == "subjects":
        return " ".join(code for scheme, code, _text in value if scheme == "thema") or "; ".join(
            f"{scheme} {code} {text}".strip() for scheme, code, text in value
        )
    return str(value)


def _value(said: Statement, fact: str) -> Any:
    return said.title if fact == "title" else said.facts.get(fact)


def _said(said: Statement, fact: str, shops: dict[str, str]) -> Said:
    who = {precedence.OPERATOR: _("The network"), precedence.SERVICE_NAME: _("The bibliographic service")}
    by = who.get(said.source) or shops.get(said.source, said.source)
    at = datetime.fromtimestamp(said.said_at, UTC) if said.said_at else None
    return Said(written(fact, _value(said, fact)), by, said.source if said.source in shops else "", at)


def _short(value: Any) -> str:
    return str(value)[:200] if value is not None else ""
