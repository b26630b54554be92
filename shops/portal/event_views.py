"""The shop's events: those written here, those from its calendar, and how that was read last."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.agenda import calendars, own, words
from marketplace.agenda.models import Event, ShopCalendar
from marketplace.foundation import audit
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.event_forms import CalendarForm, EventForm

MOST_SHOWN = 200
SHOWN_AFTER = timedelta(days=31)


@require_safe
@portal_page
def events(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _events(request, workplace, None)


@require_safe
@portal_page
def new(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _form(request, workplace, EventForm(Event(shop=workplace.shop), _zone(workplace)))


@require_safe
@portal_page
def change(request: StaffRequest, workplace: Workplace, event_id: int) -> HttpResponse:
    return _form(request, workplace, EventForm(_own(workplace, event_id), _zone(workplace)))


@portal_action
def save(request: StaffRequest, workplace: Workplace, event_id: int | None = None) -> HttpResponse:
    event = _own(workplace, event_id) if event_id else Event(shop=workplace.shop)
    form = EventForm(event, _zone(workplace), request.POST)
    if not form.is_valid():
        return _form(request, workplace, form, status=422)
    own.keep(form.filled(), by=request.user, now=timezone.now(), once=form.cleaned_data["once"])
    messages.success(request, _("Saved."))
    return redirect("portal:events", slug=workplace.shop.slug)


@portal_action
def cancel(request: StaffRequest, workplace: Workplace, event_id: int) -> HttpResponse:
    event = _own(workplace, event_id)
    if "delete" in request.POST:
        own.delete(event, by=request.user)
        messages.success(request, _("The event is deleted."))
    else:
        own.cancel(event, by=request.user, now=timezone.now(), cancelled="restore" not in request.POST)
        messages.success(request, _("The event is cancelled.") if event.cancelled else _("The event takes place."))
    return redirect("portal:events", slug=workplace.shop.slug)


@portal_action
def save_calendar(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = CalendarForm(request.POST)
    if not form.is_valid():
        return _events(request, workplace, form)
    address, shop = form.cleaned_data["address"], workplace.shop
    calendars.set_address(shop, address, now=timezone.now())
    audit.record("shop.calendar", shop, by=request.user, shop_id=shop.pk, reads_one=bool(address))
    messages.success(request, _("Your calendar is read in a minute.") if address else _("Saved."))
    return redirect("portal:events", slug=shop.slug)


def _events(request: StaffRequest, workplace: Workplace, form: CalendarForm | None) -> HttpResponse:
    shop = workplace.shop
    found = Event.objects.filter(shop=shop, ends__gte=timezone.now() - SHOWN_AFTER)
    calendar = ShopCalendar.objects.filter(shop=shop).first()
    context = {
        "events": found.order_by("begins", "pk")[:MOST_SHOWN],
        "calendar": calendar,
        "error": words.reason(calendar.last_error) if calendar else "",
        "cut": words.reason(calendar.cut) if calendar else "",
        "refused": [(line, title, words.reason(code)) for line, title, code in calendar.refused] if calendar else [],
        "form": form or CalendarForm(initial={"address": calendar.address if calendar else ""}),
    }
    return page(request, workplace, "portal/events.html", context, status=422 if form else 200)


def _form(request: StaffRequest, workplace: Workplace, form: EventForm, status: int = 200) -> HttpResponse:
    if not workplace.can_work:
        return page(request, workplace, "portal/only_look.html", status=403)
    return page(request, workplace, "portal/event.html", {"form": form, "event": form.event}, status=status)


def _own(workplace: Workplace, event_id: int) -> Event:
    """Of those written here: what comes from a calendar is changed there."""
    return get_object_or_404(Event, pk=event_id, shop=workplace.shop, source=Event.Source.OWN)


def _zone(workplace: Workplace) -> ZoneInfo:
    return ZoneInfo(workplace.shop.timezone)
