"""What a reader says of a title, and of somebody's review."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.readers.models import ReviewReport
from marketplace.readers.reviews import LONGEST_BODY, LONGEST_NAME, LONGEST_TITLE

SCORES = [(5, _("5: wonderful")), (4, _("4: good")), (3, _("3: fair")), (2, _("2: poor")), (1, _("1: bad"))]


class ReviewForm(forms.Form):
    score = forms.TypedChoiceField(choices=SCORES, coerce=int, widget=forms.RadioSelect, label=_("How was it?"))
    title = forms.CharField(max_length=LONGEST_TITLE, label=_("In a few words"))
    body = forms.CharField(max_length=LONGEST_BODY, widget=forms.Textarea(attrs={"rows": 8}), label=_("Your review"))
    signed = forms.CharField(max_length=LONGEST_NAME, label=_("Signed"), help_text=_("This name is shown with it."))


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        choices=ReviewReport.Reason.choices, widget=forms.RadioSelect, label=_("What is wrong with it?")
    )
    note = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}), label=_("More, if you like")
    )
