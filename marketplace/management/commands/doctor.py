from __future__ import annotations

import json
import sys
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandParser

from marketplace.operations.health import findings

MARKS = {"ok": "  ok     ", "warning": "  warning", "error": "  ERROR  "}


class Command(BaseCommand):
    help = "Look whether this installation is sound; exit 1 if anything is an error."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: object) -> None:
        found = findings()
        for finding in found:
            self.stdout.write(f"{MARKS[finding.state]} {finding.name:10} {finding.text}")
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found]))
        if any(finding.state == "error" for finding in found):
            sys.exit(1)
