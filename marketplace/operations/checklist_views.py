"""What is asked of every shop before it is put on sale, and what was seen to be so at one."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.operations.access import operator_action, operator_page
from marketplace.storefront.reader_request import person
from shops.models import ChecklistItem, Shop
from shops.onboarding import checklist


class ItemForm(forms.ModelForm):
    class Meta:
        model = ChecklistItem
        fields = ["text_fr", "text_en"]
        labels = {"text_fr": gettext_lazy("In French"), "text_en": gettext_lazy("In English")}

    def clean_text_fr(self) -> str:
        text: str = self.cleaned_data["text_fr"]
        if not text:
            raise forms.ValidationError(_("Say what is to be looked at."))
        return text


@require_safe
@operator_page
def checklist_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@operator_action
def ask(request: HttpRequest) -> HttpResponse:
    """A line that is computed is asked of shops, or not."""
    code = request.POST.get("code", "")
    if code not in checklist.COMPUTED:
        raise Http404
    checklist.ask(code, request.POST.get("is_needed") == "1", by=person(request))
    messages.success(request, _("Saved."))
    return redirect("operations:checklist")


@operator_action
def add(request: HttpRequest) -> HttpResponse:
    form = ItemForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    checklist.add(form.cleaned_data["text_fr"], form.cleaned_data["text_en"], by=person(request))
    messages.success(request, _("Saved."))
    return redirect("operations:checklist")


@operator_action
def drop(request: HttpRequest, item_id: int) -> HttpResponse:
    checklist.drop(get_object_or_404(ChecklistItem, pk=item_id, code=""), by=person(request))
    messages.success(request, _("It is asked of no shop any more."))
    return redirect("operations:checklist")


@operator_action
def tick(request: HttpRequest, shop_id: int, item_id: int) -> HttpResponse:
    shop, item = get_object_or_404(Shop, pk=shop_id), get_object_or_404(ChecklistItem, pk=item_id, code="")
    checklist.tick(shop, item, request.POST.get("is_done") == "1", by=person(request), now=timezone.now())
    return redirect("operations:shop", shop_id=shop.pk)


def _page(request: HttpRequest, form: ItemForm | None = None) -> HttpResponse:
    not_asked = checklist.not_asked()
    context = {
        "computed": [(code, one.text, code not in not_asked) for code, one in checklist.COMPUTED.items()],
        "own": [(item, checklist.text_of(item)) for item in checklist.own()],
        "form": form or ItemForm(),
    }
    return render(request, "operations/checklist.html", context, status=422 if form else 200)
