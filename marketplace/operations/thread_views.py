"""What readers and shops write to each other, for the network: to read, to join in, to settle what is wrong."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.models import User
from marketplace.operations.access import operator_action, operator_page
from shops.models import Incident, MessageFile, ShopOrder, Side, Thread
from shops.threads import files, incidents, letters, lines, writing
from shops.threads.forms import CloseForm, WordsForm
from shops.threads.writing import ThreadError


@require_safe
@operator_page
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(pk)
    writing.look([row], Side.NETWORK)
    return _page(request, row)


@operator_action
def of_order(request: HttpRequest, number: str) -> HttpResponse:
    """On to the thread of a shop order, begun where there is none yet."""
    order = get_object_or_404(ShopOrder.objects.select_related("shop", "order__user"), number=number)
    return redirect("operations:thread", writing.of_order(order, now=timezone.now()).pk)


@operator_action
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """To reader and shop alike."""
    row, form = _find(pk), WordsForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            by = _person(request)
            writing.write(row, Side.NETWORK, form.words(), by=by, name=by.get_full_name(), now=timezone.now())
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Sent to the reader and the shop."))
            return redirect("operations:thread", pk)
    return _page(request, row, form=form, status=422)


@operator_action
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """An incident, with what was done about it."""
    row, form = _find(pk), CloseForm(request.POST)
    running = get_object_or_404(Incident.objects.select_related("thread__shop"), thread=row, closed_at=None)
    if form.is_valid():
        try:
            by = _person(request)
            incidents.close(running, Side.NETWORK, form.cleaned_data["done"], by=by, who=by, now=timezone.now())
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Settled; reader and shop are told."))
            return redirect("operations:thread", pk)
    return _page(request, row, close_form=form, status=422)


@require_safe
@operator_page
def file(request: HttpRequest, pk: int, file_id: int) -> HttpResponse:
    return files.answer(get_object_or_404(MessageFile, pk=file_id, message__thread=pk))


def _page(
    request: HttpRequest,
    row: Thread,
    *,
    form: WordsForm | None = None,
    close_form: CloseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    running = incidents.running(row)
    context = {
        "thread": row,
        "shop": row.shop,
        "about": letters.about(row),
        "reader": letters.reader_address(row),
        "lines": lines.of(row, Side.NETWORK),
        "running": running,
        "form": form or WordsForm(),
        "close_form": (close_form or CloseForm()) if running else None,
    }
    return render(request, "operations/thread.html", context, status=status)


def _find(pk: int) -> Thread:
    rows = Thread.objects.filter(confirmed_at__isnull=False)
    return get_object_or_404(rows.select_related("shop", "product", "shop_order__order__user"), pk=pk)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
