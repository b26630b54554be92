"""What a page shows of a list's columns, and the choice that comes back from it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from catalog_sync import mapping
from catalog_sync.column_words import FIELD_WORDS
from catalog_sync.identifiers import isbn_hyphenated
from catalog_sync.models import Feed
from catalog_sync.reasons import FeedError, Reason
from marketplace.foundation import money


class Choice(NamedTuple):
    """What a person has said of the columns. `options`: None where the list is another one than was looked at;
    `problem`: why it cannot be kept."""

    options: dict[str, Any] | None
    chosen: list[str]
    problem: Reason | None


def choice_of(request: HttpRequest, feed: Feed) -> Choice:
    """Raises `FeedError` where there is no list to look at."""
    with mapping.opened(feed) as file:
        sighting = mapping.look(feed, file)
        chosen = [_chosen(request, place) for place in range(len(sighting.columns))]
        if request.POST.get("seen") != digest(sighting):
            return Choice(None, chosen, None)
        options = mapping.options_of(feed, sighting, chosen)
        return Choice(options, chosen, mapping.wrong(chosen) or mapping.attempt(feed, file, options).trouble)


def _chosen(request: HttpRequest, place: int) -> str:
    field = request.POST.get(f"column{place}", "")
    return field if field in FIELD_WORDS else ""


def shown(feed: Feed, chosen: Sequence[str] | None = None, problem: Reason | None = None) -> dict[str, object]:
    """The page's values, with what the shop has just chosen or else with what we understand; only `nothing`, why, where
    there is nothing to look at."""
    if not mapping.has_columns(feed):
        return {"nothing": _("This feed is no table, so that it has no columns.")}
    try:
        with mapping.opened(feed) as file:
            sighting = mapping.look(feed, file)
            fields = list(chosen) if chosen is not None else [column.field for column in sighting.columns]
            problem = problem or (sighting.trouble if chosen is None else None)
            tried = None
            if problem is None:
                options = feed.options if chosen is None else mapping.options_of(feed, sighting, fields)
                tried = mapping.attempt(feed, file, options)
                problem = tried.trouble
    except FeedError as error:
        return {"nothing": error.reason.words() if error.reason else str(error)}
    return {
        "seen": digest(sighting),
        "named": sighting.named,
        "columns": _worded(sighting, fields),
        "rows": sighting.rows,
        "fields": [(field, _(word)) for field, word in FIELD_WORDS.items()],
        "problem": problem.words() if problem else "",
        "tried": _tried(tried) if tried else None,
    }


def _worded(sighting: mapping.Sighting, fields: Sequence[str]) -> list[dict[str, object]]:
    return [
        {
            "place": place,
            "name": column.name,
            "field": field,
            "why": column.why.words() if field == column.field else "",
            "maybe": _(FIELD_WORDS[column.maybe]) if column.maybe and not field else "",
        }
        for place, (column, field) in enumerate(zip(sighting.columns, fields, strict=True))
    ]


def _tried(trial: mapping.Trial) -> dict[str, object]:
    return {
        "articles": [
            {
                "title": record.title,
                "gtin": isbn_hyphenated(record.gtin) if record.gtin else "",
                "sku": record.sku,
                "price": ""
                if record.price is None
                else money.display(record.price, record.currency, get_language() or ""),
                "units": record.quantity,
                "availability": _availability(record.availability),
                "issues": [why.words() for why in trial.issues.get(record.sku, [])],
            }
            for record in trial.records
        ],
        "refused": [(each.position, each.reason.words()) for each in trial.refused],
        "remarks": [note.words() for note in trial.remarks],
    }


def _availability(value: str) -> str:
    """In two words, for where no number says it."""
    words = {
        "in_stock": pgettext("article", "in stock"),
        "orderable": pgettext("article", "to order"),
        "preorder": pgettext("article", "to come"),
        "temporarily_unavailable": pgettext("article", "not there"),
        "unavailable": pgettext("article", "not sold any more"),
        "digital": pgettext("article", "digital"),
    }
    return words.get(value, pgettext("article", "not known"))


def digest(sighting: mapping.Sighting) -> str:
    """By which it is noticed that the list has other columns than those that were looked at."""
    return hashlib.sha256("\0".join(column.name for column in sighting.columns).encode()).hexdigest()[:16]
