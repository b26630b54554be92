from __future__ import annotations

import json
import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.utils import timezone

from marketplace import schema_template


class Command(BaseCommand):
    help = "Build the demo (eleven shops, about 10,000 titles) and serve it; --no-serve builds and prints the counts."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="build only")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: object) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo's accounts have a known password: it is built only where HALLES_DEBUG is on.")
        started = time.monotonic()
        self._schema()
        # Imported once the tables are there.
        from demo.building import build

        counts: dict[str, float] = dict(build(now=timezone.now(), say=self._say))
        counts["seconds"] = round(time.monotonic() - started, 1)
        self.stdout.write(
            "{shops} shops, {products} titles, {offers} offers, {indexed} titles indexed, {refused} rows refused, "
            "{seconds} s".format(**counts)
        )
        if options["json"]:
            self.stdout.write(json.dumps(counts))
        if not options["no_serve"]:
            self._accounts()
            call_command("serve", port=options["port"])

    def _schema(self) -> None:
        """A new SQLite file is a copy of the migrated template; anything else is migrated where it stands."""
        if connection.vendor == "sqlite" and not connection.introspection.table_names():
            self._say("Making the database (the first time this takes a minute) …")
            connections.close_all()
            schema_template.copy_sqlite(settings.VAR_DIR / "halles.sqlite3")
        call_command("migrate", verbosity=0)

    def _accounts(self) -> None:
        from demo.accounts import ACCOUNTS, PASSWORD

        self.stdout.write(f"\nSign in with the password {PASSWORD} (for the demo alone):")
        for account in ACCOUNTS:
            if account.announced:
                self.stdout.write(f"  {account.door:9} {account.email:40} {account.shop_slug}")
        self.stdout.write(f"Mail is written to {settings.EMAIL_FILE_PATH}\n")

    def _say(self, text: str) -> None:
        if sys.stdout.isatty() or not text.startswith("  "):
            self.stdout.write(text)
            self.stdout.flush()
