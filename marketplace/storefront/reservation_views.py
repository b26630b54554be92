"""Reserve a copy and pay in the shop: the wish, and the reservation's own page, which its address opens."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import sale_limits
from marketplace.checkout.tax_places import home
from marketplace.foundation import links, money
from marketplace.foundation.people import as_reader
from marketplace.models import User
from marketplace.oscar_apps.basket import lines
from marketplace.oscar_apps.basket.lines import Buyer, LimitedError
from marketplace.storefront import tries
from marketplace.storefront.reader_request import ReaderRequest, account
from marketplace.storefront.reservation_forms import ReserveForm
from search import availability, directory
from search.reader import reader_of
from shops import reservation_mail, reservations, stock
from shops.models import Reservation
from shops.models_reservations import MOST_OPEN
from shops.reservations import ReservationError

FROM_ONE_ADDRESS = 6
"""Wishes in a minute: a family at one connection has enough."""

MOST_SEEN = 100  # of a reader's reservations on a visit


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reserve(request: ReaderRequest, record_id: int) -> HttpResponse:
    """`/reserve/<stock record>/`: how many, and for whom."""
    related = ("partner__shop", "terms", "download", "product__facts")
    record = get_object_or_404(StockRecord.objects.select_related(*related), pk=record_id, partner__shop__isnull=False)
    now, reader = timezone.now(), account(request)
    there = stock.sellable_now(record, now=now) if reservations.offers(record) else 0
    form = ReserveForm(request.POST if request.method == "POST" else None, reader=reader, most=there)
    refused = ""
    if there and form.is_valid():
        if tries.too_many(request, "reserve", per_minute=FROM_ONE_ADDRESS):
            refused = _("That was often in a short time. Please wait a minute, then try again.")
        else:
            try:
                # It is sold where it is collected.
                where = home(record.partner.shop)
                lines.sold_to(Buyer(where, reader_of(request).age), record)
                who = _person(form, reader) | {
                    "age_years": sale_limits.years(getattr(record.product, "facts", None), where),
                    "asked_from": tries.origin(request, "reserve"),
                }
                made = reservations.reserve(record, form.cleaned_data["units"], now=now, **who)
            except LimitedError as why:
                refused = str(why)
            except ReservationError as error:
                refused = _why(error)
            else:
                return redirect("storefront:reservation", made.token)
    shop = record.partner.shop
    card = directory.active().get(shop.pk)
    context = {
        "form": form,
        "record": record,
        "product": record.product,
        "shop": shop,
        "card": card,
        "there": there,
        "price_minor": money.to_minor(record.price, record.price_currency) if there else None,
        "refused": refused,
        "most_open": MOST_OPEN,
        "opening": availability.opening(card, now) if card else None,
        "verified": reader is not None and _is_known(reader),
    }
    return render(request, "storefront/reserve.html", context, status=422 if refused or form.errors else 200)


@never_cache
@require_safe
def reservation(request: ReaderRequest, token: str) -> HttpResponse:
    found = _find(request, token)
    return render(request, "storefront/reservation.html", {"reservation": found, "token": token})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: ReaderRequest, token: str, key: str) -> HttpResponse:
    """From the mail. Looked at it asks: programs that only look confirm nothing."""
    found = _find(request, token)
    if not constant_time_compare(reservation_mail.confirm_key(found), key):
        raise Http404
    if request.method == "POST":
        try:
            reservations.confirm(found, now=timezone.now())
        except ReservationError:
            messages.info(request, _("It was confirmed before, or its hour is over."))
        else:
            messages.success(request, _("Thank you. The shop is asked to set it aside."))
        return redirect("storefront:reservation", token)
    return render(request, "storefront/reservation.html", {"reservation": found, "token": token, "confirms": True})


@never_cache
@require_POST
def give_up(request: ReaderRequest, token: str) -> HttpResponse:
    found = _find(request, token)
    try:
        reservations.give_up(found, by=as_reader(request.user.pk), now=timezone.now())
    except ReservationError:
        messages.info(request, _("It was over already."))
    else:
        messages.success(request, _("Given up. Thank you for saying so: somebody else can have it."))
    return redirect("storefront:reservation", token)


def token_for(request: HttpRequest, found: Reservation) -> str:
    """What its addresses bear on a page shown to `request`: on an operator's visit what opens it while that lasts."""
    visit = getattr(request, "visit", None)  # `operations.visiting`
    return links.visit_key(f"reservation:{found.pk}", visit.pk) if visit else found.token


def _find(request: HttpRequest, token: str) -> Reservation:
    rows = Reservation.objects.select_related("shop", "product")
    if (visit := getattr(request, "visit", None)) is not None:
        for known in rows.filter(user=visit.user).order_by("-pk")[:MOST_SEEN]:
            if constant_time_compare(token_for(request, known), token):
                return known
    return get_object_or_404(rows, token=token)


def _person(form: ReserveForm, reader: User | None) -> dict[str, Any]:
    language = (get_language() or "fr")[:2]
    given = form.cleaned_data
    email = reader.email if reader else given["email"]
    known = reader is not None and _is_known(reader)
    return {"user": reader, "email": email, "name": given["name"], "language": language, "confirmed": known}


def _is_known(reader: User) -> bool:
    """Whether the account's address was confirmed once."""
    return EmailAddress.objects.filter(user=reader, email=reader.email, verified=True).exists()


def _why(error: ReservationError) -> str:
    return {
        "short": _("Somebody was quicker: the shop has not that many copies left."),
        "too_many": _("You have as many reservations as there can be. Collect one, or give one up."),
        "asked_here": _(
            "From here, reservations wait for their confirmation by mail. Confirm these first, or wait an hour."
        ),
        "asked_of_it": _("Copies of it wait for other readers to confirm. Try again within the hour, or buy one now."),
    }.get(error.reason, _("This copy cannot be reserved any more."))
