"""What a shop enters to connect its system, as `shops.systems.SYSTEMS` asks for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation import http
from shops.models import ShopSystem
from shops.systems import SYSTEMS
from shops.systems.access import Access

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
_HIDDEN = {"autocomplete": "new-password"}
LONGEST, LONGEST_ADDRESS = 2000, 500


class SystemForm(forms.Form):
    """Secrets are never shown again: a connection is entered anew as a whole."""

    def __init__(self, kind: str, posted: Any = None, connection: ShopSystem | None = None) -> None:
        known = {**connection.options, "address": connection.address} if connection else {}
        super().__init__(posted, auto_id=f"{kind}_%s", initial=known)
        self.kind = kind
        for asked in SYSTEMS[kind].asks:
            widget = forms.PasswordInput(attrs=_HIDDEN) if asked.is_secret else forms.TextInput(attrs=_PLAIN)
            self.fields[asked.name] = forms.CharField(
                label=asked.label,
                help_text=asked.help_text,
                required=asked.is_needed,
                max_length=LONGEST_ADDRESS if asked.name == "address" else LONGEST,
                widget=widget,
                error_messages={"required": gettext_lazy("This is needed.")},
            )

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip().rstrip("/")
        if "://" not in address:
            address = f"https://{address}"
        try:
            http.check_address(address)
        except (http.HttpError, ValueError) as problem:
            raise forms.ValidationError(
                _("That is no address we call. It begins with https://, and no user or password stands in it.")
            ) from problem
        return address

    def access(self) -> Access:
        secret = {asked.name for asked in SYSTEMS[self.kind].asks if asked.is_secret}
        said = {name: value for name, value in self.cleaned_data.items() if name != "address" and value}
        options = {name: value for name, value in said.items() if name not in secret}
        secrets = {name: value for name, value in said.items() if name in secret}
        return Access(self.kind, self.cleaned_data["address"], options, secrets)
