"""A database that was really migrated once, kept as a template and copied: migrating 330 migrations takes 40 seconds,
copying the result none. A schema made from the models is not the same (Wagtail's search tables and root page differ).

SQLite: a file. PostgreSQL: a template database. Keyed by the names of all migrations and the text of ours.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from marketplace.foundation import walls

# As manage.py does it. Django makes eighty thousand classes of models on the way: looking for garbage after each few
# hundred objects of them takes a seventh of the time.
_MIGRATING = """
import gc, os
gc.set_threshold(400_000, 10, 10)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "migrate", "--verbosity", "0", "--skip-checks"])
"""


@cache  # of a process: its migrations are those that it has loaded, and looking them all up takes a fifth of a second
def key() -> str:
    """Sixteen hexadecimal digits that change whenever a migration does."""
    digest = hashlib.sha256()
    for app, name in sorted(MigrationLoader(None).disk_migrations):
        digest.update(f"{app}.{name}\n".encode())
    for path in sorted(settings.BASE_DIR.glob("**/migrations/0*.py")):
        if ".venv" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _walls() -> str:
    """What is built after the migrations, on PostgreSQL alone."""
    return hashlib.sha256(Path(walls.__file__).read_bytes()).hexdigest()[:8]


def sqlite_template() -> Path:
    """The migrated file, made when missing. Safe to call from several processes."""
    folder = _folder()
    template = folder / f"{key()}.sqlite3"
    if template.exists():  # it came there whole: nobody waits while one of other models is made
        return template
    with _lock(folder / "sqlite3.lock"):
        if not template.exists():
            with tempfile.TemporaryDirectory() as work:
                made = Path(work) / "made.sqlite3"
                _migrate(f"sqlite:///{made}")
                _checkpoint(made)
                part = template.with_suffix(".part")
                shutil.copyfile(made, part)
                part.rename(template)
    return template


def copy_sqlite(target: Path) -> None:
    """Put a fresh copy of the template at `target`, replacing what is there and its journal files."""
    template = sqlite_template()
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(template, target)


def postgres_template(url: str) -> str:
    """The name of the migrated template database on the server of `url`, made when missing: from a dump that an earlier
    server left, else by migrating."""
    import psycopg

    migrated = f"{key()}{_walls()}"
    name = f"halles_template_{migrated}"
    dump = _folder() / f"{migrated}.pgdump"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7041776)")  # any fixed number: only we use it on this server
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            made = f"{name}_new"
            connection.execute(f"DROP DATABASE IF EXISTS {made}")
            connection.execute(f"CREATE DATABASE {made}")
            with _lock(_folder() / "pgdump.lock"):
                if dump.exists():
                    _postgres("pg_restore", "--no-owner", f"--dbname={with_database(url, made)}", dump)
                else:
                    _migrate(with_database(url, made))
                    part = dump.with_suffix(".part")
                    _postgres("pg_dump", "--format=custom", f"--file={part}", with_database(url, made))
                    part.rename(dump)
            connection.execute(f"ALTER DATABASE {made} RENAME TO {name}")
    return name


def copy_postgres(url: str, target: str) -> None:
    """Make the database `target` a fresh copy of the template, dropping it first (nobody may be connected)."""
    import psycopg

    template = postgres_template(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{template}" STRATEGY FILE_COPY')


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _folder() -> Path:
    folder = Path(os.environ.get("HALLES_TEMPLATES", settings.BASE_DIR / "var" / "templates"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _postgres(program: str, *arguments: object) -> None:
    debian = Path("/usr/lib/postgresql/15/bin") / program
    command = [str(debian if debian.exists() else program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program} failed:\n{done.stderr[-4000:]}")


def _migrate(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    command = [sys.executable, "-c", _MIGRATING]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Migrating the template failed:\n{done.stderr[-4000:]}")


def _checkpoint(path: Path) -> None:
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@contextmanager
def _lock(path: Path):
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
