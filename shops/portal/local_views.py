"""Local currencies in a shop: how far it accepts them, what it holds, readers' accounts credited at its counter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit
from marketplace.payments import ledger, local_kept
from marketplace.payments.local_forms import CreditForm, shown_units
from marketplace.payments.models import LocalAcceptance, LocalAccount, LocalCurrency, LocalEntry
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page

SHOWN = 30
PER_CENT = 100


class AcceptanceForm(forms.Form):
    currency = forms.ModelChoiceField(
        LocalCurrency.objects.filter(active=True), label=gettext_lazy("Currency"), empty_label=None
    )
    percent = forms.IntegerField(
        label=gettext_lazy("Of each order at most, per cent"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("0: your shop does not take it."),
    )
    account = forms.CharField(
        label=gettext_lazy("Your shop’s account at the outside service"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Empty where its accounts are kept here. Without one you are paid in money."),
    )


@require_safe
@portal_page
def local(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def accept(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        return _page(request, workplace, accept_form=form, status=422)
    given, shop = form.cleaned_data, workplace.shop
    values = {"basis_points": given["percent"] * PER_CENT, "account": given["account"].strip()}
    with transaction.atomic():
        row = LocalAcceptance.objects.update_or_create(currency=given["currency"], shop=shop, defaults=values)[0]
        audit.record("shop.local_currency", row, by=request.user, shop_id=shop.pk, percent=given["percent"])
    messages.success(request, _("Saved."))
    return redirect("portal:local", shop.slug)


@portal_action
def credit(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The shop takes the money, and owes it to the network; the reader has it at once."""
    form, shop = CreditForm(request.POST), workplace.shop
    if form.is_valid():
        given = form.cleaned_data
        account = local_kept.account_of(given["currency"], user=given["email"])
        how: dict[str, Any] = {"payer": ledger.shop_account(shop.pk), "by": request.user, "shop": shop}
        try:
            local_kept.credit(account, given["units"], once=f"{shop.pk}:{given['once']}", now=timezone.now(), **how)
        except local_kept.LocalMoneyError as error:
            form.add_error("units", str(error))
        else:
            text = _("%(amount)s are on the account. Your shop owes the money to the network.")
            messages.success(request, text % {"amount": shown_units(given["units"], given["currency"])})
            return redirect("portal:local", shop.slug)
    return _page(request, workplace, credit_form=form, status=422)


def _page(request: StaffRequest, workplace: Workplace, *, status: int = 200, **forms_: object) -> HttpResponse:
    shop = workplace.shop
    moved = LocalEntry.objects.filter(account__shop=shop) | LocalEntry.objects.filter(shop=shop)
    context = {
        "offered": LocalCurrency.objects.filter(active=True).exists(),
        "acceptances": LocalAcceptance.objects.filter(shop=shop).select_related("currency"),
        "accounts": LocalAccount.objects.filter(shop=shop).select_related("currency"),
        "entries": moved.select_related("account__currency", "account__user").order_by("-pk")[:SHOWN],
        "accept_form": AcceptanceForm(auto_id="accept-%s"),
        "credit_form": CreditForm(auto_id="credit-%s"),
        **forms_,
    }
    return page(request, workplace, "portal/local.html", context, status=status)
