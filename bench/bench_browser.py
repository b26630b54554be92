"""Paint and shift as a slow telephone meets them: home, search and a title's page in Chromium with its processor slowed
to a quarter, at two widths, nothing in its cache, over HTTP from gunicorn as it is put into service (style sheets and
scripts compressed by WhiteNoise, pages not). The network is the loopback: what the bytes would take is not in it, so
they are counted."""

from __future__ import annotations

import gzip
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import bench_search
import common
import serving
from django.conf import settings
from django.core.management import call_command
from django.db.models import Count
from django.test.utils import override_settings
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord
from playwright.sync_api import Browser, Page, sync_playwright
from whitenoise import WhiteNoise

CHROMIUM = "/usr/bin/chromium"
SLOWED = 4
WIDTHS = (375, 1280)
MOST_PAINT_SECONDS, MOST_SHIFT = 2.5, 0.1  # "good" by Google's Web Vitals, https://web.dev/articles/vitals
MOST_BYTES, MOST_SCRIPT_BYTES = 150_000, 30_000
SETTLED_MS = 600
SEARCH = "/search/?q=pays"
_WATCH = """
window.seen = {paint: 0, shift: 0, shifted: []};
const named = (node) => node && node.nodeType === 1 ? node.tagName.toLowerCase() + "." + node.className : "text";
new PerformanceObserver((list) => { seen.paint = list.getEntries().at(-1).startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => { for (const entry of list.getEntries()) { if (!entry.hadRecentInput) {
  seen.shift += entry.value; seen.shifted.push(...entry.sources.map((source) => named(source.node))); } }
}).observe({type: "layout-shift", buffered: true});
"""


@dataclass(frozen=True, slots=True)
class View:
    """One page opened once: seconds until the largest paint, the sum of all shifts, bytes as they came over the wire by
    kind of resource."""

    paint: float
    shift: float
    shifted: list[str]
    sizes: dict[str, int]


def serve_as_in_service() -> None:
    """Our own static files by their hashes, compressed; those of the back offices are left out."""
    backend = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    override_settings(
        STORAGES={**settings.STORAGES, "staticfiles": backend},
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
    ).enable()
    call_command("collectstatic", interactive=False, verbosity=0)


@contextmanager
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright's loop runs in this thread; no request is made in it
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        yield opened
        opened.close()


def view(opened: Browser, url: str, width: int) -> View:
    context = opened.new_context(viewport={"width": width, "height": 800}, is_mobile=width < 600, locale="fr-CA")
    page = context.new_page()
    sizes = _count_bytes(page)
    page.add_init_script(_WATCH)
    page.goto(url, wait_until="load")
    page.wait_for_timeout(SETTLED_MS)
    paint = page.evaluate("seen.paint") / 1000  # before anything is moved: that ends the largest paint
    for _ in range(6):
        page.evaluate("window.scrollBy(0, window.innerHeight)")
        page.wait_for_timeout(SETTLED_MS / 6)
    found = View(paint, page.evaluate("seen.shift"), page.evaluate("seen.shifted"), sizes)
    context.close()
    return found


def _count_bytes(page: Page) -> dict[str, int]:
    """Filled as answers come: headers and bodies as they were sent, by Chromium's kind of resource."""
    sizes: dict[str, int] = {}
    kinds: dict[str, str] = {}
    protocol = page.context.new_cdp_session(page)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    protocol.send("Network.enable")
    protocol.on("Network.responseReceived", lambda said: kinds.update({said["requestId"]: said["type"]}))

    def add(said: dict) -> None:
        kind = kinds.get(said["requestId"], "Other")
        sizes[kind] = sizes.get(kind, 0) + int(said["encodedDataLength"])

    protocol.on("Network.loadingFinished", add)
    return sizes


def pages() -> dict[str, str]:
    """Addresses by name; the title that most shops have."""
    offered = StockRecord.objects.values("product").annotate(shops=Count("pk")).order_by("-shops", "product")
    title = Product.objects.get(pk=offered[0]["product"])
    return {"home": "/", "search": SEARCH, "title": title.get_absolute_url()}


def figures(opened: Browser, port: int, addresses: dict[str, str], rounds: int) -> list[common.Figure]:
    found = []
    for name, address in addresses.items():
        for width in WIDTHS:
            views = [view(opened, f"http://127.0.0.1:{port}{address}", width) for _ in range(rounds)]
            paint, shift = median(one.paint for one in views), max(one.shift for one in views)
            where = f"{name}, {width} px"
            found += [
                common.Figure(
                    f"largest contentful paint, {where}",
                    f"{paint:.2f} s",
                    goal=f"≤ {MOST_PAINT_SECONDS} s",
                    met=0 < paint <= MOST_PAINT_SECONDS,
                    ours_seconds=paint,
                ),
                common.Figure(
                    f"layout shift, {where}", f"{shift:.3f}", goal=f"≤ {MOST_SHIFT}", met=shift <= MOST_SHIFT
                ),
            ]
            if shifted := sorted({what for one in views for what in one.shifted}):
                print(f"{where}: what moved is {', '.join(shifted)}")
        found += weights(name, views[0].sizes, compressed(port, address))
    return found


def compressed(port: int, address: str) -> int:
    """Bytes of the page's text as a server in front sends it: `deploy/configure` makes Caddy compress."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}", timeout=60) as answer:
        return len(gzip.compress(answer.read(), 6))


def weights(name: str, sizes: dict[str, int], page: int) -> list[common.Figure]:
    """Of a first view on the wire, pictures left out (covers are the only ones beside the icons): with the page of so
    many bytes, compressed; as a record also as gunicorn alone sends it."""
    alone = sum(size for kind, size in sizes.items() if kind != "Image")
    whole = alone - sizes.get("Document", 0) + page
    script = sizes.get("Script", 0)
    limited = name == "search"
    said = ", ".join(f"{kind.lower()} {size / 1000:.1f}" for kind, size in sorted(sizes.items()))
    return [
        common.Figure(
            f"first view without pictures, {name}",
            f"{whole / 1000:.0f} kB",
            goal=f"≤ {MOST_BYTES // 1000} kB" if limited else "",
            met=whole <= MOST_BYTES if limited else None,
        ),
        common.Figure(f"the same, page not compressed, {name}", f"{alone / 1000:.0f} kB", said),
        common.Figure(
            f"script of it, {name}",
            f"{script / 1000:.1f} kB",
            goal=f"≤ {MOST_SCRIPT_BYTES // 1000} kB" if limited else "",
            met=script <= MOST_SCRIPT_BYTES if limited else None,
        ),
    ]


def main() -> None:
    wants = common.arguments(__doc__ or "")
    serve_as_in_service()
    bench_search.make_index(wants.quick)
    bare = common.seconds(common.bare_page()) / common.BARE_PAGES
    addresses = {"search": SEARCH} if wants.quick else pages()
    settings.MEDIA_ROOT.mkdir(exist_ok=True)
    ours = WhiteNoise(common.application(), root=settings.MEDIA_ROOT, prefix="media/")
    with serving.served({"ours": ours}) as port, browser() as opened:
        found = figures(opened, port, addresses, 1 if wants.quick else 3)
    common.show(f"In Chromium, processor slowed {SLOWED} times", found, bare, wants)


if __name__ == "__main__":
    main()
