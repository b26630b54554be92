"""A million rows: every line of what the sync is to reach, each against its peer in the same run.

PostgreSQL: beside `merges.py` (csv, COPY, one merge per table). SQLite: beside the bare upsert of the rows it stores.
`--rows` is the size of one shop's list; five shops hold as many offers each. `--only` names lines to measure, by a part
of their names.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from statistics import median

import common
import dirty_feeds
import large
import merges
import onix_feeds
import upserts
from django.conf import settings
from django.db import connections
from django.utils import timezone

from catalog_sync import staging
from catalog_sync.doors.locations import opened
from catalog_sync.models import Feed, SyncRun
from catalog_sync.titles import candidates
from marketplace.catalogue.models import TitleChange
from marketplace.foundation import bulk
from search import indexing

SHOPS = 5
SHOP = "shop-1"
Figures = list[common.Figure]

_MEMORY = """
import re, sys, django
django.setup()
from django.utils import timezone
from catalog_sync import sync
from catalog_sync.models import Feed
run = sync.run(Feed.objects.select_related("shop").get(name=sys.argv[1]), now=timezone.now())
assert run.state == "done", run.notes
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def figure(name: str, ours: str, peer: str, ratio: float, most: float | None, aim: float | None) -> common.Figure:
    """`ratio` is to stay below `most`; the goal also says what is aimed at."""
    goal = f"≤ {most:g}, aim {aim:g}" if most and aim else f"≤ {most:g}" if most else ""
    return common.Figure(name, ours, peer, ratio, goal, ratio <= most if most else None)


def at_least(name: str, count: int, taken: float, least: float, aim: float, peer: str = "") -> common.Figure:
    reached = count / taken
    return common.Figure(
        name, common.rate(count, taken), peer, reached / least, f"≥ {least:,.0f}/s, aim {aim:,.0f}/s", reached >= least
    )


def timed(times: list[float], task: Callable[[], SyncRun]) -> SyncRun:
    """The time of a run is its own, from its beginning to its report."""
    run: list[SyncRun] = []
    times.append(common.seconds(lambda: run.append(task())))
    return run[0]


def prepare(size: int) -> None:
    """`known`: the titles, and shops without an offer."""
    common.fresh_database()
    large.open_network(SHOPS)
    large.fill_titles(size)
    large.settle()
    common.keep_database("known")


def first_import(size: int, rounds: int) -> Figures:
    """Into tables without an offer; the peer each time before. Leaves the state `held`: five shops hold the list."""
    dirty_feeds.write(large.path_of(SHOP), size)
    ours: list[float] = []
    peers: list[float] = []
    for _ in range(rounds):
        if common.is_postgres():
            common.restore_database("known")
            peers.append(common.seconds(lambda: merges.first(large.feed(SHOP), large.path_of(SHOP))))
        common.restore_database("known")
        run = timed(ours, lambda: large.read(SHOP))
        if not common.is_postgres():
            rows = upserts.stored(large.feed(SHOP), large.of_known_titles(size))
            common.restore_database("known")
            peers.append(common.seconds(lambda rows=rows: upserts.upsert(rows, upserts.OFFERS)))
    if not common.is_postgres():
        common.restore_database("known")
        large.read(SHOP)
    large.copy_offers(SHOP, [f"shop-{number}" for number in range(2, SHOPS + 1)])
    large.settle()
    common.keep_database("held")
    return [_against("first import, titles known", run.read, median(ours), median(peers), first=True)]


def _against(name: str, size: int, ours: float, peer: float, *, first: bool = False) -> common.Figure:
    """PostgreSQL: times the peer's time. SQLite: share of the peer's speed."""
    if common.is_postgres():
        most, aim = (4, 1.9) if first else (3, 1.5)
        return figure(name, f"{ours:.1f} s", f"{peer:.1f} s", ours / peer, most, aim)
    share = peer / ours
    return common.Figure(
        name, common.rate(size, ours), common.rate(size, peer), share, "≥ 0.25, aim 0.4", share >= 0.25
    )


def every_price(size: int, rounds: int) -> Figures:
    """Five shops hold the list; one sends it with every price changed by some per cent."""
    ours: list[float] = []
    peers: list[float] = []
    dirty_feeds.write(large.path_of(SHOP), size, variant=dirty_feeds.PRICES)
    for _ in range(rounds):
        common.restore_database("held")
        if common.is_postgres():
            peers.append(common.seconds(lambda: merges.again(large.feed(SHOP), large.path_of(SHOP))))
            common.restore_database("held")
        else:
            rows = upserts.stored(large.feed(SHOP), upserts.OFFERS)
            peers.append(common.seconds(lambda rows=rows: upserts.upsert(rows, upserts.OFFERS)))
        run = timed(ours, lambda: large.read(SHOP))
        if run.changed < 0.9 * size:
            raise SystemExit(f"Only {run.changed} of {size} prices were taken for changed.")
    return [_against("every price changed, 5 shops hold the titles", run.read, median(ours), median(peers))]


def unchanged(size: int, rounds: int) -> Figures:
    """The very file, then the same content otherwise. Nothing may be written."""
    common.restore_database("held")
    path, stamp = large.path_of(SHOP), timezone.now().timestamp()
    taken: dict[str, list[float]] = {"hash": [], "same": [], "order": [], "stamps": []}
    written = commits = 0
    dirty_feeds.write(path, size)
    large.read(SHOP)
    for turn in range(rounds):
        for name in ("same", "order", "stamps"):
            if name != "same":
                dirty_feeds.write(path, size, variant=name)
                os.utime(path, (stamp + turn, stamp + turn))
            else:
                taken["hash"].append(common.seconds(lambda: hashlib.blake2b(path.read_bytes()).digest()))
            run = timed(taken[name], lambda: large.read(SHOP))
            written, commits = written + run.written, commits + TitleChange.objects.count()
            if run.changed or run.new:
                raise SystemExit(f"{name}: {run.changed} changed, {run.new} new.")
    hashing, same = median(taken["hash"]), median(taken["same"])
    return [
        figure("the very same file, × hashing it", f"{same:.3f} s", f"{hashing:.3f} s", same / hashing, 5, 2),
        at_least("the same in another order", run.read, median(taken["order"]), 120_000, 250_000),
        at_least("the same with other time stamps", run.read, median(taken["stamps"]), 120_000, 250_000),
        common.Figure("rows written, titles marked", f"{written}, {commits}", goal="0, 0", met=not written + commits),
    ]


def one_percent(size: int, rounds: int) -> Figures:
    """One row of a hundred changed: read, and indexed until nothing is marked. Rows written are counted per table."""
    ours, index = [], []
    for _ in range(rounds):
        common.restore_database("held")
        dirty_feeds.write(large.path_of(SHOP), size, variant=dirty_feeds.ONE_PERCENT)
        before = _writes()
        run = timed(ours, lambda: large.read(SHOP))
        written = {table: count - before[table] for table, count in _writes().items()}
        index.append(common.seconds(_index_all))
    total, most = median(ours) + median(index), max(written.values()) / run.changed
    found = [
        figure("1 % changed, until searchable, seconds", f"{total:.1f} s, index {median(index):.1f}", "", total, 10, 4)
    ]
    if common.is_postgres():
        found.append(figure("rows written per changed row, most of a table", f"{most:.3f}", "", most, 1.05, None))
    return found


def _writes() -> dict[str, int]:
    """Rows that were ever written, by table; PostgreSQL counts them."""
    if not common.is_postgres():
        return {"": 0}
    connections.close_all()  # a session hands its counts over at its end
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname IN"
            " ('catalog_sync_sourcerecord', 'partner_stockrecord', 'shops_stockterms', 'titles_productfacts',"
            " 'catalogue_product')"
        )
        return dict(cursor.fetchall())


def _index_all() -> None:
    while indexing.index_titles(timezone.now()):
        pass


def new_titles(size: int, rounds: int) -> Figures:
    """Titles that nobody has, with descriptions: into the database with their blocks, and into the index."""
    path, ours, index = large.path_of(SHOP), [], []
    dirty_feeds.write(path, size, described=True)
    for _ in range(rounds):
        common.fresh_database()
        large.open_network(1)
        timed(ours, lambda: large.read(SHOP))
        ours[-1] += common.seconds(candidates.file_new)
        index.append(common.seconds(_index_all))
    taken, of_index = median(ours) + median(index), median(index)
    name = f"new titles with descriptions, index {of_index / taken:.0%} of it"
    return [at_least(name, size, taken, 5000, 9000)]


def onix(size: int, rounds: int) -> Figures:
    """A publisher's message as far as the staging table."""
    common.fresh_database()
    large.open_network(1)
    path, taken = large.path_of("onix").with_suffix(".xml"), []
    onix_feeds.write(path, size)
    of = Feed.objects.create(shop=large.feed(SHOP).shop, name="onix", kind="onix", location=path.name, currency="CAD")

    def stage() -> None:
        with opened(of, of.lane, now=timezone.now()) as reading:
            staged = staging.stage(reading.begin(None))
        if staged.read != size or staged.refused:
            raise SystemExit(f"{staged.read} read, {staged.refused} refused of {size}: {staged.notes}")

    for _ in range(rounds):
        with bulk.rarely_collecting():  # as a run has it
            taken.append(common.seconds(stage))
    return [at_least("ONIX products through to the stage", size, median(taken), 4000, 8000)]


def memory(size: int, rounds: int) -> Figures:
    """Peak of a process of its own that imports, by size; new titles, the most that a run can write."""
    found, megabytes = [], 0.0
    for rows in large.sizes(size):
        common.fresh_database()
        large.open_network(1)
        dirty_feeds.write(large.path_of(SHOP), rows)
        connections.close_all()
        environment = os.environ | ({"DATABASE_URL": _own_database()} if common.is_postgres() else {})
        done = subprocess.run(
            [sys.executable, "-c", _MEMORY, SHOP],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        megabytes = int(done.stdout) / 1024
        found.append(figure(f"memory, {rows:,} rows, MB", f"{megabytes:.0f} MB", "", megabytes, 250, 150))
    return found


def _own_database() -> str:
    return re.sub(r"/[^/]*$", f"/{common.NAME}", common.SERVER)


LINES: dict[str, Callable[[int, int], Figures]] = {
    "first": first_import,
    "prices": every_price,
    "unchanged": unchanged,
    "percent": one_percent,
    "titles": lambda size, rounds: new_titles(max(size // 10, 1), rounds),
    "onix": lambda size, rounds: onix(max(size // 50, 1), rounds),
    "memory": memory,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1, help="each figure is the median of so many")
    parser.add_argument("--only", choices=LINES, nargs="+", default=list(LINES), help="all, unless some are named")
    parser.add_argument("--quick", action="store_true", help="a tiny size, to see that it runs")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object in the last line")
    wants = parser.parse_args()
    if wants.quick:
        wants.rows = 300
    return wants


def main() -> None:
    wants = arguments()
    figures: Figures = []
    chosen = [name for name in LINES if name in wants.only]
    if {"first", "prices", "unchanged", "percent"} & set(chosen):
        prepare(wants.rows)
        chosen = ["first", *(name for name in chosen if name != "first")]
    for name in chosen:
        figures += LINES[name](wants.rows, wants.rounds)
        print(f"{name} done", file=sys.stderr) if not wants.json else None
    common.fresh_database()
    large.open_network(1)
    bare = common.bare_page()
    common.show(f"Sync of {wants.rows:,} rows", figures, common.seconds(bare) / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
