"""The pick-up points of the network."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, money, network
from marketplace.models import User
from marketplace.operations.access import operator_action, operator_page
from marketplace.readers import confirmed
from shops import rates
from shops.models import PickupPoint


class PointForm(forms.ModelForm):
    price = forms.CharField(
        label=gettext_lazy("Price per parcel"),
        help_text=gettext_lazy("For every shop. Empty: each shop says its own."),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    people = forms.CharField(
        label=gettext_lazy("Who hands over there"),
        help_text=gettext_lazy(
            "One e-mail address of an account per line. They say what arrived and hand it over by its code; without "
            "anybody nothing is said of a parcel once it has left its shop."
        ),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = PickupPoint
        fields = ["name", "line1", "city", "postcode", "country", "hours_fr", "hours_en", "active"]
        labels = {
            "name": gettext_lazy("Name"),
            "line1": gettext_lazy("Street and number"),
            "city": gettext_lazy("Town"),
            "postcode": gettext_lazy("Postcode"),
            "country": gettext_lazy("Country (two letters)"),
            "hours_fr": gettext_lazy("When it is open, in French"),
            "hours_en": gettext_lazy("When it is open, in English"),
            "active": gettext_lazy("Takes parcels"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = network.current().currency
        if self.instance.price_minor is not None:
            self.initial["price"] = money.to_decimal(self.instance.price_minor, self.currency)
        if self.instance.pk:
            self.initial["people"] = "\n".join(self.instance.keepers.order_by("pk").values_list("email", flat=True))

    def clean_people(self) -> list[User]:
        emails = list(dict.fromkeys(self.cleaned_data["people"].lower().split()))
        found = confirmed.owners(emails)
        if missing := [email for email in emails if email not in found]:
            text = _("No account has confirmed this address: %(email)s")
            raise forms.ValidationError(text % {"email": missing[0]})
        return list(found.values())

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean_price(self) -> int | None:
        try:
            return rates.amount_minor(self.cleaned_data["price"], self.currency) if self.cleaned_data["price"] else None
        except ValueError as error:
            raise forms.ValidationError(_("Write an amount as in 4.20.")) from error

    def save(self, commit: bool = True) -> PickupPoint:
        self.instance.price_minor = self.cleaned_data["price"]
        point: PickupPoint = super().save(commit)
        point.keepers.set(self.cleaned_data["people"])
        return point


@require_safe
@operator_page
def points(request: HttpRequest) -> HttpResponse:
    return _page(request, PointForm())


@require_safe
@operator_page
def point(request: HttpRequest, point_id: int) -> HttpResponse:
    return _page(request, PointForm(instance=get_object_or_404(PickupPoint, pk=point_id)))


@operator_action
def save(request: HttpRequest, point_id: int | None = None) -> HttpResponse:
    form = PointForm(request.POST, instance=get_object_or_404(PickupPoint, pk=point_id) if point_id else None)
    if not form.is_valid():
        return _page(request, form, status=422)
    with transaction.atomic():
        saved = form.save()
        people = sorted(person.email for person in form.cleaned_data["people"])
        audit.record("point.keep", saved, by=request.user, name=saved.name, active=saved.active, people=people)
    messages.success(request, _("Saved."))
    return redirect("operations:points")


def _page(request: HttpRequest, form: PointForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "points": PickupPoint.objects.order_by("name", "pk"), "point": form.instance}
    return render(request, "operations/points.html", context, status=status)
