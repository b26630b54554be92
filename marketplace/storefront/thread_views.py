"""What a reader and a shop write to each other of an order: for accounts and guests alike, by the order's key."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.apps.order.models import Order

from marketplace.storefront import order_threads, tries
from marketplace.storefront.order_views import order_page
from marketplace.storefront.reader_request import account
from shops.models import Incident, MessageFile, ShopOrder, Side, Thread
from shops.threads import files, incidents, lines, writing
from shops.threads.forms import CloseForm, IncidentForm, WordsForm
from shops.threads.writing import ThreadError

PER_MINUTE = 6


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def words(request: HttpRequest, found: Order, key: str, part: str) -> HttpResponse:
    """The thread of one shop's part; posted to, a message into it."""
    shop_order = _part(found, part)
    if request.method != "POST":
        return _page(request, found, key, shop_order)
    if tries.too_many(request, "words", per_minute=PER_MINUTE):
        return render(request, "storefront/too_often.html", status=429)
    form = WordsForm(request.POST, request.FILES)
    if form.is_valid():
        now = timezone.now()
        try:
            thread = writing.of_order(shop_order, now=now)
            writing.write(thread, Side.READER, form.words(), by=account(request), name=_name(found), now=now)
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Sent to %(shop)s.") % {"shop": shop_order.shop.name})
            return redirect("storefront:order-words", found.number, key, part)
    return _page(request, found, key, shop_order, {"form": form}, status=422)


@require_POST
@order_page
def report(request: HttpRequest, found: Order, key: str, part: str) -> HttpResponse:
    """Something is wrong with it."""
    shop_order, form = _part(found, part), IncidentForm(request.POST, request.FILES)
    if tries.too_many(request, "words", per_minute=PER_MINUTE):
        return render(request, "storefront/too_often.html", status=429)
    if form.is_valid():
        now = timezone.now()
        try:
            incidents.open_one(
                writing.of_order(shop_order, now=now),
                Side.READER,
                form.cleaned_data["reason"],
                form.words(),
                by=account(request),
                who=_who(request, found),
                name=_name(found),
                now=now,
            )
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(shop)s is told, and answers you.") % {"shop": shop_order.shop.name})
            return redirect("storefront:order-words", found.number, key, part)
    return _page(request, found, key, shop_order, {"incident_form": form}, status=422)


@require_POST
@order_page
def settle(request: HttpRequest, found: Order, key: str, part: str) -> HttpResponse:
    """What the reader had said to be wrong is settled."""
    shop_order, form = _part(found, part), CloseForm(request.POST)
    row = get_object_or_404(
        Incident.objects.select_related("thread__shop"), thread__shop_order=shop_order, closed_at=None
    )
    if form.is_valid():
        try:
            done, who = form.cleaned_data["done"], _who(request, found)
            incidents.close(row, Side.READER, done, by=account(request), who=who, now=timezone.now())
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Thank you: it is settled."))
            return redirect("storefront:order-words", found.number, key, part)
    return _page(request, found, key, shop_order, {"close_form": form}, status=422)


@require_safe
@order_page
def file(request: HttpRequest, found: Order, key: str, part: str, pk: int) -> HttpResponse:
    rows = MessageFile.objects.filter(message__thread__shop_order__order=found)
    return files.answer(get_object_or_404(rows, pk=pk, message__thread__shop_order__number=part))


def _page(
    request: HttpRequest,
    found: Order,
    key: str,
    shop_order: ShopOrder,
    forms: Mapping[str, Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    thread = Thread.objects.filter(shop_order=shop_order).select_related("shop").first()
    known: dict[int | None, Thread] = {shop_order.pk: thread} if thread else {}
    running = incidents.running(thread) if thread else None
    context = {
        "order": found,
        "key": key,
        "shop": shop_order.shop,
        "shop_order": shop_order,
        "lines": lines.of_order(shop_order, thread, Side.READER),
        "file_base": order_threads.file_base(found, key, shop_order.number),
        "form": WordsForm(),
        "running": running,
        "incident_form": None if running else IncidentForm(),
        "close_form": CloseForm() if running and incidents.may_close(running, Side.READER) else None,
        **(forms or {}),
    }
    order_threads.seen(request, known)
    return render(request, "storefront/words.html", context, status=status)


def _part(found: Order, part: str) -> ShopOrder:
    return get_object_or_404(ShopOrder.objects.select_related("shop", "order__user"), order=found, number=part)


def _name(found: Order) -> str:
    checkout = getattr(found, "checkout", None)
    return checkout.name if checkout else ""


def _who(request: HttpRequest, found: Order) -> object:
    return request.user if request.user.pk and request.user.pk == found.user_id else f"reader {found.number}"
