"""`manage.py shop_systems [--write]`: what each shop system can do; written into docs/shop-systems.md, and the steps of
each into its page below docs/systems/.

`manage.py shop_systems --new KIND`: the empty files of another one, as docs/adding-a-shop-system.md explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from catalog_sync import capabilities, new_system
from shops.systems import SYSTEMS

PAGE = Path(settings.BASE_DIR) / "docs" / "shop-systems.md"
PAGES = PAGE.parent / "systems"
TABLE = "<!-- the table is written by `manage.py shop_systems --write` -->\n", "<!-- its end -->\n"
OTHERS = (
    "<!-- the second table is written by `manage.py shop_systems --write` -->\n",
    "<!-- the end of the second -->\n",
)
STEPS = "<!-- the steps are written by `manage.py shop_systems --write` -->\n", "<!-- their end -->\n"


def as_they_are() -> dict[Path, str]:
    """{page: its text, with table and steps as the code has them}."""
    with translation.override("en"):
        page = _with(PAGE.read_text(), TABLE, capabilities.markdown([capabilities.heads(), *capabilities.rows()]))
        others = capabilities.markdown([capabilities.other_heads(), *capabilities.others()])
        pages = {PAGE: _with(page, OTHERS, others)}
        for kind, system in SYSTEMS.items():
            steps = "".join(f"{number}. {step}\n" for number, step in enumerate(system.steps, 1))
            its_page = PAGES / f"{kind}.md"
            pages[its_page] = _with(its_page.read_text(), STEPS, steps)
    return pages


def _with(text: str, marks: tuple[str, str], part: str) -> str:
    begin, end = marks
    before, rest = text.split(begin)
    return f"{before}{begin}{part}{end}{rest.split(end)[1]}"


class Command(BaseCommand):
    help = "What each shop system that is called can do; or the empty files of a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="into docs/shop-systems.md and docs/systems/")
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
            for page, text in as_they_are().items():
                page.write_text(text)
        else:
            with translation.override("en"):
                self.stdout.write(capabilities.markdown([capabilities.heads(), *capabilities.rows()]))
