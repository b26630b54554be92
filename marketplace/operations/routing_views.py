"""Which shop is asked for what another one lacks: the network's rules, tried on past decisions before they change, and
why each decision was as it was."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from marketplace.checkout import routes, routing_rules
from marketplace.checkout.candidate_plans import WHY_NOT
from marketplace.checkout.models import RouteDecision, RoutingRules
from marketplace.foundation import audit
from marketplace.operations.access import operator_action, operator_page
from shops.models import Shop

DECISIONS_SHOWN = 20
CHANGES_SHOWN = 20
RULES = {
    "readers_shop": gettext_lazy("The reader's own shop"),
    "confidence": gettext_lazy("Whoever is surest to have it"),
    "distance": gettext_lazy("Whoever is near"),
    "whole_parcel": gettext_lazy("Whoever has most of it"),
    "load": gettext_lazy("Whoever has less to do, and can do more today"),
    "fair_share": gettext_lazy("Whoever was given less in the last 30 days"),
    "declines": gettext_lazy("Whoever declines less"),
    "price": gettext_lazy("Whoever costs least, delivery included"),
    routing_rules.LAST: gettext_lazy("As good as others: whoever was given least"),
}
NOT_USED = 0


class RulesForm(forms.Form):
    """One field a rule: its place in the order."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        places: list[tuple[int, object]] = [(NOT_USED, pgettext_lazy("a rule", "not used"))]
        places += [(place, str(place)) for place in range(1, len(routing_rules.LINKS) + 1)]
        for name in routing_rules.LINKS:
            self.fields[name] = forms.TypedChoiceField(
                label=RULES[name],
                choices=places,  # type: ignore[arg-type]  # numbers are written as text
                coerce=int,
                required=False,
                empty_value=NOT_USED,  # type: ignore[arg-type]
            )

    @staticmethod
    def of(links: list[str]) -> dict[str, int]:
        """{rule: its place} as the fields want it."""
        return {name: links.index(name) + 1 if name in links else NOT_USED for name in routing_rules.LINKS}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        places = [place for place in cleaned.values() if place != NOT_USED]
        if not self.errors and not places:
            raise forms.ValidationError(_("At least one rule must be used."))
        if not self.errors and len(set(places)) < len(places):
            raise forms.ValidationError(_("Two rules have the same place: give each its own."))
        return cleaned

    @property
    def links(self) -> list[str]:
        used = [name for name, place in self.cleaned_data.items() if place != NOT_USED]
        return sorted(used, key=lambda name: int(self.cleaned_data[name]))


@require_safe
@operator_page
def routing(request: HttpRequest) -> HttpResponse:
    """With places in the address: these rules tried on what was decided."""
    if not routing_rules.LINKS.keys() & request.GET.keys():
        return _page(request, RulesForm(initial=RulesForm.of(list(_current()))))
    form = RulesForm(request.GET)
    return _page(request, form, tried=form.links) if form.is_valid() else _page(request, form, status=422)


@operator_action
def save(request: HttpRequest) -> HttpResponse:
    form = RulesForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if "try" in request.POST:
        return redirect(f"{reverse('operations:routing')}?{urlencode(form.cleaned_data)}#tried")
    if form.links == list(_current()):
        messages.info(request, _("Nothing was changed."))
        return redirect("operations:routing")
    with transaction.atomic():
        made = RoutingRules(links=form.links, made_at=timezone.now())
        made.made_by_id = request.user.pk
        made.save()
        audit.record("routing.change", made, by=request.user, links=form.links)
    routes.forget()
    messages.success(request, _("These rules decide from now on."))
    return redirect("operations:routing")


def _current() -> list[str]:
    return list(routes.links_of(RoutingRules.objects.first()))


def _page(request: HttpRequest, form: RulesForm, *, tried: list[str] | None = None, status: int = 200) -> HttpResponse:
    rows = RouteDecision.objects.select_related("shop_order__shop", "rerouting__shop_order__shop")
    pages = Paginator(rows, DECISIONS_SHOWN).get_page(request.GET.get("page"))
    simulated = routes.simulated(tried) if tried else None
    decisions = [*pages, *(decision for decision, _then in simulated.changed)] if simulated else list(pages)
    names = _names(decisions)
    context = {
        "form": form,
        "kept": "",
        "pages": pages,
        "decisions": [_told(decision, names) for decision in pages],
        "tried": tried,
        "simulated": simulated and _simulated(simulated, names),
    }
    return render(request, "operations/routing.html", context, status=status)


def _names(decisions: list[RouteDecision]) -> dict[int, str]:
    """Of every shop that they speak of; of one that is no more, its number."""
    wanted = {row["shop"] for decision in decisions for row in (*decision.candidates, *decision.left_out)}
    return dict(Shop.objects.filter(pk__in=wanted).values_list("pk", "name"))


def _told(decision: RouteDecision, names: dict[int, str]) -> dict[str, object]:
    """What the page says of one decision."""
    levels = {"sure": _("sure"), "likely": _("likely"), "doubtful": _("doubtful")}
    return {
        "row": decision,
        "declined": decision.rerouting.shop_order,
        "made": decision.shop_order,
        "why": [RULES.get(step["link"], step["link"]) for step in decision.steps],
        "candidates": [
            {**one, "name": names.get(one["shop"], one["shop"]), "level": levels.get(one["level"], one["level"])}
            for one in decision.candidates
        ],
        "left_out": [
            {"name": names.get(one["shop"], one["shop"]), "why": WHY_NOT.get(one["why"], one["why"])}
            for one in decision.left_out
        ],
        "currency": decision.rerouting.shop_order.currency,
    }


def _simulated(found: routes.Simulated, names: dict[int, str]) -> dict[str, object]:
    known = names | dict(Shop.objects.filter(pk__in=found.by_shop).values_list("pk", "name"))
    return {
        "looked_at": found.looked_at,
        "changes": len(found.changed),
        "changed": [
            {"made": decision.shop_order, "then": known.get(then, then)}
            for decision, then in found.changed[:CHANGES_SHOWN]
        ],
        "by_shop": [{"name": known.get(pk, pk), "now": now, "then": then} for pk, (now, then) in found.by_shop.items()],
    }
