"""Answers of staff. Each is one POST that says which version of the order it answers, and acts once, half a minute
later (`shops.orders.held`): until then it can be undone."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shops import queries
from shops.models import DeskAction
from shops.orders import held
from shops.orders.changing import FulfilmentError
from shops.orders.held import Deed, Press
from shops.portal.access import StaffRequest, Workplace, portal_action
from shops.portal.forms import AcceptForm, DeclineForm, HandOverForm, OrderForm
from shops.portal.order_page import Failed, find, order_page
from shops.portal.pressing import new_once, once_of, pressed

MOST_CHOSEN = 50


@portal_action
def accept_all(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    return _act(request, workplace, number, Failed("accept_all", OrderForm(request.POST)), Deed.ACCEPT)


@portal_action
def accept(request: StaffRequest, workplace: Workplace, number: str, line_id: int) -> HttpResponse:
    form = AcceptForm(request.POST, auto_id=f"accept{line_id}_%s")
    return _act(request, workplace, number, Failed("accept", form, line_id=line_id), Deed.ACCEPT)


@portal_action
def decline(request: StaffRequest, workplace: Workplace, number: str, line_id: int) -> HttpResponse:
    form = DeclineForm(request.POST, auto_id=f"decline{line_id}_%s")
    return _act(request, workplace, number, Failed("decline", form, line_id=line_id), Deed.DECLINE)


@portal_action
def pack(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    return _act(request, workplace, number, Failed("pack", OrderForm(request.POST)), Deed.PACK)


@portal_action
def hand_over(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    form = HandOverForm(request.POST, auto_id="hand_over_%s")
    return _act(request, workplace, number, Failed("hand_over", form), Deed.HAND_OVER)


@portal_action
def put_back(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    sent = Failed("put_back", OrderForm(request.POST))
    return _act(request, workplace, number, sent, Deed.PUT_BACK, _("Put back. It is for sale again."))


@portal_action
def bulk_accept(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """All of each chosen order, as the queue showed it; what is not as it was any more is said, and left."""
    once, taken = request.POST.get("once", "")[:30], 0
    for said in request.POST.getlist("chosen")[:MOST_CHOSEN]:
        number, _sep, version = said.partition(":")
        order = queries.order_for(request.user, number)
        if order is None or order.shop_id != workplace.shop.pk or not version.isdecimal() or len(version) > 9:
            raise Http404
        press = Press(Deed.ACCEPT, int(version), f"{once or new_once()}:{number}")
        try:
            held.press(order, press, by=request.user, now=timezone.now())
            taken += 1
        except FulfilmentError as error:
            messages.warning(request, f"{number}: {error}")
    if taken:
        text = ngettext("%(count)s order accepted.", "%(count)s orders accepted.", taken)
        messages.success(request, text % {"count": taken})
    return redirect("portal:desk", slug=workplace.shop.slug)


@portal_action
def undo(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Without a script too: the button names the deed; back to the order that was open, or to the queue."""
    action = _action(request, workplace)
    try:
        held.undo(action, by=request.user, now=timezone.now())
    except FulfilmentError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Undone. Nothing was sent."))
    number = request.POST.get("from", "")
    if number and number == action.shop_order.number:
        return redirect("portal:order", slug=workplace.shop.slug, number=number)
    return redirect("portal:desk", slug=workplace.shop.slug)


@portal_action
def seen(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Somebody has read that it could not be done."""
    action = _action(request, workplace)
    DeskAction.objects.filter(pk=action.pk, failed_at__isnull=False, seen_at=None).update(seen_at=timezone.now())
    return redirect("portal:order", slug=workplace.shop.slug, number=action.shop_order.number)


def _action(request: StaffRequest, workplace: Workplace) -> DeskAction:
    said = request.POST.get("action", "")
    if not said.isdecimal() or len(said) > 18:
        raise Http404
    return get_object_or_404(queries.desk_actions_for(request.user), pk=int(said), shop=workplace.shop)


def _act(
    request: StaffRequest, workplace: Workplace, number: str, sent: Failed, deed: Deed, said: str = ""
) -> HttpResponse:
    """Check the form, write down what was pressed on the order as the person saw it, show it again. What went wrong is
    said where it was done, and nothing is changed then."""
    shop_order = find(request, workplace, number)
    if sent.line_id and not shop_order.lines.filter(pk=sent.line_id).exists():
        raise Http404
    if not sent.form.is_valid():
        problem = _("This page is too old. Look at the order again.") if "version" in sent.form.errors else ""
        if "queued" in request.POST:
            said = " ".join(str(error) for errors in sent.form.errors.values() for error in errors)
            line_id = sent.line_id or None
            press = Press(deed, 0, once_of(request.POST.get("once", ""), deed, line_id), line_id=line_id)
            held.come_back(shop_order, press, said, by=request.user, now=timezone.now())
        failed = Failed(sent.name, sent.form, problem, sent.line_id)
        return _told(request, order_page(request, workplace, shop_order, failed, status=422))
    now, press = timezone.now(), pressed(deed, sent.form.cleaned_data, line_id=sent.line_id or None)
    try:
        held.press(shop_order, press, by=request.user, now=now)
    except FulfilmentError as error:
        if "queued" in request.POST:  # nobody waits for this answer
            held.come_back(shop_order, press, str(error), by=request.user, now=now)
        failed = Failed(sent.name, sent.form, str(error), sent.line_id)
        return _told(request, order_page(request, workplace, find(request, workplace, number), failed, status=409))
    if said:
        messages.success(request, said)
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


def _told(request: StaffRequest, refused: HttpResponse) -> HttpResponse:
    """What comes late and is refused stands on the desk now: the browser may forget it."""
    if "queued" in request.POST:
        refused["Halles-Desk"] = "told"
    return refused
