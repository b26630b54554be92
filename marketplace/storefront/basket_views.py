"""The basket: one card per shop, its lines, what each can be changed to. Every change is a plain form."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from marketplace.checkout import checkouts, planning
from marketplace.checkout.planning import Plan, PlannedLine, PlannedParcel
from marketplace.oscar_apps.basket import lines
from marketplace.oscar_apps.basket.lines import Change, NotForSaleError
from marketplace.storefront.basket_forms import AddForm, MoveForm, QuantityForm
from marketplace.storefront.reader_request import ReaderRequest
from search.offers import Offer, offers_of
from search.reader import reader_of


@dataclass(frozen=True)
class LineRow:
    """A line as the page shows it: `elsewhere` are other shops' offers that could be bought instead, best first;
    `error` is what was wrong with the number typed last."""

    line: PlannedLine
    elsewhere: list[Offer]
    error: str = ""
    typed: str = ""


@dataclass(frozen=True)
class Stall:
    parcel: PlannedParcel
    rows: list[LineRow]


@require_safe
def basket(request: ReaderRequest) -> HttpResponse:
    return _page(request)


@require_POST
def add(request: ReaderRequest) -> HttpResponse:
    form = AddForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That could not be added: choose an offer on the title's page."))
        return redirect("storefront:basket")
    wish = form.cleaned_data
    try:
        change = lines.add(request.basket, wish["stock_record"], wish["quantity"], now=timezone.now())
    except NotForSaleError:
        messages.error(request, _("This offer is no longer for sale. The title's page shows who has it now."))
    else:
        _say_added(request, change, wish["quantity"])
    return redirect(_next(request, wish["next"]))


@require_POST
def change_quantity(request: ReaderRequest, line_id: int) -> HttpResponse:
    form = QuantityForm(request.POST)
    if not form.is_valid():
        return _page(
            request, wrong={line_id: (form["quantity"].value() or "", " ".join(map(str, form.errors["quantity"])))}
        )
    change = lines.change_quantity(request.basket, line_id, form.cleaned_data["quantity"], now=timezone.now())
    if change and change.asked == 0:
        messages.success(request, _("“%(title)s” is out of your basket.") % {"title": change.title})
    elif change:
        _say_if_short(request, change)
    return redirect("storefront:basket")


@require_POST
def move(request: ReaderRequest, line_id: int) -> HttpResponse:
    form = MoveForm(request.POST)
    if form.is_valid():
        try:
            change = lines.move(request.basket, line_id, form.cleaned_data["stock_record"], now=timezone.now())
        except NotForSaleError:
            messages.error(request, _("That offer is no longer for sale; the line stays where it was."))
        else:
            if change and change.quantity:
                messages.success(
                    request, _("“%(title)s” now comes from %(shop)s.") % {"title": change.title, "shop": change.shop}
                )
            if change:
                _say_if_short(request, change)
    return redirect("storefront:basket")


def _page(request: ReaderRequest, wrong: dict[int, tuple[str, str]] | None = None) -> HttpResponse:
    paying = checkouts.being_paid(request.basket)
    held = checkouts.units_held(paying) if paying else None
    plan = planning.plan(request.basket, now=timezone.now(), held=held)
    context = {
        "plan": plan,
        "stalls": _stalls(request, plan, wrong or {}),
        "paying": paying,
        "can_pay": not plan.short,
    }
    return render(request, "storefront/basket.html", context, status=422 if wrong else 200)


def _stalls(request: ReaderRequest, plan: Plan, wrong: dict[int, tuple[str, str]]) -> list[Stall]:
    offers = offers_of({line.record.product_id for line in plan.lines}, reader_of(request)) if plan.parcels else {}
    return [
        Stall(
            parcel,
            [LineRow(line, _elsewhere(line, offers), *_typed(line, wrong)) for line in parcel.lines],
        )
        for parcel in plan.parcels
    ]


def _typed(line: PlannedLine, wrong: dict[int, tuple[str, str]]) -> tuple[str, str]:
    typed, error = wrong.get(line.basket_line_id, (str(line.quantity), ""))
    return error, typed


def _elsewhere(line: PlannedLine, offers: dict[int, list[Offer]]) -> list[Offer]:
    return [
        offer
        for offer in offers.get(line.record.product_id, [])
        if offer.buyable and offer.stock_record_id != line.record.pk
    ]


def _say_added(request: ReaderRequest, change: Change, units: int) -> None:
    if not change.quantity:
        text = _("%(shop)s has no copy of “%(title)s” left. Nothing was added.")
        messages.warning(request, text % {"title": change.title, "shop": change.shop})
    elif change.is_short:
        _say_if_short(request, change)
    else:
        text = ngettext(
            "“%(title)s” from %(shop)s is in your basket.",
            "%(units)d copies of “%(title)s” from %(shop)s are in your basket.",
            units,
        )
        messages.success(request, text % {"title": change.title, "shop": change.shop, "units": units})


def _say_if_short(request: ReaderRequest, change: Change) -> None:
    if not change.is_short:
        return
    if not change.quantity:
        text = _("%(shop)s has no copy of “%(title)s” left.")
    else:
        text = ngettext(
            "%(shop)s has one copy of “%(title)s”; that one is in your basket.",
            "%(shop)s has %(units)d copies of “%(title)s”; those are in your basket.",
            change.quantity,
        )
    messages.warning(request, text % {"title": change.title, "shop": change.shop, "units": change.quantity})


def _next(request: ReaderRequest, wanted: str) -> str:
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and safe else "storefront:basket"
