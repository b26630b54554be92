"""Gift cards of the network: what they hold together, and issuing one."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from marketplace.foundation.amount_field import AmountField
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import gift_card_papers, gift_card_refunds, gift_cards, large_paybacks
from marketplace.payments.gift_card_forms import IssueForm, OnceForm
from marketplace.payments.models import GiftCard, GiftCardPurchase, ProposedPayback
from marketplace.storefront import tries
from marketplace.storefront.reader_request import person
from shops.models import Shop

SHOWN = 50


@require_safe
@operator_page
def gift_cards_page(request: HttpRequest) -> HttpResponse:
    return _page(request, IssueForm())


@never_cache
@operator_action
def issue(request: HttpRequest) -> HttpResponse:
    """The code is shown once, on the page that answers."""
    form = IssueForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = form.cleaned_data
    try:
        card, code = gift_cards.issue(
            given["amount_minor"],
            currency=network.current().currency,
            paid_by=given["paid_by"],
            by=request.user,  # type: ignore[arg-type]  # an operator has signed in
            once=f"board:{given['once']}",
            now=timezone.now(),
            expires_at=given["ends_on"],
            recipient_email=given["recipient_email"],
            language=(get_language() or "fr")[:2],
        )
    except gift_cards.GiftCardError as error:
        form.add_error("amount_minor", str(error))
        return _page(request, form, status=422)
    return _page(request, IssueForm(), made=card, code=code, print_once=f"board:{given['once']}")


@never_cache
@operator_action
def print_card(request: HttpRequest) -> HttpResponse:
    """A card that a form of the board has just made, as PDF: its code is worked out from the form once more."""
    once = request.POST.get("once", "")
    made = gift_cards.made_by(once, now=timezone.now()) if once.startswith(("board:", "lost:board:")) else None
    if made is None:
        raise Http404(_("A card can be printed only for a day. If it is lost, have it replaced."))
    return gift_card_papers.as_file(gift_card_papers.card_pdf(*made), f"card{made[0].last_four}")


@never_cache
@operator_action
def replace(request: HttpRequest, card_id: int) -> HttpResponse:
    """The code of a card is lost: it is dead at once; the new code is shown once, on the page that answers."""
    card, form = get_object_or_404(GiftCard.objects.select_related("shop"), pk=card_id), OnceForm(request.POST)
    if not form.is_valid():
        return redirect("operations:gift-cards")
    if tries.too_many(request, "gift-card-replace"):
        return render(request, "storefront/too_often.html", status=429)
    once, language = f"lost:board:{card.pk}:{form.cleaned_data['once']}", (get_language() or "fr")[:2]
    try:
        new, code = gift_cards.replace(card, by=person(request), once=once, language=language, now=timezone.now())
    except gift_cards.GiftCardError as error:
        messages.error(request, str(error))
        return redirect("operations:gift-cards")
    return _page(request, IssueForm(), made=new, code=code, print_once=once)


@operator_action
def pay_back(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """A card bought online that nobody used goes back to its buyer."""
    purchase = get_object_or_404(GiftCardPurchase, pk=purchase_id)
    try:
        waits = large_paybacks.pay_back_card(purchase, by=person(request), reason="operator", now=timezone.now())
        if waits:
            messages.success(request, _("That is above the limit: it goes back once another operator has approved it."))
        else:
            messages.success(request, _("It is paid back in a moment; the card is empty."))
    except gift_cards.GiftCardError as error:
        messages.error(request, str(error))
    return redirect("operations:gift-cards")


class LimitForm(forms.Form):
    shop = forms.ModelChoiceField(label=gettext_lazy("Shop"), queryset=Shop.objects.all())
    limit_minor = AmountField(label=gettext_lazy("Most it may owe"), required=True)


@operator_action
def set_limit(request: HttpRequest) -> HttpResponse:
    """How much a shop may owe when it sells a card."""
    form = LimitForm(request.POST, auto_id="limit-%s")
    if not form.is_valid():
        return _page(request, IssueForm(), limit_form=form, status=422)
    shop, limit = form.cleaned_data["shop"], form.cleaned_data["limit_minor"]
    with transaction.atomic():
        Shop.objects.filter(pk=shop.pk).update(gift_cards_limit_minor=limit)
        audit.record("shop.gift_cards_limit", shop, by=request.user, shop_id=shop.pk, limit_minor=limit)
    messages.success(request, _("Saved."))
    return redirect("operations:gift-cards")


def _page(request: HttpRequest, form: IssueForm, *, status: int = 200, **made: object) -> HttpResponse:
    currency = network.current().currency
    cards = GiftCard.objects.filter(currency=currency)
    context = {
        "form": form,
        "limit_form": LimitForm(auto_id="limit-%s"),
        "limits": Shop.objects.exclude(gift_cards_limit_minor=Shop._meta.get_field("gift_cards_limit_minor").default),
        "currency": currency,
        "owed_minor": cards.aggregate(sum=Sum("balance_minor", default=0))["sum"],
        "cards": cards.select_related("shop", "purchase").order_by("-pk")[:SHOWN],
        "once": OnceForm(auto_id=False),
        "asked": set(ProposedPayback.objects.filter(decided_at=None).values_list("purchase", flat=True)),
        "refundable_since": timezone.now() - gift_card_refunds.WITHIN,
        **made,
    }
    return render(request, "operations/gift_cards.html", context, status=status)
