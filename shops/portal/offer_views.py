"""Something else in the place of what the shop cannot hand over: the same on a later day, or another article of its
own. Pressed, it is held back as every answer of the desk is (`shops.orders.held`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import alternatives
from marketplace.checkout.alternative_plans import AlternativeError, Part, What
from marketplace.foundation import money
from shops.models import Alternative, ShopOrder, ShopOrderLine
from shops.orders import held
from shops.orders.alternatives import Kind, Offered, asked
from shops.orders.changing import FulfilmentError
from shops.orders.counts import takes_a_part
from shops.orders.held import Deed, Press
from shops.orders.projecting import Shown, project
from shops.orders.transitions import units_fit
from shops.portal import offer_search
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.offer_forms import LONGEST, LaterForm, OfferForm, OtherForm
from shops.portal.order_page import find
from shops.portal.pressing import new_once, once_of
from shops.portal.said import articles, filled, said_of


@dataclass(frozen=True)
class _Desk:
    """The line at hand, as it will be once what was pressed before is done."""

    order: ShopOrder
    line: ShopOrderLine
    after: int
    most: int

    def part(self, units: int) -> Part:
        parts = alternatives.parts_of(self.order, self.line, units)
        return next(part for part in parts if part.line.pk == self.line.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def offer(request: StaffRequest, workplace: Workplace, number: str, line_id: int) -> HttpResponse:
    """GET shows what may be offered, and finds other articles (`q`); POST offers."""
    if not workplace.can_work:
        return page(request, workplace, "portal/only_look.html", status=403)
    found, now = find(request, workplace, number), timezone.now()
    waiting, after = held.pressed_on(found)
    desk = _desk(project(found, found.lines.select_related("product__facts", "stock_record"), waiting), line_id, after)
    why_not = alternatives.refusal(desk.order, now=now) if desk.most else ""
    if request.method != "POST" or why_not or not desk.most:
        return _page(request, workplace, desk, now, why_not=why_not)
    form: OfferForm = LaterForm(request.POST) if request.POST.get("kind") == Kind.LATER else OtherForm(request.POST)
    if not form.is_valid():
        return _page(request, workplace, desk, now, form=form, status=422)
    if form.cleaned_data["units"] > desk.most:
        form.add_error("units", units_fit(form.cleaned_data["units"], desk.most))
        return _page(request, workplace, desk, now, form=form, status=422)
    try:
        offered = _offered(desk, form, now)
    except AlternativeError as error:
        return _page(request, workplace, desk, now, form=form, problem=str(error), status=422)
    try:
        held.press(found, _press(form, line_id, offered), by=request.user, now=now)
    except FulfilmentError as error:
        return _page(request, workplace, desk, now, form=form, problem=str(error), status=409)
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


@portal_action
def withdraw(request: StaffRequest, workplace: Workplace, number: str, offer_id: int) -> HttpResponse:
    """Not held back as what the desk answers: it is pressed on a second look."""
    order = find(request, workplace, number)
    offered = get_object_or_404(Alternative, pk=offer_id, rerouting__shop_order=order)
    try:
        alternatives.withdraw(offered, by=request.user, now=timezone.now())
        messages.success(request, _("The offer is taken back. It goes on as if you had declined."))
    except AlternativeError as error:
        messages.warning(request, str(error))
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


def _desk(shown: Shown, line_id: int, after: int) -> _Desk:
    line = shown.lines.get(line_id)
    if line is None:
        raise Http404
    return _Desk(shown.order, line, after, line.left_units - line.handed_over)


def _offered(desk: _Desk, form: OfferForm, now: datetime) -> Offered:
    """AlternativeError says why it cannot be."""
    units, order = form.cleaned_data["units"], desk.order
    parts = alternatives.parts_of(order, desk.line, units)
    record, on, price = None, None, desk.line.unit_price_minor
    if isinstance(form, OtherForm):
        record = offer_search.one(order.shop, form.cleaned_data["record"], beside=desk.order)
        if record is None:
            raise AlternativeError(offer_search.gone())
        said = form.price_minor(order.currency)
        price = alternatives.price_of(record, desk.part(units), order.currency) if said is None else said
    elif isinstance(form, LaterForm):
        on = form.cleaned_data["on"]
    what = What(desk.line.pk, record, price, on)
    return alternatives.offered(order, parts, what, form.within(), now=now)


def _press(form: OfferForm, line_id: int, offered: Offered) -> Press:
    said = form.cleaned_data
    reason = said["reason"] if isinstance(form, OtherForm) else ShopOrderLine.Reason.LATER
    what: dict[str, object] = {"units": said["units"], "reason": str(reason), "offered": asked(offered)}
    what |= {name: said[name] for name in ("note", "left") if said.get(name) not in (None, "")}
    once = once_of(said["once"], Deed.OFFER, line_id)
    return Press(Deed.OFFER, said["version"], once, line_id=line_id, after=said["after"], asked=what)


def _page(
    request: StaffRequest,
    workplace: Workplace,
    desk: _Desk,
    now: datetime,
    *,
    form: OfferForm | None = None,
    problem: str = "",
    why_not: str = "",
    status: int = 200,
) -> HttpResponse:
    begins = filled(desk.line, desk.order, now=now)
    typed = request.POST.get("q") or request.GET.get("q", begins.article if request.method == "GET" else "")
    typed = typed.strip()[:100]
    initial = {"units": begins.units or desk.line.open_units or desk.most, "on": begins.on, "reason": begins.reason}
    forms = (LaterForm(initial=initial, auto_id="later_%s"), OtherForm(initial=initial, auto_id="other_%s"))
    later, other = (form if form and isinstance(form, type(one)) else one for one in forms)
    context = {
        "order": desk.order,
        "line": desk.line,
        "said": said_of(desk.line, desk.order, offer_search.titles(desk.order.shop, articles([desk.line])), now=now),
        "after": desk.after,
        "once": new_once(),
        "most": desk.most,
        "why_not": why_not,
        "problem": problem,
        "later": later,
        "other": other,
        "wrong": "" if form is None else ("later" if later is form else "other"),
        "typed": typed,
        "found": _rows(desk, typed) if desk.most and not why_not else [],
        "chosen": request.POST.get("record") or request.GET.get("record") or "",
        "latest": alternatives.answer_by(desk.order, LONGEST, now=now),
        "only_whole": not takes_a_part(desk.order),
    }
    return page(request, workplace, "portal/offer.html", context, status=status)


@dataclass(frozen=True)
class _Row:
    """An article that may be offered: its price there, and what one would cost the reader."""

    record: StockRecord
    listed_minor: int | None
    price_minor: int
    units: int
    is_edition: bool


def _rows(desk: _Desk, typed: str) -> Sequence[_Row]:
    part, currency = desk.part(1), desk.order.currency
    rows = []
    for found in offer_search.found(desk.order.shop, desk.line, typed, beside=desk.order):
        record = found.record
        known = record.price is not None and record.price_currency == currency
        listed = money.to_minor(record.price, currency) if known else None
        rows.append(_Row(record, listed, alternatives.price_of(record, part, currency), found.units, found.is_edition))
    return rows
