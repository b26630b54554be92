"""What a shop fills in to add its stock: where its list is, and what it declares of it, each with a safe default."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync import declaring
from catalog_sync.adapters import adapter_class, lists
from catalog_sync.adapters.base import PARTIAL
from catalog_sync.doors import arrivals
from catalog_sync.doors.setting_up import Connection
from catalog_sync.models import Feed
from catalog_sync.reasons import FeedError
from marketplace.foundation import http
from shops.portal.declaring_form import LAGS, MODES
from shops.systems import SYSTEMS

_HOST = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", re.I)
_SECRET = {"autocomplete": "off", "spellcheck": "false"}
EVERY = {
    15: gettext_lazy("Every quarter of an hour"),
    60: gettext_lazy("Every hour"),
    6 * 60: gettext_lazy("Every six hours"),
    24 * 60: gettext_lazy("Once a day"),
}
RENEWED = {
    30: gettext_lazy("Every day: sold online for 30 hours after each list"),
    72: gettext_lazy("Every two or three days: sold online for three days"),
    8 * 24: gettext_lazy("Once a week: sold online for eight days"),
}
LATE = {
    1: gettext_lazy("It is made the moment it is fetched"),
    24: gettext_lazy("It can be a day old"),
    48: gettext_lazy("It can be two days old, or we do not know"),
    168: gettext_lazy("It can be a week old"),
}


class HttpsForm(forms.Form):
    """An https address, with what it asks for."""

    address = forms.CharField(
        label=gettext_lazy("Address of the list"),
        help_text=gettext_lazy(
            "It begins with https:// and leads to the file itself. A WebDAV folder begins with davs:// instead; its "
            "newest file is read."
        ),
        max_length=500,
        widget=forms.URLInput(attrs={"inputmode": "url", "placeholder": "https://", **_SECRET}),
        error_messages={"required": gettext_lazy("Give the address.")},
    )
    user = forms.CharField(
        label=gettext_lazy("User, if it asks for one"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs=_SECRET),
    )
    password = forms.CharField(
        label=gettext_lazy("Password or key of access"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        if "://" not in address:
            address = f"https://{address}"
        try:
            http.check_address("https" + address.removeprefix("davs") if address.startswith("davs://") else address)
        except (http.HttpError, ValueError) as problem:
            raise forms.ValidationError(
                _("That is no address we call. It begins with https://, and no user or password stands in it.")
            ) from problem
        return address

    def connection(self) -> Connection:
        cleaned = self.cleaned_data
        return Connection(cleaned["address"], cleaned["user"], cleaned["password"])


class SftpForm(forms.Form):
    """A folder or file at an SFTP server."""

    host = forms.CharField(
        label=gettext_lazy("Server"),
        max_length=253,
        widget=forms.TextInput(attrs={"placeholder": "sftp.example.org", **_SECRET}),
        error_messages={"required": gettext_lazy("Give the name of the server.")},
    )
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65_535, initial=22)
    path = forms.CharField(
        label=gettext_lazy("Folder or file"),
        help_text=gettext_lazy("Of a folder its newest file is read. Empty: where the server puts us."),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs=_SECRET),
    )
    user = forms.CharField(
        label=gettext_lazy("User"),
        max_length=120,
        widget=forms.TextInput(attrs=_SECRET),
        error_messages={"required": gettext_lazy("Give the user that the server knows us by.")},
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
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

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip()
        if not _HOST.match(host):
            raise forms.ValidationError(_("That is no name of a server. Write it like sftp.example.org."))
        return host

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("password") and not cleaned.get("private_key"):
            self.add_error("password", _("Give a password or a private key."))
        return cleaned

    def clean_path(self) -> str:
        path = str(self.cleaned_data["path"]).strip()
        if any(ord(each) < 32 for each in path):
            raise forms.ValidationError(_("That is no path."))
        return path if path.startswith("/") else f"/~/{path}"

    def connection(self) -> Connection:
        from catalog_sync.reading.sftp import place_of  # its library is large, and few feeds need it

        cleaned = self.cleaned_data
        port = "" if cleaned["port"] == 22 else f":{cleaned['port']}"
        location = f"sftp://{quote(cleaned['user'], safe='')}@{cleaned['host']}{port}{quote(cleaned['path'])}"
        try:
            place_of(location)
        except FeedError as problem:
            raise forms.ValidationError(str(problem)) from problem
        return Connection(location, "", cleaned["password"], cleaned["private_key"])


class KindForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("It is another kind of list"),
        choices=lambda: list(lists().items()),
    )


class GoForm(forms.Form):
    """What the shop declares of its list, in its own words; `values()` is what `declaring.declare` takes."""

    mode = forms.ChoiceField(label=gettext_lazy("What does the list hold?"), widget=forms.RadioSelect)
    missing_is_zero = forms.BooleanField(
        label=gettext_lazy("It lists only what is in stock: what it lacks is sold out"), required=False
    )
    freshness_hours = forms.TypedChoiceField(
        label=gettext_lazy("How often do you renew it?"),
        choices=list(RENEWED.items()),
        coerce=int,
        widget=forms.RadioSelect,
    )
    every_minutes = forms.TypedChoiceField(
        label=gettext_lazy("How often shall we fetch it?"), choices=list(EVERY.items()), coerce=int
    )
    lateness_hours = forms.TypedChoiceField(
        label=gettext_lazy("How old can it be when we fetch it?"),
        help_text=gettext_lazy("Counts only where neither the list nor its file bears a time."),
        choices=list(LATE.items()),
        coerce=int,
    )
    booking_lag_minutes = forms.TypedChoiceField(
        label=gettext_lazy("When does your number know of an order that you accept?"),
        help_text=gettext_lazy("If in doubt, the longer one: no copy is sold twice."),
        coerce=int,
        widget=forms.RadioSelect,
    )

    def __init__(self, feed: Feed, posted: Any = None) -> None:
        at_once = feed.shop.channel == feed.kind  # its orders go into the system that is read
        lag = feed.shop.booking_lag_minutes if at_once else declaring.lag_of(feed.shop)
        lags = LAGS if lag in LAGS else {lag: _("After %(minutes)s minutes") % {"minutes": lag}, **LAGS}
        initial = {name: getattr(feed, name) for name in ("mode", "missing_is_zero", "freshness_hours")}
        initial |= {name: getattr(feed, name) for name in ("every_minutes", "lateness_hours")}
        super().__init__(posted, initial={**initial, "booking_lag_minutes": lag})
        self.feed = feed
        can = adapter_class(feed.kind).capabilities
        modes = [(mode, word) for mode, word in MODES.items() if mode != Feed.Mode.PARTIAL or PARTIAL in can]
        self.fields["mode"].choices = modes  # type: ignore[attr-defined]
        self.fields["booking_lag_minutes"].choices = list(lags.items())  # type: ignore[attr-defined]
        if feed.kind in SYSTEMS:  # what it has is asked for: it says the rest itself
            for name in ("mode", "missing_is_zero", "freshness_hours", "every_minutes", "lateness_hours"):
                del self.fields[name]
        elif arrivals.takes_lists(feed.location):  # which bears its own time, and comes when it comes
            del self.fields["every_minutes"], self.fields["lateness_hours"]

    def values(self) -> dict[str, Any]:
        stored = {name: getattr(self.feed, name) for name in declaring.DECLARED}
        return stored | {name: value for name, value in self.cleaned_data.items() if name in stored}
