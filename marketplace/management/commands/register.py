from __future__ import annotations

from django.core.management.base import BaseCommand

from marketplace.readers import register


class Command(BaseCommand):
    help = "Print the register of processing (GDPR, article 30) as CSV."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(register.as_csv(), ending="")
