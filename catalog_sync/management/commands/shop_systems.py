"""`manage.py shop_systems [--write]`: what each shop system can do; written into docs/shop-systems.md.

`manage.py shop_systems --new KIND`: the empty files of another one, as docs/adding-a-shop-system.md explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from catalog_sync import capabilities, new_system

PAGE = Path(settings.BASE_DIR) / "docs" / "shop-systems.md"
BEGIN, END = "<!-- the table is written by `manage.py shop_systems --write` -->\n", "<!-- its end -->\n"


def with_table(page: str) -> str:
    """The page with the table as the code has it."""
    start, rest = page.split(BEGIN)
    with translation.override("en"):
        return f"{start}{BEGIN}{capabilities.markdown()}{END}{rest.split(END)[1]}"


class Command(BaseCommand):
    help = "What each shop system that is called can do; or the empty files of a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="into docs/shop-systems.md")
        parser.add_argument("--new", metavar="KIND", help="a short word in small letters, such as dolibarr")
        parser.add_argument("--to", default=str(settings.BASE_DIR), help="folder of the tree (for --new)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new"]:
            try:
                made = new_system.write(options["new"], Path(options["to"]))
            except ValueError as error:
                raise CommandError(str(error)) from error
            self.stdout.write("\n".join(str(path) for path in made))
            self.stdout.write(new_system.WHAT_NEXT % {"kind": options["new"]})
        elif options["write"]:
            PAGE.write_text(with_table(PAGE.read_text()))
        else:
            self.stdout.write(capabilities.markdown())
