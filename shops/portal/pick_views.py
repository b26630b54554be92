"""The shop's own picks: books that someone of it stands for, in their own words and with their name."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.catalogue.models import ProductFacts
from marketplace.cms.models import Pick
from marketplace.foundation import audit
from search import text
from shops.models import Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page

MOST_PICKS = 100
LONGEST_TEXT = 1000


class PickForm(forms.ModelForm):
    gtin = forms.CharField(label=gettext_lazy("ISBN"), max_length=40)

    class Meta:
        model = Pick
        fields = ["gtin", "signed", "text_fr", "text_en"]
        labels = {
            "signed": gettext_lazy("Who says so"),
            "text_fr": gettext_lazy("In French"),
            "text_en": gettext_lazy("In English"),
        }
        help_texts = {
            "signed": gettext_lazy("A first name is enough."),
            "text_fr": gettext_lazy("One of the two languages is enough."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("text_fr", "text_en")}

    def clean_gtin(self) -> int:
        gtin = text.isbn_query(self.cleaned_data["gtin"])
        if gtin is None:
            raise forms.ValidationError(_("That is no ISBN: a digit is wrong or missing."))
        return gtin

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        texts = [str(cleaned.get(name, "")) for name in ("text_fr", "text_en")]
        if not any(texts):
            self.add_error("text_fr", _("Say why, in one of the two languages."))
        elif max(map(len, texts)) > LONGEST_TEXT:
            self.add_error(None, _("%(most)s characters, at most.") % {"most": LONGEST_TEXT})
        return cleaned


@require_safe
@portal_page
def picks(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def add_pick(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = PickForm(request.POST)
    if form.is_valid() and Pick.objects.filter(shop=workplace.shop, live=True).count() >= MOST_PICKS:
        form.add_error(None, _("More than a hundred cannot be kept: take some off first."))
    if not form.is_valid():
        return _page(request, workplace, form)
    with transaction.atomic():
        Shop.objects.select_for_update(no_key=True, of=("self",)).get(pk=workplace.shop.pk)
        if Pick.objects.filter(**form.cleaned_data, shop=workplace.shop, live=True).exists():  # the form was sent twice
            return redirect("portal:picks", slug=workplace.shop.slug)
        pick = form.save(commit=False)
        pick.shop = workplace.shop
        pick.save()
        audit.record("pick.add", pick, by=request.user, shop_id=workplace.shop.pk, gtin=pick.gtin, signed=pick.signed)
    messages.success(request, _("Your pick stands on the title’s page within a minute."))
    return redirect("portal:picks", slug=workplace.shop.slug)


@portal_action
def end_pick(request: StaffRequest, workplace: Workplace, pick_id: int) -> HttpResponse:
    pick = get_object_or_404(Pick, shop=workplace.shop, live=True, pk=pick_id)
    with transaction.atomic():
        Pick.objects.filter(pk=pick.pk).update(live=False)
        audit.record("pick.end", pick, by=request.user, shop_id=workplace.shop.pk, gtin=pick.gtin)
    messages.success(request, _("Taken off."))
    return redirect("portal:picks", slug=workplace.shop.slug)


def _page(request: StaffRequest, workplace: Workplace, form: PickForm | None = None) -> HttpResponse:
    rows = list(Pick.objects.filter(shop=workplace.shop, live=True)[:MOST_PICKS])
    facts = ProductFacts.objects.filter(gtin__in=[row.gtin for row in rows]).select_related("product")
    titles = {one.gtin: one.product for one in facts}
    context = {"rows": [(row, titles.get(row.gtin)) for row in rows], "form": form or PickForm()}
    return page(request, workplace, "portal/picks.html", context, status=422 if form else 200)
