"""A shop as the operator sees it: whether it sells, its people; suspended and restored with a reason."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from marketplace.foundation.models import AuditEntry
from marketplace.operations.access import operator_action, operator_page
from marketplace.storefront.reader_request import person
from shops import businesses, team
from shops.models import Application, Shop, ShopMember
from shops.onboarding import address_words, checklist, leaving, making, standing
from shops.onboarding.making import ShopForm

HISTORY_SHOWN = 20


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why? The shop reads it."),
        max_length=500,
        error_messages={"required": gettext_lazy("Say why.")},
    )


class OwnerForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address of an owner"))


class SharesForm(forms.ModelForm):
    class Meta:
        model = Shop
        fields = ["member_shares"]
        labels = {"member_shares": gettext_lazy("Shares in the network")}
        help_texts = {"member_shares": gettext_lazy("How much its vote counts where the members vote by shares.")}


@operator_action
def shares(request: HttpRequest, shop_id: int) -> HttpResponse:
    row = get_object_or_404(Shop, pk=shop_id)
    form = SharesForm(request.POST, instance=row)
    if form.is_valid():
        with transaction.atomic():
            form.save()
            audit.record("shop.shares", row, by=request.user, shop_id=row.pk, shares=row.member_shares)
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Write a whole number."))
    return redirect("operations:shop", shop_id=row.pk)


@require_safe
@operator_page
def shop(request: HttpRequest, shop_id: int) -> HttpResponse:
    return _page(request, get_object_or_404(Shop, pk=shop_id))


@operator_action
def suspend(request: HttpRequest, shop_id: int) -> HttpResponse:
    return _act(
        request,
        shop_id,
        standing.suspend,
        _("Suspended: nothing of it is for sale within a minute. Its owners are told."),
    )


@operator_action
def restore(request: HttpRequest, shop_id: int) -> HttpResponse:
    return _act(request, shop_id, standing.restore, _("It is again as it was before; its owners are told."))


@require_safe
@operator_page
def new(request: HttpRequest) -> HttpResponse:
    form = ShopForm(initial={"country": network.current().country, "timezone": ""})
    return render(request, "operations/shop_new.html", {"form": form})


@operator_action
def make(request: HttpRequest) -> HttpResponse:
    form = ShopForm(request.POST)
    if not form.is_valid():
        return render(request, "operations/shop_new.html", {"form": form}, status=422)
    try:
        made = making.make(form.cleaned_data, by=person(request), now=timezone.now())
    except IntegrityError:  # another shop took the address a moment ago
        form.add_error("slug", _("Another shop has this address by now."))
        return render(request, "operations/shop_new.html", {"form": form}, status=422)
    messages.success(request, _("The shop is joining; its first owner gets an invitation by mail."))
    if made.latitude is None:
        messages.warning(request, address_words.not_placed())
    return redirect("operations:shop", shop_id=made.pk)


@operator_action
def invite(request: HttpRequest, shop_id: int) -> HttpResponse:
    """An owner, where the first invitation was lost or nobody is left."""
    row, form = get_object_or_404(Shop, pk=shop_id), OwnerForm(request.POST)
    if not form.is_valid():
        return _page(request, row, owner_form=form)
    email, role = form.cleaned_data["email"], ShopMember.Role.OWNER
    try:
        team.invite(row, email, role, language=row.language, by=person(request), now=timezone.now())
    except team.TeamError:
        messages.error(request, _("Nothing was sent: this person acts for the shop already, or too many are asked."))
    else:
        messages.success(request, _("%(email)s gets an invitation by mail. It holds for 14 days.") % {"email": email})
    return redirect("operations:shop", shop_id=row.pk)


@operator_action
def put_on_sale(request: HttpRequest, shop_id: int) -> HttpResponse:
    row = get_object_or_404(Shop, pk=shop_id)
    if not checklist.is_ready(row):
        messages.error(request, _("Not yet: look at what is missing."))
    elif standing.put_on_sale(row, by=person(request), now=timezone.now()):
        messages.success(request, _("The shop is on sale; its owners are told."))
    return redirect("operations:shop", shop_id=row.pk)


@operator_action
def has_left(request: HttpRequest, shop_id: int) -> HttpResponse:
    """Where all is finished but nobody took the shop's data along."""
    row = get_object_or_404(Shop, pk=shop_id)
    if leaving.leave(row, by=person(request), now=timezone.now()):
        messages.success(request, _("The shop has left; its owners are told."))
    else:
        messages.error(request, _("Not yet: look at what is missing."))
    return redirect("operations:shop", shop_id=row.pk)


def _act(request: HttpRequest, shop_id: int, act: Callable[..., bool], said: str) -> HttpResponse:
    row, form = get_object_or_404(Shop, pk=shop_id), ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    if act(row, reason=form.cleaned_data["reason"], by=person(request), now=timezone.now()):
        messages.success(request, said)
    else:
        messages.error(request, _("Nothing was changed: look at its status."))
    return redirect("operations:shop", shop_id=row.pk)


def _page(
    request: HttpRequest, row: Shop, form: ReasonForm | None = None, owner_form: OwnerForm | None = None
) -> HttpResponse:
    changes = AuditEntry.objects.filter(shop_id=row.pk, action__startswith="shop.").order_by("-pk")
    context = {
        "shop": row,
        "form": form or ReasonForm(),
        "members": row.members.select_related("user").order_by("user__email"),
        "points": checklist.points(row) if row.status == Shop.Status.DRAFT else [],
        "application": Application.objects.filter(shop=row).first(),
        "leaving": leaving.points(row) if row.status == Shop.Status.LEAVING else [],
        "owner_form": owner_form or OwnerForm(),
        "is_company": businesses.is_company(row),
        "shares_form": SharesForm(instance=row),
        "invitations": team.waiting(row, timezone.now()),
        "history": changes[:HISTORY_SHOWN],
    }
    return render(request, "operations/shop.html", context, status=422 if form or owner_form else 200)
