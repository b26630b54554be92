"""Alerts: set, looked at and ended by their reader; ended from a mail by whoever has its address."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oscar.apps.catalogue.models import Product

from marketplace.readers import alerts, consents
from marketplace.readers.models import Alert, Consent
from marketplace.storefront.keeping_forms import AlertForm
from marketplace.storefront.reader_request import person
from search.reader import reader_of
from shops.models import Shop


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    found = Alert.objects.filter(reader=person(request)).select_related("product", "shop")
    return render(request, "storefront/alerts.html", {"alerts": found})


@login_required
def ask(request: HttpRequest, product_id: int) -> HttpResponse:
    """`/alerts/ask/<title>/`: where, and at which price."""
    product = get_object_or_404(Product, pk=product_id, is_public=True)
    reader = reader_of(request)
    form = AlertForm(request.POST or None, reader=reader)
    if request.method == "POST" and form.is_valid():
        where = form.cleaned_data["where"]
        shop_id = form.cleaned_data["shop"] if where == Alert.Where.SHOP else None
        try:
            alert = alerts.ask(
                person(request),
                product,
                language=get_language() or "fr",
                now=timezone.now(),
                shop=Shop.objects.get(pk=shop_id) if shop_id else None,
                near=reader.place if where == Alert.Where.NEAR else None,
                used_only=form.cleaned_data["used_only"],
                most_minor=form.most_minor,
            )
        except alerts.AlertError:
            form.add_error(None, _("You have as many alerts as there can be. End one first."))
        else:
            consents.give(person(request), Consent.Purpose.ALERTS, now=timezone.now())
            messages.success(request, _told(alert))
            return redirect(product)
    verified = EmailAddress.objects.filter(user=person(request), email=person(request).email, verified=True).exists()
    context = {"product": product, "form": form, "reader": reader, "verified": verified}
    return render(request, "storefront/alert_ask.html", context, status=400 if form.errors else 200)


def _told(alert: Alert) -> str:
    if alert.is_met:
        return _("It is there now. You get a mail when it comes back after it was gone.")
    return _("You get a mail as soon as it is there.")


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Alert, pk=pk, reader=person(request)).delete()
    consents.alerts_ended(person(request).pk, now=timezone.now())
    return redirect("storefront:alerts")


# Mail programs post to it without a cookie (RFC 8058); its key is unguessable, and it can only end one alert.
@csrf_exempt
def stop(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """The address in each mail. Looked at it asks, posted to it ends the alert: programs that only look end nothing."""
    alert = alerts.by_key(pk, key)
    if alert is None and not alerts.key_fits(pk, key):
        raise Http404
    ended = alert is None
    if alert and request.method == "POST":
        alert.delete()
        consents.alerts_ended(alert.reader_id, now=timezone.now())
        ended = True
    return render(request, "storefront/alert_stop.html", {"alert": alert, "ended": ended})
