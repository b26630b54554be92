"""What happens in the shops: the agenda as a list and as a month, each event, and calendars to subscribe to."""

from __future__ import annotations

import calendar
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from marketplace.agenda import publishing, upcoming
from marketplace.agenda.models import Event
from marketplace.agenda.upcoming import Shown
from marketplace.foundation import network
from marketplace.storefront import event_filters, place_views, places, structured
from marketplace.storefront.event_filters import EventChoices
from marketplace.storefront.feed_views import kept
from search import directory
from search.availability import Place
from search.reader import Reader, reader_of

ON_A_PAGE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the month's table; None of the neighbouring months'."""

    date: date
    is_today: bool
    events: list[Shown]


def events(request: HttpRequest) -> HttpResponse:
    """`/events/`: all of its state is in the address, but for a place that the reader keeps."""
    reader = reader_of(request)
    chosen = event_filters.choices(request.GET)
    place, wrong, others = _place(chosen, reader)
    shops = chosen.shop_ids(place)
    context = {
        "chosen": chosen,
        "chips": event_filters.chips(chosen),
        "place": place,
        "wrong_place": wrong,
        "other_places": [(name, chosen.parameters(near=name)) for name in others],
        "cards": directory.active().values(),
        "radii": place_views.RADII_KM,
        "cities": places.cities(),
        "reader": reader,
        "today": upcoming.today(reader.now, chosen.shop),
        "file": _file(request, chosen),
    }
    shown = _month(chosen, shops, place, reader) if chosen.month else _list(chosen, shops, place, reader)
    return render(request, "storefront/events.html", context | shown)


def event(request: HttpRequest, pk: int) -> HttpResponse:
    """`/events/…/`"""
    reader = reader_of(request)
    found = upcoming.shown([get_object_or_404(Event, pk=pk)], reader.place)
    if not found:  # its shop is not on sale
        raise Http404
    shown = found[0]
    context = {
        "shown": shown,
        "event": shown.event,
        "card": shown.card,
        "place": publishing.place_of(shown.event, shown.card),
        "is_over": shown.event.ends < reader.now,
        "structured": structured.block([structured.event(request, shown)]),
        "reader": reader,
    }
    return render(request, "storefront/event.html", context)


def events_calendar(request: HttpRequest) -> HttpResponse:
    """`/events/calendar.ics`, of the same filters as the page; the reader's own place counts only where it is named."""
    chosen = event_filters.choices(request.GET)
    place = places.find(chosen.near, radius_km=chosen.km or place_views.RADII_KM[0]).place if chosen.near else None
    if chosen.km is not None and place is None:
        raise Http404
    return _calendar(request, _("Events – %(name)s") % {"name": network.current().name}, chosen.shop_ids(place))


def shop_calendar(request: HttpRequest, slug: str) -> HttpResponse:
    """`/shops/…/calendar.ics`"""
    card = directory.by_slug(slug)
    if card is None:
        raise Http404
    return _calendar(request, _("Events – %(name)s") % {"name": card.name}, {card.pk})


def one_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """`/events/….ics`: a single event, to put into one's own calendar."""
    card = directory.active().get(get_object_or_404(Event, pk=pk).shop_id)
    if card is None:
        raise Http404
    content = publishing.calendar(card.name, Event.objects.filter(pk=pk), directory.active())
    return kept(request, HttpResponse(content, content_type="text/calendar; charset=utf-8"))


def _calendar(request: HttpRequest, name: str, shops: Collection[int]) -> HttpResponse:
    found = upcoming.for_file(shops, timezone.now())
    content = publishing.calendar(name, found, directory.active())
    return kept(request, HttpResponse(content, content_type="text/calendar; charset=utf-8"))


def _place(chosen: EventChoices, reader: Reader) -> tuple[Place | None, str, tuple[str, ...]]:
    """Where the reader is, what is wrong with the place they typed, and what they may have meant."""
    if not chosen.near:
        return reader.place, "", ()
    found = places.find(chosen.near, radius_km=chosen.km or place_views.RADII_KM[0])
    return found.place, "" if found.place else place_views.not_found(found), found.choices + found.nearly


def _list(chosen: EventChoices, shops: Collection[int], place: Place | None, reader: Reader) -> dict[str, Any]:
    """A page of what comes. One more row is read than shown: whether there is a next page."""
    skip = (chosen.page - 1) * ON_A_PAGE
    found = upcoming.listed(shops, reader.now, skip=skip, most=ON_A_PAGE + 1, place=place)
    has_next = len(found) > ON_A_PAGE and chosen.page < event_filters.MOST_PAGES
    today = upcoming.today(reader.now, chosen.shop)
    return {
        "days": upcoming.by_day(found[:ON_A_PAGE], reader.now),
        "before": chosen.parameters(page=chosen.page - 1) if chosen.page > 1 else None,
        "after": chosen.parameters(page=chosen.page + 1) if has_next else None,
        "this_month": chosen.parameters(month=today.replace(day=1)),
    }


def _month(chosen: EventChoices, shops: Collection[int], place: Place | None, reader: Reader) -> dict[str, Any]:
    first = chosen.month
    assert first is not None
    after = (first + timedelta(days=31)).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    found = upcoming.in_month(shops, first, after, place=place)
    today, sunday_first = upcoming.today(reader.now, chosen.shop), get_format("FIRST_DAY_OF_WEEK") == 0
    table = calendar.Calendar(6 if sunday_first else 0)
    weeks = [
        [
            Day(
                date=day,
                is_today=day == today,
                events=[one for one in found if one.first.date() <= day <= one.last.date()],
            )
            if day.month == first.month
            else None
            for day in week
        ]
        for week in table.monthdatescalendar(first.year, first.month)
    ]
    return {
        "weeks": weeks,
        "has_events": bool(found),
        "weekdays": [str(WEEKDAYS_ABBR[day]) for day in table.iterweekdays()],
        "before": chosen.parameters(month=before) if before.year >= event_filters.FIRST_YEAR else None,
        "after": chosen.parameters(month=after) if after.year < event_filters.LAST_YEAR else None,
        "before_month": before,
        "after_month": after,
        "as_list": chosen.parameters(month=None),
    }


def _file(request: HttpRequest, chosen: EventChoices) -> dict[str, str]:
    """The calendar of what is chosen: its address, and the one by which programs subscribe to it."""
    if chosen.shop:
        path = reverse("storefront:shop-calendar", args=[chosen.shop.slug])
    else:
        kept_filters = chosen.parameters(month=None) if chosen.near else ""
        path = reverse("storefront:events-calendar") + (f"?{kept_filters}" if kept_filters else "")
    address = request.build_absolute_uri(path)
    return {"path": path, "subscribe": "webcal://" + address.partition("://")[2]}
