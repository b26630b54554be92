"""Keys for programs that read: who has one, what it opens, how often it may call."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.api import keys, limits
from marketplace.api.models import ReadKey, Scope
from marketplace.operations.access import operator_action, operator_page


class ReadKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it opens"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=Scope.values,
    )

    class Meta:
        model = ReadKey
        fields = ["label", "scopes", "per_minute"]
        labels = {"label": gettext_lazy("Whose program is it?"), "per_minute": gettext_lazy("Calls in a minute")}
        help_texts = {"label": "", "per_minute": ""}


@require_safe
@operator_page
def read_keys(request: HttpRequest) -> HttpResponse:
    return _page(request, ReadKeyForm())


@never_cache
@operator_action
def make(request: HttpRequest) -> HttpResponse:
    """The key is in this one answer and nowhere else."""
    form = ReadKeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    key = keys.make(**form.cleaned_data, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return _page(request, ReadKeyForm(), key=key)


@operator_action
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    key = get_object_or_404(ReadKey, pk=key_id)
    if keys.revoke(key, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _("“%(label)s” opens nothing any more.") % {"label": key.label})
    else:
        messages.info(request, _("It was revoked before."))
    return redirect("operations:read-keys")


def _page(request: HttpRequest, form: ReadKeyForm, *, key: str = "", status: int = 200) -> HttpResponse:
    names = dict(Scope.choices)
    context = {
        "form": form,
        "key": key,
        "without_key": limits.WITHOUT_KEY,
        "keys": [
            (row, [names.get(scope, scope) for scope in row.scopes])
            for row in ReadKey.objects.filter(revoked_at=None).select_related("created_by")
        ],
    }
    return render(request, "operations/read_keys.html", context, status=status)
