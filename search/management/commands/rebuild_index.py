"""Build the search index anew from SQL; readers search the old one until it is ready."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from search import indexing
from search.engines.base import SearchError


class Command(BaseCommand):
    help = "Build the search index anew from the database. Readers search the old one until it is ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="End with one JSON object: indexed, seconds.")

    def handle(self, *args: object, **options: object) -> None:
        began = time.monotonic()
        try:
            indexed = indexing.rebuild(timezone.now(), said=self._say)
        except SearchError as error:
            raise CommandError(str(error)) from error
        seconds = round(time.monotonic() - began, 2)
        self.stdout.write(f"{indexed} titles indexed in {seconds} s.")
        if options["json"]:
            self.stdout.write(json.dumps({"indexed": indexed, "seconds": seconds}))

    def _say(self, read: int) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"{read} titles read", ending="\r")
        elif read % 10_000 == 0:
            self.stdout.write(f"{read} titles read")
