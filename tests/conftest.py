"""The database of the tests is a copy of a really migrated template, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.utils import timezone, translation
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from marketplace import schema_template
from marketplace.checkout import routes, tax, vouchers
from marketplace.foundation import network
from marketplace.storefront import page_memory, tries
from search import directory, indexing, misses, names
from shops import announcing
from shops.orders import answer_times


@receiver(connection_created)
def _unordered_backwards(connection, **kwargs) -> None:
    """Rows asked for in no order come backwards on SQLite: who relies on an order that was not asked for is found here,
    and not on the day on which PostgreSQL gives another (https://sqlite.org/pragma.html#pragma_reverse_unordered_selects)."""
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA reverse_unordered_selects = ON")


# Files of few long tests begin first: at the end one process would wait for the other otherwise.
# The browser's journey comes before all: it looks at every invariant of the database that its pages have filled, and
# after all the others in one process something of theirs was still found there.
LONG = (
    "test_failpoints",
    "demo/test_building",
    "test_proofs_smoke",
    "bench/test_programs",
    "browser/",
)

# What there is when the tests begin is not looked through for garbage again, and what collecting them and they leave is
# looked through less often: a sixth of their time.
gc.set_threshold(50_000, 10, 10)
BROWSER = "tests/browser/"


class _ByFile(LoadFileScheduling):
    """Each file to one process; those of the browser are one, and so are their site and their Chromium."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _ByFile(config, log)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


# They start programs that open a database, ask for one by its name, or need the server that comes with the second one.
ON_EACH = (
    *("[bench_sync", "[bench_nightly", "[bench_placing", "[bench_reports"),
    *("tests/browser/", "engines/test_elasticsearch", "test_fake_stripe_database"),
)

# They open one, and say the same on the second: pages, whose statements are those of the parts that they ask (these,
# the journeys and the browser's journey through all pages run on both), who may do what, and the demo: it is SQLite's.
# Pages of finding and the journeys run on the second one with Elasticsearch.
ONCE = (
    *("browser/test_pages", "browser/test_policy", "browser/test_behaviour", "browser/test_desk"),
    *("browser/test_first_feed", "browser/test_suggestions", "browser/test_passkey"),
    *("tests/storefront/", "tests/shops/portal/", "tests/cms/", "tests/test_routes", "tests/demo/"),
    *("search/test_views", "tests/journeys/", "tests/systems/"),
)
PAGES_OF_THE_BOARD = re.compile(r"tests/operations/test_\w+_(views|pages)\.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("HALLES_TESTS_OF_THE_DATABASE"):
        config.hook.pytest_deselected(items=[item for item in items if not _uses_database(item)])
        items[:] = [item for item in items if _uses_database(item)]

    def place(item: pytest.Item) -> int:
        return next((place for place, name in enumerate(LONG) if name in item.nodeid), len(LONG))

    items.sort(key=place)


def _uses_database(item: pytest.Item) -> bool:
    """Whether a test can go otherwise on another database: it opens one, or it is of those that are named."""
    if any(name in item.nodeid for name in ONCE) or PAGES_OF_THE_BOARD.match(item.nodeid):
        return False
    opens_one = item.get_closest_marker("django_db") or "django_db_setup" in getattr(item, "fixturenames", ())
    return bool(opens_one) or any(name in item.nodeid for name in ON_EACH)


def _fresh_copy(worker: str) -> None:
    connections.close_all()
    if connection.vendor == "sqlite":
        schema_template.copy_sqlite(Path(settings.DATABASES["default"]["NAME"]))
    else:
        schema_template.copy_postgres(os.environ["DATABASE_URL"], f"test_{worker}")


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", f"p{os.getpid()}")


@pytest.fixture(scope="session")
def django_db_setup(worker_name: str, django_db_blocker):
    """Replaces pytest-django's: no migration, no schema from models; a copy of the template."""
    name = Path(os.environ["HALLES_VAR"]) / "test.sqlite3" if connection.vendor == "sqlite" else f"test_{worker_name}"
    for values in (settings.DATABASES["default"], connection.settings_dict):
        values["NAME"] = str(name)
    with django_db_blocker.unblock():
        _fresh_copy(worker_name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def committed_db(django_db_setup, django_db_blocker, worker_name: str):
    """For tests whose threads or processes must see each other's commits: no wrapping transaction; afterwards the
    database is copied afresh from the template (a flush would take Wagtail's root page with it)."""
    with django_db_blocker.unblock():
        yield
        _fresh_copy(worker_name)


@pytest.fixture(scope="module")
def committed_module(django_db_setup, django_db_blocker, worker_name: str):
    """As `committed_db`, for a whole module whose tests put the rows back themselves."""
    with django_db_blocker.unblock():
        yield
        _fresh_copy(worker_name)


@pytest.fixture(scope="module")
def rows_of_the_module(django_db_setup, django_db_blocker):
    """What a fixture of the module writes stands for all of its tests and is rolled back after the last; each test's
    own transaction is within this one. Give the tests copies of the objects: what they change of them stays theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


KEEPING = (announcing, answer_times, network, directory, misses, names, page_memory, routes, tax, vouchers)


@pytest.fixture(autouse=True)
def _in_one_minute(request: pytest.FixtureRequest, monkeypatch):
    """Tries are counted by the minute: a test that counts them does so in one, however slow the machine. A reader in a
    browser takes minutes."""
    if not request.node.nodeid.startswith(BROWSER):
        monkeypatch.setattr(tries, "timezone", SimpleNamespace(now=lambda begun=timezone.now(): begun))


@pytest.fixture(autouse=True)
def _forget_cached_rows(monkeypatch):
    """Nor is a page sent again for a second, except in the tests of that: a test sees what it has changed. A page
    leaves its language behind: each test begins in the site's own. What is kept for some seconds is kept for the whole
    test: on a slow machine it was read anew among queries that are counted."""
    monkeypatch.setattr(page_memory, "KEPT_SECONDS", 0.0)
    for kept in (network, routes, tax, vouchers):
        monkeypatch.setattr(kept, "_CACHE_SECONDS", 3600.0)
    translation.deactivate()
    for kept in KEEPING:
        kept.forget()
    yield
    for kept in KEEPING:
        kept.forget()


@pytest.fixture
def reindex(settings, tmp_path: Path):
    """An empty index of this test's own; call it to build the index from the rows there are, as of now."""
    settings.SEARCH_INDEX_PATH = tmp_path / "index"
    return lambda: indexing.rebuild(timezone.now())
