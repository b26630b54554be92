"""What an order's page shows of the threads of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.urls import reverse
from oscar.apps.order.models import Order

from marketplace.storefront.order_stations import ShopPart
from shops.models import Side, Thread
from shops.threads import lines, writing
from shops.threads.forms import WordsForm
from shops.threads.lines import Line


@dataclass(frozen=True)
class PartThread:
    """`file_base`: below it, each file by its key."""

    lines: Sequence[Line]
    file_base: str
    form: WordsForm


def with_threads(request: HttpRequest, found: Order, key: str, parts: Sequence[ShopPart]) -> list[ShopPart]:
    """The parts with what was written of each; the same number of queries however many. Looked at, it is seen."""
    orders = [part.shop_order for part in parts]
    rows = Thread.objects.filter(shop_order__in=orders).select_related("shop")
    known = {row.shop_order_id: row for row in rows}
    every = lines.of_orders(orders, known, Side.READER)
    seen(request, known)
    return [
        replace(
            part,
            thread=PartThread(
                every.get(part.shop_order.pk, []),
                file_base(found, key, part.shop_order.number),
                WordsForm(auto_id=f"words{part.shop_order.pk}_%s"),
            ),
        )
        for part in parts
    ]


def file_base(found: Order, key: str, number: str) -> str:
    return reverse("storefront:order-words", args=[found.number, key, number]) + "files/"


def seen(request: HttpRequest, threads: Mapping[int | None, Thread]) -> None:
    """By the reader. Programs that only look at its head have seen nothing, nor has who visits in their place."""
    if request.method == "GET" and not getattr(request, "visit", None):
        writing.look(threads.values(), Side.READER)
