from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.foundation import postcodes


class Command(BaseCommand):
    help = "Replace a country's postcodes by those of a CSV file: postcode,lat,lon,town."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV in UTF-8 whose first line is postcode,lat,lon,town")
        parser.add_argument("--country", default="CA", help="two letters; CA unless said")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: Any) -> None:
        country = options["country"].upper()
        if len(country) != 2 or not country.isalpha():
            raise CommandError(f"“{options['country']}” is no country: write two letters, as in CA.")
        try:
            report = postcodes.load(options["file"], country=country)
        except postcodes.PostcodeFileError as error:
            raise CommandError(str(error)) from error
        for reason in report.reasons:
            self.stderr.write(reason)
        if options["json"]:
            self.stdout.write(json.dumps({"stored": report.stored, "refused": report.refused}))
        else:
            self.stdout.write(f"{report.stored:,} postcodes of {country}, {report.refused:,} lines refused")
