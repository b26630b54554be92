"""A join or a parting is undone: what it moved goes back, and what was written over is as it was.

What a later event has moved on to a third title stays there, and is listed. What came since to an offer that goes back
(a line in a basket, another feed of its shop) goes along with it, and so does what was matched by a number that goes
back. An order that was placed since stays where it was sold. Later moves of the same titles are undone first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.partner.models import StockRecord
from oscar.apps.wishlists.models import Line as WishListLine

from catalog_sync.models import PinnedArticle, SourceRecord, TitleMove
from catalog_sync.titles import facts, joining, moderation, moves
from catalog_sync.titles.joining import MoveError
from marketplace.catalogue import changes
from marketplace.catalogue.models import OtherGtin, ProductRedirect
from marketplace.foundation import audit


def undo(move: TitleMove, *, by: Any, now: datetime) -> list[str]:
    """Put it back. Returns what stays, as texts. Raises `MoveError` where it cannot be undone (now)."""
    with transaction.atomic():
        moves.lock([move.from_product_id, move.to_product_id])
        move.refresh_from_db()
        if why := why_not(move):
            raise MoveError(*why)
        left = _undo_join(move, now) if move.kind == TitleMove.Kind.JOIN else _undo_part(move, now)
        move.undone_at, move.undone_by = now, by if hasattr(by, "pk") else None
        move.save(update_fields=["undone_at", "undone_by"])
        audit.record(f"title.undo_{move.kind}", move, by=by, left=left)
        changes.mark([move.from_product_id, move.to_product_id])
    return left


def why_not(move: TitleMove) -> list[str]:
    """Why it cannot be undone; empty: it can. Later moves of these titles are named, the last one first."""
    if move.undone_at:
        return [_("This is undone already.")]
    titles = (move.from_product_id, move.to_product_id)
    later = TitleMove.objects.filter(pk__gt=move.pk, undone_at=None)
    return [
        _("First undo what was done later: number %(number)s, %(what)s.")
        % {"number": other.pk, "what": other.get_kind_display()}
        for other in later.filter(Q(from_product_id__in=titles) | Q(to_product_id__in=titles))
    ]


def _undo_join(move: TitleMove, now: datetime) -> list[str]:
    """The emptied title gets back what it had."""
    old, new, before = move.from_product_id, move.to_product_id, move.before
    as_joined = joining.folded_at(new) == before["folded_at"]
    left = _give_back(before, old, new)
    OtherGtin.objects.filter(product_id=new, gtin__in=before["gtins"]).update(product_id=old)
    OtherGtin.objects.filter(product_id=new, gtin=before["gtin"]).delete()
    ProductRedirect.objects.filter(old_id=old).delete()
    ProductRedirect.objects.filter(product_id=new, old_id__in=before["redirects"]).update(product_id=old)
    _fold_back(before, {old, new} if as_joined else {old}, [old, new], now)
    return left


def _undo_part(move: TitleMove, now: datetime) -> list[str]:
    """What was parted is one title again: everything that its title has by now goes back, whenever it came."""
    source, target, before = move.from_product_id, move.to_product_id, move.before
    as_parted = joining.folded_at(source) == before["folded_at"]
    joining.empty(Product.objects.get(pk=target), into=Product.objects.get(pk=source), now=now)
    _references_back(before["baskets"])
    PinnedArticle.objects.filter(pk__in=before["pinned"]).delete()
    _fold_back(before, {source} if as_parted else set(), [source], now)
    return []


def _give_back(before: dict[str, Any], old: int, new: int) -> list[str]:
    """The rows that a join moved go back, unless a later event has moved them on. Returns what stays."""
    stay = 0
    for follow in moves.FOLLOWS:
        keys = before["moved"][follow.key]
        back = moves.move(follow, keys, old, still=new)
        if follow.model == moves.STOCK:
            stay += len(keys) - len(back)
    _articles_back(before["articles"], old, new)
    _bring_along(before, old, new)
    split = _split_merged(before["merged"])
    offers = StockRecord.objects.filter(product_id=old)
    lines = BasketLine.objects.filter(product_id=new, stockrecord__in=offers)
    moves.carry_basket_lines(lines.exclude(pk__in=split.get(BasketLine._meta.label, [])), old, [])
    _references_back(before["baskets"])
    WishListLine.objects.filter(pk__in=before["wishes"], product_id=new).update(product_id=old)
    for came, left in reversed(before["reviews"]):
        if ProductReview.objects.filter(pk=came, product_id=new).exists():
            moves.exchange(came, old, left, new)
    texts = []
    if stay:
        texts.append(
            ngettext(
                "%(count)s offer has been matched to another title since and stays there.",
                "%(count)s offers have been matched to other titles since and stay there.",
                stay,
            )
            % {"count": stay}
        )
    if sum(map(len, split.values())) < len(before["merged"]):
        texts.append(_("Numbers of copies in baskets and wish lists that were changed since stay as they are."))
    return texts


def _articles_back(keys: Iterable[list[Any]], old: int, new: int) -> None:
    by_feed: dict[int, list[str]] = {}
    for feed_id, sku in keys:
        by_feed.setdefault(feed_id, []).append(sku)
    for feed_id, skus in by_feed.items():
        SourceRecord.objects.filter(feed_id=feed_id, sku__in=skus, product_id=new).update(product_id=old)


def _bring_along(before: dict[str, Any], old: int, new: int) -> None:
    """What was matched since by a number that goes back, and what else is said of an offer that goes back."""
    numbers, theirs = {before["gtin"], *before["gtins"]} - {None}, {tuple(key) for key in before["theirs"]}
    gone = set(StockRecord.objects.filter(product_id=old).values_list("partner_id", "partner_sku"))
    for article in moves.articles_of(new):
        came = [record for record in article.records if record.gtin in numbers and record.pk not in theirs]
        if came or (article.partner_id, article.sku) in gone:
            StockRecord.objects.filter(pk=article.stock_record_id).update(product_id=old)
            for record in article.records:
                SourceRecord.objects.filter(pk=record.pk).update(product_id=old)


def _references_back(baskets: list[list[Any]]) -> None:
    """Lines of baskets that have their title back get the very reference they had."""
    for key, product_id, reference in baskets:
        taken = BasketLine.objects.filter(line_reference=reference, basket__lines=key).exclude(pk=key)
        line = BasketLine.objects.filter(pk=key, product_id=product_id)
        if not taken.exists():
            line.update(line_reference=reference)


def _split_merged(merged: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Two lines again, where the one that kept the copies of both still has as many. Returns those, by model."""
    done: dict[str, list[int]] = {}
    for pair in merged:
        model = apps.get_model(pair["model"])
        one = model._default_manager.filter(pk=pair["into"], quantity=pair["both"])
        if one.update(quantity=F("quantity") - pair["both"] + pair["quantity"]):
            moves.restore(model, pair["row"])
            done.setdefault(pair["model"], []).append(pair["into"])
    return done


def _fold_back(before: dict[str, Any], restored: set[int], product_ids: Iterable[int], now: datetime) -> None:
    """Facts of the `restored` titles as they were; then those of all of them out of what is said now, which changes
    nothing unless something new is said."""
    for model in moves.FOLDED:
        images = {row[model._meta.pk.attname]: row for row in before["rows"][model._meta.label]}  # type: ignore[union-attr]
        for key in restored:
            if key in images:
                moves.restore(model, images[key])
            elif model is not Product:
                model._default_manager.filter(pk=key).delete()
    facts.refold(list(product_ids), now=now)
    moderation.show_what_may_be(list(product_ids))
    moves.rate(product_ids)
