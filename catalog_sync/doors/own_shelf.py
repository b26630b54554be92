"""What stands on the shelf of a shop that types its articles: its last number, less what has left since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog_sync.doors import giving_way
from catalog_sync.models import TYPED, Feed, OwnArticle
from shops.models import Allocation, Availability, Condition, DeskAction, Shop, StockTerms
from shops.moving_promises import LEFT_AT


class RefusedError(Exception):
    """What was typed is not kept; the message says why."""


class MeanwhileError(RefusedError):
    """Another number stands there than the page showed."""

    def __init__(self, units: int) -> None:
        self.units = units
        words = ngettext(
            "It says %(units)s copy meanwhile. Nothing was changed: look again.",
            "It says %(units)s copies meanwhile. Nothing was changed: look again.",
            units,
        )
        super().__init__(words % {"units": units})


def types_alone() -> Q:
    """Of shops: those whose stock is what they type. No complete list says how old it is: each number does."""
    active = Feed.objects.filter(active=True)
    typed, lists = active.filter(kind=TYPED), active.exclude(kind=TYPED)
    return Q(pk__in=typed.values("shop")) & ~Q(pk__in=lists.values("shop"))


def has_fresh(shop: Shop, *, now: datetime) -> bool:
    """Whether the number of some article, said by itself, is young enough to be sold online."""
    since = now - timedelta(hours=shop.freshness_hours)
    there = StockTerms.objects.filter(stock_record__partner=shop.partner_id, stock_record__num_in_stock__gt=0)
    return there.filter(retired_at=None, availability=Availability.IN_STOCK, as_of__gte=since).exists()


class OnShelf(NamedTuple):
    """`units`: what stands in the shop now, by the last number and what was handed over since; `promised` of them."""

    units: int
    promised: int


def on_shelf(articles: Sequence[OwnArticle], *, at: datetime) -> dict[str, OnShelf]:
    """{sku: what stands there}. The number that was typed, less what has left since by the shop's own word: a number
    read at `at` is free of that, and ends what is promised of it. One query."""
    if not articles:
        return {}
    partner = articles[0].feed.shop.partner_id
    open_ = Allocation.objects.filter(ended_at=None, stock_record__partner=partner)
    named = open_.filter(stock_record__partner_sku__in=[each.sku for each in articles])
    counted = {article.sku: article.counted_at for article in articles}
    left, promised = Counter[str](), Counter[str]()
    # What left before the number was typed, and the shop's own number contains later, would be taken off again.
    for sku, cause, units, left_at in named.annotate(left_at=LEFT_AT).values_list(
        "stock_record__partner_sku", "cause", "units", "left_at"
    ):
        if left_at is not None and left_at <= at:
            left[sku] += units if left_at > counted[sku] else 0  # else the number was typed without it
        elif cause == Allocation.Cause.LINE:
            promised[sku] += units
    return {each.sku: OnShelf(max(0, each.units - left[each.sku]), promised[each.sku]) for each in articles}


def promised_of(article: OwnArticle, *, at: datetime) -> int:
    """Copies that are promised of it and had not left by `at`: to orders, to who pays or has reserved, or taken back
    and not said to be on the shelf again."""
    open_ = Allocation.objects.filter(
        ended_at=None, stock_record__partner=article.feed.shop.partner_id, stock_record__partner_sku=article.sku
    )
    rows = open_.exclude(cause=Allocation.Cause.NOT_FOUND).annotate(left_at=LEFT_AT).values_list("units", "left_at")
    return sum(units for units, left_at in rows if left_at is None or left_at > at)


def check(shop: Shop, *, gtin: int | None, condition: str, sku: str) -> None:
    """Whether an article may be typed now. RefusedError: another list of the shop sells the same copies, or some of
    them are being handed over, which the desk can undo yet: nobody knows whether the number is free of those."""
    if gtin is not None and condition == Condition.NEW and giving_way.listed(shop.pk).filter(gtin=gtin).exists():
        raise RefusedError(_("Your list has it already: it would be sold twice. Change its number there."))
    leaving = DeskAction.objects.filter(shop=shop, deed=DeskAction.Deed.HAND_OVER, due_at__isnull=False)
    if leaving.filter(shop_order__lines__stock_record__partner_sku=sku, parked_at=None).exists():
        raise RefusedError(_("A copy of it is being handed over. Count again in half a minute."))
