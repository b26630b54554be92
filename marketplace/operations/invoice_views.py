"""Every numbered document, newest first; of one shop, or by its number."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.operations.access import operator_page
from marketplace.payments.models import Invoice
from marketplace.payments.views import invoice_file
from shops.models import Shop

SHOWN = 50


class InvoicesForm(forms.Form):
    shop = forms.ModelChoiceField(label=gettext_lazy("Of one shop"), queryset=Shop.objects.all(), required=False)
    order = forms.CharField(label=gettext_lazy("Of one order"), max_length=40, required=False)


@require_safe
@operator_page
def invoices(request: HttpRequest) -> HttpResponse:
    form = InvoicesForm(request.GET)
    rows = Invoice.objects.select_related("shop", "shop_order").order_by("-pk")
    asked = form.cleaned_data if form.is_valid() else {}
    if asked.get("shop"):
        rows = rows.filter(shop=asked["shop"])
    if asked.get("order"):
        rows = rows.filter(shop_order__number__startswith=asked["order"].strip())
    kept = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    context = {
        "form": form,
        "pages": Paginator(rows, SHOWN).get_page(request.GET.get("page")),
        "kept": f"{urlencode(kept)}&" if kept else "",
    }
    return render(request, "operations/invoices.html", context)


@require_safe
@operator_page
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    return invoice_file(get_object_or_404(Invoice.objects.select_related("shop"), pk=pk))
