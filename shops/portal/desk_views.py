"""The door, the queue, the list of all orders, the scan field, what is printed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from catalog_sync.shelves import places
from shops import queries
from shops.models import EarlierOrder, Reservation
from shops.orders.picklists import pick_list
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.order_search import matching, to_pick
from shops.portal.queries import earlier_found, earlier_orders_for
from shops.portal.queue import Status, queue_rows
from shops.portal.queue_context import queue_context
from shops.portal.words import STATUSES

ORDERS_SHOWN = 50
PICKED_AT_ONCE = 200  # orders on one pick list


@login_required
@require_safe
def door(request: HttpRequest) -> HttpResponse:
    """`/portal/`: on to the person's shop or pick-up point, or a list; strangers are told that there is none."""
    shops, points = list(queries.shops_for(request.user).order_by("name")), list(queries.points_for(request.user))
    if len(shops) == 1 and not points:
        return redirect("portal:desk", slug=shops[0].slug)
    if len(points) == 1 and not shops:
        return redirect("portal:point", point_id=points[0].pk)
    status = 200 if shops or points else 404
    return render(request, "portal/door.html", {"shops": shops, "points": points}, status=status)


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps the desk's pages for when there is no connection: it must come from above them."""
    path = finders.find("js/desk-worker.js")
    return HttpResponse(Path(str(path)).read_bytes(), content_type="text/javascript; charset=utf-8")


@login_required
@require_safe
def order_of_any_shop(request: HttpRequest, number: str) -> HttpResponse:
    """The address in mail, which knows the order's number alone."""
    order = queries.order_for(request.user, number)
    if order is None:
        raise Http404
    return redirect("portal:order", slug=order.shop.slug, number=number)


@require_safe
@portal_page
def desk(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return page(request, workplace, "portal/desk.html", queue_context(request, workplace))


@require_safe
@cache_control(private=True, no_cache=True)
@conditional_page
@portal_page
def queue_part(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The queue alone, asked for every 20 s; 304 while nothing has changed."""
    context = queue_context(request, workplace) | {"open_number": request.GET.get("open", "")}
    return page(request, workplace, "portal/parts/queue.html", context)


@require_safe
@portal_page
def orders(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """All orders, newest first; `q` finds as `order_search.matching` does. A single hit opens at once."""
    if "pick" in request.GET:
        return _to_choose(request, workplace, request.GET["pick"].strip()[:100])
    found = queries.orders_for(request.user).filter(shop=workplace.shop)
    text, status = request.GET.get("q", "").strip()[:100], request.GET.get("status", "")
    if status in Status.values:
        found = found.filter(status=status)
    if text:
        found = matching(found, text)
    pages = Paginator(found.prefetch_related("lines"), ORDERS_SHOWN).get_page(request.GET.get("page"))
    if text and pages.paginator.count == 1:
        return redirect("portal:order", slug=workplace.shop.slug, number=pages.object_list[0].number)
    if text and not pages.paginator.count and (back := _sent_back(request, workplace, text)):
        return redirect("portal:return", slug=workplace.shop.slug, pk=back)
    if text and not pages.paginator.count and _is_reserved(workplace, text):
        return redirect("portal:reservations", slug=workplace.shop.slug)
    return page(
        request,
        workplace,
        "portal/orders.html",
        {
            "rows": queue_rows(pages, now=timezone.now()),
            "pages": pages,
            "text": text,
            "status": status,
            "statuses": list(STATUSES.items()),
            "kept": urlencode({"q": text, "status": status}) + "&",
            "earlier": 0 if status else earlier_found(_earlier(request, workplace), text).count(),
        },
    )


@require_safe
@portal_page
def picking(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """What to fetch from the shelves for every accepted order, for print."""
    waiting = queries.orders_for(request.user).filter(shop=workplace.shop, status=Status.ACCEPTED).order_by("pk")
    chosen = list(waiting[:PICKED_AT_ONCE])
    rows = pick_list(*chosen, places=partial(places, workplace.shop.pk))
    context = {
        "rows": rows,
        "shelved": any(row.shelf for row in rows),
        "orders": chosen,
        "beyond": waiting.count() - len(chosen),
    }
    return page(request, workplace, "portal/pick_list.html", context)


def _to_choose(request: StaffRequest, workplace: Workplace, text: str) -> HttpResponse:
    """A book was scanned that several orders wait for: for which of them it is."""
    rows = queue_rows([one.order for one in to_pick(request.user, workplace.shop, text)], now=timezone.now())
    return page(request, workplace, "portal/to_pick.html", {"rows": rows, "scanned": text})


def _earlier(request: StaffRequest, workplace: Workplace) -> QuerySet[EarlierOrder]:
    """What the shop brought along: shown on pages of its own."""
    return earlier_orders_for(request.user).filter(shop=workplace.shop)


def _sent_back(request: StaffRequest, workplace: Workplace, text: str) -> int | None:
    """What a parcel that comes back bears: the number of a return."""
    theirs = queries.returns_for(request.user, workplace.shop).filter(number=text.upper())
    return theirs.values_list("pk", flat=True).first()


def _is_reserved(workplace: Workplace, text: str) -> bool:
    """Whether a reader at the counter told the code of a reservation."""
    code = "".join(text.split()).upper()
    return Reservation.objects.filter(shop=workplace.shop, code=code, ended_at=None).exists()
