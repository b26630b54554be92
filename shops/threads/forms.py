"""What people write into threads, whichever side they are on."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.models import Incident, QuickReply
from shops.threads import files
from shops.threads.writing import MOST_CHARACTERS, Words

ACCEPTED = "image/jpeg,image/png,image/webp,application/pdf"


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; cleaned to what is kept of them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=ManyFiles(attrs={"accept": ACCEPTED, "multiple": True}), required=False, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[files.Made]:  # type: ignore[override]
        given: list[UploadedFile] = [one for one in data or [] if one]
        if len(given) > files.MOST:
            raise forms.ValidationError(_("At most %(most)s files with one message.") % {"most": files.MOST})
        if any((one.size or 0) > files.MOST_BYTES for one in given):
            most = files.MOST_BYTES // 2**20
            raise forms.ValidationError(_("A file may have at most %(most)s MB.") % {"most": most})
        try:
            return files.made([files.Sent(one.name or "", one.read()) for one in given])
        except files.FileError as error:
            raise forms.ValidationError(str(error)) from error


def text_area(label: Any, *, rows: int = 4, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MOST_CHARACTERS,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": gettext_lazy("Write something first.")},
    )


class WordsForm(forms.Form):
    """A message. Files may stand without words."""

    text = text_area(gettext_lazy("Your message"), required=False)
    attached = FilesField(
        label=gettext_lazy("Pictures or PDFs"), help_text=gettext_lazy("JPEG, PNG, WebP or PDF, at most four.")
    )
    once = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, text: str = "", **kwargs: Any) -> None:
        kwargs["initial"] = {"once": secrets.token_urlsafe(16), "text": text} | kwargs.get("initial", {})
        kwargs.setdefault("auto_id", "words_%s")
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not given.get("text") and not given.get("attached"):
            self.add_error("text", _("Write something first."))
        return given

    def words(self) -> Words:
        given = self.cleaned_data
        return Words(given["text"], once=given["once"], files=given["attached"])


class IncidentForm(WordsForm):
    """That something is wrong, and what."""

    reason = forms.ChoiceField(
        label=gettext_lazy("What is wrong?"),
        choices=Incident.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what is wrong.")},
    )
    text = text_area(gettext_lazy("In your words"), rows=3)
    field_order = ("reason", "text", "attached")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "incident_%s", **kwargs})


class CloseForm(forms.Form):
    """That it is settled, and how."""

    done = forms.CharField(
        label=gettext_lazy("What was done?"),
        max_length=500,
        error_messages={"required": gettext_lazy("Say what was done.")},
    )


class AskForm(WordsForm):
    """A question of somebody new. An account has its address."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=gettext_lazy("As the shop may call you; if you like."),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=gettext_lazy("A mail asks you to confirm it; then the shop sees your question. It answers there."),
    )
    field_order = ("text", "attached", "name", "email")

    def __init__(self, *args: Any, has_account: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_account:
            del self.fields["email"]


class QuickReplyForm(forms.ModelForm):
    """In one language at least."""

    class Meta:
        model = QuickReply
        fields = ("label", "text_fr", "text_en")
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("text_fr", "text_en")}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not (given.get("text_fr") or given.get("text_en")):
            self.add_error("text_fr", _("Write it in one language at least."))
        return given
