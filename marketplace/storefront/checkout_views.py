"""The checkout: who, where, how per shop, pay; one page per decision that is open. Its address holds an unguessable
token, so that a guest comes back to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from marketplace.checkout import checkouts, earners, ending, freezing, limits, order_rows, referrals, vouchers
from marketplace.checkout.freezing import Refusal
from marketplace.checkout.models import Checkout, Voucher
from marketplace.checkout.planning import Plan, PlannedLine
from marketplace.foundation import links
from marketplace.foundation.people import as_reader
from marketplace.payments import local_currency, receivables
from marketplace.payments.gateway_records import PaymentGatewayError
from marketplace.payments.local_forms import PayAlongForm
from marketplace.payments.local_provider import ServiceError
from marketplace.payments.stored_money import LEAST_CHARGE_MINOR
from marketplace.readers import addresses, consents
from marketplace.storefront import amounts, tries
from marketplace.storefront.checkout_forms import COLLECTED, SENT, HowForm, PayForm, WhereForm, WhoForm
from marketplace.storefront.checkout_ways import ways
from marketplace.storefront.gift_card_views import CodeForm
from marketplace.storefront.reader_request import ReaderRequest, account
from search.reader import reader_of, remember_age

FEW_MINUTES = 5
State = Checkout.State
View = Callable[..., HttpResponse]


def filling_in(view: View) -> View:
    """For the pages of a checkout that is still being filled in: they get its plan; others are sent where it is now."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def inner(request: ReaderRequest, token: str) -> HttpResponse:
        checkout = get_object_or_404(Checkout, token=token)
        if checkout.state != State.OPEN:
            return redirect("storefront:checkout", token)
        plan = checkouts.plan_of(checkout, now=timezone.now())
        if not plan.parcels or plan.short:
            return _back_to_basket(request, plan)
        return view(request, checkout, plan)

    return inner


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: ReaderRequest) -> HttpResponse:
    if request.method != "POST" or request.basket.is_empty:
        return redirect("storefront:basket")
    language = (get_language() or "fr")[:2]
    now, of, reader = timezone.now(), account(request), reader_of(request)
    said = {"age": reader.age, "shop_id": reader.shop_id}
    checkout = checkouts.start(request.basket, of, language=language, now=now, **said)  # type: ignore[arg-type]
    referrals.freeze(checkout, request.session, now=now)
    if checkout.state == State.OPEN:  # straight to its first open decision, as `resume` would send it
        return redirect(f"storefront:checkout-{checkouts.advance(checkout, now=now)}", checkout.token)
    return redirect("storefront:checkout", checkout.token)


@never_cache
@require_safe
def resume(request: ReaderRequest, token: str) -> HttpResponse:
    """Where this checkout is now: the first open decision, the payment page, the order."""
    checkout = get_object_or_404(Checkout.objects.select_related("payment"), token=token)
    if checkout.state == State.OPEN:
        return redirect(f"storefront:checkout-{checkouts.advance(checkout, now=timezone.now())}", token)
    if checkout.state == State.PAYING:
        context = {"checkout": checkout, "minutes_left": _minutes_left(checkout)}
        return render(request, "storefront/checkout_waiting.html", context)
    if checkout.state == State.ENDED:
        messages.info(request, _("Nothing was paid. Your basket is as it was."))
        return redirect("storefront:basket")
    return redirect("storefront:checkout-paid", token)


@filling_in
def who(request: ReaderRequest, checkout: Checkout, plan: Plan) -> HttpResponse:
    initial = {name: getattr(checkout, name) for name in (*checkouts.PERSON, *checkouts.FOR_SOMEBODY)}
    form = WhoForm(_posted(request), initial=initial, plan=plan)
    if form.is_valid():
        given = form.cleaned_data
        checkouts.set_person(checkout, email=given["email"], name=given["name"], phone=given["phone"])
        checkouts.set_recipient(checkout, {name: given[name] for name in checkouts.FOR_SOMEBODY})
        if given.get("way") == COLLECTED:
            checkouts.collect_everything(checkout, plan)
        elif given.get("way") == SENT:
            checkouts.forget_delivery(checkout)
        return redirect("storefront:checkout", checkout.token)
    return _step(request, "who", checkout, plan, form=form)


@filling_in
def where(request: ReaderRequest, checkout: Checkout, plan: Plan) -> HttpResponse:
    reader = account(request)
    kept = addresses.of(reader) if reader else []
    chosen = next((row for row in kept if str(row.pk) == request.POST.get("kept")), None)
    initial = {name: getattr(checkout, name) for name in checkouts.ADDRESS}
    typed = _posted(request)
    if chosen:  # as if the reader had typed it: a shop may not send there
        typed = QueryDict(mutable=True)
        typed.update(order_rows.fields_of(chosen))
    form = WhereForm(typed, initial=initial, plan=plan, country=checkout.country, may_keep=reader is not None)
    if form.is_valid():
        checkouts.set_address(checkout, form.address())
        if chosen and checkout.name and checkout.recipient_name in {"", *(row.last_name for row in kept)}:
            checkouts.name_recipient(checkout, chosen.last_name)
        if reader and form.cleaned_data.get("keep") and not chosen:
            with suppress(addresses.AddressError):  # as many as there can be: this one is used all the same
                addresses.keep(reader, {**form.address(), "name": checkout.recipient_name or checkout.name})
        return redirect("storefront:checkout", checkout.token)
    return _step(request, "where", checkout, plan, form=form, kept=kept)


@filling_in
def how(request: ReaderRequest, checkout: Checkout, plan: Plan) -> HttpResponse:
    to, found = checkouts.destination(checkout), ways(plan)
    form = HowForm(_posted(request), ways=found)
    if form.is_valid():
        checkouts.choose_delivery(checkout, form.chosen(), form.in_slots())
        return redirect("storefront:checkout", checkout.token)
    choices = [
        (
            of_shop,
            form[f"shop-{of_shop.parcel.shop.pk}"],
            [(way, form[f"when-{way.option.pk}"] if way.slots else None) for way in of_shop.possible],
        )
        for of_shop in found
    ]
    return _step(request, "how", checkout, plan, form=form, choices=choices, to=to)


@filling_in
def pay(request: ReaderRequest, checkout: Checkout, plan: Plan) -> HttpResponse:
    """GET shows what will be paid; POST freezes it, holds the stock and goes to the payment page."""
    step = checkouts.next_step(checkout, plan)
    if step != "pay":
        return redirect(f"storefront:checkout-{step}", checkout.token)
    theirs = checkout.user_id is not None and request.user.pk == checkout.user_id
    terms, years = receivables.offer(checkout.user_id) if theirs else None, limits.years(plan.lines)
    shown = _other_means(request, checkout, plan) | {"terms": terms}
    shown |= {"earners": list(earners.choices())} if plan.for_choice else {}
    years = years if years > checkout.age_stated else 0  # what is still to be stated
    if request.method != "POST":
        seen = freezing.shown(plan, shown["gift_minor"] + shown["local"].value_minor)
        form = PayForm(instance=checkout, initial={"seen": seen}, plan=plan, terms=terms, years=years)
        return _step(request, "pay", checkout, plan, form=form, **shown)
    form = PayForm(request.POST, plan=plan, terms=terms, years=years)
    if form.is_valid():
        if years:
            remember_age(request, years)
            checkouts.state_age(checkout, years)
        checkouts.agree(checkout, form.agreements())
        if plan.downloads:
            consents.give_for(checkout, now=timezone.now())
        if terms or checkout.by_invoice:
            checkouts.pay_by_invoice(checkout, form.by_invoice)
        return _pay(request, checkout, form.cleaned_data["seen"])
    return _step(request, "pay", checkout, plan, form=form, **shown)


@never_cache
@require_POST
def try_again(request: ReaderRequest, token: str) -> HttpResponse:
    """The payment page could not be opened before: the same frozen checkout once more."""
    return _pay(request, get_object_or_404(Checkout, token=token), "")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancelled(request: ReaderRequest, token: str) -> HttpResponse:
    """Back from the payment page without paying: the session ends, then the hold; the basket is as it was."""
    checkout = get_object_or_404(Checkout, token=token)
    try:
        ending.end(checkout, now=timezone.now(), by=as_reader(checkout.user_id))
    except PaymentGatewayError:
        checkout.refresh_from_db()
    if checkout.state == State.PAYING:
        messages.warning(
            request,
            _("The payment page does not answer just now; the payment is still open. Nothing was charged. Try again."),
        )
    return redirect("storefront:checkout", token)


@never_cache
@require_safe
def paid(request: ReaderRequest, token: str) -> HttpResponse:
    """Back from the payment page: the order, or "being confirmed" until the payment provider has told us."""
    checkout = get_object_or_404(Checkout.objects.select_related("order", "payment"), token=token)
    if checkout.order:
        number = checkout.order.number
        address = reverse("storefront:order", args=[number, links.order_key(number)])
        return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    if checkout.state in (State.OPEN, State.ENDED):
        return redirect("storefront:checkout", token)
    context = {"checkout": checkout, "total": amounts.shown(checkout.charged_minor, checkout.currency)}
    return render(request, "storefront/checkout_paid.html", context)


def _other_means(request: ReaderRequest, checkout: Checkout, plan: Plan) -> dict[str, Any]:
    """What a local currency, gift cards and a voucher pay, and what is left."""
    now = timezone.now()
    local, means = freezing.beside(checkout, plan, now=now)
    gift_minor = sum(amount for _use, amount in means)
    left, voucher = plan.left_minor - gift_minor - local.value_minor, vouchers.of(checkout, now=now)
    parts = [(parcel.shop.pk, parcel.total_minor) for parcel in plan.parcels]
    choices = local_currency.choices(parts, request.user.pk)
    return {
        "means": means,
        "local": local,
        "local_choices": [(one, PayAlongForm(auto_id=f"local-{one.currency.pk}-%s")) for one in choices],
        "gift_minor": gift_minor,
        "left_minor": left,
        "total": amounts.shown(left, plan.currency),
        "code_form": CodeForm(),
        "voucher": voucher or vouchers.gone(checkout, now=now),
        "why_nothing": _why_nothing(voucher, plan),
    }


def _why_nothing(voucher: Voucher | None, plan: Plan) -> str:
    """Of the voucher that was entered, or that of no one any more, or "" where it takes something off."""
    if voucher is None:
        return _("This voucher has ended or is used up; it takes nothing off.")
    return "" if plan.by_voucher else vouchers.why_nothing(voucher, language=get_language() or "fr")


def _posted(request: ReaderRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _pay(request: ReaderRequest, checkout: Checkout, seen: str) -> HttpResponse:
    if tries.too_many(request, "pay"):  # each one keeps copies from others for half an hour
        return render(request, "storefront/too_often.html", status=429)
    addresses = {
        "success_url": request.build_absolute_uri(reverse("storefront:checkout-paid", args=[checkout.token])),
        "cancel_url": request.build_absolute_uri(reverse("storefront:checkout-cancelled", args=[checkout.token])),
    }
    try:
        done = freezing.pay(checkout, seen=seen, now=timezone.now(), **addresses)
    except ServiceError:
        text = _("The service of the local currency does not answer just now. Your copies are kept for you: try again.")
        messages.error(request, text)
        return redirect("storefront:checkout", checkout.token)
    except PaymentGatewayError as error:
        kept = _("The payment page cannot be opened just now. Nothing was charged; your copies are kept for you.")
        freed = _("The payment page could not be opened. Nothing was charged; please try again.")
        messages.error(request, freed if error.permanent else kept)
        return redirect("storefront:checkout", checkout.token)
    if not isinstance(done, Refusal):
        return redirect(done.session_url or addresses["success_url"])
    if done.reason == "voucher":
        if vouchers.of(checkout, now=timezone.now()):
            messages.warning(request, _("You have used this voucher before. Take it off to go on."))
        else:
            messages.warning(request, _("Your voucher is used up meanwhile. Please look again before you pay."))
        return redirect("storefront:checkout-pay", checkout.token)
    if done.reason in ("changed", "gift"):
        messages.warning(request, _("An amount has changed since you looked. Please look again before you pay."))
        return redirect("storefront:checkout-pay", checkout.token)
    if done.reason == "service":
        ending.end(checkout, now=timezone.now())
        text = _("The service of the local currency refused: look at account, code and amount. Nothing was charged.")
        messages.warning(request, text)
        return redirect("storefront:basket")
    if done.reason == "credit":
        text = _("This is more than your institution may order by invoice just now. Pay it by card, or order less.")
        messages.warning(request, text)
        return redirect("storefront:checkout-pay", checkout.token)
    if done.reason == "barred":
        names = ", ".join(shop.name for shop in done.shops)
        text = _("As an institution you buy books at the regular price from accredited shops, so not from %(shops)s.")
        messages.warning(request, text % {"shops": names})
        return redirect("storefront:basket")
    if done.reason == "full":
        messages.warning(request, _("The courier’s time that you chose is taken meanwhile. Please choose another."))
        return redirect("storefront:checkout-how", checkout.token)
    if done.reason == "small":
        least = amounts.shown(LEAST_CHARGE_MINOR, checkout.currency)
        text = _("The payment page takes no less than %(least)s. Add something, or reserve it and pay in the shop.")
        messages.warning(request, text % {"least": least})
        return redirect("storefront:basket")
    if done.reason == "unpayable":
        return redirect("storefront:checkout-pay", checkout.token)
    if done.reason == "short":
        _say_short(request, done.short)
        return redirect("storefront:basket")
    return redirect("storefront:checkout", checkout.token)


def _step(
    request: ReaderRequest, step: str, checkout: Checkout, plan: Plan, *, form: BaseForm, **context: object
) -> HttpResponse:
    wrong = form.is_bound and not form.is_valid()
    values = {
        "checkout": checkout,
        "plan": plan,
        "step": step,
        "form": form,
        "total": amounts.shown(plan.total_minor, plan.currency),
        "minutes": settings.CHECKOUT_MINUTES,
        "unpayable": checkouts.unpayable(plan),
        **context,
    }
    return render(request, f"storefront/checkout_{step}.html", values, status=422 if wrong else 200)


def _minutes_left(checkout: Checkout) -> int | None:
    """Only when they are few: a clock that runs hurries people."""
    left = math.ceil((checkout.expires_at - timezone.now()).total_seconds() / 60) if checkout.expires_at else 0
    return max(1, left) if left <= FEW_MINUTES else None


def _back_to_basket(request: ReaderRequest, plan: Plan) -> HttpResponse:
    _say_short(request, plan.short)
    return redirect("storefront:basket")


def _say_short(request: ReaderRequest, short: Sequence[PlannedLine]) -> None:
    for line in short:
        shop = line.record.partner.shop
        text = (
            _("%(shop)s has only %(units)d of %(wanted)d copies of “%(title)s” left.")
            if line.for_sale and line.sellable
            else _("%(shop)s has no copy of “%(title)s” left.")
        )
        values = {"shop": shop, "title": line.title, "units": line.sellable, "wanted": line.quantity}
        messages.warning(request, text % values)
