"""The night: every shop's list is read again, one article of a hundred changed in each, and the index brought up to it.

The shops' first lists are built by the set, as `large.py` does it; the night's lists are read by `sync.run` one after
the other, and the index step runs after each, as the worker would let it.
"""

from __future__ import annotations

import argparse
from statistics import median

import common
import dirty_feeds
import large
from django.utils import timezone

from catalog_sync.models import Feed
from marketplace.catalogue.models import TitleChange
from search import indexing


def prepare(shops: int, rows: int) -> list[str]:
    """Shops that hold the same titles each; no title waits for the index."""
    common.fresh_database()
    names = large.open_network(shops)
    large.fill_titles(rows)
    first, *others = names
    dirty_feeds.write(large.path_of(first), rows)
    large.read(first)
    large.copy_offers(first, others)
    large.settle()
    indexing.rebuild(timezone.now())
    return names


def night(names: list[str], rows: int) -> dict[str, float]:
    """Seconds and counts of one night."""
    # All shops hold the first one's list, so that its file is theirs
    path = large.path_of(names[0])
    dirty_feeds.write(path, rows, variant=dirty_feeds.ONE_PERCENT)
    Feed.objects.filter(name__in=names).update(location=path.name)
    found = {"syncs": 0.0, "index": 0.0, "changed": 0.0, "written": 0.0, "marked": 0.0, "commits": 0.0}
    taken = []
    for name in names:
        runs = []
        taken.append(common.seconds(lambda name=name, runs=runs: runs.append(large.read(name))))
        found["changed"] += runs[0].changed
        found["written"] += runs[0].written
        found["marked"] += TitleChange.objects.count()
        commits: list[int] = []
        found["index"] += common.seconds(lambda commits=commits: commits.append(index_all()))
        found["commits"] += commits[0]
    return found | {"syncs": sum(taken), "one": median(taken)}


def index_all() -> int:
    """How often the index was committed until nothing was marked."""
    commits = 0
    while indexing.index_titles(timezone.now()):
        commits += 1
    return commits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--rows", type=int, default=30_000, help="of each shop's list")
    parser.add_argument("--quick", action="store_true", help="a tiny size, to see that it runs")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object in the last line")
    wants = parser.parse_args()
    if wants.quick:
        wants.shops, wants.rows = 2, 200
    names = prepare(wants.shops, wants.rows)
    found = night(names, wants.rows)
    total = found["syncs"] + found["index"]
    figures = [
        common.Figure(f"the whole night, {wants.shops} shops × {wants.rows:,} rows", f"{total:.1f} s"),
        common.Figure("reading the lists", f"{found['syncs']:.1f} s", f"{found['one']:.2f} s a shop"),
        common.Figure("rows read", common.rate(wants.shops * wants.rows, found["syncs"])),
        common.Figure("rows changed, rows written", f"{found['changed']:,.0f}, {found['written']:,.0f}"),
        common.Figure("index work", f"{found['index']:.1f} s", f"{found['index'] / total:.0%} of the night"),
        common.Figure("titles indexed, commits", f"{found['marked']:,.0f}, {found['commits']:,.0f}"),
    ]
    common.show("The night", figures, common.seconds(common.bare_page()) / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
