"""What staff fill in for an article that is a download."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shops.downloads import uploading


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("The file"),
        error_messages={
            "required": gettext_lazy("Choose the file."),
            "empty": gettext_lazy("This file is empty."),
        },
    )


class LinkForm(forms.Form):
    link = forms.CharField(
        label=gettext_lazy("The link"),
        max_length=1000,
        help_text=gettext_lazy("It begins with https:// and is the same for everybody who buys it."),
        widget=forms.URLInput(),
        error_messages={"required": gettext_lazy("Write the link.")},
    )

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"].strip()
        try:
            URLValidator(schemes=["https"])(link)
        except ValidationError:
            raise ValidationError(_("That is not an address that begins with https://.")) from None
        return link


class CodesForm(forms.Form):
    codes = forms.CharField(
        label=gettext_lazy("The codes, one on each line"),
        help_text=gettext_lazy("They are added to those that are left. Each is handed out once."),
        max_length=uploading.MOST_CODES * uploading.LONGEST_CODE,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Write one code on each line.")},
    )


FORMS: dict[str, type[forms.Form]] = {"file": FileForm, "link": LinkForm, "codes": CodesForm}


def forms_of(what: str = "", posted: Any = None, files: Any = None) -> dict[str, forms.Form]:
    """All three; the one that was sent is bound."""
    return {name: form(posted, files) if name == what else form() for name, form in FORMS.items()}
