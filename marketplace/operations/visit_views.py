"""Support: an operator begins and ends a visit of somebody else's pages, and sees who visited whom."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.models import User
from marketplace.operations.access import operator_action, operator_page
from marketplace.operations.visiting import KEY
from marketplace.readers import support
from marketplace.readers.models import SupportVisit
from marketplace.storefront.reader_request import person
from shops.models import Shop

SHOWN = 50


class VisitForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("Whose pages? Their e-mail address"))
    shop = forms.ModelChoiceField(
        label=gettext_lazy("Of which shop"),
        queryset=Shop.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("None: their account as a reader"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, help_text=gettext_lazy("They read this, and who you are.")
    )


@require_safe
@operator_page
def visits(request: HttpRequest) -> HttpResponse:
    first = {name: request.GET.get(name, "") for name in ("email", "shop")}
    return _page(request, VisitForm(initial=first))


@operator_action
def begin(request: HttpRequest) -> HttpResponse:
    form = VisitForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = form.cleaned_data
    found = User.objects.filter(email__iexact=given["email"]).first()
    if found is None:
        form.add_error("email", _("Nobody has an account with this address."))
        return _page(request, form, status=422)
    try:
        visit = support.begin(person(request), found, given["shop"], reason=given["reason"], now=timezone.now())
    except support.SupportError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=422)
    request.session[KEY] = visit.pk
    return redirect("portal:desk", visit.shop.slug) if visit.shop else redirect("storefront:account")


@operator_action
def end(request: HttpRequest, visit_id: int) -> HttpResponse:
    support.end(get_object_or_404(SupportVisit, pk=visit_id, operator=person(request)), now=timezone.now())
    request.session.pop(KEY, None)
    messages.success(request, _("The visit is over."))
    return redirect("operations:visits")


def _page(request: HttpRequest, form: VisitForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    context = {"form": form, "visits": support.latest()[:SHOWN], "now": now, "minutes": int(support.LASTS.seconds / 60)}
    return render(request, "operations/visits.html", context, status=status)
