"""Orders and statements of an earlier network, to read and to find. Nothing is done with them here."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.payments import statement_files
from shops.models import Condition, EarlierNetwork, EarlierOrder, ShopOrder
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.queries import earlier_found, earlier_orders_for, earlier_statements_for
from shops.portal.words import DELIVERIES, STATUSES

SHOWN = 50
LONGEST = 100
_OPEN = {ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED}


@require_safe
@portal_page
def orders(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Newest first; `q` finds by number, title, ISBN and SKU."""
    text, chosen = request.GET.get("q", "").strip()[:LONGEST], request.GET.get("network", "")
    rows = earlier_found(earlier_orders_for(request.user).filter(shop=workplace.shop), text)
    if chosen.isdecimal() and len(chosen) < 12:
        rows = rows.filter(network=int(chosen))
    pages = Paginator(rows.select_related("network"), SHOWN).get_page(request.GET.get("page"))
    context = {
        "pages": pages,
        "rows": [(row, status_word(row), row.said["lines"]) for row in pages],
        "text": text,
        "chosen": chosen,
        "networks": EarlierNetwork.objects.filter(shop=workplace.shop),
        "kept": urlencode({"q": text, "network": chosen}) + "&",
    }
    return page(request, workplace, "portal/earlier.html", context)


@require_safe
@portal_page
def order(request: StaffRequest, workplace: Workplace, order_id: int) -> HttpResponse:
    mine = earlier_orders_for(request.user).filter(shop=workplace.shop).select_related("network")
    row = get_object_or_404(mine, pk=order_id)
    said: dict[str, Any] = row.said
    conditions = dict(Condition.choices)
    context = {
        "order": row,
        "said": said,
        "status_word": status_word(row),
        "delivery": DELIVERIES.get(said["delivery_kind"], said["delivery_kind"]),
        "answered_at": said["answered_at"] and datetime.fromisoformat(said["answered_at"]),
        "handed_over_at": said["handed_over_at"] and datetime.fromisoformat(said["handed_over_at"]),
        "lines": [(line, conditions.get(line["condition"], line["condition"])) for line in said["lines"]],
    }
    return page(request, workplace, "portal/earlier_order.html", context)


@require_safe
@portal_page
def statement(request: StaffRequest, workplace: Workplace, statement_id: int) -> HttpResponse:
    mine = earlier_statements_for(request.user).filter(shop=workplace.shop)
    row = get_object_or_404(mine, pk=statement_id)
    lines = [
        (line, datetime.fromisoformat(line["at"]), statement_files.WORDS.get(line["kind"], _("Correction")))
        for line in row.lines
    ]
    names = ("goods", "commission", "tax", "other", "transferred")
    sums = {name: getattr(row, f"{name}_minor") for name in names}
    return page(request, workplace, "portal/earlier_statement.html", {"statement": row, "sums": sums, "lines": lines})


def status_word(row: EarlierOrder) -> str:
    """What was still to be done with it there is nothing to do here."""
    if row.status in _OPEN:
        return _("open when it was saved")
    return str(STATUSES[ShopOrder.Status(row.status)])
