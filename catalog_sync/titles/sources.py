"""A source that goes takes along what it brought: its titles are marked, and folded again by a step.

Gone is a record that was retired, and every record of a feed that was paused or deleted. A title of which nobody says
anything any more, not even a source that has gone, is forgotten (`folding.forget`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils import timezone

from catalog_sync.models import Feed, FoldDue
from catalog_sync.planning import GONE
from catalog_sync.titles import facts
from marketplace.catalogue import changes, folding
from marketplace.foundation import bulk

_BATCH = 1000


def mark_feed(feed_id: int, now: datetime) -> int:
    """Every title that the feed speaks of is to be folded again. Returns how many."""
    return bulk.execute(
        "INSERT INTO catalog_sync_folddue (product_id, marked_at) SELECT DISTINCT product_id, %(now)s"
        " FROM catalog_sync_sourcerecord WHERE feed_id = %(feed)s AND product_id IS NOT NULL",
        {"feed": feed_id, "now": bulk.moment(now)},
    )


def mark_retired(words: dict[str, Any]) -> int:
    """The same for the records that a slice of a run has just retired, where others speak of the title too."""
    return bulk.execute(_RETIRED, words)


def fold_again(now: datetime) -> int:
    """The step: fold titles of which a source has gone. Returns how many."""
    with transaction.atomic():
        rows = FoldDue.objects.select_for_update(skip_locked=True) if bulk.is_postgres() else FoldDue.objects.all()
        due = list(rows.order_by("pk").values_list("pk", "product_id")[:_BATCH])
        if not due:
            return 0
        FoldDue.objects.filter(pk__in=[pk for pk, _product_id in due]).delete()
        product_ids = sorted({product_id for _pk, product_id in due})
        spoken = {said.product_id for said in facts.statements_of(product_ids)}
        facts.refold(spoken, now=now)
        silent = [product_id for product_id in product_ids if product_id not in spoken]
        folding.forget(silent)
        changes.mark(silent)
    return len(product_ids)


def connect() -> None:
    """Feeds that are paused, resumed, deleted, or said to be another sender's, wherever that is done."""
    pre_save.connect(_remember, sender=Feed, dispatch_uid="catalog_sync.titles.sources")
    post_save.connect(_follow_change, sender=Feed, dispatch_uid="catalog_sync.titles.sources")
    pre_delete.connect(_follow_deletion, sender=Feed, dispatch_uid="catalog_sync.titles.sources")


def _remember(sender: type[Feed], instance: Feed, update_fields: Any = None, **_: Any) -> None:
    watched = update_fields is None or {"active", "sender"} & set(update_fields)
    stored = Feed.objects.filter(pk=instance.pk).values_list("active", "sender").first() if watched else None
    instance.was_said = stored  # type: ignore[attr-defined]


def _follow_change(sender: type[Feed], instance: Feed, **_: Any) -> None:
    before = getattr(instance, "was_said", None)
    if before is not None and before != (instance.active, instance.sender):
        mark_feed(instance.pk, timezone.now())


def _follow_deletion(sender: type[Feed], instance: Feed, **_: Any) -> None:
    mark_feed(instance.pk, timezone.now())


_RETIRED = f"""
INSERT INTO catalog_sync_folddue (product_id, marked_at)
SELECT DISTINCT r.product_id, %(now)s FROM catalog_sync_sourcerecord r
WHERE r.feed_id = %(feed)s AND r.changed_run_id = %(run)s AND r.retired_at IS NOT NULL AND r.product_id IS NOT NULL
    AND r.sku IN (SELECT c.sku FROM {GONE} c WHERE c.n BETWEEN %(low)s AND %(high)s)
    AND EXISTS (SELECT 1 FROM catalog_sync_sourcerecord o WHERE o.product_id = r.product_id AND o.retired_at IS NULL)
"""
