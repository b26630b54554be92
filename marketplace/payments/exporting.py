"""Files for the accounts, made in the background: asked for on a page, written by a step that says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases
from marketplace.payments import journals, sellers_income, sellers_income_xml
from marketplace.payments.journals import ExportError
from marketplace.payments.models import Export

TELL_EVERY = 2_000
LEASE_SECONDS = 600
KEPT = timedelta(days=30)
LINES: dict[str, Callable[[date, date], Iterator[str]]] = {
    Export.Kind.FEC: journals.fec,
    Export.Kind.JOURNAL: journals.journal,
    Export.Kind.DAC7: lambda begins_on, _: sellers_income.report(begins_on.year),
    Export.Kind.DAC7_XML: lambda begins_on, _: sellers_income_xml.report(begins_on.year),
}


def path_of(export: Export) -> Path:
    return settings.VAR_DIR / "exports" / str(export.pk)


def ask(kind: str, begins_on: date, ends_on: date, *, siren: str = "", by: object, now: datetime) -> Export:
    """Raises ExportError: no such period, no SIREN for a FEC."""
    if ends_on < begins_on:
        raise ExportError(_("The period ends before it begins."))
    name = f"{kind}-{begins_on}-{ends_on}.{'xml' if kind == Export.Kind.DAC7_XML else 'csv'}"
    if kind == Export.Kind.FEC:
        name = journals.fec_name(siren, ends_on)
    with transaction.atomic():
        export = Export.objects.create(
            kind=kind,
            begins_on=begins_on,
            ends_on=ends_on,
            name=name,
            asked_at=now,
            asked_by=by,
            due_at=now,  # type: ignore[misc]
        )
        audit.record("export.ask", export, by=by, kind=kind, begins_on=str(begins_on), ends_on=str(ends_on))
    return export


def keep(export: Export, content: bytes) -> None:
    """A file that was made at once, to be handed out again."""
    path = _private(path_of(export))
    path.write_bytes(content)


def _private(path: Path) -> Path:
    """There, and to be read by nobody else: accounts, IBANs, names."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def forget_exports(now: datetime) -> int:
    """Step: files that were made KEPT ago are removed; those of accounts can be asked for again."""
    done = 0
    for path in (settings.VAR_DIR / "exports").glob("*"):
        if path.stat().st_mtime < (now - KEPT).timestamp():
            path.unlink(missing_ok=True)
            done += 1
    return done


def make_exports(now: datetime) -> int:
    """Step: write what was asked for, one file at a time."""
    done = 0
    for export in leases.claim(Export, now=now, limit=1, lease_seconds=LEASE_SECONDS):
        try:
            rows = _write(export)
        except ExportError as error:
            leases.postpone(export, error=str(error), now=now, permanent=True)
            continue
        done += leases.finish(export, rows=rows, of_rows=rows, finished_at=now)
    return done


def _write(export: Export) -> int:
    path = path_of(export)
    rows, encoding = 0, journals.FEC_ENCODING if export.kind == Export.Kind.FEC else "utf-8"
    entries = journals.entries(export.begins_on, export.ends_on).count()
    expected = entries * 2 if export.kind == Export.Kind.FEC else entries
    part = _private(path.with_suffix(".part"))
    with part.open("w", encoding=encoding, errors="replace", newline="") as file:
        for line in LINES[export.kind](export.begins_on, export.ends_on):
            file.write(line)
            rows += 1
            if not rows % TELL_EVERY:
                Export.objects.filter(pk=export.pk).update(rows=rows, of_rows=max(expected, rows))
                leases.extend(export, now=timezone.now(), lease_seconds=LEASE_SECONDS)
    part.replace(path)
    return rows
