"""What the shop lets the network do with its data, who said so when; and all of it to take along."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from shops import lifecycle, queries, sharing
from shops.models import Shop
from shops.portal import leaving_views
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page
from shops.sharing import Kind, Use

SHOWN = 50
MEANS = {
    Use.INDEX: gettext_lazy("What search engines read beside the page: offers, hours, the list of pages."),
    Use.OPEN: gettext_lazy("The open interface for programs, OPDS catalogues, feeds of new arrivals."),
    Use.STATISTICS: gettext_lazy("The network's figures of what was sold. The accounts need yours all the same."),
    Use.PORTALS: gettext_lazy("The buy button and the shop window that other sites show."),
}


@dataclass(frozen=True)
class UseRow:
    """One use with its kinds: (name of the box, what, whether it is allowed)."""

    name: str
    means: str
    kinds: list[tuple[str, str, bool]]


@require_safe
@portal_page
def listed(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    shop = workplace.shop
    context = {
        "uses": _uses(shop),
        "pages": (pages := Paginator(sharing.log(shop), SHOWN).get_page(request.GET.get("page"))),
        "log": [_said(sharing.Word(*row)) for row in pages],
        "is_owner": queries.owns(request.user, shop),
    }
    return page(request, workplace, "portal/data.html", context)


@owner_action
def save(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if "show" in request.POST:
        return _show(request, workplace.shop, yes=request.POST["show"] == "yes")
    allowed = {(use, kind): f"{use}:{kind}" in request.POST for use, kinds in sharing.USES.items() for kind in kinds}
    if sharing.say(workplace.shop, allowed, by=request.user, now=timezone.now()):
        messages.success(request, _("Saved. It counts within a minute; what others have fetched they may still have."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("portal:data", slug=workplace.shop.slug)


export = leaving_views.export


def _show(request: StaffRequest, shop: Shop, *, yes: bool) -> HttpResponse:
    """All of it at once: whether the shop's articles stand on the network's pages and are sold."""
    if (lifecycle.resume if yes else lifecycle.pause)(shop, by=request.user, now=timezone.now()):
        said = _("You sell again. Readers find your titles within a minute.")
        messages.success(
            request, said if yes else _("Paused: nothing of yours is for sale within a minute. Open orders go on.")
        )
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("portal:data", slug=shop.slug)


def _said(word: sharing.Word) -> tuple[sharing.Word, str]:
    """A word and what it is about, as people read it."""
    if word.use == sharing.SHOW:
        return word, _("Showing and selling here")
    return word, f"{Use(word.use).label}, {Kind(word.kind).label}"


def _uses(shop: Shop) -> list[UseRow]:
    said = sharing.said(shop)
    return [
        UseRow(
            str(Use(use).label),
            str(MEANS[Use(use)]),
            [(f"{use}:{kind}", str(Kind(kind).label), said[use, kind]) for kind in kinds],
        )
        for use, kinds in sharing.USES.items()
    ]
