"""Where a shop's orders are left as files: server, folders, and what the layout needs to know."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum import ean

from shops.drops import Drop

SCHEMES = ("davs", "sftp", "ftps", "ftp")
_SECRET = {"autocomplete": "off", "spellcheck": "false"}
GLNS = {"gln": gettext_lazy("GLN of who gets the orders"), "our_gln": gettext_lazy("GLN that the network orders by")}


class OrderFilesForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Layout of the files"),
        choices=[
            ("dilicom", gettext_lazy("Order file as Dilicom's")),
            ("editx", gettext_lazy("EDItX, with answers read back")),
        ],
    )
    address = forms.CharField(
        label=gettext_lazy("Folder where orders are left"),
        help_text=gettext_lazy(
            "davs://host/folder/, sftp://host/folder/ or ftps://host/folder/. Without a user in it."
        ),
        max_length=300,
        widget=forms.TextInput(attrs={"inputmode": "url", **_SECRET}),
    )
    answers = forms.CharField(
        label=gettext_lazy("Folder of the answers, at the same server"),
        help_text=gettext_lazy("For EDItX, like /out/. Empty: none are read."),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=_SECRET),
    )
    user = forms.CharField(label=gettext_lazy("User"), max_length=120, widget=forms.TextInput(attrs=_SECRET))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("Empty: as before."),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    private_key = forms.CharField(
        label=gettext_lazy("Or a private key"),
        help_text=gettext_lazy("Whole, in OpenSSH's form and without a passphrase."),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, **_SECRET}),
    )
    gln = forms.CharField(label=GLNS["gln"], max_length=17)
    our_gln = forms.CharField(label=GLNS["our_gln"], max_length=17)

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        try:
            parts = urlsplit(address)
            good = parts.scheme in SCHEMES and parts.hostname and (parts.port or 1) and "@" not in parts.netloc
        except ValueError:
            good = False
        if not good or any(ord(each) < 33 for each in address):
            raise forms.ValidationError(_("That is no address of a folder. Write it like sftp://host/folder/."))
        return address if address.endswith("/") else f"{address}/"

    def clean_answers(self) -> str:
        path = str(self.cleaned_data["answers"]).strip().strip("/")
        if any(ord(each) < 32 for each in path) or "://" in path:
            raise forms.ValidationError(_("That is no path."))
        return f"/{path}/" if path else ""

    def clean_gln(self) -> str:
        return _gln(self.cleaned_data["gln"])

    def clean_our_gln(self) -> str:
        return _gln(self.cleaned_data["our_gln"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        address = cleaned.get("address", "")
        if cleaned.get("answers") and urlsplit(address).path.rstrip("/") == cleaned["answers"].rstrip("/"):
            self.add_error("answers", _("Answers need a folder of their own."))
        return cleaned

    def drop(self) -> Drop:
        said = self.cleaned_data
        parts = urlsplit(said["address"])
        user = "" if parts.scheme == "davs" else f"{quote(said['user'], safe='')}@"
        server = f"{parts.scheme}://{user}{parts.netloc}"
        answers = f"{server}{quote(said['answers'])}" if said["answers"] and said["kind"] == "editx" else ""
        extra = {name: said[name] for name in GLNS}
        return Drop(f"{server}{parts.path}", answers, said["user"], extra=extra)


def said_of(setup: Drop, kind: str) -> dict[str, Any]:
    """What the form shows of what is stored, without secrets."""
    parts = urlsplit(setup.location)
    host = parts.netloc.rpartition("@")[2]
    address = f"{parts.scheme}://{host}{parts.path}"
    return {
        "kind": kind,
        "address": address,
        "answers": urlsplit(setup.answers).path,
        "user": setup.user,
        **setup.extra,
    }


def _gln(text: str) -> str:
    digits = "".join(text.split())
    if len(digits) != 13 or not ean.is_valid(digits):
        raise forms.ValidationError(_("A GLN has thirteen digits, of which the last one checks the others."))
    return digits
