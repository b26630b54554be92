"""Facets and chips as the result page shows them: labels for values, what is chosen, where a click leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.catalogue.models import Subject
from search import directory
from search.engines.base import FacetValue, Page
from search.forms import Choices, span_parameter, value_label
from search.reader import Reader

FIRST_SWITCHES = ("near", "today")
"""The switches above the results; the others stand with the facets."""

SHOWN = 6
"""Values of a facet that are shown at once; the rest folds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    value: str
    label: str
    count: int
    chosen: bool
    span: tuple[int | None, int | None] | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    name: str
    label: str
    values: Sequence[Value]

    @property
    def first(self) -> Sequence[Value]:
        """The first few, and all that are chosen."""
        return [value for place, value in enumerate(self.values) if place < SHOWN or value.chosen]

    @property
    def rest(self) -> Sequence[Value]:
        return [value for place, value in enumerate(self.values) if place >= SHOWN and not value.chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One thing chosen; `parameters` are those of the address without it."""

    name: str
    label: str
    parameters: str
    span: tuple[int | None, int | None] | None = None


def labels() -> dict[str, str]:
    return {
        "shop": _("Shop"),
        "subject": _("Subject"),
        "language": _("Language"),
        "form": _("Format"),
        "audience": _("For whom"),
        "condition": _("Condition"),
        "price": _("Price"),
        "published": _("Published"),
    }


def switch_labels(reader: Reader) -> dict[str, str]:
    """The switches this reader can use, with their words."""
    found = {}
    if reader.place:
        found["near"] = _("In stock within %(km)d km") % {"km": reader.place.radius_km}
    if reader.shop:
        found["mine"] = _("At %(shop)s") % {"shop": reader.shop.name}
    return {
        **found,
        "open": _("In a shop open now"),
        "today": _("Collect today"),
        "pickup": _("Collect in the shop"),
        "sent": _("In a shop that sends"),
        "order": _("Also what can be ordered"),
        "new": _("New this week"),
        "picks": _("Picked by booksellers"),
    }


def facets(page: Page, chosen: Choices, subjects: dict[str, str]) -> list[Facet]:
    """In the order of the page; without those that have nothing to choose."""
    found = []
    for name, label in labels().items():
        values = _values(name, page.facets.get(name, []), chosen, subjects)
        if values:
            found.append(Facet(name=name, label=label, values=values))
    return found


def subject_names(page: Page, chosen: Choices) -> dict[str, str]:
    """Code → name in the reader's language, of the subjects on this page. One query, none without subjects."""
    codes = {str(value.value) for value in page.facets.get("subject", [])} | set(chosen.chosen.get("subject", ()))
    if not codes:
        return {}
    column = "label_en" if (get_language() or "").startswith("en") else "label_fr"
    return dict(Subject.objects.filter(scheme="thema", code__in=codes).values_list("code", column))


def chips(chosen: Choices, reader: Reader, subjects: dict[str, str]) -> list[Chip]:
    found = [
        Chip(name=name, label=value_label(name, value, subjects), parameters=chosen.without(name, value))
        for name, values in chosen.chosen.items()
        for value in values
    ]
    switches = switch_labels(reader)
    found += [
        Chip(name=name, label=switches[name], parameters=chosen.without(name))
        for name in switches
        if name in chosen.switches
    ]
    if chosen.price:
        found.append(Chip(name="price", label="", parameters=chosen.without("price"), span=chosen.price))
    if chosen.published:
        parameters = chosen.without("published")
        found.append(Chip(name="published", label=years_label(chosen.published), parameters=parameters))
    return found


def years_label(span: tuple[int | None, int | None]) -> str:
    """ "2026", "2024–2025", "before 2016" of days as `yyyymmdd`."""
    low, high = (None if day is None else day // 10_000 for day in span)
    if low is None:
        return _("before %(year)d") % {"year": (high or 0) + 1}
    if high is None:
        return _("%(year)d and later") % {"year": low}
    return str(low) if low == high else f"{low}–{high}"


def _values(name: str, counted: Sequence[FacetValue], chosen: Choices, subjects: dict[str, str]) -> list[Value]:
    if name == "price":
        return [
            Value(value=span_parameter(span), label="", count=count, chosen=span == chosen.price, span=span)
            for span, count in counted
            if isinstance(span, tuple)
        ]
    if name == "published":
        return [
            Value(value=span_parameter(span), label=years_label(span), count=count, chosen=span == chosen.published)
            for span, count in counted
            if isinstance(span, tuple)
        ]
    taken = chosen.chosen.get(name, ())
    counts = {_parameter(name, value): count for value, count in counted}
    found = {
        value: count
        for value, count in counts.items()
        if value and (name != "subject" or _shown(value, taken, subjects))
    }
    found.update({value: 0 for value in taken if value not in found})  # so that it can be taken away again
    values = [
        Value(
            value=value,
            label=value_label(name, value, subjects),
            count=count,
            chosen=value in taken,
            depth=_depth(name, value),
        )
        for value, count in found.items()
    ]
    return sorted(values, key=lambda value: value.value) if name == "subject" and taken else values


def _parameter(name: str, value: object) -> str:
    if name != "shop":
        return str(value)
    card = directory.active().get(value) if isinstance(value, int) else None
    return card.slug if card else ""


def _shown(code: str, taken: Sequence[str], subjects: dict[str, str]) -> bool:
    """The first level, and below what is chosen the next one: in Thema each letter is one level."""
    if code not in subjects:
        return False
    return (
        len(code) == 1
        or any(code.startswith(parent) and len(code) <= len(parent) + 1 for parent in taken)
        or any(parent.startswith(code) for parent in taken)
    )


def _depth(name: str, value: str) -> int:
    return min(len(value) - 1, 3) if name == "subject" else 0
