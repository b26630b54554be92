"""A shop as the operator sees it: whether it sells, its people; suspended and restored with a reason."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation.models import AuditEntry
from marketplace.operations.access import operator_action, operator_page
from shops import lifecycle
from shops.models import Shop

HISTORY_SHOWN = 20


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why? The shop reads it."),
        max_length=500,
        error_messages={"required": gettext_lazy("Say why.")},
    )


@require_safe
@operator_page
def shop(request: HttpRequest, shop_id: int) -> HttpResponse:
    return _page(request, get_object_or_404(Shop, pk=shop_id))


@operator_action
def suspend(request: HttpRequest, shop_id: int) -> HttpResponse:
    return _act(request, shop_id, lifecycle.suspend, _("Suspended: nothing of it is for sale within a minute."))


@operator_action
def restore(request: HttpRequest, shop_id: int) -> HttpResponse:
    return _act(request, shop_id, lifecycle.restore, _("It is again as it was before."))


def _act(request: HttpRequest, shop_id: int, act: Callable[..., bool], said: str) -> HttpResponse:
    row, form = get_object_or_404(Shop, pk=shop_id), ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    if act(row, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now()):
        messages.success(request, said)
    else:
        messages.error(request, _("Nothing was changed: look at its status."))
    return redirect("operations:shop", shop_id=row.pk)


def _page(request: HttpRequest, row: Shop, form: ReasonForm | None = None) -> HttpResponse:
    changes = AuditEntry.objects.filter(shop_id=row.pk, action__startswith="shop.").order_by("-pk")
    context = {
        "shop": row,
        "form": form or ReasonForm(),
        "members": row.members.select_related("user").order_by("user__email"),
        "history": changes[:HISTORY_SHOWN],
    }
    return render(request, "operations/shop.html", context, status=422 if form else 200)
