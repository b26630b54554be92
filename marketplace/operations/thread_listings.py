"""The board's lists of what is wrong with orders, and of what readers and shops write."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.operations.listing import Cell, Choice, Listing, short, when
from shops.models import Incident, Thread

LATE_ANSWER = timedelta(days=2)
WEEK = timedelta(days=7)


def _incident_cells(row: Incident) -> list[Cell]:
    order = row.thread.shop_order
    return [
        Cell(order.number if order else "", reverse("operations:thread", args=[row.thread_id])),
        Cell(row.thread.shop.name, row.thread.shop.get_absolute_url()),
        Cell(row.get_reason_display()),
        Cell(row.get_opened_by_display()),  # type: ignore[attr-defined]
        Cell(when(row.opened_at)),
        Cell(when(row.due_at)),
        Cell(when(row.closed_at)),
        Cell(short(row.done)),
    ]


def _thread_cells(row: Thread) -> list[Cell]:
    about = row.shop_order.number if row.shop_order else row.product.title if row.product else _("A question")
    return [
        Cell(about, reverse("operations:thread", args=[row.pk])),
        Cell(row.shop.name, row.shop.get_absolute_url()),
        Cell(when(row.created_at)),
        Cell(when(row.last_at)),
        Cell(when(row.waits_since)),
        Cell(row.shop.phone or row.shop.email),
    ]


def _late(now: datetime) -> Q:
    return Q(waits_since__lt=now - LATE_ANSWER)


OF_THREADS: dict[str, Listing] = {
    "incidents": Listing(
        _("Incidents"),
        (
            _("Order"),
            _("Shop"),
            _("What is wrong"),
            _("Said by"),
            _("Since"),
            _("The shop’s until"),
            _("Settled"),
            _("What was done"),
        ),
        {
            "ours": Choice(
                _("For the network to settle"), lambda now: Q(escalated_at__isnull=False, closed_at=None), urgent=True
            ),
            "open": Choice(_("With the shop"), lambda now: Q(escalated_at=None, closed_at=None)),
            "settled": Choice(_("Settled in 7 days"), lambda now: Q(closed_at__gt=now - WEEK)),
        },
        lambda: Incident.objects.select_related("thread__shop", "thread__shop_order").order_by("due_at", "pk"),
        _incident_cells,
    ),
    "threads": Listing(
        _("Messages"),
        (_("About"), _("Shop"), _("Begun"), _("Last word"), _("The reader waits since"), _("Reach the shop")),
        {
            "late": Choice(_("Reader waits for two days"), _late, urgent=True),
            "waiting": Choice(_("Reader waits"), lambda now: Q(waits_since__isnull=False)),
            "week": Choice(_("Written in 7 days"), lambda now: Q(last_at__gt=now - WEEK)),
        },
        lambda: (
            Thread.objects.filter(confirmed_at__isnull=False)
            .select_related("shop", "shop_order", "product")
            .order_by("-last_at", "-pk")
        ),
        _thread_cells,
    ),
}
