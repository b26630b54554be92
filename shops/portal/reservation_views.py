"""Copies that readers have had set aside: keep, sold at the counter, cannot be kept."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops import reservations
from shops.models import Reservation
from shops.orders import sight
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.reservations import AT_THE_SHOP, ReservationError, State

SHOWN_DONE = 20


def _release(row: Reservation, **who: object) -> None:
    reservations.give_up(row, state=State.RELEASED, **who)  # type: ignore[arg-type]  # by and now


def _sell(row: Reservation, *, paid_with: str, **who: object) -> None:
    kinds = Reservation.PaidWith
    reservations.sell(row, paid_with=paid_with if paid_with in kinds.values else kinds.CASH, **who)  # type: ignore[arg-type]


DEEDS: dict[str, Callable[..., None]] = {
    "keep": reservations.keep,
    "sell": _sell,
    "release": _release,
}


@require_safe
@portal_page
def listed(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """What is to be set aside first, then what waits for its reader, then what is over."""
    mine = Reservation.objects.filter(shop=workplace.shop)
    running = list(mine.filter(state__in=AT_THE_SHOP).order_by("expires_at", "pk"))
    over = mine.exclude(ended_at=None).exclude(state=State.EXPIRED, reminded_at=None)
    context = {
        "to_keep": [row for row in running if row.state == State.OPEN],
        "kept": [row for row in running if row.state == State.KEPT],
        "seen_since": sight.since(timezone.now()),
        "over": over.order_by("-ended_at")[:SHOWN_DONE],
    }
    return page(request, workplace, "portal/reservations.html", context)


@portal_action
def act(request: StaffRequest, workplace: Workplace, pk: int, deed: str) -> HttpResponse:
    if deed not in DEEDS:
        raise Http404
    row = get_object_or_404(Reservation.objects.select_related("shop"), pk=pk, shop=workplace.shop)
    try:
        how = {"paid_with": request.POST.get("paid_with", "")} if deed == "sell" else {}
        DEEDS[deed](row, by=request.user, now=timezone.now(), **how)
    except ReservationError:
        messages.warning(request, _("This reservation is over, or someone was quicker. Here is how it stands now."))
    else:
        said = {
            "keep": _("Set aside. The reader is told."),
            "sell": _(
                "Sold. Ring it up in your till as usual; the commission is kept back from what you are paid next."
            ),
            "release": _("Given up. The reader is told."),
        }
        messages.success(request, said[deed])
    return redirect("portal:reservations", slug=workplace.shop.slug)
