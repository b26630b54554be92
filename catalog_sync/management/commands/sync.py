from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from catalog_sync.lanes import lanes_of
from catalog_sync.models import Feed, SyncRun
from catalog_sync.reasons import words_of_code
from catalog_sync.runs import AlreadyRunningError
from catalog_sync.sync import run, sync_feeds
from catalog_sync.undoing import UndoError, undo

COUNTS = ("read", "new", "changed", "unchanged", "gone", "refused", "quarantined", "unmatched", "awaiting", "written")


class Command(BaseCommand):
    help = "Read feeds and bring the stock records up to them. Exits 1 if a feed could not be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("feed", nargs="?", help="its name")
        parser.add_argument("--all", action="store_true", help="every active feed")
        parser.add_argument("--due", action="store_true", help="the feeds whose time has come")
        parser.add_argument("--dry-run", action="store_true", help="count what would change, write nothing")
        parser.add_argument("--undo", type=int, metavar="RUN", help="put back what this run of the feed changed")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: Any) -> None:
        if sum((bool(options["feed"]), options["all"], options["due"])) != 1:
            raise CommandError("Say which: a feed's name, --all or --due.")
        if options["undo"] is not None and not options["feed"]:
            raise CommandError("Say the feed whose run is to be undone: sync FEED --undo RUN.")
        runs = self._due() if options["due"] else self._named(options)
        for this in runs:
            self._report(this)
        if options["json"]:
            self.stdout.write(json.dumps(totals(runs)))
        if any(this.state == SyncRun.State.FAILED for this in runs):
            sys.exit(1)

    def _named(self, options: dict[str, Any]) -> list[SyncRun]:
        feeds = Feed.objects.select_related("shop")
        chosen = list(feeds.filter(active=True) if options["all"] else feeds.filter(name=options["feed"]))
        if not chosen and options["feed"]:
            known = ", ".join(feeds.values_list("name", flat=True)) or "none yet"
            raise CommandError(f"There is no feed called “{options['feed']}”. Known: {known}.")
        if options["undo"] is not None:
            return [self._undo(chosen[0], options["undo"])]
        return [self._run(feed, lane, dry_run=options["dry_run"]) for feed in chosen for lane in lanes_of(feed)]

    def _undo(self, feed: Feed, run_id: int) -> SyncRun:
        found = SyncRun.objects.select_related("feed__shop").filter(feed=feed, pk=run_id).first()
        if found is None:
            last = ", ".join(str(pk) for pk in SyncRun.objects.filter(feed=feed).values_list("pk", flat=True)[:10])
            raise CommandError(f"“{feed.name}” has no run {run_id}. Its last ones: {last or 'none'}.")
        try:
            return undo(found, by="operator", now=timezone.now())
        except (UndoError, AlreadyRunningError) as error:
            raise CommandError(str(error)) from None

    def _run(self, feed: Feed, lane: str, *, dry_run: bool) -> SyncRun:
        try:
            return run(feed, lane=lane, now=timezone.now(), dry_run=dry_run, progress=self._progress(feed))
        except AlreadyRunningError as error:
            raise CommandError(str(error)) from None

    def _due(self) -> list[SyncRun]:
        before = SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        while sync_feeds(timezone.now()):
            pass
        return list(SyncRun.objects.filter(pk__gt=before).order_by("pk").select_related("feed__shop"))

    def _progress(self, feed: Feed) -> Any:
        """Counts on one line of a terminal; nothing elsewhere, where the report says it all."""
        if not self.stdout.isatty():
            return None
        return lambda read: self.stdout.write(f"\r{feed.name}: {read} articles read", ending="")

    def _report(self, this: SyncRun) -> None:
        start = "\r" if self.stdout.isatty() else ""
        counts = ", ".join(f"{getattr(this, name)} {name}" for name in COUNTS)
        name = f"{this.feed.name}, run {this.pk}" if this.pk else this.feed.name
        self.stdout.write(
            f"{start}{name}: {this.get_state_display()}. {counts}; {this.seconds:.1f} s, "
            f"{this.rows_per_second} articles/s, {this.peak_memory_mb} MiB at most"
        )
        for code, count in this.refused_by.items():
            self.stdout.write(f"    {count} refused: {words_of_code(code)}")
        for note in this.notes:
            self.stdout.write(f"    {note['text']}")
        for kind, articles in this.sample.items():
            for article in articles:
                self.stdout.write(f"    {kind}: {sample_line(**article)}")


def sample_line(*, sku: str, title: str, before: object, after: object, currency: str) -> str:
    """ "A12 “Nana”: 1290 → 1390". Prices in minor units."""
    return f"{sku} “{title}”: {'–' if before is None else before} → {'–' if after is None else after}"


def totals(runs: list[SyncRun]) -> dict[str, Any]:
    """The counts of all runs together; the memory is the most of any."""
    found: dict[str, Any] = {name: sum(getattr(this, name) for this in runs) for name in COUNTS}
    found["awaiting_approval"] = sum(this.state == SyncRun.State.AWAITING for this in runs)
    found["refused_by"] = dict(sum((Counter(this.refused_by) for this in runs), Counter()))
    found["seconds"] = round(sum(this.seconds for this in runs), 3)
    found["rows_per_second"] = round(found["read"] / found["seconds"]) if found["seconds"] else 0
    found["peak_memory_mb"] = max((this.peak_memory_mb for this in runs), default=0)
    return found
