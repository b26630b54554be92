"""`manage.py take_mail [--to ADDRESS] [--from ADDRESS]`: one answer by mail from standard input, as a mail server's
pipe hands it over. Its exit codes are those that mail servers know (sysexits.h): 0 taken, or dropped since a machine
wrote it; 65 it cannot be taken, 67 unknown address, 77 not from there: then the server sends back what is printed; 75
try again later."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error
from django.utils import timezone

from shops.threads import incoming

_REFUSED, _UNKNOWN, _LATER, _NOT_THEIRS = 65, 67, 75, 77


class Command(BaseCommand):
    help = "Take one answer by mail from standard input into its thread."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--to", default="", help="The envelope's recipient; else the mail's own headers are read.")
        parser.add_argument("--from", dest="sender", default=None, help="The envelope's sender; empty: a bounce.")

    def handle(self, *args: object, **options: Any) -> None:
        raw = sys.stdin.buffer.read(incoming.MOST_BYTES + 1)
        try:
            incoming.take(raw, recipient=options["to"], sender=options["sender"], now=timezone.now())
        except incoming.DroppedError as why:
            self.stderr.write(f"Dropped: {why}")
        except incoming.MailError as error:
            # Mail servers send back what a pipe printed, in the text of the bounce.
            self.stdout.write(str(error))
            codes = {incoming.UnknownError: _UNKNOWN, incoming.NotTheirsError: _NOT_THEIRS}
            sys.exit(codes.get(type(error), _REFUSED))
        except Error as error:
            self.stderr.write(f"The database does not answer: {error}")
            sys.exit(_LATER)
