"""A word that nobody else uses, and everywhere that it could still be found."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models

WORD = "zyzzogeton"
PHONE = "5145550142"
TEXTS = (models.CharField, models.TextField, models.JSONField, models.FileField, models.GenericIPAddressField,
         models.BinaryField)  # fmt: skip


def text_columns() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Every column of every table that can hold words, choices aside."""
    for model in apps.get_models():
        columns = [field.name for field in model._meta.concrete_fields if isinstance(field, TEXTS)]
        if columns and model._meta.managed and not model._meta.proxy:
            yield model, columns


def is_said(value: object) -> bool:
    """In any spelling; also packed, as journals are."""
    if isinstance(value, (bytes, memoryview)):
        raw = bytes(value)
        with suppress(zlib.error):
            raw = zlib.decompress(raw)
        return WORD.encode() in raw.lower()
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return WORD in text.casefold() or PHONE in text


def in_tables() -> set[str]:
    """`placing.Checkout.name` for each column that says it in some row; sessions are looked into."""
    found = set()
    for model, columns in text_columns():
        for row in model._base_manager.values_list(*columns).iterator():
            said = zip(columns, row, strict=True)
            found |= {f"{model._meta.label}.{column}" for column, value in said if value and is_said(value)}
    if any(is_said(session.get_decoded()) for session in Session.objects.all()):
        found.add("sessions.Session.session_data")
    return found


def in_files(*folders: Path) -> list[str]:
    """Files whose name or content says it."""
    every = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in every if is_said(path.read_bytes()) or is_said(path.name)]
