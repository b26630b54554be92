"""A shop that asks to join, as the operator sees it: what it said, its papers, words both ways, and the decision."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, whereabouts
from marketplace.operations.access import operator_action, operator_page
from marketplace.storefront.reader_request import person
from shops.models import Application, Shop
from shops.onboarding import address_words, applying
from shops.onboarding.forms import WordsForm
from shops.onboarding.making import ShopForm


class ApproveForm(ShopForm):
    """What the network chooses; all else was said by the applicant."""

    owner = None  # type: ignore[assignment]

    class Meta(ShopForm.Meta):
        fields = ["slug", "timezone"]
        help_texts = ShopForm.Meta.help_texts | {"timezone": ""}


@require_safe
@operator_page
def application(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(Application, pk=pk))


@operator_action
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    return _say(request, pk, applying.ask, _("Asked: they are told by mail."), "ask_form")


@operator_action
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    return _say(request, pk, applying.reject, _("Rejected: they are told by mail."), "reject_form")


@operator_action
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = get_object_or_404(Application, pk=pk), ApproveForm(request.POST)
    if not form.is_valid():
        return _page(request, row, approve_form=form)
    try:
        shop = applying.approve(row, **form.cleaned_data, by=person(request), now=timezone.now())
    except applying.ApplicationError as error:
        decided, stranger = (
            _("Nothing was changed: it is decided already."),
            _("Nothing was changed: whoever asked owns no shop of that business any more."),
        )
        messages.error(request, stranger if error.code == "stranger" else decided)
        return redirect("operations:application", pk=row.pk)
    except IntegrityError:  # another shop took the address a moment ago
        form.add_error("slug", _("Another shop has this address by now."))
        return _page(request, get_object_or_404(Application, pk=pk), approve_form=form)
    messages.success(request, _("The shop is joining; its first owner gets an invitation by mail."))
    if shop.latitude is None:
        messages.warning(request, address_words.not_placed())
    return redirect("operations:shop", shop_id=shop.pk)


@require_safe
@operator_page
def paper(request: HttpRequest, pk: int, document_id: int) -> FileResponse:
    """As a download, never shown in the page: a stranger sent it. Who read it is noted."""
    row = get_object_or_404(Application, pk=pk)
    document = get_object_or_404(row.documents, pk=document_id)
    audit.record("application.read_paper", document, by=request.user, name=document.name)
    answer = FileResponse(
        document.file.open("rb"), as_attachment=True, filename=document.name, content_type=document.content_type
    )
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _say(request: HttpRequest, pk: int, act: Callable[..., None], said: str, name: str) -> HttpResponse:
    row, form = get_object_or_404(Application, pk=pk), WordsForm(request.POST)
    if not form.is_valid():
        return _page(request, row, **{name: form})
    try:
        act(row, form.cleaned_data["text"], by=person(request), now=timezone.now())
    except applying.ApplicationError:
        messages.error(request, _("Nothing was changed: it is decided already."))
    else:
        messages.success(request, said)
    return redirect("operations:application", pk=row.pk)


def _page(request: HttpRequest, row: Application, **forms_sent: forms.BaseForm) -> HttpResponse:
    slug = slugify(row.name)[:60]
    zone = whereabouts.zone_of(row.country, row.postcode)
    context = {
        "application": row,
        "said": row.messages.all(),
        "papers": row.documents.all(),
        "others": Shop.objects.filter(business=row.business_id).order_by("name") if row.business_id else [],
        "ask_form": WordsForm(auto_id="ask_%s"),
        "reject_form": WordsForm(auto_id="reject_%s"),
        "approve_form": ApproveForm(initial={"slug": slug, "timezone": zone}, auto_id="approve_%s"),
        **forms_sent,
    }
    return render(request, "operations/application.html", context, status=422 if forms_sent else 200)
