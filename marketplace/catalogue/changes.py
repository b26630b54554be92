"""Mark titles whose document in the index must be written again (principle 3: a due row, in the same transaction)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from marketplace.catalogue.models import TitleChange

_BATCH = 2000


def mark(product_ids: Iterable[int]) -> int:
    """Write one row per distinct product; returns how many."""
    now = timezone.now()
    rows = [TitleChange(product_id=product_id, marked_at=now) for product_id in sorted(set(product_ids))]
    TitleChange.objects.bulk_create(rows, batch_size=_BATCH)
    return len(rows)
