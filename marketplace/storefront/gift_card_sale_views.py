"""Gift cards for readers: bought, printed, a lost one replaced, what is left on one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.foundation import links, network
from marketplace.payments import gift_card_papers, gift_card_sales, gift_cards
from marketplace.payments.gateway_records import PaymentGatewayError
from marketplace.payments.gift_card_forms import OnceForm
from marketplace.payments.models import GiftCardPurchase
from marketplace.storefront import tries
from marketplace.storefront.gift_card_forms import MAILED, BalanceForm, BuyForm
from marketplace.storefront.reader_request import ReaderRequest, account

State = GiftCardPurchase.State


def purchase_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For `view(request, purchase, …)`: the purchase that its buyer's key opens; one address has few tries."""

    @never_cache
    @wraps(view)
    def opened(request: ReaderRequest, pk: int, key: str) -> HttpResponse:
        # For an id that is none, the key of a reference just made: nobody can tell it from a wrong key.
        purchase = GiftCardPurchase.objects.select_related("card").filter(pk=pk).first()
        if not constant_time_compare(gift_card_sales.key_of(purchase or GiftCardPurchase()), key) or purchase is None:
            if tries.too_many(request, "gift-card-purchase"):
                return render(request, "storefront/too_often.html", status=429)
            raise Http404(_("This address opens no gift card. Use the one in your mail."))
        return view(request, purchase)

    return opened


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def buy(request: ReaderRequest) -> HttpResponse:
    """GET asks; POST goes to the payment page."""
    reader = account(request)
    initial = {"buyer_name": reader.get_full_name(), "buyer_email": reader.email} if reader else {}
    if request.method != "POST":
        return render(request, "storefront/gift_cards.html", {"form": BuyForm(initial=initial)})
    form = BuyForm(request.POST)
    if not form.is_valid():
        return render(request, "storefront/gift_cards.html", {"form": form}, status=422)
    if tries.too_many(request, "gift-card-buy"):
        return render(request, "storefront/too_often.html", status=429)
    return _open(request, _start(form))


def _start(form: BuyForm) -> GiftCardPurchase:
    given = form.cleaned_data
    return gift_card_sales.start(
        form.amount_minor,
        buyer=(given["buyer_name"], given["buyer_email"]),
        recipient=(given["recipient_name"], given["recipient_email"] if given["way"] == MAILED else ""),
        message=given["message"],
        mail_on=given["mail_on"],
        once=given["once"],
        language=(get_language() or "fr")[:2],
        now=timezone.now(),
    )


def _open(request: ReaderRequest, purchase: GiftCardPurchase) -> HttpResponse:
    here = links.gift_card_url(purchase.pk, gift_card_sales.key_of(purchase))
    try:
        purchase = gift_card_sales.open_session(purchase, success_url=here, cancel_url=here, now=timezone.now())
    except PaymentGatewayError:
        messages.warning(request, _("The payment page does not answer just now. Nothing was charged. Try again."))
        return redirect(_address("gift-card-purchase", purchase))
    return redirect(purchase.session_url if purchase.state == State.OPEN else _address("gift-card-purchase", purchase))


@require_http_methods(["GET", "HEAD", "POST"])
@purchase_page
def bought(request: ReaderRequest, purchase: GiftCardPurchase) -> HttpResponse:
    """Where a purchase is now: to be paid (POST goes there), being confirmed, or the card."""
    if request.method == "POST":
        return _open(request, purchase)
    now = timezone.now()
    context = {
        "purchase": purchase,
        "key": gift_card_sales.key_of(purchase),
        "code": gift_card_sales.code_of(purchase, now=now),
        "told": not purchase.mail_at or not purchase.seed,
        "form": OnceForm(),
    }
    return render(request, "storefront/gift_card_bought.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@purchase_page
def print_card(request: ReaderRequest, purchase: GiftCardPurchase) -> HttpResponse:
    """The card as PDF: of the purchase while its code is told, or (posted) of the new one that this form made."""
    now = timezone.now()
    made = gift_cards.made_by(_lost(purchase, request.POST.get("once", "")), now=now)
    code = made[1] if made else gift_card_sales.code_of(purchase, now=now)
    if not code or purchase.card is None:
        raise Http404(_("A card can be printed only for a day. If it is lost, have it replaced."))
    names = {"recipient": purchase.recipient_name, "giver": purchase.buyer_name, "message": purchase.message}
    return gift_card_papers.as_file(
        gift_card_papers.card_pdf(purchase.card, code, **names), f"card{purchase.card.last_four}"
    )


@require_safe
@purchase_page
def receipt(request: ReaderRequest, purchase: GiftCardPurchase) -> HttpResponse:
    entry = gift_card_sales.issued(purchase)
    if entry is None:
        raise Http404
    return gift_card_papers.as_file(gift_card_papers.receipt_pdf(entry), f"receipt-{entry.pk}")


@require_POST
@purchase_page
def replace(request: ReaderRequest, purchase: GiftCardPurchase) -> HttpResponse:
    """The card is lost: it is dead at once, and the new code is shown here only."""
    form = OnceForm(request.POST)
    if purchase.card is None or purchase.state != State.PAID or not form.is_valid():
        return redirect(_address("gift-card-purchase", purchase))
    if tries.too_many(request, "gift-card-replace"):
        return render(request, "storefront/too_often.html", status=429)
    once = form.cleaned_data["once"]
    try:
        if purchase.mail_at and purchase.seed:
            raise gift_cards.GiftCardError(_("Its code is not mailed yet, so nobody can have lost it."))
        card, code = gift_cards.replace(
            purchase.card, by=None, once=_lost(purchase, once), language=purchase.language, now=timezone.now()
        )
    except gift_cards.GiftCardError as error:
        messages.warning(request, str(error))
        return redirect(_address("gift-card-purchase", purchase))
    purchase.card = card
    context = {
        "purchase": purchase,
        "key": gift_card_sales.key_of(purchase),
        "code": code,
        "once": once,
        "is_new": True,
    }
    return render(request, "storefront/gift_card_bought.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def balance(request: ReaderRequest) -> HttpResponse:
    """What is left on the card of a code; few tries in a minute, counted with those at checkout."""
    form, card, status = BalanceForm(request.POST if request.method == "POST" else None), None, 200
    if form.is_bound:
        if tries.too_many(request, "gift-card"):
            return render(request, "storefront/too_often.html", status=429)
        try:
            if form.is_valid():
                code, currency = form.cleaned_data["code"], network.current().currency
                card = gift_cards.find(code, currency=currency, now=timezone.now())
        except gift_cards.GiftCardError as error:
            form.add_error("code", str(error))
        status = 200 if card else 422
    return render(request, "storefront/gift_card_balance.html", {"form": form, "card": card}, status=status)


def _address(name: str, purchase: GiftCardPurchase) -> str:
    return reverse(f"storefront:{name}", args=[purchase.pk, gift_card_sales.key_of(purchase)])


def _lost(purchase: GiftCardPurchase, once: str) -> str:
    return f"lost:{purchase.pk}:{once}"
