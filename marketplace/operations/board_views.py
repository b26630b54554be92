"""The operator's board: figures, the lists behind them, what is parked, what is checked."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from catalog_sync.titles import asking
from marketplace.catalogue.models import Moderation
from marketplace.operations import health, invariants, parked, roles
from marketplace.operations.access import operator_action, operator_page
from marketplace.operations.listings import LISTINGS, address
from marketplace.payments.models import Difference, Dispute, MoneyCall, MoneyIncident, ProposedPayback, ProposedRefund
from marketplace.readers import reviews
from shops.models import ShopOrder
from shops.orders import again

ROWS_SHOWN = 50
ON_THE_BOARD = ["shops", "feeds", "orders", "oversells", "returns", "incidents", "threads", "payments", "mail"]
VIOLATIONS_SHOWN = 20
# Where else an operator works: label, name of the address.
ELSEWHERE = [
    (gettext_lazy("Categories"), "dashboard:catalogue-category-list"),
    (gettext_lazy("Pages"), "wagtailadmin_home"),
    (gettext_lazy("Accounts and tables"), "admin:index"),
]


@require_safe
@operator_page
def board(request: HttpRequest) -> HttpResponse:
    now, may = timezone.now(), roles.of_request(request)
    groups = []
    for name in ON_THE_BOARD:
        if not roles.may_open(may, "list", name):
            continue
        listing = LISTINGS[name]
        counts = listing.counts(now)
        figures = [
            {
                "label": choice.label,
                "count": counts[key],
                "url": address(name, key),
                "urgent": choice.urgent and counts[key] > 0,
            }
            for key, choice in listing.choices.items()
        ]
        groups.append({"name": name, "heading": listing.heading, "figures": figures})
    context = {
        "groups": groups,
        "parked": parked.count(),
        "figures": [
            {"url": reverse(f"operations:{name}"), "label": label, "count": count()}
            for name, label, count in _to_look_at(now)
            if roles.may_open(may, name)
        ],
        "findings": health.quick_findings(),
        "elsewhere": [(label, reverse(name)) for label, name in ELSEWHERE if _is_mounted(name)],
    }
    return render(request, "operations/board.html", context)


def _to_look_at(now: datetime) -> list[tuple[str, str, Callable[[], int]]]:
    """(page, what waits there, how many): a person must do something today when there are any."""
    return [
        ("questions", _("Which title is it?"), lambda: asking.waiting(now).count()),
        ("moderation", _("Titles to look at"), lambda: Moderation.objects.filter(answer="").count()),
        ("reconciliation", _("Ledger and Stripe differ"), lambda: Difference.objects.filter(closed_at=None).count()),
        ("reviews", _("Reviews to look at"), lambda: reviews.to_look_at().count()),
        ("money", _("Money to look at"), _money),
    ]


@require_safe
@operator_page
def listed(request: HttpRequest, name: str) -> HttpResponse:
    """One list, whole or what one figure counts."""
    listing = LISTINGS.get(name)
    if listing is None:
        raise Http404
    now = timezone.now()
    shown = request.GET.get("show", "")
    rows = listing.rows()
    if choice := listing.choices.get(shown):
        rows = rows.filter(choice.where(now))
    pages = Paginator(rows, ROWS_SHOWN).get_page(request.GET.get("page"))
    counts = listing.counts(now)
    context = {
        "name": name,
        "listing": listing,
        "is_shops": name == "shops",
        "shown": shown if choice else "",
        "choices": [(key, option.label, counts[key]) for key, option in listing.choices.items()],
        "rows": [listing.cells(row) for row in pages],
        "pages": pages,
        "kept": f"show={shown}&" if choice else "",
    }
    return render(request, "operations/list.html", context)


@require_safe
@operator_page
def parked_rows(request: HttpRequest) -> HttpResponse:
    return render(request, "operations/parked.html", {"groups": parked.parked()})


@operator_action
def retry(request: HttpRequest, label: str, row_id: int) -> HttpResponse:
    model = parked.models().get(label)
    if model is None:
        raise Http404
    row = get_object_or_404(model._default_manager, pk=row_id)
    if parked.retry(row, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _("It is tried again now. If it fails again, it comes back here."))
    else:
        messages.info(request, _("It is not parked any more."))
    return redirect("operations:parked")


@operator_action
def order_again(request: HttpRequest, number: str) -> HttpResponse:
    """An order that does not come to its shop: tried again now."""
    shop_order = get_object_or_404(ShopOrder, number=number)
    if again.send_again(shop_order, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _("It is tried again now. If it fails again, it comes back here."))
    else:
        messages.info(request, _("There is nothing to send again: its shop has it, or it is on its way."))
    return redirect(address("orders", "unheard"))


@require_safe
@operator_page
def health_page(request: HttpRequest) -> HttpResponse:
    """All that `doctor` checks; the mail server may take a while to answer."""
    return render(request, "operations/health.html", {"findings": health.findings()})


@operator_page
def verify(request: HttpRequest) -> HttpResponse:
    """Asked by a person, since it reads everything: GET explains, POST checks."""
    if request.method != "POST":
        return render(request, "operations/verify.html", {"names": list(invariants.all_invariants())})
    started = time.monotonic()
    found = [(name, texts[:VIOLATIONS_SHOWN], len(texts)) for name, texts in invariants.violations().items()]
    context = {
        "found": found,
        "broken": sum(count for _name, _texts, count in found),
        "seconds": f"{time.monotonic() - started:.1f}",
    }
    return render(request, "operations/verify.html", context)


def _money() -> int:
    """Incidents, refunds that came back or wait for a second person, disputes that wait for evidence."""
    waiting = Dispute.objects.filter(status=Dispute.Status.NEEDS_RESPONSE, due_at=None, submitted_at=None)
    came_back = MoneyCall.objects.filter(settled_at=None).exclude(failed_at=None)
    asked, besides = (rows.objects.filter(decided_at=None).values("pk") for rows in (ProposedRefund, ProposedPayback))
    found = (MoneyIncident.objects.filter(closed_at=None), came_back, waiting, asked.union(besides, all=True))
    return sum(rows.count() for rows in found)


def _is_mounted(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True
