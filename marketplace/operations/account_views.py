"""The accounts of the ledger, what members pay, the yearly dividend, the solidarity pool."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from marketplace.foundation.amount_field import AmountField
from marketplace.foundation.day_field import DayField
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import ledger, membership
from marketplace.payments.chart import account_of
from marketplace.payments.models import Dividend, Dues
from shops.models import Shop


class DuesForm(forms.Form):
    shop = forms.ModelChoiceField(label=gettext_lazy("Shop"), queryset=Shop.objects.all())
    amount_minor = AmountField(label=gettext_lazy("Amount, without tax"))
    every = forms.ChoiceField(label=gettext_lazy("For each"), choices=Dues.Every.choices)
    next_on = DayField(label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean_amount_minor(self) -> int:
        if not self.cleaned_data["amount_minor"]:
            raise forms.ValidationError(_("Say how much."))
        return self.cleaned_data["amount_minor"]


class DividendForm(forms.Form):
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=2000, max_value=2100)
    surplus_minor = AmountField(label=gettext_lazy("Surplus to share"))


@require_safe
@operator_page
def accounts(request: HttpRequest) -> HttpResponse:
    return _page(request)


@operator_action
def add_dues(request: HttpRequest) -> HttpResponse:
    form = DuesForm(request.POST, auto_id="dues-%s")
    if not form.is_valid():
        return _page(request, dues_form=form, status=422)
    said = {**form.cleaned_data, "currency": network.current().currency}
    with transaction.atomic():
        Shop.objects.select_for_update(no_key=True, of=("self",)).get(pk=said["shop"].pk)
        if not Dues.objects.filter(**said, ends_on=None).exists():  # else the form was sent twice
            dues = Dues.objects.create(**said)
            audit.record("dues.add", dues, by=request.user, shop_id=dues.shop_id, amount_minor=dues.amount_minor)
    messages.success(request, _("They are charged on the first day of each period."))
    return redirect("operations:accounts")


@operator_action
def end_dues(request: HttpRequest, dues_id: int) -> HttpResponse:
    dues = get_object_or_404(Dues, pk=dues_id)
    with transaction.atomic():
        if Dues.objects.filter(pk=dues_id, ends_on=None).update(ends_on=timezone.localdate()):
            audit.record("dues.end", dues, by=request.user, shop_id=dues.shop_id)
    messages.success(request, _("No period that begins later is charged."))
    return redirect("operations:accounts")


@operator_action
def declare_dividend(request: HttpRequest) -> HttpResponse:
    form = DividendForm(request.POST, auto_id="dividend-%s")
    if form.is_valid():
        year, surplus = form.cleaned_data["year"], form.cleaned_data["surplus_minor"] or 0
        common = {"currency": network.current().currency, "by": request.user, "now": timezone.now()}
        try:
            membership.declare_dividend(year, surplus, **common)  # type: ignore[arg-type]
        except membership.DividendError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Shared by what each shop brought, and in each shop's statement."))
            return redirect("operations:accounts")
    return _page(request, dividend_form=form, status=422)


@operator_action
def set_network_shop(request: HttpRequest) -> HttpResponse:
    """Of which shop readers choose who sells its downloads; none: every download is its shop's own."""
    wanted = request.POST.get("shop", "")
    with transaction.atomic():
        chosen = Shop.objects.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 10 else None
        Shop.objects.filter(sells_for_all=True).update(sells_for_all=False)
        if chosen:
            Shop.objects.filter(pk=chosen.pk).update(sells_for_all=True)
        audit.record("network.shop", network.current(), by=request.user, shop_id=chosen.pk if chosen else None)
    messages.success(request, _("Saved."))
    return redirect("operations:accounts")


@operator_action
def share_pool(request: HttpRequest) -> HttpResponse:
    """Evenly, among the shops that are on sale now; once a day at most."""
    now = timezone.now()
    shops = list(Shop.objects.filter(status=Shop.Status.ACTIVE, sells_for_all=False).order_by("pk"))
    common = {"currency": network.current().currency, "key": f"{now:%Y-%m-%d}", "by": request.user, "now": now}
    if shops and any(membership.share_pool(shops, **common).values()):  # type: ignore[arg-type]
        messages.success(request, _("Shared evenly among the shops that are on sale."))
    else:
        messages.info(request, _("There is nothing to share."))
    return redirect("operations:accounts")


def _page(
    request: HttpRequest,
    *,
    dues_form: DuesForm | None = None,
    dividend_form: DividendForm | None = None,
    status: int = 200,
) -> HttpResponse:
    currency = network.current().currency
    balances = ledger.balances(currency=currency)
    names = dict(Shop.objects.values_list("pk", "name"))
    context = {
        "rows": [
            (name, names.get(ledger.shop_of(name) or 0, ""), account_of(name).holds, minor)
            for name, minor in balances.items()
        ],
        "sum": sum(balances.values()),
        "pool": -balances.get(ledger.POOL, 0),
        "dues": Dues.objects.filter(ends_on=None).select_related("shop").order_by("shop__name"),
        "dividends": Dividend.objects.prefetch_related("shares__shop").order_by("-year"),
        "dues_form": dues_form or DuesForm(auto_id="dues-%s", initial={"next_on": timezone.localdate()}),
        "dividend_form": dividend_form or DividendForm(auto_id="dividend-%s"),
        "currency": currency,
        "shops": Shop.objects.exclude(status=Shop.Status.DRAFT).order_by("name"),
    }
    return render(request, "operations/accounts.html", context, status=status)
