"""One archive with everything that cannot be made again: the database and the uploaded files. The index is not in it
(it is a view of the database) and is rebuilt after a restore."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from shops.models_downloads import private_storage

DATABASE_NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
MANIFEST = "halles-backup.json"
FORMAT = 1
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


class BackupError(Exception):
    """The archive cannot be written or read; the text says why and what to do."""


def write(archive: Path) -> int:
    """Write a backup to `archive` (.tar.gz) while the site runs; its size in bytes. The file appears when whole, and
    only its owner may read it: it holds the readers' addresses. Raises BackupError."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    part = archive.with_name(archive.name + ".part")
    try:
        with _private_file(part) as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
            _pack(tar)
        os.replace(part, archive)
    finally:
        part.unlink(missing_ok=True)
    return archive.stat().st_size


def restore(archive: Path) -> None:
    """Replace the database and the uploaded files by the archive's. What is no whole backup of this kind of database
    replaces nothing. Raises BackupError."""
    if not archive.exists():
        raise BackupError(f"{archive} does not exist.")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        dump = _unpack(archive, folder)
        _load(dump)
        _replace(Path(settings.MEDIA_ROOT), folder / "media")
        _replace(Path(private_storage().location), folder / "private")


def _private_file(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _pack(tar: tarfile.TarFile) -> None:
    with tempfile.TemporaryDirectory() as work:
        dump = Path(work) / DATABASE_NAMES[connection.vendor]
        _dump(dump)
        manifest = {"made_at": timezone.now().isoformat(), "vendor": connection.vendor, "format": FORMAT}
        _add_text(tar, MANIFEST, json.dumps(manifest))
        tar.add(dump, arcname=dump.name)
        if Path(settings.MEDIA_ROOT).exists():
            tar.add(settings.MEDIA_ROOT, arcname="media")
        if Path(private_storage().location).exists():
            tar.add(private_storage().location, arcname="private")


def _unpack(archive: Path, folder: Path) -> Path:
    """The archive's content below `folder`; the path of its database, which was checked to be one."""
    try:
        with gzip.open(archive) as whole:  # to its end, where the checksum is: tarfile stops before
            while whole.read(1 << 20):
                pass
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        manifest = json.loads((folder / MANIFEST).read_text())
        vendor, made_as = manifest["vendor"], manifest["format"]
    except (tarfile.TarError, OSError, ValueError, EOFError, zlib.error, KeyError, TypeError) as error:
        raise BackupError(f"{archive} is not a whole backup: {error}") from error
    if vendor != connection.vendor:
        raise BackupError(f"This backup is of {vendor}, this site runs on {connection.vendor}.")
    if made_as != FORMAT:
        raise BackupError(f"This backup has format {made_as}; this version of Halles reads {FORMAT}.")
    dump = folder / DATABASE_NAMES[vendor]
    if not _is_our_database(dump):
        raise BackupError(f"{archive} is not a whole backup: its database is missing or damaged.")
    return dump


def _is_our_database(dump: Path) -> bool:
    """Whether it can be read and holds our tables. Loading an empty one would empty the site."""
    if not dump.is_file():
        return False
    if connection.vendor != "sqlite":
        try:
            return "django_migrations" in _postgres("pg_restore", "--list", dump)
        except BackupError:
            return False
    try:
        with closing(sqlite3.connect(dump)) as database:
            whole = database.execute("PRAGMA quick_check").fetchone() == ("ok",)
            known = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'").fetchone()
    except sqlite3.DatabaseError:
        return False
    return whole and known is not None


def _replace(target: Path, stored: Path) -> None:
    """The folder itself stays: it may be a mounted one."""
    target.mkdir(parents=True, exist_ok=True)
    for path in target.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if stored.exists():
        shutil.copytree(stored, target, dirs_exist_ok=True)


def _dump(target: Path) -> None:
    if connection.vendor != "sqlite":
        # The walls bind the owner too; nothing is said on this connection, so all rows are there.
        _postgres("pg_dump", "--format=custom", "--enable-row-security", f"--file={target}")
        return
    # SQLite's own online backup: a consistent copy while others write
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _load(dump: Path) -> None:
    connections.close_all()
    if connection.vendor != "sqlite":
        whole = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
        _postgres("pg_restore", f"--dbname={connection.settings_dict['NAME']}", *whole, dump)
        return
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(dump)) as source, closing(sqlite3.connect(name, timeout=30)) as target:
        source.backup(target)


def _postgres(program: str, *arguments: object) -> str:
    """What the program says. Raises BackupError in its own words."""
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
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    tar.addfile(entry, io.BytesIO(text.encode()))
