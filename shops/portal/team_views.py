"""The people of a shop: all see who they are, owners ask others, change roles and take people off."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.storefront import tries
from shops import queries, team
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page
from shops.portal.team_forms import InviteForm, RoleForm

INVITATIONS_PER_MINUTE = 10
REFUSALS = {
    "member": gettext_lazy("This person acts for the shop already."),
    "many": gettext_lazy("Too many invitations wait for an answer. Take some back first."),
    "gone": gettext_lazy("This person does not act for the shop any more."),
    "last": gettext_lazy("A shop keeps at least one owner: make somebody else an owner first."),
    "not_owner": gettext_lazy("You are not an owner of this shop any more. Nothing was changed."),
}


@require_safe
@portal_page
def team_page(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def invite(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form, shop = InviteForm(request.POST), workplace.shop
    if not form.is_valid():
        return _page(request, workplace, form)
    said = form.cleaned_data
    if tries.too_many(request, "team-invite", per_minute=INVITATIONS_PER_MINUTE, by=str(shop.pk)):
        messages.error(request, _("Too many invitations at once: wait a minute."))
        return _back(workplace)
    try:
        asked = team.invite(
            shop, said["email"], said["role"], language=said["language"], by=request.user, now=timezone.now()
        )
    except team.TeamError as error:
        form.add_error("email", REFUSALS[error.code])
        return _page(request, workplace, form)
    messages.success(request, _("%(email)s gets an invitation by mail. It holds for 14 days.") % {"email": asked.email})
    return _back(workplace)


@owner_action
def take_back(request: StaffRequest, workplace: Workplace, invitation_id: int) -> HttpResponse:
    team.take_back(workplace.shop, invitation_id, by=request.user, now=timezone.now())
    messages.success(request, _("The invitation opens nothing any more."))
    return _back(workplace)


@owner_action
def change_role(request: StaffRequest, workplace: Workplace, member_id: int) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, workplace, status=422)
    try:
        team.change_role(workplace.shop, member_id, form.cleaned_data["role"], by=request.user, now=timezone.now())
    except team.TeamError as error:
        return _refused(request, workplace, error)
    messages.success(request, _("Saved."))
    return _back(workplace)


@owner_action
def remove(request: StaffRequest, workplace: Workplace, member_id: int) -> HttpResponse:
    try:
        team.remove(workplace.shop, member_id, by=request.user, now=timezone.now())
    except team.TeamError as error:
        return _refused(request, workplace, error)
    messages.success(request, _("This person does not act for the shop any more."))
    still = queries.shops_for(request.user).filter(pk=workplace.shop.pk).exists()
    return _back(workplace) if still else redirect("portal:door")


@require_POST
@portal_page
def step_down(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Whoever it is leaves the team by themselves."""
    try:
        team.step_down(workplace.shop, by=request.user, now=timezone.now())
    except team.TeamError as error:
        return _refused(request, workplace, error)
    messages.success(request, _("You do not act for %(shop)s any more.") % {"shop": workplace.shop.name})
    return redirect("storefront:account")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: StaffRequest, invitation_id: int, key: str) -> HttpResponse:
    """What a mail's link opens: one signs in first, and accepts by a button (programs that look at links accept
    nothing)."""
    now = timezone.now()
    asked = team.find(invitation_id, key, now)
    if asked is None:
        return render(request, "portal/invitation.html", {"asked": None}, status=404)
    if not team.is_for(asked, request.user):
        return render(request, "portal/invitation.html", {"asked": asked, "is_for": False}, status=403)
    if request.method != "POST":
        return render(request, "portal/invitation.html", {"asked": asked, "is_for": True})
    if not team.accept(asked, by=request.user, now=now):
        raise Http404
    messages.success(request, _("You act for %(shop)s now.") % {"shop": asked.shop.name})
    return redirect("portal:desk", slug=asked.shop.slug)


def _refused(request: StaffRequest, workplace: Workplace, error: team.TeamError) -> HttpResponse:
    messages.error(request, REFUSALS[error.code])
    return _back(workplace)


def _page(
    request: StaffRequest, workplace: Workplace, form: InviteForm | None = None, status: int = 200
) -> HttpResponse:
    shop = workplace.shop
    is_owner = queries.owns(request.user, shop)
    context = {
        "members": queries.members(request.user).filter(shop=shop),
        "invitations": team.waiting(shop, timezone.now()) if is_owner else [],
        "is_owner": is_owner,
        "form": form or InviteForm(initial={"role": "staff", "language": shop.language}),
        "roles": RoleForm.base_fields["role"].choices,  # type: ignore[attr-defined]
    }
    return page(request, workplace, "portal/team.html", context, status=422 if form else status)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:team", slug=workplace.shop.slug)
