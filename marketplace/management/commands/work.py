from __future__ import annotations

import json

from django.core.management.base import BaseCommand, CommandParser

from marketplace import worker
from marketplace.checks import refuse_unsafe


class Command(BaseCommand):
    help = "Run the background steps: for ever, or with --once until nothing is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is due any more")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: object) -> None:
        refuse_unsafe()
        if not options["once"]:
            self.stdout.write("Working; stop with Ctrl-C.")
            worker.run_forever(worker.stop_on_signals())
            return
        done = worker.run_once()
        self.stdout.write(json.dumps({"done": done}) if options["json"] else f"{done} rows done.")
