from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from marketplace.foundation import network
from marketplace.models import User
from marketplace.readers import second_factor


class Command(BaseCommand):
    help = "Take the second factor of an account away, end its sessions, and tell its owner: for somebody who lost it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: object, **options: object) -> None:
        person = User.objects.filter(email__iexact=str(options["email"])).first()
        if person is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        language = network.current().default_language
        second_factor.reset(person, by="command line", reason="", language=language, now=timezone.now())
        self.stdout.write(f"{person.email} has no second factor any more, and no session.")
