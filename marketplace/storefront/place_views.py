"""Where the reader is, and which shop is theirs: kept in their session, given to nobody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from marketplace.storefront import places
from search import directory, reader
from search.availability import Place

RADII_KM = (5, 10, 25, 50)


class PlaceForm(forms.Form):
    """A place in words, or as degrees from the browser where the reader allowed it."""

    where = forms.CharField(max_length=80, required=False, label=_("City or postcode"))
    radius_km = forms.TypedChoiceField(
        choices=[(km, f"{km} km") for km in RADII_KM], coerce=int, initial=10, label=_("What is near to you?")
    )
    latitude = forms.FloatField(min_value=-90, max_value=90, required=False, widget=forms.HiddenInput)
    longitude = forms.FloatField(min_value=-180, max_value=180, required=False, widget=forms.HiddenInput)
    place: Place

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        radius_km = cleaned.get("radius_km", 10)
        if latitude is not None and longitude is not None:
            label = places.label_of(latitude, longitude) or str(_("Where I am"))
            self.place = Place(
                latitude=round(latitude, 3), longitude=round(longitude, 3), label=label, radius_km=radius_km
            )
            return cleaned
        found = places.find(cleaned.get("where", ""), radius_km=radius_km)
        if found is None:
            raise ValidationError(
                {"where": _("We know no shop there. Type a city from the list, or the first characters of a postcode.")}
            )
        self.place = found
        return cleaned


def place(request: HttpRequest) -> HttpResponse:
    """`/place/`: say where, choose a shop, or forget both."""
    onward = safe_next(request)
    known = reader.reader_of(request)
    initial = {"where": known.place.label, "radius_km": known.place.radius_km} if known.place else {}
    form = PlaceForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        reader.remember_place(request, form.place)
        return redirect(onward)
    context = {
        "form": form,
        "next": onward,
        "cities": places.cities(),
        "shops": directory.active().values(),
        "reader": known,
    }
    return render(request, "storefront/place.html", context, status=400 if form.errors else 200)


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    reader.forget_place(request)
    reader.forget_shop(request)
    return redirect(safe_next(request))


@require_POST
def choose_shop(request: HttpRequest) -> HttpResponse:
    """Make a shop the reader's own; an empty or unknown slug forgets it."""
    card = directory.by_slug(request.POST.get("shop", ""))
    if card:
        reader.remember_shop(request, card.pk)
    else:
        reader.forget_shop(request)
    return redirect(safe_next(request))


def safe_next(request: HttpRequest) -> str:
    """Where to go on: an address of ours, else the home page."""
    onward = request.POST.get("next") or request.GET.get("next") or "/"
    fits = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
    return onward if fits and not onward.startswith(reverse("storefront:place")) else "/"
