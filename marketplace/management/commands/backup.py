from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.operations import backups


class Command(BaseCommand):
    help = "Write the database and the uploaded files to one archive, while the site runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path, help="for example /var/backups/halles.tar.gz")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            size = backups.write(options["archive"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        text = json.dumps({"bytes": size}) if options["json"] else f"{options['archive']}: {size:,} bytes"
        self.stdout.write(text)
