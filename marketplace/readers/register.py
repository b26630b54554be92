"""The register of processing (GDPR, article 30): what each table keeps of people, for what, by which right, until when.

`register_tables.py` declares it, model by model; a test goes through all models, so that no column that can hold words
comes without a declaration: `marketplace.readers.register_tables.PERSONAL`, or `PLAIN`, where it names nobody."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.apps import apps
from django.db import models

from marketplace.readers import retention
from marketplace.readers.register_tables import BASES, KEPT, PERSONAL, PLAIN, PLAIN_APPS, PURPOSES, WHOSE

WORDS = (models.CharField, models.TextField, models.JSONField, models.FileField, models.GenericIPAddressField,
         models.BinaryField)  # fmt: skip


class Row(NamedTuple):
    """One table, in the words of the page."""

    table: str
    columns: str
    whose: str
    purpose: str
    basis: str
    kept: str


HEAD = ("Table", "Columns", "Whose", "Purpose", "Basis", "Kept")


def columns_of(model: type[models.Model]) -> set[str]:
    """Columns that can hold words of somebody's: no choices, and no generated ones."""
    return {
        field.name for field in model._meta.concrete_fields if isinstance(field, WORDS) and not field.choices
    }  # fmt: skip


def undeclared(every: Iterable[type[models.Model]] | None = None) -> list[str]:
    """`shops.Return.note` for each column that nobody declared, and for each declared one that there is not."""
    found = []
    for model in every or apps.get_models():
        meta = model._meta
        if meta.proxy or not meta.managed or meta.app_label in PLAIN_APPS:
            continue
        declared = PERSONAL.get(meta.label)
        known = {*(declared.columns.split() if declared else ()), *PLAIN.get(meta.label, "").split()}
        found += [f"{meta.label}.{column}" for column in sorted(columns_of(model) ^ known)]
    return found


def rows() -> Iterator[Row]:
    """By table; days as the network has set them."""
    days = {rule.name: retention.days_of(rule) for rule in retention.RULES}
    for label, entry in sorted(PERSONAL.items()):
        kept = str(KEPT[entry.kept]) % {"days": days.get(entry.kept, 0)} if entry.kept in KEPT else ""
        if not kept:
            rule = next(rule for rule in retention.RULES if rule.name == entry.kept)
            kept = f"{days[entry.kept]} d: {rule.since}"
        yield Row(
            label, entry.columns, str(WHOSE[entry.whose]), str(PURPOSES[entry.purpose]), BASES[entry.purpose], kept
        )


def as_csv() -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    writer.writerows(rows())
    return text.getvalue()
