"""What a shop took along elsewhere is brought in: the file, what became of its rows; a customer is forgotten."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit
from marketplace.readers import brought as customers
from marketplace.storefront import tries
from shops import queries
from shops.models import Bringing, EarlierNetwork
from shops.onboarding import bringing, bringing_report
from shops.onboarding.brought_files import MOST_BYTES, FileError
from shops.portal import bringing_words
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page

FILES_PER_MINUTE = 3


class BringForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("The ZIP"),
        error_messages={
            "required": gettext_lazy("Choose the file."),
            "empty": gettext_lazy("The file is empty. Nothing was changed; please send it again."),
        },
    )

    def clean_file(self) -> object:
        sent = self.cleaned_data["file"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError(bringing_words.refused("too_large"))
        return sent


class ForgetForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("Their e-mail address"), max_length=254)


@owner_action
def bring(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = BringForm(request.POST, request.FILES)
    if not form.is_valid():
        return brought_page(request, workplace, 422, form=form)
    if tries.too_many(request, "bring", per_minute=FILES_PER_MINUTE, by=f"shop {workplace.shop.pk}"):
        form.add_error("file", _("That was often in a short time. Please wait a minute, then try again."))
        return brought_page(request, workplace, 429, form=form)
    try:
        bringing.bring(workplace.shop, form.cleaned_data["file"].chunks(), by=request.user, now=timezone.now())
    except FileError as problem:
        form.add_error("file", bringing_words.refused(str(problem)))
        return brought_page(request, workplace, 422, form=form)
    return redirect("portal:brought", slug=workplace.shop.slug)


@require_safe
@portal_page
def brought(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return brought_page(request, workplace)


def brought_page(request: StaffRequest, workplace: Workplace, status: int = 200, **bound: forms.Form) -> HttpResponse:
    """The form, the last file with what became of its rows, and what there is of earlier networks."""
    last = bringing.last(workplace.shop)
    context = {
        "form": BringForm(),
        "forget_form": ForgetForm(),
        "last": last,
        "is_unfinished": last is not None and not bringing_report.is_finished(last),
        "counts": _counts(last) if last else [],
        "problems": _problems(last) if last else [],
        "networks": EarlierNetwork.objects.filter(shop=workplace.shop),
        "customers": customers.of_shop(workplace.shop).count(),
        "is_owner": queries.owns(request.user, workplace.shop),
        **bound,
    }
    return page(request, workplace, "portal/brought.html", context, status=status)


def _counts(last: Bringing) -> list[tuple[str, list[tuple[str, int]]]]:
    """(kind of rows, [(what became of them, how many)])."""
    return [
        (
            str(word),
            [(str(said), count) for code, said in bringing_words.OUTCOMES.items() if (count := found.get(code))],
        )
        for name, word in bringing_words.FILES.items()
        if (found := last.counts.get(name)) is not None
    ]


def _problems(last: Bringing) -> list[tuple[str, int, str, str, str]]:
    """(kind, file, row, what is wrong, what to do); row 0 is of them all."""
    return [
        (str(bringing_words.FILES[file]), file, row, *bringing_words.wrong(code, values))
        for file, row, code, values in last.problems
    ]


@owner_action
def remove(request: StaffRequest, workplace: Workplace, network_id: int) -> HttpResponse:
    network = get_object_or_404(EarlierNetwork, pk=network_id, shop=workplace.shop)
    bringing.remove(network, by=request.user)
    messages.success(request, _("It is gone from here. The file still brings it in again."))
    return redirect("portal:brought", slug=workplace.shop.slug)


@owner_action
def forget(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Somebody whom the shop brought along asks it to."""
    form, now = ForgetForm(request.POST), timezone.now()
    if not form.is_valid():
        return brought_page(request, workplace, 422, forget_form=form)
    if customers.forget_address(workplace.shop, form.cleaned_data["email"], now=now):
        audit.record("shop.forget_customer", workplace.shop, by=request.user, shop_id=workplace.shop.pk)
        messages.success(request, _("Forgotten. Your next file does not bring them back."))
    else:
        messages.info(request, _("Nobody with this address was brought along, or they are forgotten already."))
    return redirect("portal:brought", slug=workplace.shop.slug)
