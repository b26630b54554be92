"""What reading a shop of 20,000 articles costs from a real shop system: requests, processor seconds of ours and of the
system's, time, memory. `.venv/bin/python bench/shop_systems.py vendure`; the system is prepared by its script
(`scripts/vendure prepare`). Not part of `make bench`: a system is no part of what is built."""

from __future__ import annotations

import argparse
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import common  # sets Django up

from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.records import Cursor, Lane, StockKind
from tests.systems.behaviour import Door, running
from tests.systems.medusa_server import MedusaUnderTest
from tests.systems.odoo_server import OdooUnderTest
from tests.systems.real_servers import prepared
from tests.systems.tryton_server import TrytonUnderTest
from tests.systems.vendure_server import VendureUnderTest

ARTICLES = 20_000
SYSTEMS = {"medusa": MedusaUnderTest, "odoo": OdooUnderTest, "tryton": TrytonUnderTest, "vendure": VendureUnderTest}


class Cost(NamedTuple):
    articles: int
    requests: int
    ours: float  # processor seconds
    theirs: float
    seconds: float
    cursor: Cursor | None


def seconds_of(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes_of(pid: int | str, line: str = "VmHWM") -> int:
    found = re.search(rf"{line}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def read(door: Door, lane: Lane, since: Cursor | None) -> Cost:
    access, pid = door.access, door.system.server.pid  # type: ignore[attr-defined]
    feed = FeedSettings(
        *(access.kind, access.address, "CAD"),
        options=access.options,
        secrets=access.secrets,
        mode="delta",
        stock_kind=StockKind.AVAILABLE,
    )
    door.between.clear()
    ours, theirs, began = time.process_time(), seconds_of(pid), time.perf_counter()
    count, cursor = 0, None
    for chunk in adapter_for(feed).fetch(lane, since):
        count, cursor = count + len(chunk.records), chunk.cursor
    spent = time.process_time() - ours, seconds_of(pid) - theirs, time.perf_counter() - began
    return Cost(count, len(door.between.calls), *spent, cursor)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("kind", choices=sorted(SYSTEMS))
    options.add_argument("--articles", type=int, default=ARTICLES)
    asked = options.parse_args()
    system = SYSTEMS[asked.kind]
    kept = prepared(asked.kind)
    if isinstance(kept, str):
        raise SystemExit(kept)
    common.settings.HTTP_ALLOW_PRIVATE = True  # the loopback
    with running(system(kept)) as door:
        door.system.grow(asked.articles)  # type: ignore[attr-defined]
        print("lane       what      articles requests  ours  theirs    time")
        for lane in Lane:
            cursor = None
            for what in ("whole", "again"):
                cost = read(door, lane, cursor)
                cursor = cost.cursor
                counts = f"{lane.value:<10} {what:<8} {cost.articles:>8} {cost.requests:>8}"
                print(f"{counts} {cost.ours:>4.1f} s {cost.theirs:>5.1f} s {cost.seconds:>5.1f} s", flush=True)
        pid = door.system.server.pid  # type: ignore[attr-defined]
        print(f"memory: ours {megabytes_of('self')} MB, theirs {megabytes_of(pid)} MB at most")


if __name__ == "__main__":
    main()
