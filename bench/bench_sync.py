"""Sync of 45,000 offers against a bare upsert of the rows that it stores, and against Oscar's importer."""

from __future__ import annotations

import logging
import resource
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any

import common
import offers
import upserts
from django.utils import timezone
from oscar.apps.partner.importers import CatalogueImporter

from catalog_sync import sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SyncRun
from catalog_sync.titles import matching
from tests import factories

LEAST_SHARE = 0.25
SHOP, OTHER = "shop", "other"
EVERYTHING = upserts.TITLES | upserts.OFFERS

Times = dict[str, list[float]]


def open_shop(name: str) -> None:
    shop = factories.shop(name, complete_as_of=None)
    Feed.objects.create(shop=shop, name=name, kind="csv", location=f"{name}.csv", currency="CAD")


def feed(name: str) -> Feed:
    return Feed.objects.select_related("shop").get(name=name)


def read(name: str) -> SyncRun:
    run = sync.run(feed(name), now=timezone.now())
    if run.state != SyncRun.State.DONE or run.refused or run.quarantined:
        raise SystemExit(f"The run of {name} is {run.state}, {run.refused} refused: {run.notes}")
    return run


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepare(size: int) -> tuple[float, float]:
    """Two states: `empty` (two shops, no title) and `known` (another shop sells all the titles). Returns this process's
    memory before and its peak after the first sync, in MB."""
    common.fresh_database()
    factories.network(country="CA", currency="CAD")
    for name in (SHOP, OTHER):
        offers.write(feeds_folder() / f"{name}.csv", size)
        open_shop(name)
    matching.product_classes()
    upserts.make_plain_table()
    common.keep_database("empty")
    before = megabytes()
    read(OTHER)
    after = megabytes()
    common.keep_database("known")
    return before, after


def stored_by_first_sync(state: str, tables: dict[str, tuple[str, str]]) -> dict[str, Any]:
    common.restore_database(state)
    read(SHOP)
    return upserts.stored(feed(SHOP), tables)


def measure(size: int, rounds: int, sample: int) -> tuple[dict[str, float], int]:
    """Median seconds by name, and the rows that unchanged runs wrote. Every task finds the state it needs: each first
    sync and each first upsert a fresh copy, the unchanged ones what the first sync has just stored."""
    new_rows = stored_by_first_sync("empty", EVERYTHING)
    known_rows = stored_by_first_sync("known", upserts.OFFERS)
    plain_rows = upserts.plain(feed(SHOP))
    importer = CatalogueImporter(logging.getLogger("bench.oscar"))
    times: Times = defaultdict(list)
    written = 0

    def timed(name: str, task: Callable[[], object], state: str = "") -> None:
        if state:
            common.restore_database(state)
        times[name].append(common.seconds(task))

    def unchanged() -> None:
        nonlocal written
        run = read(SHOP)
        written += run.written
        if run.unchanged != size:
            raise SystemExit(f"{run.unchanged} of {size} offers are unchanged.")

    path, for_oscar = feeds_folder() / f"{SHOP}.csv", feeds_folder() / "oscar.csv"
    for number in range(rounds):
        timed("bare new", lambda: upserts.upsert(new_rows, EVERYTHING), "empty")
        offers.write_for_oscar(for_oscar, sample, first=size)
        timed("oscar new", lambda: importer.handle(str(for_oscar)), "known")
        timed("oscar again", lambda: importer.handle(str(for_oscar)))
        offers.write(path, size)
        timed("new", lambda: read(SHOP), "empty")
        timed("plain", lambda: upserts.upsert(plain_rows, upserts.PLAIN), "known")
        timed("bare known", lambda: upserts.upsert(known_rows, upserts.OFFERS))
        timed("known", lambda: read(SHOP), "known")
        offers.write(path, size, turn=size // 3 + number)
        timed("bare again", lambda: upserts.upsert(known_rows, upserts.OFFERS))
        timed("unchanged", unchanged)
        timed("identical", unchanged)
        bare = common.bare_page()
        timed("bare page", bare)
    return {name: median(found) for name, found in times.items()}, written


def main() -> None:
    wants = common.arguments(__doc__ or "")
    size, rounds, sample = (200, 1, 5) if wants.quick else (45_000, 3, 1_000)
    before, after = prepare(size)
    taken, written = measure(size, rounds, sample)

    def against(name: str, ours: str, peer: str, units: int = size, goal: float | None = LEAST_SHARE) -> common.Figure:
        """Rates; the ratio is ours by the peer's."""
        ratio = (size / taken[ours]) / (units / taken[peer])
        return common.Figure(
            name,
            common.rate(size, taken[ours]),
            common.rate(units, taken[peer]),
            ratio,
            f"≥ {goal}" if goal else "",
            ratio >= goal if goal else None,
            taken[ours],
        )

    figures = [
        against("first, titles known, against a bare upsert of its rows", "known", "bare known"),
        against("first, titles new, against a bare upsert of its rows", "new", "bare new"),
        against("unchanged, in another order, against the bare upsert again", "unchanged", "bare again"),
        against("unchanged, the very same file, against the bare upsert again", "identical", "bare again", goal=None),
        against("first, titles known, against one plain table of prices", "known", "plain", goal=None),
        against("unchanged, in another order, against one plain table of prices", "unchanged", "plain", goal=None),
        against("first, titles new, against Oscar's importer", "new", "oscar new", sample, goal=None),
        against("unchanged, in another order, against Oscar's importer", "unchanged", "oscar again", sample, goal=None),
        common.Figure("rows written by the unchanged runs", f"{written}", goal="0", met=written == 0),
        common.Figure("peak memory of the first sync", f"{after:.0f} MB", f"{before:.0f} MB before", after / before),
    ]
    common.show(f"Sync of {size:,} offers", figures, taken["bare page"] / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
