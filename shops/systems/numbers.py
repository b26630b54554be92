"""Numbers as shops' systems write them: as text, or not at all."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any


def number(stated: Any) -> Decimal | None:
    """What is none, as plug-ins may leave it, is unknown of that article alone."""
    try:
        found = Decimal(str(stated))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def isbn(sku: str) -> str:
    """The shop's own number of an article where that is an ISBN; else nothing."""
    return sku if len(sku) == 13 and sku.isdecimal() and sku.startswith(("978", "979")) else ""
