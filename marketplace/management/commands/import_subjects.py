from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from catalog_sync.models import Feed
from catalog_sync.titles import sources
from marketplace.catalogue import subject_files, subjects


class Command(BaseCommand):
    help = "Load a table of subjects: names of Thema's codes, or what BISAC's or CLIL's codes mean in Thema."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scheme", choices=[subjects.SCHEME, *subjects.MAPPED])
        parser.add_argument("file", type=Path, help="CSV in UTF-8, a workbook, or EDItEUR's JSON (docs/operating.md)")
        parser.add_argument("--language", choices=["fr", "en"], default="", help="of names whose column says none")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: Any) -> None:
        subjects.load()
        try:
            report = subject_files.load(options["scheme"], options["file"], language=options["language"])
        except subject_files.SubjectFileError as error:
            raise CommandError(str(error)) from error
        now = timezone.now()
        feeds = Feed.objects.all() if options["scheme"] in subjects.MAPPED else Feed.objects.none()
        titles = sum(sources.mark_feed(feed_id, now) for feed_id in feeds.values_list("pk", flat=True))
        for reason in report.reasons:
            self.stderr.write(reason)
        said = {name: getattr(report, name) for name in ("stored", "passed_over", "refused")} | {"titles": titles}
        if options["json"]:
            self.stdout.write(json.dumps(said))
        else:
            self.stdout.write("{stored:,} rows stored, {passed_over:,} passed over, {refused:,} refused".format(**said))
            self.stdout.write(
                f"{titles:,} titles are looked at again by the worker"
                if options["scheme"] in subjects.MAPPED
                else "run rebuild_index, so that titles are found under the new names"
            )
