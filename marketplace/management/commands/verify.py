from __future__ import annotations

import json
import sys

from django.core.management.base import BaseCommand, CommandParser

from marketplace.operations.invariants import violations

SHOWN = 10


class Command(BaseCommand):
    help = "Check every invariant of stock, orders and money; exit 1 if any is violated. Reads only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: object) -> None:
        found = violations()
        for name, broken in found.items():
            self.stdout.write(f"{len(broken):6d}  {name}")
            for text in broken[:SHOWN]:
                self.stdout.write(f"        {text}")
        if options["json"]:
            self.stdout.write(json.dumps({name: len(broken) for name, broken in found.items()}))
        if any(found.values()):
            sys.exit(1)
