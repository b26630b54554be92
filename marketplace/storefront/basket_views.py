"""The basket: one card per shop, its lines, what each can be changed to. Every change is a plain form."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from marketplace.checkout import checkouts, planning, proposals
from marketplace.checkout.earners import Chosen
from marketplace.checkout.planning import Plan, PlannedLine, PlannedParcel
from marketplace.checkout.proposals import Proposal, Proposals
from marketplace.foundation import network
from marketplace.oscar_apps.basket import lines
from marketplace.oscar_apps.basket.lines import Buyer, Change, LimitedError, MovedOnError, Moving, NotForSaleError
from marketplace.storefront import proposal_words
from marketplace.storefront.basket_forms import AddForm, AgeForm, MoveForm, OrderForm, QuantityForm, TakeForm
from marketplace.storefront.reader_request import ReaderRequest
from search.offers import Offer, offers_of
from search.reader import reader_of, remember_age
from shops import special_orders
from shops.models import Shop


@dataclass(frozen=True)
class LineRow:
    """A line as the page shows it: `elsewhere` are other shops' offers that could be bought instead, best first, of
    which a page shows a few; `error` is what was wrong with the number typed last."""

    line: PlannedLine
    elsewhere: list[Offer]
    error: str = ""
    typed: str = ""


@dataclass(frozen=True)
class ProposalCard:
    """A proposal in words."""

    proposal: Proposal
    name: str
    sentence: str
    moves: list[tuple[str, str]]  # title, "from this shop, so much less"


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
        change = lines.add(
            request.basket, wish["stock_record"], wish["quantity"], now=timezone.now(), buyer=_buyer(request)
        )
    except LimitedError as why:
        messages.error(request, str(why))
    except NotForSaleError:
        messages.error(request, _("This offer is no longer for sale. The title's page shows who has it now."))
    else:
        _say_added(request, change, wish["quantity"])
    return HttpResponseRedirect(_next(request, wish["next"]))


@require_POST
def order_in_my_shop(request: ReaderRequest) -> HttpResponse:
    """A title that no shop has, from the reader's shop, which orders it from its distributor."""
    form, reader, now = OrderForm(request.POST), reader_of(request), timezone.now()
    shop = Shop.objects.filter(pk=reader.shop_id).first() if reader.shop_id else None
    record = None
    if form.is_valid() and shop is not None:
        wish = form.cleaned_data["product"]
        record = special_orders.record_for(shop, wish.pk, currency=network.current().currency, now=now)
    try:
        if record is None:
            raise NotForSaleError
        change = lines.add(request.basket, record.pk, 1, now=now, buyer=_buyer(request))
    except LimitedError as why:
        messages.error(request, str(why))
    except NotForSaleError:
        messages.error(request, _("Your shop cannot order this title here. Ask it: it may know more."))
    else:
        _say_added(request, change, 1)
    return redirect("storefront:basket")


@require_POST
def state_age(request: ReaderRequest) -> HttpResponse:
    """The reader states to be old enough for a title; kept in the session."""
    form = AgeForm(request.POST)
    if form.is_valid():
        remember_age(request, form.cleaned_data["years"])
    else:
        messages.error(request, _("Tick that you are old enough, else it cannot be added."))
    return redirect(_next(request, form.cleaned_data.get("next", "")))


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
            there = form.cleaned_data["stock_record"]
            change = lines.move(request.basket, line_id, there, now=timezone.now(), buyer=_buyer(request))
        except LimitedError as why:
            messages.error(request, str(why))
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


@require_POST
def take(request: ReaderRequest) -> HttpResponse:
    """Move the lines as a proposal says, where it is still made in the very same words."""
    form = TakeForm(request.POST)
    now = timezone.now()
    plan = planning.plan(request.basket, now=now)
    found: Proposals | None = None
    if form.is_valid() and not checkouts.being_paid(request.basket):
        found = _proposals(request, plan, _offers(request, plan), used=form.cleaned_data["used"])
    chosen = next(
        (one for one in found.found if one.fingerprint() == form.cleaned_data["proposal"]) if found else iter(()), None
    )
    try:
        if chosen is None:
            raise MovedOnError
        moves = [
            Moving(one.line.basket_line_id, one.line.record.pk, one.line.quantity, one.offer.stock_record_id)
            for one in chosen.moves
        ]
        lines.move_all(request.basket, moves, now=now, buyer=_buyer(request))
    except (MovedOnError, NotForSaleError):
        messages.warning(
            request,
            _(
                "Something has changed since that was proposed: a price, what a shop has, or your basket. "
                "Nothing was moved."
            ),
        )
    else:
        text = ngettext(
            "%(lines)d article now comes from another shop.",
            "%(lines)d articles now come from other shops.",
            len(moves),
        )
        messages.success(request, text % {"lines": len(moves)})
    return redirect("storefront:basket")


def _buyer(request: ReaderRequest) -> Buyer:
    known = reader_of(request)
    return Buyer(known.area, known.age)


def _page(request: ReaderRequest, wrong: dict[int, tuple[str, str]] | None = None) -> HttpResponse:
    paying = checkouts.being_paid(request.basket)
    held = checkouts.units_held(paying) if paying else None
    reader, now = reader_of(request), timezone.now()
    plan = planning.plan(request.basket, now=now, held=held, area=reader.area, earned_by=Chosen(reader.shop_id))
    offers = _offers(request, plan)
    used = request.GET.get("used") == "yes"
    unpayable = checkouts.unpayable(plan)
    proposed = Proposals() if paying else _proposals(request, plan, offers, used=used)
    context = {
        "plan": plan,
        "stalls": _stalls(plan, offers, wrong or {}),
        "proposals": [_card(one, plan.currency) for one in proposed.found],
        "already": ", ".join(proposal_words.goal_name(goal) for goal in proposed.already),
        "used": used,
        "could_be_used": any(offer.is_used and offer.buyable for found in offers.values() for offer in found),
        "paying": paying,
        "unpayable": unpayable,
        "can_pay": not plan.short and not plan.not_sold and not unpayable,
    }
    return render(request, "storefront/basket.html", context, status=422 if wrong else 200)


def _offers(request: ReaderRequest, plan: Plan) -> dict[int, list[Offer]]:
    return offers_of({line.record.product_id for line in plan.lines}, reader_of(request)) if plan.parcels else {}


def _proposals(request: ReaderRequest, plan: Plan, offers: dict[int, list[Offer]], *, used: bool) -> Proposals:
    return proposals.propose(plan, offers, reader_of(request), request.basket, used=used)


def _card(proposal: Proposal, currency: str) -> ProposalCard:
    return ProposalCard(
        proposal,
        " · ".join(proposal_words.goal_name(goal) for goal in proposal.goals),
        proposal_words.sentence(proposal, currency),
        [(move.line.title, proposal_words.move_words(move, currency)) for move in proposal.moves],
    )


def _stalls(plan: Plan, offers: dict[int, list[Offer]], wrong: dict[int, tuple[str, str]]) -> list[Stall]:
    return [
        Stall(parcel, [LineRow(line, _elsewhere(line, offers), *_typed(line, wrong)) for line in parcel.lines])
        for parcel in plan.parcels
    ]


def _typed(line: PlannedLine, wrong: dict[int, tuple[str, str]]) -> tuple[str, str]:
    typed, error = wrong.get(line.basket_line_id, (str(line.quantity), ""))
    return error, typed


def _elsewhere(line: PlannedLine, offers: dict[int, list[Offer]]) -> list[Offer]:
    return [
        offer
        for offer in offers.get(line.record.product_id, [])
        if (offer.buyable or offer.can_order) and offer.stock_record_id != line.record.pk
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
    return wanted if wanted and safe else reverse("storefront:basket")
