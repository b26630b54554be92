"""Where the reader is, kept by their own browser, and which shop is theirs, kept in their session; given to nobody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from marketplace.foundation.gazetteer.areas import area_name
from marketplace.storefront import places
from marketplace.storefront.places import Found
from search import directory, reader
from search.availability import Place

RADII_KM = (5, 10, 25, 50)
SUGGESTIONS = 8
POSITION_DIGITS = 2
"""Decimals of a position that a browser gave: about a kilometre, which does not tell a house."""


class PlaceForm(forms.Form):
    """A place in words, or as degrees from the browser where the reader allowed it."""

    where = forms.CharField(
        max_length=places.LONGEST,
        required=False,
        label=gettext_lazy("City or postcode"),
        widget=forms.TextInput(
            attrs={
                "list": "cities",
                "autocomplete": "off",
                "spellcheck": "false",
                "data-list-label": gettext_lazy("Suggestions"),
                "data-said-some": gettext_lazy("suggestions: arrow down to choose"),
                "data-said-none": gettext_lazy("No suggestions"),
            }
        ),
    )
    radius_km = forms.TypedChoiceField(
        choices=[(km, f"{km} km") for km in RADII_KM],
        coerce=int,
        initial=10,
        label=gettext_lazy("What is near to you?"),
    )
    latitude = forms.FloatField(min_value=-90, max_value=90, required=False, widget=forms.HiddenInput)
    longitude = forms.FloatField(min_value=-180, max_value=180, required=False, widget=forms.HiddenInput)
    place: Place
    found = Found()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        radius_km = cleaned.get("radius_km", 10)
        if latitude is not None and longitude is not None:
            latitude, longitude = round(latitude, POSITION_DIGITS), round(longitude, POSITION_DIGITS)
            label = places.label_of(latitude, longitude) or str(_("Where I am"))
            area = places.area_of(latitude, longitude)
            self.place = Place(latitude=latitude, longitude=longitude, label=label, radius_km=radius_km, area=area)
            return cleaned
        self.found = places.find(cleaned.get("where", ""), radius_km=radius_km)
        if self.found.place is None:
            raise ValidationError({"where": not_found(self.found)})
        self.place = self.found.place
        return cleaned


def not_found(found: Found) -> str:
    """What to say where a place is not one place."""
    if found.choices:
        return _("Several places are called so. Choose the one you mean.")
    if found.nearly:
        return _("We know no place of that name. Did you mean one of these?")
    return _("We know no such place. Type a town, or a postcode or its first characters.")


def place(request: HttpRequest) -> HttpResponse:
    """`/place/`: say where, choose a shop, or forget both."""
    onward = safe_next(request)
    known = reader.reader_of(request)
    initial = {"where": known.place.label, "radius_km": known.place.radius_km} if known.place else {}
    form = PlaceForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        response = redirect(onward)
        reader.remember_place(response, form.place)
        return response
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
    reader.forget_shop(request)
    response = redirect(safe_next(request))
    reader.forget_place(response)
    return response


def towns(request: HttpRequest) -> HttpResponse:
    """`/place/towns/?q=`: the options below a place's box while someone types, as a piece of HTML."""
    found = places.suggestions(request.GET.get("q", ""), SUGGESTIONS)
    options = [(row.name, area_name(row.area), places.full_name(row)) for row in found]
    response = render(request, "storefront/parts/towns.html", {"options": options})
    response["Cache-Control"] = "private, max-age=3600"
    return response


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
