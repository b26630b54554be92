"""A real server and Debian's Chromium, both for the tests of this folder alone, stopped after the last of them.

Whatever a test opens is watched: a request to anybody else, a cookie that is not ours, an error of the console (a
breach of the content policy is one) fails it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import live
from tests.browser.watching import Watch

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 15_000  # milliseconds, for a machine that is busy with other tests
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{CHROMIUM} is missing (Debian's package chromium)")
    with pytest.MonkeyPatch.context() as environment:
        # Playwright's loop runs in this thread; Django takes that for a coroutine, which must not call the ORM.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            expect.set_options(timeout=PATIENCE)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
            yield browser
            browser.close()


@pytest.fixture(scope="package")
def site(
    chromium: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    worker_name: str,
    django_db_blocker: object,
) -> Iterator[live.Site]:
    with (
        django_db_blocker.unblock(),
        live.own_database(worker_name),
        live.served(tmp_path_factory.mktemp("index") / "index") as url,
    ):
        yield live.open_site(url)


class Visit(Protocol):
    """Open a page of the site: `path` begins with a slash or is the name of a main page, seen by whose it is."""

    def __call__(
        self,
        path: str,
        *,
        width: int = 1280,
        who: live.Person | None = None,
        javascript: bool = True,
        language: str = "fr",
        colours: str = "light",
        watched: bool = True,
    ) -> Page: ...


@pytest.fixture
def visit(chromium: Browser, site: live.Site) -> Iterator[Visit]:
    opened: list[tuple[BrowserContext, Watch | None]] = []

    def visit(path, *, width=1280, who=None, javascript=True, language="fr", colours="light", watched=True):
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 800},
            locale=f"{language}-CA",
            timezone_id="America/Toronto",
            color_scheme=colours,
            reduced_motion="reduce",
            java_script_enabled=javascript,
            has_touch=width < 700,
        )
        context.set_default_timeout(PATIENCE)
        watch = Watch(site.url) if watched else None
        opened.append((context, watch))
        if watch:
            watch.follow(context)
        who = who or live.who_sees(site, path)
        if who:
            context.add_cookies(
                [{"name": name, "value": value, "url": site.url} for name, value in who.cookies.items()]
            )
        page = context.new_page()
        answer = page.goto(site.pages.get(path, path))
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return page

    yield visit
    for context, watch in opened:
        if watch:
            watch.cookies |= {cookie["name"] for cookie in context.cookies()}
        context.close()
    assert [wrong for _, watch in opened if watch for wrong in watch.wrong()] == []
