"""A title's facts: what is shown, who says it, what the others say; and what an operator says instead."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from oscar.apps.catalogue.models import Product

from catalog_sync.titles import editing
from catalog_sync.titles.editing import LONG, EditError, Fact
from marketplace.catalogue.models import Form, Moderation
from marketplace.operations.access import operator_action, operator_page

FORMATS = [("", ""), *Form.choices]


class FactForm(forms.Form):
    """One fact, in a field of its kind."""

    def __init__(self, fact: Fact, data: object = None) -> None:
        initial = {"text": fact.shown.text if fact.shown else ""}
        super().__init__(data, initial=initial, auto_id=f"{fact.name}-%s")  # type: ignore[arg-type]
        field: forms.Field = forms.CharField(required=False, label=fact.label)
        if fact.name == "form":
            field = forms.ChoiceField(required=False, label=fact.label, choices=FORMATS)
        elif fact.name in LONG:
            field.widget = forms.Textarea(attrs={"rows": 8 if fact.name == "description" else 3})
        self.fields["text"] = field


@require_safe
@operator_page
def title(request: HttpRequest, product_id: int) -> HttpResponse:
    return _page(request, _find(product_id))


@operator_action
def edit(request: HttpRequest, product_id: int, fact: str) -> HttpResponse:
    product = _find(product_id)
    try:
        editing.say(product, fact, request.POST.get("text", ""), by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except EditError as error:
        return _page(request, product, wrong=(fact, str(error)))
    messages.success(request, _("Saved. It is shown instead of what the others say."))
    return redirect("operations:title", product_id)


@operator_action
def take_back(request: HttpRequest, product_id: int, fact: str) -> HttpResponse:
    if editing.take_back(_find(product_id), fact, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _("Taken back. What the others say is shown again."))
    else:
        messages.info(request, _("There is nothing to take back."))
    return redirect("operations:title", product_id)


def _find(product_id: int) -> Product:
    """Not a title that was joined with another one: nothing is said of it any more."""
    return get_object_or_404(Product.objects.select_related("facts"), pk=product_id, moved_to=None)


def _page(request: HttpRequest, product: Product, wrong: tuple[str, str] = ("", "")) -> HttpResponse:
    rows = []
    for fact in editing.facts_of(product):
        error = wrong[1] if fact.name == wrong[0] else ""
        rows.append((fact, FactForm(fact, request.POST if error else None), error))
    context = {
        "product": product,
        "facts": getattr(product, "facts", None),
        "rows": rows,
        "moderation": Moderation.objects.filter(product=product).select_related("shop").first(),
    }
    return render(request, "operations/title.html", context, status=422 if wrong[0] else 200)
