"""What readers write to the shop, and its answers: the inbox, one thread, its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops import queries
from shops.models import Incident, MessageFile, QuickReply, ShopOrder, Side, Thread
from shops.orders import reader_mail, sight
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.order_page import find
from shops.portal.threads_queue import SHOWN, address, thread_rows, to_answer, told
from shops.threads import files, incidents, lines, writing
from shops.threads.forms import CloseForm, IncidentForm, WordsForm
from shops.threads.writing import ThreadError

OF_QUESTION = ("write", "settle")
OF_ORDER = (*OF_QUESTION, "wrong", "settled")


@dataclass(frozen=True)
class Opened:
    """A thread, which an order may not have yet."""

    thread: Thread | None
    shop_order: ShopOrder | None = None

    @property
    def language(self) -> str:
        """Its reader's."""
        if self.thread:
            return self.thread.language
        return reader_mail.language_of(self.shop_order.order) if self.shop_order else "fr"


@require_safe
@portal_page
def inbox(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """What is to be answered first, then all, the last word first."""
    now = timezone.now()
    theirs, before = queries.threads_for(request.user, workplace.shop), sight.since(now)
    pages = Paginator(told(theirs, before=before).order_by("-last_at", "-pk"), SHOWN).get_page(request.GET.get("page"))
    context = {
        "waiting": thread_rows(told(to_answer(theirs), before=before)[:SHOWN], workplace.shop, now=now),
        "rows": thread_rows(pages, workplace.shop, now=now),
        "pages": pages,
        "kept": "",
    }
    return page(request, workplace, "portal/messages.html", context)


@require_safe
@portal_page
def thread(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    opened = _opened(request, workplace, pk)
    if opened.thread and opened.shop_order:
        return redirect(address(opened.thread))
    return _page(request, workplace, opened)


@require_safe
@portal_page
def of_order(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    return _page(request, workplace, _of_order(request, workplace, number))


@portal_action
def act(request: StaffRequest, workplace: Workplace, pk: int, deed: str) -> HttpResponse:
    if deed not in OF_QUESTION:
        raise Http404
    return _act(request, workplace, _opened(request, workplace, pk), deed)


@portal_action
def act_of_order(request: StaffRequest, workplace: Workplace, number: str, deed: str) -> HttpResponse:
    if deed not in OF_ORDER:
        raise Http404
    opened = _of_order(request, workplace, number)
    if opened.thread is None and opened.shop_order and deed in ("write", "wrong"):
        opened = Opened(writing.of_order(opened.shop_order, now=timezone.now()), opened.shop_order)
    return _act(request, workplace, opened, deed)


@require_safe
@portal_page
def file(request: StaffRequest, workplace: Workplace, file_id: int) -> HttpResponse:
    theirs = queries.threads_for(request.user, workplace.shop)
    return files.answer(get_object_or_404(MessageFile, pk=file_id, message__thread__in=theirs))


def _act(request: StaffRequest, workplace: Workplace, opened: Opened, deed: str) -> HttpResponse:
    """One deed; what cannot be done is said where it was sent."""
    if opened.thread is None:
        return redirect("portal:order-thread", workplace.shop.slug, opened.shop_order.number)  # type: ignore[union-attr]
    forms: dict[str, Form] = {
        "write": WordsForm(request.POST, request.FILES),
        "wrong": IncidentForm(request.POST, request.FILES),
        "settled": CloseForm(request.POST),
        "settle": Form(request.POST),
    }
    form = forms[deed]
    if form.is_valid():
        try:
            messages.success(request, _done(request, opened.thread, form, deed))
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            return redirect(address(opened.thread))
    name = {"write": "form", "wrong": "incident_form", "settled": "close_form"}.get(deed, "form")
    return _page(request, workplace, opened, {name: form}, status=422)


def _done(request: StaffRequest, row: Thread, form: Any, deed: str) -> str:
    now, by, name = timezone.now(), request.user, request.user.get_full_name()
    if deed == "settle":
        writing.settle(row, by=by, now=now)
        return _("Noted: nothing is to be answered.")
    if deed == "settled":
        running = get_object_or_404(Incident.objects.select_related("thread__shop"), thread=row, closed_at=None)
        incidents.close(running, Side.SHOP, form.cleaned_data["done"], by=by, who=by, now=now)
        return _("Settled; the reader is told.")
    if deed == "wrong":
        reason = form.cleaned_data["reason"]
        incidents.open_one(row, Side.SHOP, reason, form.words(), by=by, who=by, name=name, now=now)
        return _("Said; the reader is told.")
    writing.write(row, Side.SHOP, form.words(), by=by, name=name, now=now)
    return _("Sent to the reader.")


def _page(
    request: StaffRequest,
    workplace: Workplace,
    opened: Opened,
    forms: dict[str, Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    row, order, shop = opened.thread, opened.shop_order, workplace.shop
    replies = list(QuickReply.objects.filter(shop=shop)) if workplace.can_work else []
    chosen = next((reply for reply in replies if str(reply.pk) == request.GET.get("reply")), None)
    running = incidents.running(row) if row else None
    working: dict[str, object] = {}
    if workplace.can_work:
        working = {
            "form": WordsForm(text=chosen.text(opened.language) if chosen else ""),
            "replies": replies,
            "incident_form": IncidentForm() if order and not running else None,
            "close_form": CloseForm() if running and incidents.may_close(running, Side.SHOP) else None,
            **(forms or {}),
        }
        writing.look([row] if row else [], Side.SHOP)
    context = {
        "thread": row,
        "order": order,
        "running": running,
        "lines": lines.of_order(order, row, Side.SHOP) if order else lines.of(row, Side.SHOP) if row else [],
        "language": opened.language,
        **working,
    }
    return page(request, workplace, "portal/thread.html", context, status=status)


def _opened(request: StaffRequest, workplace: Workplace, pk: int) -> Opened:
    rows = queries.threads_for(request.user, workplace.shop).select_related("shop", "product", "shop_order__order")
    row = get_object_or_404(rows, pk=pk)
    return Opened(row, row.shop_order)


def _of_order(request: StaffRequest, workplace: Workplace, number: str) -> Opened:
    order = find(request, workplace, number)
    rows = Thread.objects.select_related("shop", "shop_order__order")
    return Opened(rows.filter(shop_order=order).first(), order)
