"""Two titles that are one: everything of the other follows to the one that is kept, in one transaction.

Offers with their terms and open allocations, what feeds say, baskets, wish lists, reviews, order history and the
address. The other's numbers lead to the kept title from then on, in feeds too. The emptied row stays, without facts and
not shown, since orders may name it. `move_undoing.undo` puts it all back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from oscar.apps.catalogue.models import Product

from catalog_sync.models import SourceRecord, TitleMove
from catalog_sync.titles import facts, moves
from marketplace.catalogue import changes, folding
from marketplace.catalogue.models import OtherGtin, ProductFacts, ProductRedirect
from marketplace.foundation import audit


class MoveError(Exception):
    """It cannot be done; `reasons` tell the person why."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


def join(kept: Product, other: Product, *, by: Any, reason: str, now: datetime) -> TitleMove:
    """Everything of `other` becomes `kept`'s. Raises `MoveError`; of a title with a number and one without, the
    one with it is kept."""
    with transaction.atomic():
        moves.lock([kept.pk, other.pk])
        if why := why_not(kept, other):
            raise MoveError(*why)
        before = empty(other, into=kept, now=now)
        return keep_move(TitleMove.Kind.JOIN, other.pk, kept.pk, before, by=by, reason=reason, now=now)


def why_not(kept: Product, other: Product) -> list[str]:
    """Why these cannot be joined; empty: they can."""
    if kept.pk == other.pk:
        return [_("This is the same title twice.")]
    found = [
        _("“%(title)s” was joined with another title before.") % {"title": product.get_title()}
        for product in (kept, other)
        if moves.is_emptied(product.pk)
    ]
    if moves.gtin_of(kept) is None and moves.gtin_of(other) is not None:
        found.append(_("Keep the title that has an ISBN or EAN."))
    return found


def counts(other: Product) -> dict[str, int]:
    """What a join would move, by kind: for the preview."""
    rows = {follow.model: follow.rows.filter(**{follow.column: other.pk}).count() for follow in _COUNTED}
    return {"articles": SourceRecord.objects.filter(product_id=other.pk).count(), **rows}


_COUNTED = (
    *(follow for follow in moves.FOLLOWS if follow.model in (moves.STOCK, "order.Line")),
    *(moves.Follow(model) for model in moves.MERGED),
)


def empty(other: Product, *, into: Product, now: datetime) -> dict[str, Any]:
    """Within a transaction that has the locks: `other` is emptied into the kept one. Returns what undoing needs."""
    rows = moves.images([into.pk, other.pk])
    gtin = moves.gtin_of(other)
    before: dict[str, Any] = {"rows": rows, "gtin": gtin}
    before["gtins"] = moves.numbers_of(other.pk)
    numbers = [*before["gtins"], *([gtin] if gtin else [])]
    theirs = SourceRecord.objects.filter(product_id=into.pk, gtin__in=numbers)
    before["theirs"] = [list(key) for key in theirs.values_list("feed_id", "sku")]
    before |= moves.carry(other.pk, into.pk)
    OtherGtin.objects.filter(product_id=other.pk).update(product_id=into.pk)
    if gtin is not None:
        OtherGtin.objects.create(gtin=gtin, product_id=into.pk)
    redirected = ProductRedirect.objects.filter(product_id=other.pk)
    before["redirects"] = sorted(redirected.values_list("old_id", flat=True))
    redirected.update(product_id=into.pk)
    ProductRedirect.objects.create(old_id=other.pk, product_id=into.pk)
    facts.refold([into.pk], now=now)
    folding.forget([other.pk])
    before["folded_at"] = folded_at(into.pk)
    changes.mark([into.pk, other.pk])
    changes.mark_works([other.pk])
    return before


def folded_at(product_id: int) -> str | None:
    """When its facts were written last: whether they are still those that a move wrote."""
    found = ProductFacts.objects.filter(pk=product_id).values_list("updated_at", flat=True).first()
    return found.isoformat() if found else None


def keep_move(
    kind: str, source: int, target: int, before: dict[str, Any], *, by: Any, reason: str, now: datetime
) -> TitleMove:
    """The row by which it is listed and undone, and its line in the audit trail."""
    move = TitleMove.objects.create(
        kind=kind,
        from_product_id=source,
        to_product_id=target,
        at=now,
        by=by if hasattr(by, "pk") else None,
        reason=reason[:500],
        before=before,
    )
    audit.record(f"title.{kind}", move, by=by, reason=reason, source=source, target=target)
    return move
