"""What a reader says of what they send back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.models import Return, Shop
from shops.returns import photos
from shops.returns.asking import Returnable, Wanted
from shops.returns.rights import Basis

Reason = Return.Reason


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Several pictures; cleaned to their bytes, not looked at yet."""

    def __init__(self, **kwargs: Any) -> None:
        accepted = {"accept": "image/jpeg,image/png,image/webp", "multiple": True}
        super().__init__(widget=ManyFiles(attrs=accepted), required=False, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[bytes]:  # type: ignore[override]
        files: list[UploadedFile] = [one for one in data or [] if one]
        if len(files) > photos.MOST:
            raise forms.ValidationError(_("At most %(most)s pictures.") % {"most": photos.MOST})
        if any((one.size or 0) > photos.MOST_BYTES for one in files):
            most = photos.MOST_BYTES // 2**20
            raise forms.ValidationError(_("This picture is too large: at most %(most)s MB.") % {"most": most})
        return [one.read() for one in files]


class ReturnForm(forms.Form):
    """One field `units_<line>` for each line of which something can be sent back. `wrong`: something is wrong with it,
    and the reader says what; else they changed their mind, which is no question."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what is wrong with it.")},
    )
    note = forms.CharField(
        label=gettext_lazy("In your words (if you like)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    pictures = PicturesField(
        label=gettext_lazy("Pictures (if they help)"), help_text=gettext_lazy("JPEG, PNG or WebP, at most four.")
    )
    place = forms.ChoiceField(label=gettext_lazy("Where do you send or bring it?"), widget=forms.RadioSelect)
    once = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, rows: Sequence[Returnable], places: Sequence[Shop], wrong: bool, **kwargs: Any
    ) -> None:
        alone = len(rows) == 1 and rows[0].units == 1
        first = {f"units_{row.line.pk}": int(alone) for row in rows}
        initial = {"once": secrets.token_urlsafe(16), "place": str(places[0].pk), **first}
        super().__init__(*args, **kwargs)
        self.initial = initial
        self.rows, self.places = rows, {str(place.pk): place for place in places}
        for row in rows:
            choices = [(number, str(number)) for number in range(row.units + 1)]
            self.fields[f"units_{row.line.pk}"] = forms.TypedChoiceField(
                label=_("Copies"),
                coerce=int,
                choices=choices,
                required=False,
                empty_value=0,  # type: ignore[arg-type]
            )
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            (value, label) for value, label in Reason.choices if (value != Reason.CHANGED) is wrong
        ]
        if not wrong:
            self.fields["reason"].widget = forms.HiddenInput()
            self.initial["reason"] = Reason.CHANGED.value
        self.fields["place"].choices = [(key, place.name) for key, place in self.places.items()]  # type: ignore[attr-defined]

    def units_rows(self) -> list[tuple[Returnable, forms.BoundField]]:
        return [(row, self[f"units_{row.line.pk}"]) for row in self.rows]

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            units={row.line.pk: given[f"units_{row.line.pk}"] for row in self.rows},
            reason=given["reason"],
            goes_to=self.places[given["place"]],
            note=given["note"],
            pictures=given["pictures"],
        )


class SentForm(forms.Form):
    tracking = forms.CharField(
        label=gettext_lazy("Carrier and number (if there is one)"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("It proves that you sent it: then nobody may wait longer with your money."),
    )


def may_change_mind(rows: Sequence[Returnable]) -> bool:
    """Whether the law or the shop lets one, for some line."""
    return any(row.has(basis) for row in rows for basis in (Basis.WITHDRAWAL, Basis.TERMS))
