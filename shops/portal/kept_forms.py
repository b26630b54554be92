"""Copies that stay at the counter: by rule, or of one article."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.catalogue import subjects
from marketplace.foundation.amount_field import AmountField
from shops.buffers import MOST_KEPT
from shops.models import BufferRule

ALL = "all"


def _keep(*, required: bool, hint: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=gettext_lazy("Copies kept for the counter"),
        help_text=hint,
        min_value=0,
        max_value=MOST_KEPT,
        required=required,
    )


class RuleForm(forms.Form):
    """`price` is in minor units once it is cleaned."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Of which articles"), choices=[(ALL, gettext_lazy("Of all")), *BufferRule.Kind.choices]
    )
    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        help_text=gettext_lazy("What its Thema code begins with: YF for children’s fiction."),
        max_length=12,
        required=False,
    )
    price = AmountField(label=gettext_lazy("Price"), required=False)
    keep = _keep(required=True, hint=gettext_lazy("1: the last copy is not sold online."))

    def clean_subject(self) -> str:
        code: str = self.cleaned_data["subject"].strip().upper()
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, code = cleaned.get("kind"), cleaned.get("subject", "")
        if kind == BufferRule.Kind.SUBJECT and "subject" not in self.errors and not subjects.label(code, "en"):
            self.add_error("subject", _("No subject’s code begins like that."))
        if kind == BufferRule.Kind.PRICE and "price" not in self.errors and not cleaned.get("price"):
            self.add_error("price", _("Say from which price on."))
        if cleaned.get("keep") == 0 and kind != ALL:
            self.add_error("keep", _("A rule keeps at least one copy."))
        return cleaned


class ArticleForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("ISBN or your own number"), max_length=128)
    keep = _keep(required=False, hint=gettext_lazy("0: all are sold online. Empty: the rules count again."))
