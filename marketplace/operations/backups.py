"""One archive with everything that cannot be made again: the database and the uploaded files. The index is not in it
(it is a view of the database) and is rebuilt after a restore."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import tarfile
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

DATABASE_NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
MANIFEST = "halles-backup.json"
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


class BackupError(Exception):
    """The archive cannot be written or read; the text says why and what to do."""


def write(archive: Path) -> int:
    """Write a backup to `archive` (.tar.gz) while the site runs; its size in bytes. The file appears when whole."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    part = archive.with_name(archive.name + ".part")
    with tempfile.TemporaryDirectory() as work, tarfile.open(part, "w:gz") as tar:
        dump = Path(work) / DATABASE_NAMES[connection.vendor]
        _dump(dump)
        manifest = {"made_at": timezone.now().isoformat(), "vendor": connection.vendor, "format": 1}
        _add_text(tar, MANIFEST, json.dumps(manifest))
        tar.add(dump, arcname=dump.name)
        if Path(settings.MEDIA_ROOT).exists():
            tar.add(settings.MEDIA_ROOT, arcname="media")
    os.replace(part, archive)
    return archive.stat().st_size


def restore(archive: Path) -> None:
    """Replace the database and the uploaded files by the archive's. Raises BackupError."""
    if not archive.exists():
        raise BackupError(f"{archive} does not exist.")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        try:
            with tarfile.open(archive, "r:gz") as tar:
                tar.extractall(folder, filter="data")
            manifest = json.loads((folder / MANIFEST).read_text())
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            raise BackupError(f"{archive} is not a whole backup: {error}") from error
        if manifest["vendor"] != connection.vendor:
            raise BackupError(f"This backup is of {manifest['vendor']}, this site runs on {connection.vendor}.")
        _load(folder / DATABASE_NAMES[connection.vendor])
        if (folder / "media").exists():
            subprocess.run(["cp", "-a", f"{folder}/media/.", str(settings.MEDIA_ROOT)], check=True)


def _dump(target: Path) -> None:
    if connection.vendor == "sqlite":
        # SQLite's own online backup: a consistent copy while others write
        with sqlite3.connect(settings.DATABASES["default"]["NAME"]) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        source.close()
        copy.close()
        return
    _postgres("pg_dump", "--format=custom", f"--file={target}")


def _load(dump: Path) -> None:
    connections.close_all()
    if connection.vendor == "sqlite":
        with sqlite3.connect(dump) as source, sqlite3.connect(settings.DATABASES["default"]["NAME"]) as target:
            source.backup(target)
        source.close()
        target.close()
        return
    _postgres("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", dump, database_flag=True)


def _postgres(program: str, *arguments: object, database_flag: bool = False) -> None:
    values = connection.settings_dict
    environment = {
        **os.environ,
        "PGHOST": values["HOST"],
        "PGPORT": str(values["PORT"] or 5432),
        "PGUSER": values["USER"],
        "PGPASSWORD": values["PASSWORD"],
        "PGDATABASE": str(values["NAME"]),
    }
    path = POSTGRES_BIN / program
    command = [str(path if path.exists() else program), *map(str, arguments)]
    if database_flag:
        command.insert(1, f"--dbname={values['NAME']}")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-1000:]}")


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    tar.addfile(entry, io.BytesIO(text.encode()))
