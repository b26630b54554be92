"""One title that is two: offers chosen by a person go to a title of their own, with what feeds say of them.

What names an offer goes along: lines of baskets and orders. Reviews and wishes stay, for nobody knows which of the two
was meant. A title that was emptied by a join comes back where what is parted has its number; else a new one is made.
The articles are pinned: the number that they name brings them back no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.catalogue.models import Product

from catalog_sync.identifiers import gtin_text
from catalog_sync.models import PinnedArticle, SourceRecord, TitleMove
from catalog_sync.titles import facts, joining, moves
from catalog_sync.titles.joining import MoveError
from marketplace.catalogue import changes
from marketplace.catalogue.models import Moderation, OtherGtin, ProductRedirect
from marketplace.catalogue.slugs import slug

_TITLE_LENGTH = 255  # Oscar's column


def part(product: Product, keys: Sequence[str], *, by: Any, reason: str, now: datetime) -> TitleMove:
    """The articles with these keys (`moves.Article.key`) leave the title for another one. Raises `MoveError`."""
    with transaction.atomic():
        moves.lock([product.pk])
        found = moves.articles_of(product.pk)
        chosen = [article for article in found if article.key in set(keys)]
        stays = [article for article in found if article.key not in set(keys)]
        if moves.is_emptied(product.pk):
            raise MoveError(_("This title was joined with another one; open that one."))
        if len(chosen) < len(set(keys)) or not chosen:
            raise MoveError(_("Choose one or more of the offers that this title has now."))
        if not stays:
            raise MoveError(_("One offer must stay: without any there is nothing to part."))
        rows = moves.images([product.pk])
        target = _emptied(product, _numbers(chosen), _numbers(stays)) or _new(product, chosen)
        before = _move(chosen, product.pk, target.pk) | {"rows": rows}
        facts.refold([product.pk, target.pk], now=now)
        before["folded_at"] = joining.folded_at(product.pk)
        changes.mark([product.pk, target.pk])
        return joining.keep_move(TitleMove.Kind.PART, product.pk, target.pk, before, by=by, reason=reason, now=now)


def _numbers(articles: Sequence[moves.Article]) -> set[int]:
    return {record.gtin for article in articles for record in article.records if record.gtin}


def _emptied(product: Product, numbers: set[int], stay: set[int]) -> Product | None:
    """The emptied title that has one of these numbers, which goes along unless it is one of those that stay."""
    emptied = ProductRedirect.objects.filter(product_id=product.pk).select_related("old").order_by("old_id")
    for redirect in emptied:
        gtin = moves.gtin_of(redirect.old)
        if gtin in numbers - stay:
            OtherGtin.objects.filter(gtin=gtin, product_id=product.pk).delete()
            ProductRedirect.objects.filter(pk=redirect.pk).delete()
            _give_back(redirect.old, product.pk, stay)
            return redirect.old
    return None


def _give_back(old: Product, source: int, stay: set[int]) -> None:
    """What its join took along beside offers: edits, other numbers, and titles that had been joined with it."""
    joins = TitleMove.objects.filter(kind=TitleMove.Kind.JOIN, from_product_id=old.pk, undone_at=None)
    before = joins.order_by("-pk").values_list("before", flat=True).first()
    if before is None:
        return
    edits = moves.Follow("titles.FactEdit")
    moves.move(edits, before["moved"][edits.key], old.pk, still=source)
    OtherGtin.objects.filter(product_id=source, gtin__in={*before["gtins"]} - stay).update(product_id=old.pk)
    joined = ProductRedirect.objects.filter(product_id=source, old_id__in=before["redirects"])
    joined.exclude(old__upc__in=[gtin_text(gtin) for gtin in stay]).update(product_id=old.pk)


def _new(product: Product, chosen: Sequence[moves.Article]) -> Product:
    """A new title, which waits for an operator's yes, or has his no, as the one that it leaves."""
    said = next((record.title for article in chosen for record in article.records if record.title), "")
    title = (said or product.title)[:_TITLE_LENGTH]
    hidden = Moderation.objects.filter(product=product).exclude(answer=Moderation.Answer.YES).first()
    made = Product.objects.create(
        title=title,
        slug=slug(title),
        product_class_id=product.product_class_id,
        is_public=hidden is None,
    )
    if hidden is not None:
        hidden.product = made
        hidden.save(force_insert=True)
    return made


def _move(chosen: Sequence[moves.Article], source: int, target: int) -> dict[str, Any]:
    """The rows of these articles to another title. Returns what undoing needs."""
    offers = sorted(article.stock_record_id for article in chosen if article.stock_record_id)
    before: dict[str, Any] = {"moved": {}, "merged": [], "articles": []}
    for follow in moves.FOLLOWS:
        if follow.model == moves.STOCK:
            before["moved"][follow.key] = moves.move(follow, offers, target)
        elif column := moves.OF_AN_OFFER.get(follow.model):
            rows = follow.rows.filter(**{f"{column}__in": offers, follow.column: source})
            before["moved"][follow.key] = moves.move(follow, list(rows.values_list("pk", flat=True)), target)
    lines = BasketLine.objects.filter(stockrecord_id__in=offers, product_id=source)
    before["baskets"] = moves.carry_basket_lines(lines, target, before["merged"])
    for record in [record for article in chosen for record in article.records]:
        SourceRecord.objects.filter(feed_id=record.feed_id, sku=record.sku).update(product_id=target)
        before["articles"].append([record.feed_id, record.sku])
    pinned = set(PinnedArticle.objects.filter(pk__in=offers).values_list("pk", flat=True))
    before["pinned"] = [pk for pk in offers if pk not in pinned]
    PinnedArticle.objects.bulk_create(PinnedArticle(stock_record_id=pk) for pk in before["pinned"])
    return before
