from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.operations import backups
from marketplace.operations.invariants import violations


class Command(BaseCommand):
    help = "Replace everything by a backup, rebuild the index, check the invariants. Stop web and worker first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask before replacing what is here")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: Any) -> None:
        if not options["yes"] and not self._agreed():
            raise CommandError("Nothing was changed.")
        try:
            backups.restore(options["archive"])
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0)
        call_command("rebuild_index", stdout=self.stdout)
        broken = sum(len(texts) for texts in violations().values())
        text = json.dumps({"violations": broken}) if options["json"] else f"Restored; {broken} violations."
        self.stdout.write(text)
        if broken:
            sys.exit(1)

    def _agreed(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Restoring replaces everything: say --yes.")
        return input("This replaces the database and the uploaded files. Write yes to go on: ").strip() == "yes"
