"""More was promised than a shop's number held, with why: from what was promised of it as that began."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.operations.listing import Cell, Choice, Listing, when
from shops.models import Allocation, StockIncident

Cause = Allocation.Cause
WEEK = timedelta(days=7)


def why(incident: StockIncident) -> str:
    """The first of these that holds: nobody has told us more than the shop's number and its staff's words."""
    units = _promised(incident)
    if units[Cause.NOT_FOUND]:
        return _("Staff did not find copies that its number still had.")
    if units[Cause.CANCELLED]:
        return _("A reader took an order back, and the shop has not said that the copies are on the shelf again.")
    if units[Cause.COUNTER]:
        return _("A reservation was paid at the counter: its number and ours both took it off.")
    return _("Its number fell below what was promised: most likely its till sold the copy first.")


def of_what(incident: StockIncident) -> str:
    """What the promised units were, in words."""
    causes = (Cause.LINE, Cause.HOLD, Cause.NOT_FOUND, Cause.COUNTER, Cause.CANCELLED)
    units = _promised(incident)
    line, held, lost, paid, back = numbers = [units[cause] for cause in causes]
    words = [
        ngettext("%(n)s ordered", "%(n)s ordered", line),
        ngettext("%(n)s kept for a reader", "%(n)s kept for readers", held),
        ngettext("%(n)s not found", "%(n)s not found", lost),
        ngettext("%(n)s paid at the counter", "%(n)s paid at the counter", paid),
        ngettext("%(n)s taken back", "%(n)s taken back", back),
    ]
    return ", ".join(text % {"n": number} for number, text in zip(numbers, words, strict=True) if number)


def _promised(incident: StockIncident) -> Counter[str]:
    """Units by cause, of what was open as the incident began."""
    units: Counter[str] = Counter()
    for row in incident.stock_record.allocations.all():
        if row.is_taken_out:  # that is no further promise
            continue
        if row.created_at <= incident.opened_at and (row.ended_at is None or row.ended_at >= incident.opened_at):
            units[row.cause] += row.units
    return units


def _rows() -> QuerySet[StockIncident]:
    promised = Prefetch("stock_record__allocations", queryset=Allocation.objects.order_by("pk"))
    rows = StockIncident.objects.select_related("stock_record__product", "stock_record__partner__shop")
    return rows.prefetch_related(promised).order_by("-opened_at", "-pk")


def _cells(incident: StockIncident) -> list[Cell]:
    record = incident.stock_record
    return [
        Cell(record.product.get_title(), reverse("operations:title", args=[record.product_id])),
        Cell(record.partner.shop.name, reverse("operations:shop", args=[record.partner.shop.pk])),
        Cell(incident.in_stock),
        Cell(f"{incident.allocated} ({of_what(incident)})"),
        Cell(why(incident)),
        Cell(when(incident.opened_at)),
        Cell(when(incident.closed_at)),
    ]


LISTING = Listing(
    gettext_lazy("Oversells"),
    (
        gettext_lazy("Title"),
        gettext_lazy("Shop"),
        gettext_lazy("Its number"),
        gettext_lazy("Promised"),
        gettext_lazy("Why"),
        gettext_lazy("Since"),
        gettext_lazy("Over"),
    ),
    {
        "open": Choice(gettext_lazy("More promised than there is"), lambda now: Q(closed_at=None), urgent=True),
        "week": Choice(gettext_lazy("Begun in 7 days"), lambda now: Q(opened_at__gt=now - WEEK)),
    },
    _rows,
    _cells,
)
