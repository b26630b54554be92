"""The board writes to the shops, in both languages."""

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
from shops import announcing
from shops.models import Announcement, Shop

SHOWN = 50


class TextField(forms.CharField):
    widget = forms.Textarea(attrs={"rows": 5})


class AnnouncementForm(forms.Form):
    shop = forms.ModelChoiceField(
        label=gettext_lazy("To whom"),
        queryset=Shop.objects.exclude(status=Shop.Status.LEFT).order_by("name"),
        required=False,
        empty_label=gettext_lazy("All shops"),
    )
    subject_fr = forms.CharField(label=gettext_lazy("Subject, French"), max_length=120)
    text_fr = TextField(label=gettext_lazy("Text, French"), max_length=4000)
    subject_en = forms.CharField(label=gettext_lazy("Subject, English"), max_length=120)
    text_en = TextField(label=gettext_lazy("Text, English"), max_length=4000)
    is_important = forms.BooleanField(label=gettext_lazy("Important: by mail too"), required=False)


@require_safe
@operator_page
def announcements(request: HttpRequest) -> HttpResponse:
    return _page(request, AnnouncementForm())


@operator_action
def announce(request: HttpRequest) -> HttpResponse:
    form = AnnouncementForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = dict(form.cleaned_data)
    shop, important = given.pop("shop"), given.pop("is_important")
    announcing.announce(given, shop=shop, is_important=important, by=person(request), now=timezone.now())
    messages.success(request, _("The shops see it within half a minute."))
    return redirect("operations:announcements")


@operator_action
def end(request: HttpRequest, pk: int) -> HttpResponse:
    if announcing.end(get_object_or_404(Announcement, pk=pk), by=person(request), now=timezone.now()):
        messages.success(request, _("Nobody sees it any more."))
    return redirect("operations:announcements")


def _page(request: HttpRequest, form: AnnouncementForm, status: int = 200) -> HttpResponse:
    rows = Announcement.objects.select_related("shop", "by").order_by("-at", "-pk")
    return render(request, "operations/announcements.html", {"form": form, "rows": rows[:SHOWN]}, status=status)
