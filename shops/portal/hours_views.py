"""When the shop is open: its week, and days on which it is closed or open otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops import opening_changes
from shops.models import SpecialHours
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.hours_forms import DaysForm, WeekForm

MOST_DAYS = 100


@dataclass(frozen=True)
class SaidDays:
    """What was said of the same days: one row for each span, or one without hours."""

    rows: tuple[SpecialHours, ...]

    @property
    def first(self) -> SpecialHours:
        return self.rows[0]

    @property
    def days(self) -> tuple[date, date]:
        return self.first.first_day, self.first.last_day


@require_safe
@portal_page
def hours(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def save_week(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = WeekForm(workplace.shop.opening_hours.all(), request.POST)
    if not form.is_valid():
        return _page(request, workplace, week=form)
    changed = opening_changes.say_week(workplace.shop, form.week, by=request.user)
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return redirect("portal:hours", slug=workplace.shop.slug)


@portal_action
def say_days(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = DaysForm(_today(workplace), request.POST)
    if form.is_valid() and len(_said(workplace)) >= MOST_DAYS:
        form.add_error(None, _("More than a hundred of them cannot be kept: take some back first."))
    if not form.is_valid():
        return _page(request, workplace, days=form)
    opening_changes.say_days(workplace.shop, form.days, form.spans, notes=form.notes(), by=request.user)
    messages.success(request, _("Saved."))
    return redirect("portal:hours", slug=workplace.shop.slug)


@portal_action
def take_back_days(request: StaffRequest, workplace: Workplace, row_id: int) -> HttpResponse:
    row = get_object_or_404(SpecialHours, shop=workplace.shop, pk=row_id)
    opening_changes.take_back_days(workplace.shop, (row.first_day, row.last_day), by=request.user)
    messages.success(request, _("Your weekly hours count again."))
    return redirect("portal:hours", slug=workplace.shop.slug)


def _page(
    request: StaffRequest, workplace: Workplace, week: WeekForm | None = None, days: DaysForm | None = None
) -> HttpResponse:
    """Both forms; one of them may be the one that was sent and is wrong."""
    context = {
        "week_form": week or WeekForm(workplace.shop.opening_hours.all()),
        "days_form": days or DaysForm(_today(workplace)),
        "said": _said(workplace),
        "today": _today(workplace),
    }
    return page(request, workplace, "portal/hours.html", context, status=422 if week or days else 200)


def _said(workplace: Workplace) -> list[SaidDays]:
    """What is not over, soonest first."""
    rows = SpecialHours.objects.filter(shop=workplace.shop, last_day__gte=_today(workplace))
    found: dict[tuple[date, date], list[SpecialHours]] = {}
    for row in rows:
        found.setdefault((row.first_day, row.last_day), []).append(row)
    return [SaidDays(tuple(rows)) for rows in found.values()]


def _today(workplace: Workplace) -> date:
    return timezone.now().astimezone(ZoneInfo(workplace.shop.timezone)).date()
