"""What the benchmarks share: a database of their own, interleaved rounds, the bare page, the printed table.

Importing it starts Django on a copy of the migrated template, so it is the first import of every program.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from wsgiref.util import setup_testing_defaults

VAR = Path(tempfile.mkdtemp(prefix="halles-bench-"))
atexit.register(shutil.rmtree, VAR, ignore_errors=True)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
(VAR / "static").mkdir()
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "marketplace.settings",
    "HALLES_VAR": str(VAR),
    "HALLES_INDEX": str(VAR / "index"),
    "HALLES_DEBUG": "1",
    "HALLES_TESTING": "1",
    "HALLES_FAKE_STRIPE": "1",
}

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.DEBUG = False  # as it is served: no log of queries; HALLES_DEBUG above only spares certificates and hosts
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test.utils import CaptureQueriesContext, override_settings  # noqa: E402

from marketplace import schema_template  # noqa: E402
from marketplace.foundation import network  # noqa: E402
from search import directory  # noqa: E402

SERVER = os.environ.get("DATABASE_URL", "")
NAME = f"bench_{os.getpid()}"
_kept: set[str] = set()


def argument_parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--quick", action="store_true", help="a tiny size, to see that it runs; its figures mean nothing"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object in the last line")
    return parser


def arguments(description: str) -> argparse.Namespace:
    return argument_parser(description).parse_args()


# Databases


def fresh_database() -> None:
    """A fresh copy of the migrated template, in place of what was there."""
    _change_database(
        lambda: schema_template.copy_sqlite(VAR / "halles.sqlite3"),
        lambda: schema_template.copy_postgres(SERVER, NAME),
    )


def keep_database(as_name: str) -> None:
    """Keep a copy of the database as it is now; `restore_database` brings it back."""
    _kept.add(as_name)
    _change_database(
        lambda: shutil.copyfile(VAR / "halles.sqlite3", VAR / f"{as_name}.sqlite3"),
        lambda: _copy_on_server(NAME, f"{NAME}_{as_name}"),
    )


def restore_database(from_name: str) -> None:
    _change_database(
        lambda: shutil.copyfile(VAR / f"{from_name}.sqlite3", VAR / "halles.sqlite3"),
        lambda: _copy_on_server(f"{NAME}_{from_name}", NAME),
    )


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def _change_database(on_sqlite: Callable[[], object], on_postgres: Callable[[], object]) -> None:
    """Nobody is connected meanwhile; what this process remembers of the old one is forgotten."""
    connections.close_all()  # the last connection to a SQLite file folds its journal in
    if is_postgres():
        on_postgres()
    else:
        on_sqlite()
    for values in (settings.DATABASES["default"], connection.settings_dict):
        values["NAME"] = NAME if is_postgres() else str(VAR / "halles.sqlite3")
    network.forget()
    directory.forget()


def _copy_on_server(source: str, target: str) -> None:
    import psycopg

    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")


@atexit.register
def _drop_databases() -> None:
    connections.close_all()
    if is_postgres():
        import psycopg

        with psycopg.connect(SERVER, autocommit=True) as server:
            for name in (NAME, *(f"{NAME}_{kept}" for kept in _kept)):
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


# Measuring


def interleaved(tasks: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each task: the median of `rounds` rounds A B C, A B C, …, so that all meet the same load."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            times[name].append(seconds(task))
    return {name: median(found) for name, found in times.items()}


def seconds(task: Callable[[], object]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def queries(task: Callable[[], object]) -> int:
    """SQL statements of a task; what opens and ends a transaction is not counted."""
    with CaptureQueriesContext(connection) as captured:
        task()
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    # Of a statement that PostgreSQL has prepared its driver tells no text.
    return sum(not (query["sql"] or "").startswith(words) for query in captured)


# Pages


def application(middleware: Sequence[str] | None = None) -> WSGIHandler:
    """The project's WSGI application, or one with other middleware."""
    with override_settings(MIDDLEWARE=settings.MIDDLEWARE if middleware is None else list(middleware)):
        return WSGIHandler()


def visit(handler: WSGIHandler, path: str, times: int = 1) -> bytes:
    """What a visitor without cookies gets, `times` times over; the last body."""
    for _ in range(times):
        address, _, parameters = path.partition("?")
        environ = {"PATH_INFO": address, "QUERY_STRING": parameters, "HTTP_HOST": "testserver"}
        setup_testing_defaults(environ)
        answered: list[str] = []
        response = handler(environ, lambda status, headers, answered=answered: answered.append(status))
        body = b"".join(response)
        response.close()
        if answered != ["200 OK"]:
            raise SystemExit(f"{path} answers {answered[0]}, not 200 OK.")
    return body


def bare_page() -> Callable[[], object]:
    """The bare two-query Django page, made on the rows there are: by it all machines can be compared."""
    handler = application(["bare.use_these_urls"])
    visit(handler, "/bare/")
    return lambda: visit(handler, "/bare/", BARE_PAGES)


BARE_PAGES = 20


# Printing


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `ratio` is the measured one; `met` None where a figure is only recorded; `ours_seconds` is what is also
    given as a multiple of the bare page: that of `bare_seconds`, where it was measured anew for this figure."""

    name: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    ours_seconds: float | None = None
    bare_seconds: float | None = None


def rate(count: int, taken: float) -> str:
    return f"{count / taken:,.0f}/s"


def milliseconds(taken: float) -> str:
    return f"{taken * 1000:,.2f} ms"


def show(title: str, figures: Sequence[Figure], bare_seconds: float, wants: argparse.Namespace) -> None:
    """The table; `bare_seconds` is one request of the bare page in this run."""
    rows = [("figure", "ours", "peer", "ratio", "goal", "met", "× bare page")]
    for figure in figures:
        multiple = figure.ours_seconds / (figure.bare_seconds or bare_seconds) if figure.ours_seconds else None
        rows.append(
            (
                figure.name,
                figure.ours,
                figure.peer,
                "" if figure.ratio is None else f"{figure.ratio:.3g}",
                figure.goal or "record",
                {None: "", True: "yes", False: "NO"}[figure.met],
                "" if multiple is None else f"{multiple:,.3g}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\n{title} ({connection.vendor}; the bare two-query page takes {milliseconds(bare_seconds)})")
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if wants.json:
        found = {figure.name: {"ratio": figure.ratio, "ours": figure.ours, "met": figure.met} for figure in figures}
        print(json.dumps({"database": connection.vendor, "bare_ms": bare_seconds * 1000, "figures": found}))
