"""What a person sees and says of a feed's columns: the list's first rows, what stands where and why, what would become
of them; and the choice, remembered with the feed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog_sync import lanes
from catalog_sync.adapters.column_proposal import Layout, Proposal, find_layout, propose
from catalog_sync.adapters.spreadsheet import Spreadsheet, layout_of
from catalog_sync.adapters.spreadsheet_columns import AWAITED, IDENTIFIERS, remembered, understand
from catalog_sync.column_words import FIELD_WORDS
from catalog_sync.doors import arrivals, locations
from catalog_sync.models import Feed
from catalog_sync.reading.csv_rows import read_head
from catalog_sync.reading.fetching import LocalFile, local_copy
from catalog_sync.reading.heads import beginning
from catalog_sync.reading.xlsx_rows import is_workbook, read_heads
from catalog_sync.reasons import FeedError, Reason, feed_error, reason
from catalog_sync.records import CatalogRecord, Lane, Refused
from marketplace.foundation import audit

KINDS = frozenset({"csv", "xlsx"})
ROWS_SHOWN = 8
TRIED = 5  # articles shown as they would be
_TOLD = AWAITED | {"column_left", "columns_several", "price_undecided", "columns_missing"}


class Column(NamedTuple):
    """One column as the page shows it. `field`: what is read from it, empty for nothing; `maybe`: what it could be, for
    a person to say."""

    name: str
    field: str
    why: Reason
    maybe: str


@dataclass(frozen=True)
class Sighting:
    """The beginning of a feed's present list. `trouble`: why a reading would not understand it as it is."""

    columns: list[Column]
    rows: list[list[str]]
    named: bool
    trouble: Reason | None


class Trial(NamedTuple):
    """What the first articles would become; `remarks` of the whole list, `issues` by SKU. `trouble`: nothing would."""

    records: list[CatalogRecord]
    refused: list[Refused]
    issues: dict[str, list[Reason]]
    remarks: list[Reason]
    trouble: Reason | None = None


def has_columns(feed: Feed) -> bool:
    return feed.kind in KINDS


@contextmanager
def opened(feed: Feed) -> Iterator[LocalFile]:
    """The beginning of the list that the feed would read now. Raises `FeedError` where there is none to look at."""
    if not arrivals.takes_lists(feed.location):
        raise feed_error("list_elsewhere", permanent=True)
    with tempfile.TemporaryDirectory(prefix="columns-") as folder:
        file = local_copy(locations.resolve(feed.location), Path(folder))
        yield replace(file, path=beginning(file.path, Path(folder)))


def look(feed: Feed, file: LocalFile) -> Sighting:
    """What stands in the columns of a list. Raises `FeedError` where it cannot be read as a table at all."""
    layout, proposal = _layout(feed, file.path)
    before = remembered(feed.cursor)
    trouble = None
    try:
        places = understand(layout, feed.options, before).places
    except FeedError as error:
        trouble = error.reason
        places = {guess.field: place for place, guess in enumerate(proposal.guesses) if guess.field and guess.sure}
    fields = {place: name for name, place in reversed(places.items())}
    chosen, known = feed.options.get("columns", {}), {} if feed.options.get("columns") else before.names
    columns = []
    for place, (name, guess) in enumerate(zip(layout.header, proposal.guesses, strict=True)):
        said = fields.get(place, "")
        why = guess.why
        if chosen and (said in chosen or name in feed.options.get("unused", ())):
            why = reason("column_chosen")
        elif said and said in known:
            why = reason("column_as_before")
        against = next((each for each in proposal.denied.values() if dict(each.values)["column"] == name), None)
        maybe = guess.field if guess.field not in places and not said else ""
        columns.append(Column(name, said, against or why, maybe))
    return Sighting(columns, layout.rows[:ROWS_SHOWN], layout.named, trouble)


def _layout(feed: Feed, path: Path) -> tuple[Layout, Proposal]:
    """The best of a list's sheets; where neither names nor contents tell, its first rows as they are."""
    if is_workbook(path):
        heads = [head.rows for head in read_heads(path, str(feed.options.get("sheet", "")))]
    else:
        heads = [read_head(path, feed.encoding).rows]
    found = [layout for rows in heads if (layout := layout_of(rows, feed.options)) is not None]
    if not found:
        rows = max(heads, key=len, default=[])
        bare = find_layout(rows, lambda cell: False, unnamed=True)
        if bare is None or not bare.header:
            raise feed_error("file_without_articles", permanent=False)
        found = [bare]
    proposals = [propose(layout) for layout in found]
    best = max(range(len(found)), key=lambda each: sum(1 for guess in proposals[each].guesses if guess.sure))
    return found[best], proposals[best]


def wrong(chosen: Sequence[str]) -> Reason | None:
    """What is wrong with a choice of fields, column by column; None where it can be tried."""
    used = [name for name in chosen if name]
    twice = next((name for name in used if used.count(name) > 1), "")
    if twice:
        return reason("columns_twice", field=FIELD_WORDS[twice])
    if not IDENTIFIERS & set(used):
        return reason("columns_no_identifier")
    return None


def options_of(feed: Feed, sighting: Sighting, chosen: Sequence[str]) -> dict[str, Any]:
    """The feed's options with a choice of fields, column by column."""
    names = [column.name for column in sighting.columns]
    pairs = list(zip(names, chosen, strict=True))
    columns = {name_of: column for column, name_of in pairs if name_of}
    return {**feed.options, "columns": columns, "unused": [column for column, name_of in pairs if not name_of]}


def attempt(feed: Feed, file: LocalFile, options: dict[str, Any]) -> Trial:
    """What the first articles of a list become with these options; nothing is written."""
    settings = replace(lanes.settings_of(feed, feed), options=options)
    try:
        chunk = next(iter(Spreadsheet(settings).read(file, Lane(feed.lane), None)))
    except FeedError as error:
        return Trial([], [], {}, [], error.reason)
    records = chunk.records[:TRIED]
    issues: dict[str, list[Reason]] = {record.sku: [] for record in records}
    for issue in chunk.issues:
        if issue.sku in issues:
            issues[issue.sku].append(issue.reason)
    return Trial(records, chunk.refused[:TRIED], issues, [note for note in chunk.notes if note.code in _TOLD])


def remember(feed: Feed, options: dict[str, Any], *, by: AbstractBaseUser, now: datetime) -> None:
    """Keep a person's choice; the list is read again at once, and compared again."""
    kept = {name: options[name] for name in ("columns", "unused")}
    with transaction.atomic():
        locked = Feed.objects.select_for_update().get(pk=feed.pk)
        locked.options = {**locked.options, **kept}
        locked.due_at, locked.parked_at, locked.attempts = now, None, 0
        locked.save(update_fields=["options", "due_at", "parked_at", "attempts"])
        audit.record("feed.columns", locked, by=by, shop_id=locked.shop_id, **kept)
