"""Gift cards at the counter: pay with one, sell one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.foundation import money, network
from marketplace.payments import gift_card_papers, gift_cards
from marketplace.payments.gift_card_forms import RedeemForm, SellForm
from marketplace.payments.gift_cards import GiftCardError
from marketplace.payments.models import GiftCardEntry
from marketplace.storefront import tries
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page

SHOWN = 30
# A counter scans more cards in a minute than a reader types; a code is guessed by neither.
TRIES = 30


@require_safe
@portal_page
def gift_cards_page(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@never_cache
@portal_action
def redeem(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Take an amount off a card; the network owes it to the shop."""
    form = RedeemForm(request.POST)
    if form.is_valid():
        if tries.too_many(request, "gift-card-counter", per_minute=TRIES):
            form.add_error(None, _("That was often in a short time. Please wait a minute, then try again."))
            return _page(request, workplace, redeem=form, status=429)
        given = form.cleaned_data
        names = {"shop": workplace.shop, "by": request.user, "once": given["once"], "now": timezone.now()}
        try:
            entry = gift_cards.redeem(given["code"], given["amount_minor"], **names)
        except GiftCardError as error:
            form.add_error(None, str(error))
        else:
            text = _("%(amount)s taken off card %(card)s; %(left)s is left on it. The network pays it to your shop.")
            amounts = {"amount": _shown(-entry.amount_minor), "left": _shown(entry.card.balance_minor)}
            messages.success(request, text % {**amounts, "card": entry.card})
            return redirect("portal:gift-cards", workplace.shop.slug)
    return _page(request, workplace, redeem=form, status=422)


@never_cache
@portal_action
def sell(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The shop takes the money and owes it to the network; the code is shown once, to be written on the card."""
    form = SellForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            card, code = gift_cards.issue(
                given["amount_minor"],
                currency=network.current().currency,
                paid_by=gift_cards.PaidBy.SHOP,
                by=request.user,
                once=f"{workplace.shop.pk}:{given['once']}",
                now=timezone.now(),
                shop=workplace.shop,
                recipient_email=given["recipient_email"],
                language=(get_language() or "fr")[:2],
            )
        except GiftCardError as error:
            form.add_error("amount_minor", str(error))
        else:
            context = {"card": card, "code": code, "once": given["once"]}
            return page(request, workplace, "portal/gift_card_sold.html", context)
    return _page(request, workplace, sell=form, status=422)


@never_cache
@portal_action
def print_card(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The card that this form has just sold, as PDF: its code is worked out from the form once more."""
    made = gift_cards.made_by(f"{workplace.shop.pk}:{request.POST.get('once', '')}", now=timezone.now())
    if made is None:
        raise Http404(_("A card can be printed only for a day. If it is lost, have it replaced."))
    return gift_card_papers.as_file(gift_card_papers.card_pdf(*made), f"card{made[0].last_four}")


@require_safe
@portal_page
def receipt(request: StaffRequest, workplace: Workplace, entry_id: int) -> HttpResponse:
    """For whoever bought a card here or paid with one."""
    entries = GiftCardEntry.objects.filter(shop=workplace.shop, kind__in=["issue", "counter"])
    entry = get_object_or_404(entries.select_related("card", "shop"), pk=entry_id)
    return gift_card_papers.as_file(gift_card_papers.receipt_pdf(entry), f"receipt-{entry.pk}")


def _page(request: StaffRequest, workplace: Workplace, *, status: int = 200, **forms: object) -> HttpResponse:
    mine = GiftCardEntry.objects.filter(shop=workplace.shop).select_related("card").order_by("-pk")
    context = {
        "redeem": RedeemForm(auto_id="redeem_%s"),
        "sell": SellForm(auto_id="sell_%s"),
        "entries": mine[:SHOWN],
        **forms,
    }
    return page(request, workplace, "portal/gift_cards.html", context, status=status)


def _shown(amount_minor: int) -> str:
    return money.display(amount_minor, network.current().currency, get_language() or "fr")
