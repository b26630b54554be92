"""Votes of the members, as the board sees them: it proposes, speaks, opens; before the end it sees who has voted and
not for what."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.operations.access import operator_action, operator_page
from marketplace.storefront.reader_request import person
from shops import voting
from shops.models import Motion
from shops.portal.motion_views import MotionForm

SHOWN = 50


class OpenForm(forms.Form):
    weighing = forms.ChoiceField(label=gettext_lazy("Who counts how much"), choices=Motion.Weighing.choices)
    days = forms.IntegerField(
        label=gettext_lazy("For how many days"), min_value=1, max_value=voting.MOST_DAYS, initial=14
    )


@require_safe
@operator_page
def motions(request: HttpRequest) -> HttpResponse:
    return _list(request, MotionForm())


@operator_action
def propose(request: HttpRequest) -> HttpResponse:
    form = MotionForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    given = form.cleaned_data
    try:
        made = voting.propose(
            given["title"], given["text"], given["choices"].splitlines(), by=person(request), now=timezone.now()
        )
    except voting.VotingError as error:
        form.add_error("choices", str(error))
        return _list(request, form, status=422)
    return redirect("operations:motion", made.pk)


@require_safe
@operator_page
def motion(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Motion.objects.select_related("shop"), pk=pk)
    context = {
        "motion": row,
        "words": row.words.select_related("shop", "by").order_by("pk"),
        "voters": row.voters.select_related("shop", "ballot").order_by("shop__name"),
        "form": OpenForm(),
        "results": list(zip(row.choices, row.result, strict=False)),
        "opened": voting.opened(row),
    }
    return render(request, "operations/motion.html", context)


@operator_action
def say(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        text = request.POST.get("text", "")
        voting.say(get_object_or_404(Motion, pk=pk), text, by=person(request), shop=None, now=timezone.now())
    except voting.VotingError as error:
        messages.error(request, str(error))
    return redirect("operations:motion", pk)


@operator_action
def open_vote(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = get_object_or_404(Motion, pk=pk), OpenForm(request.POST)
    try:
        if not form.is_valid():
            raise voting.VotingError(_("A vote lasts 1 to 60 days."))
        number = voting.open_vote(row, **form.cleaned_data, by=person(request), now=timezone.now())
    except voting.VotingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The vote is open; on its roll: %(number)s.") % {"number": number})
    return redirect("operations:motion", pk)


def _list(request: HttpRequest, form: MotionForm, status: int = 200) -> HttpResponse:
    rows = Motion.objects.select_related("shop").order_by("-pk")[:SHOWN]
    return render(request, "operations/motions.html", {"motions": rows, "form": form}, status=status)
