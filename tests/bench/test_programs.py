"""Each benchmark runs at a tiny size and prints its rows; what they say then means nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.browser.conftest import CHROMIUM
from tests.search import elastic

# program: (how many figures, one of them)
PROGRAMS = {
    "bench_title_page": (30, "queries, 30 offers, Oscar's page as it is"),
    "bench_onix": (3, "products into the stage, against lxml's iterparse alone"),
    "bench_sync": (10, "rows written by the unchanged runs"),
    "bench_sync_large": (10 + (connection.vendor == "postgresql"), "the same in another order"),
    "bench_nightly": (6, "titles indexed, commits"),
    "bench_search": (9 + 10 * elastic.reachable(), "shop and price, 3 facets, the same queries, p95"),
    "bench_search_large": (12, "whole index anew"),
    "bench_http": (12, "title page, nothing kept, 3 offers, Oscar's page as it is"),
    "bench_browser": (7, "layout shift, search, 375 px"),
    "bench_relevance": (16, "tantivy: all (15)"),
    "bench_assigning": (10, "5 × 6, cheapest, above exact"),
    "bench_reports": (7, "the year by subject, 25 rows"),
    "bench_purchase": (4, "requests from the basket to the order's page"),
    "bench_buyers": (2, "each copy sold once"),
    "bench_transmitting": (2, "the same, median"),
    "bench_routing": (4, "its statements, priced"),
    "bench_desk": (6, "queries, the desk"),
    "bench_placing": (3, "queries of an order of 12 lines from 2 shops"),
}


# Of the others the suite has no statements that are the database's own.
ON_POSTGRES = {"bench_sync", "bench_sync_large"}


# Started as people start it; starting all of them would take Django as long again as their work does.
BY_ITSELF = "bench_sync"
Run = Callable[[str], tuple[int, str, str]]  # (exit code, what it printed, what it complained of)


def started(program: str) -> tuple[int, str, str]:
    command = [sys.executable, f"bench/{program}.py", "--quick", "--json"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a program as a fork of a process in which Django is set up."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "tests/bench/forking.py"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, **pipes) as forking:

        def forked(program: str) -> tuple[int, str, str]:
            print(program, file=forking.stdin, flush=True)
            return tuple(json.loads(forking.stdout.readline()))

        yield forked
        forking.stdin.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_prints_its_rows(program, run):
    if connection.vendor == "postgresql" and program not in ON_POSTGRES:
        pytest.skip("It has run on SQLite; nothing of it differs here.")
    if program == "bench_browser" and not CHROMIUM.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{CHROMIUM} is missing (Debian's package chromium)")
    code, printed_all, complaints = started(program) if program == BY_ITSELF else run(program)
    assert (code, complaints) == (0, "")
    *_, last = printed_all.splitlines()
    printed = json.loads(last)
    count, named = PROGRAMS[program]
    assert (len(printed["figures"]), named in printed["figures"], printed["bare_ms"] > 0) == (count, True, True)
    assert all(figure in printed_all for figure in printed["figures"])


def test_every_program_is_run_here():
    assert {path.stem for path in (settings.BASE_DIR / "bench").glob("bench_*.py")} == set(PROGRAMS)
