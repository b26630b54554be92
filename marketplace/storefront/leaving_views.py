"""A reader takes their data along, or ends the account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.readers import leaving
from marketplace.storefront import tries
from marketplace.storefront.reader_request import person

WHY_STAY = {
    "order": gettext_lazy("A shop still has to hand an order over to you. Wait for it, or cancel it."),
    "payment": gettext_lazy("A payment is under way. Wait until it has ended."),
    "reservation": gettext_lazy("A shop keeps a copy for you. Collect it, or give it up."),
    "return": gettext_lazy("You are sending something back. Wait until its money has come back, or call it off."),
    "incident": gettext_lazy(
        "Something is still wrong with an order of yours. Wait until it is settled, or settle it."
    ),
    "local": gettext_lazy(
        "Units of a local currency are on your account. Spend them first, or ask us to pay them back."
    ),
    "document": gettext_lazy("An invoice of yours is being made. Try again in a minute."),
    "invoice": gettext_lazy("An order by invoice is not settled yet. Wait until nothing of it is owed, either way."),
    "works": gettext_lazy("You act for a shop or for the network. Ask its owner to take you out first."),
}


@never_cache
@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    answer = JsonResponse(leaving.export(person(request)), json_dumps_params={"ensure_ascii": False, "indent": 2})
    answer["Content-Disposition"] = 'attachment; filename="halles.json"'
    return answer


@never_cache
@login_required
def leave(request: HttpRequest) -> HttpResponse:
    """GET says what goes and what stays; POST with the password ends the account."""
    reader = person(request)
    problem = ""
    if request.method == "POST":
        if tries.too_many(request, "leave"):
            return render(request, "storefront/too_often.html", status=429)
        if not reader.check_password(request.POST.get("password", "")):
            problem = _("That is not your password.")
        elif not leaving.leave(reader, now=timezone.now()):
            logout(request)
            messages.success(request, _("Your account has ended."))
            return redirect("home")
    context = {
        "problem": problem,
        "reasons": [WHY_STAY[reason] for reason in leaving.reasons_to_stay(reader)],
        "has_password": reader.has_usable_password(),
    }
    return render(request, "storefront/leave.html", context, status=422 if request.method == "POST" else 200)
