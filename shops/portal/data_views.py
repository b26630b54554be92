"""What the shop lets the network do with its data, who said so when; and all of it to take along."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from shops import queries, sharing
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
        "log": list(sharing.log(shop)[:SHOWN]),
        "is_owner": queries.owns(request.user, shop),
    }
    return page(request, workplace, "portal/data.html", context)


@owner_action
def save(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    allowed = {(use, kind): f"{use}:{kind}" in request.POST for use, kinds in sharing.USES.items() for kind in kinds}
    if sharing.say(workplace.shop, allowed, by=request.user, now=timezone.now()):
        messages.success(request, _("Saved. It counts within a minute; what others have fetched they may still have."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("portal:data", slug=workplace.shop.slug)


export = leaving_views.export


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
