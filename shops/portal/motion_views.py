"""Votes of the members, as a shop takes part in them: proposes, speaks, votes, and looks its ballot up afterwards."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from shops import queries, voting
from shops.models import Motion
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page

SHOWN = 50
CHOICES = gettext_lazy("Yes\nNo\nAbstention")


class MotionForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("What is proposed, in a line"), max_length=160)
    text = forms.CharField(
        label=gettext_lazy("Why, and what would change"), max_length=8000, widget=forms.Textarea(attrs={"rows": 6})
    )
    choices = forms.CharField(
        label=gettext_lazy("What can be voted for, one a line"),
        max_length=800,
        widget=forms.Textarea(attrs={"rows": 3}),
        initial=CHOICES,
    )


@require_safe
@portal_page
def motions(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _list(request, workplace, MotionForm())


@owner_action
def propose(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = MotionForm(request.POST)
    if not form.is_valid():
        return _list(request, workplace, form, status=422)
    given = form.cleaned_data
    try:
        made = voting.propose(
            given["title"],
            given["text"],
            given["choices"].splitlines(),
            by=request.user,
            now=timezone.now(),
            shop=workplace.shop,
        )
    except voting.VotingError as error:
        form.add_error("choices", str(error))
        return _list(request, workplace, form, status=422)
    messages.success(request, _("Proposed. The members can speak about it; the board opens the vote."))
    return redirect("portal:motion", workplace.shop.slug, made.pk)


@require_safe
@portal_page
def motion(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    row, now = get_object_or_404(Motion.objects.select_related("shop"), pk=pk), timezone.now()
    voter = row.voters.filter(shop=workplace.shop).select_related("ballot").first()
    context = {
        "motion": row,
        "words": row.words.select_related("shop", "by").order_by("pk"),
        "voter": voter,
        "ballot": getattr(voter, "ballot", None),
        "is_owner": queries.owns(request.user, workplace.shop),
        "is_open": row.closed_at is None and row.ends_at is not None and now < row.ends_at,
        "results": list(zip(row.choices, row.result, strict=False)),
        "opened": voting.opened(row),
        "proof": voting.proof(row, workplace.shop),
    }
    return page(request, workplace, "portal/motion.html", context)


@owner_action
def say(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    row = get_object_or_404(Motion, pk=pk)
    try:
        voting.say(row, request.POST.get("text", ""), by=request.user, shop=workplace.shop, now=timezone.now())
    except voting.VotingError as error:
        messages.error(request, str(error))
    return redirect("portal:motion", workplace.shop.slug, pk)


@owner_action
def vote(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    row, choice = get_object_or_404(Motion, pk=pk), request.POST.get("choice", "")
    chosen = int(choice) if choice.isascii() and choice.isdecimal() and len(choice) < 4 else -1
    try:
        voting.cast(row, workplace.shop, chosen, by=request.user, now=timezone.now())
    except voting.VotingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Your vote is sealed. Until the end you can give another one in its place."))
    return redirect("portal:motion", workplace.shop.slug, pk)


def _list(request: StaffRequest, workplace: Workplace, form: MotionForm, status: int = 200) -> HttpResponse:
    rows = Motion.objects.select_related("shop").order_by("-pk")[:SHOWN]
    context = {"motions": rows, "form": form, "is_owner": queries.owns(request.user, workplace.shop)}
    return page(request, workplace, "portal/motions.html", context, status=status)
