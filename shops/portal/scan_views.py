"""The one scan field of the desk: a book is one copy picked, in the open order or in the one that waits for it; a
pick-up code is an order handed over, the shop's own or what another one brought here; anything else is looked for. A
scanner is a keyboard that ends with Enter: a form does, without a script."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from search.text import isbn_query
from shops import queries
from shops.models import DeliveryOption, Parcel, ShopOrder, ShopOrderLine
from shops.orders import carrying, held
from shops.orders.changing import FulfilmentError
from shops.orders.held import Deed, Press
from shops.orders.projecting import Shown, project
from shops.portal.access import StaffRequest, Workplace, portal_action
from shops.portal.order_search import of_book, to_pick
from shops.portal.pressing import new_once

Status = ShopOrder.Status
_WAITING = [Status.NEW, Status.ACCEPTED, Status.PACKED]


@portal_action
def scan(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """`q`: what was scanned or typed; `order`: the open one, if any; `once`: of this scan."""
    text = request.POST.get("q", "").strip()[:100]
    once = request.POST.get("once", "")[:40] or new_once()
    opened = queries.order_for(request.user, request.POST.get("order", "")[:40])
    if opened and opened.shop_id == workplace.shop.pk:
        if rows := of_book(list((shown := _as_shown(opened)).lines.values()), text):
            _pick(request, shown, rows, once)
            return _to(workplace, opened.number)
        if isbn_query(text):
            press = Press(Deed.PICK, opened.version, once)
            _refuse(request, opened, press, _("%(isbn)s is not in this order.") % {"isbn": text})
            return _to(workplace, opened.number)
    collected, carried = _by_code(request, workplace, text, opened), _carried(request, workplace, text)
    if collected and (not carried or collected == opened):
        _hand_over(request, collected, text, once)
        return _to(workplace, collected.number)
    if carried and not collected:
        return _hand_over_carried(request, workplace, carried, text, opened, once)
    if not opened and (answer := _for_book(request, workplace, text, once)):
        return answer
    if "queued" in request.POST:
        return _lost(request, workplace, opened, text, once)
    where = reverse("portal:orders", args=[workplace.shop.slug])
    return _leave(request, f"{where}?{urlencode({'q': text})}")


def _for_book(request: StaffRequest, workplace: Workplace, text: str, once: str) -> HttpResponse | None:
    """A book, and no order is open: picked where one order waits for it; of several a person chooses."""
    waiting = to_pick(request.user, workplace.shop, text)
    if len(waiting) == 1:
        _pick(request, waiting[0], of_book(list(waiting[0].lines.values()), text), once)
        return _to(workplace, waiting[0].order.number)
    if "queued" in request.POST:
        return None
    if waiting:
        where = reverse("portal:orders", args=[workplace.shop.slug])
        return _leave(request, f"{where}?{urlencode({'pick': text})}")
    if isbn_query(text):
        messages.warning(request, _("No order waits for %(isbn)s to be picked.") % {"isbn": text})
    return None


def _as_shown(order: ShopOrder) -> Shown:
    """As it will be once what waits is done: a copy just accepted may be picked."""
    return project(order, order.lines.all(), held.pressed_on(order)[0])


def _pick(request: StaffRequest, shown: Shown, rows: list[ShopOrderLine], once: str) -> None:
    """One copy of the first line of this book that still wants one."""
    row = rows[0]
    press = Press(Deed.PICK, shown.order.version, once, line_id=row.pk, asked={"units": 1})
    if not row.accepted and row.open_units:
        said = _("“%(title)s” is in this order: accept it first.") % {"title": row.title}
        _refuse(request, shown.order, press, said)
        return
    try:
        held.press(shown.order, press, by=request.user, now=timezone.now())
    except FulfilmentError as error:
        _refuse(request, shown.order, press, str(error))
        return
    count = {"picked": row.picked + 1, "most": row.accepted, "title": row.title}
    messages.success(request, _("Picked %(picked)s/%(most)s: %(title)s") % count)


def _by_code(request: StaffRequest, workplace: Workplace, text: str, opened: ShopOrder | None) -> ShopOrder | None:
    """The order that a reader collects with this code; of two with the same, the open one or none."""
    if not (code := _code(text)):
        return None
    mine = queries.orders_for(request.user).filter(shop=workplace.shop, delivery_kind=DeliveryOption.Kind.PICKUP)
    found = list(mine.filter(pickup_code=code, status__in=_WAITING).select_related("shop", "order")[:10])
    if len(found) > 1:
        found = [order for order in found if opened and order.pk == opened.pk]
    return found[0] if found else None


def _carried(request: StaffRequest, workplace: Workplace, text: str) -> list[Parcel]:
    """What of another shop's order a reader collects here with this code; of two orders with the same, none."""
    if not (code := _code(text)):
        return []
    here = queries.parcels_for(request.user).filter(carried_to=workplace.shop, shop_order__pickup_code=code)
    found = list(here.filter(collected_at=None, missing_ended_at=None)[:10])
    return found if len({parcel.shop_order_id for parcel in found}) == 1 else []


def _code(text: str) -> str:
    code = "".join(text.split()).upper()
    return code if 4 <= len(code) <= 12 else ""


def _hand_over_carried(
    request: StaffRequest, workplace: Workplace, parcels: list[Parcel], text: str, opened: ShopOrder | None, once: str
) -> HttpResponse:
    """All of it that has arrived. At once, as on the page of what is handed over for others, to which it leads."""
    here = [parcel for parcel in parcels if parcel.arrived_at] or parcels
    number = here[0].shop_order.number
    try:
        with transaction.atomic():
            for parcel in here:
                carrying.collect(parcel, code=text, by=request.user, now=timezone.now())
    except FulfilmentError as error:
        if "queued" in request.POST:
            return _lost(request, workplace, opened, text, once)
        messages.warning(request, f"{number}: {error}")
    else:
        messages.success(request, _("%(number)s: handed over.") % {"number": number})
    return _leave(request, reverse("portal:for-others", args=[workplace.shop.slug]))


def _hand_over(request: StaffRequest, order: ShopOrder, code: str, once: str) -> None:
    press = Press(Deed.HAND_OVER, _as_shown(order).order.version, once, code=code)
    try:
        held.press(order, press, by=request.user, now=timezone.now())
    except FulfilmentError as error:
        _refuse(request, order, press, str(error))
    else:
        messages.success(request, _("%(number)s: handed over.") % {"number": order.number})


def _refuse(request: StaffRequest, order: ShopOrder, press: Press, why: str) -> None:
    if "queued" in request.POST:  # scanned without a connection: nobody reads this answer
        held.come_back(order, press, why, by=request.user, now=timezone.now())
    else:
        messages.warning(request, why)


def _lost(request: StaffRequest, workplace: Workplace, opened: ShopOrder | None, text: str, once: str) -> HttpResponse:
    """Scanned without a connection, and nothing is found by it: perhaps a code with a slip, of a reader who has left
    with the book. It stands at the order that was open, or in the browser that scanned it."""
    if opened is None or opened.shop_id != workplace.shop.pk:
        return HttpResponse(status=409)
    press = Press(Deed.HAND_OVER, opened.version, once)
    _refuse(request, opened, press, _("“%(text)s” was scanned, and finds no order here.") % {"text": text})
    return _to(workplace, opened.number)


def _to(workplace: Workplace, number: str) -> HttpResponse:
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


def _leave(request: StaffRequest, where: str) -> HttpResponse:
    if not request.htmx:
        return redirect(where)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = where
    return response
