"""The operators of the network, and what each may do."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import money, network
from marketplace.foundation.models import Role
from marketplace.models import User
from marketplace.operations import operators, roles
from marketplace.operations.access import operator_action, operator_page
from marketplace.readers import confirmed
from marketplace.storefront.reader_request import person


class OperatorForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address of their account"))
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False
    )


@require_safe
@operator_page
def operators_page(request: HttpRequest) -> HttpResponse:
    return _page(request, OperatorForm())


@operator_action
def save(request: HttpRequest) -> HttpResponse:
    """Of a new operator or one that there is: what is ticked is what they have."""
    form = OperatorForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    email = form.cleaned_data["email"].lower()
    found = (
        confirmed.owners([email]).get(email)
        or User.objects.filter(email__iexact=email, is_active=True, is_staff=True).first()
    )
    if found is None:
        form.add_error(
            "email", _("Nobody has confirmed this address with an account: they sign up and confirm it first.")
        )
        return _page(request, form, status=422)
    before = network.current().refund_two_above_minor
    try:
        operators.give(found, form.cleaned_data["roles"], by=person(request))
    except operators.OperatorError as error:
        form.add_error(None, str(error))
        return _page(request, form, status=422)
    messages.success(request, _("Saved."))
    if (limit := network.current().refund_two_above_minor) != before:
        said = {"amount": money.display(limit, network.current().currency, get_language() or "")}
        messages.info(request, _("Refunds above %(amount)s need two operators from now on (Network, Trust).") % said)
    return redirect("operations:operators")


@operator_action
def end(request: HttpRequest, user_id: int) -> HttpResponse:
    try:
        if operators.end(get_object_or_404(User, pk=user_id), by=person(request)):
            messages.success(request, _("This person is no operator any more."))
    except operators.OperatorError as error:
        messages.error(request, str(error))
    return redirect("operations:operators")


def _page(request: HttpRequest, form: OperatorForm, status: int = 200) -> HttpResponse:
    people = User.objects.filter(is_staff=True, is_active=True).select_related("operator_roles").order_by("email")
    context = {
        "people": [
            (one, [role.label for role in Role if role in roles.of(one)], one == request.user) for one in people
        ],
        "form": form,
    }
    return render(request, "operations/operators.html", context, status=status)
