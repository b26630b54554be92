from __future__ import annotations

import os
import signal
import subprocess
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Run web and worker together in one process group; Ctrl-C or SIGTERM stops both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="web processes")

    def handle(self, *args: object, **options: object) -> None:
        address = f"{options['host']}:{options['port']}"
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        web = [sys.executable, "-m", "gunicorn", "marketplace.wsgi", "--bind", address, "--workers"]
        web += [str(options["workers"]), "--threads", "4", "--timeout", "60", "--log-level", "warning"]
        web += ["--limit-request-line", "8190"]  # the longest it takes: what is too long is said on a page of ours
        environment = {**os.environ, "HALLES_SITE_URL": os.environ.get("HALLES_SITE_URL", f"http://{address}")}
        processes = [subprocess.Popen(command, env=environment) for command in (web, [*manage, "work"])]
        self.stdout.write(f"Halles answers at http://{address}/ (Ctrl-C stops it)")
        raise SystemExit(_wait(processes))


def _wait(processes: list[subprocess.Popen]) -> int:
    """Until one ends or we are told to stop; then end the others. Its exit status, 0 when told."""
    told = False

    def stop(*_: object) -> None:
        nonlocal told
        told = True
        for process in processes:
            if process.poll() is None:
                process.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        for process in processes:
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
            status = process.returncode
            stop_was_told = told
            stop()
            for other in processes:
                other.wait(30)
            return 0 if stop_was_told else status
