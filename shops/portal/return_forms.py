"""What the desk says of a return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.models import Return, ReturnLine, Shop
from shops.returns.moving import Checked

LONGEST = 300


class NoteForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("A word to the reader (if you like)"), max_length=LONGEST, required=False)


class PlaceNoteForm(forms.Form):
    """Of a shop that receives it for another one."""

    note = forms.CharField(
        label=gettext_lazy("How does it look? (for the shop that sold it)"), max_length=LONGEST, required=False
    )


class RefuseForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("Why? The reader reads it."), max_length=LONGEST)
    excepted = forms.ChoiceField(
        label=gettext_lazy("Which exception of the law holds"),
        choices=[("", gettext_lazy("None"))],
        required=False,
        help_text=gettext_lazy("A withdrawal can be refused for one of these alone."),
    )

    def __init__(self, *args: Any, row: Return, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if row.basis == Return.Basis.WITHDRAWAL:
            self.fields["excepted"].choices = [("", _("None")), *Return.Excepted.choices]  # type: ignore[attr-defined]
        else:
            del self.fields["excepted"]


class CheckForm(forms.Form):
    """Three numbers and a tick for each line, named by its key."""

    note = forms.CharField(
        label=gettext_lazy("A word to the reader"),
        max_length=LONGEST,
        required=False,
        help_text=gettext_lazy("Needed where you do not pay all of it back."),
    )

    def __init__(self, *args: Any, lines: Sequence[ReturnLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[f"good_{line.pk}"] = _count(_("As it left you"), line.units, most=line.units)
            self.fields[f"worn_{line.pk}"] = _count(_("Otherwise"), 0, most=line.units)
            self.fields[f"paid_{line.pk}"] = _count(_("Copies paid back"), line.units, most=line.units)
            self.fields[f"shelf_{line.pk}"] = forms.BooleanField(label=_("Back on the shelf"), required=False)

    def rows(self) -> list[tuple[ReturnLine, list[forms.BoundField]]]:
        names = ("good", "worn", "paid", "shelf")
        return [(line, [self[f"{name}_{line.pk}"] for name in names]) for line in self.lines]

    def found(self) -> dict[int, Checked]:
        given = self.cleaned_data
        return {
            line.pk: Checked(
                good=given[f"good_{line.pk}"],
                worn=given[f"worn_{line.pk}"],
                refunded=given[f"paid_{line.pk}"],
                restocked=given[f"shelf_{line.pk}"],
            )
            for line in self.lines
        }


def _count(label: str, initial: int, *, most: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, initial=initial, min_value=0, max_value=most)


class TermsForm(forms.ModelForm):
    """What the shop says of taking back."""

    class Meta:
        model = Shop
        fields = [
            "return_days",
            "return_terms_fr",
            "return_terms_en",
            "returns_need_answer",
            "bears_return_postage",
            "receives_returns",
        ]
        labels = {
            "return_days": gettext_lazy("Days within which a reader may send back"),
            "return_terms_fr": gettext_lazy("Your terms, in French"),
            "return_terms_en": gettext_lazy("Your terms, in English"),
            "returns_need_answer": gettext_lazy("What your terms alone allow waits for your answer"),
            "bears_return_postage": gettext_lazy("You bear the postage of readers who change their mind"),
            "receives_returns": gettext_lazy("You take back what other shops of the network sold"),
        }
        help_texts = {
            "return_days": gettext_lazy("0: none. The law of the reader’s place holds beside it: 14 days in Europe."),
            "returns_need_answer": gettext_lazy("A withdrawal by law asks nobody."),
            "bears_return_postage": gettext_lazy("Where something is wrong with it you do in any case."),
            "receives_returns": gettext_lazy("Readers near you may bring it; you say so here and send it on."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("return_terms_fr", "return_terms_en")}

    def clean_return_days(self) -> int:
        days: int = self.cleaned_data["return_days"]
        if days > 365:
            raise forms.ValidationError(_("That is more than a year."))
        return days
