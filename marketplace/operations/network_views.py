"""The one page on which the network is set up."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.cms import legal
from marketplace.foundation import audit, network
from marketplace.foundation.models import Network
from marketplace.operations.access import operator_page
from marketplace.operations.forms import NetworkForm
from shops.onboarding import agreement

FACT_LENGTH = 200


@operator_page
def edit_network(request: HttpRequest) -> HttpResponse:
    network.current()  # makes the row where the database is new
    row = Network.objects.get(pk=1)
    before = {name: _said(getattr(row, name)) for name in NetworkForm.Meta.fields}
    as_it_was = copy(row)
    form = NetworkForm(request.POST or None, request.FILES or None, instance=row)
    if request.method != "POST" or not form.is_valid():
        return render(request, "operations/network.html", {"form": form}, status=422 if form.errors else 200)
    with transaction.atomic():
        saved = form.save()
        changed: dict[str, Any] = {
            name: [before[name], after]
            for name in NetworkForm.Meta.fields
            if (after := _said(getattr(saved, name))) != before[name]
        }
        if changed:
            audit.record("network.change", saved, by=request.user, **changed)
            legal.follow(as_it_was, saved)
            agreement.follow(as_it_was, saved, now=timezone.now())
    network.forget()
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return redirect("operations:network")


def _said(value: object) -> str:
    """As the audit entry keeps it: long texts by their beginning and length."""
    text = str(value)
    return text if len(text) <= FACT_LENGTH else f"{text[:FACT_LENGTH]}… ({len(text)})"
