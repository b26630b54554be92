"""The portal's door: a person gets in by being a `ShopMember`, and only into that shop's rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST
from django_htmx.middleware import HtmxDetails

from marketplace.foundation import walls
from marketplace.models import User
from shops import announcing, queries
from shops.models import Announcement, Shop
from shops.onboarding import agreement
from shops.portal import navigation

ANNOUNCED = 3  # at once; the next ones come as these are read
READ, MOST_READ = "announcements_read", 100
View = Callable[..., HttpResponse]


class StaffRequest(HttpRequest):
    """A request as the views behind the door get it: someone has signed in."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True)
class Workplace:
    """The shop at hand, the person's other shops, whether they may act here or only look, and whether they do its
    accounts."""

    shop: Shop
    shops: tuple[Shop, ...]
    can_work: bool
    keeps_accounts: bool


def portal_page(view: View) -> View:
    """For `view(request, workplace, …)`. A stranger's shop does not exist for them (404); times are the shop's own."""

    @wraps(view)
    def wrapped(request: StaffRequest, slug: str, **names: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_the_door(request, slug)
        members = queries.memberships(request.user)
        here = next((member for member in members if member.shop.slug == slug), None)
        if here is None:
            raise Http404
        shops = tuple(member.shop for member in members)
        walls.enter(shop.pk for shop in shops)
        can_work = queries.works(here) and getattr(request, "visit_may_act", True)
        workplace = Workplace(here.shop, shops, can_work, queries.does_accounts(here))
        with timezone.override(ZoneInfo(here.shop.timezone)):
            return view(request, workplace, **names)

    return wrapped


def portal_action(view: View) -> View:
    """For what changes something: POST only, and only for those who work in the shop."""

    @wraps(view)
    def working(request: StaffRequest, workplace: Workplace, **names: object) -> HttpResponse:
        if not workplace.can_work:
            return page(request, workplace, "portal/only_look.html", status=403)
        return view(request, workplace, **names)

    return require_POST(portal_page(working))


def owner_action(view: View) -> View:
    """For what decides for the shop: POST only, and only for its owners."""

    @wraps(view)
    def owning(request: StaffRequest, workplace: Workplace, **names: object) -> HttpResponse:
        if not queries.owns(request.user, workplace.shop):
            return page(request, workplace, "portal/only_look.html", status=403)
        return view(request, workplace, **names)

    return require_POST(portal_page(owning))


def page(
    request: HttpRequest,
    workplace: Workplace,
    template: str,
    context: Mapping[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page of the portal; every one knows its workplace, and where in it one is."""
    here = request.resolver_match.url_name if request.resolver_match else None
    known = {
        "workplace": workplace,
        "shop": workplace.shop,
        # Parts of a page do not ask these.
        "rooms": partial(navigation.groups, workplace.shop.slug, here or ""),
        "announced": partial(_announced, request, workplace.shop),
        "agreement_waits": partial(agreement.waits, workplace.shop),
        "agreement_from": agreement.holds_from,
    }
    return render(request, template, {**known, **(context or {})}, status=status)


def _announced(request: HttpRequest, shop: Shop) -> list[tuple[Announcement, str, str]]:
    """What the person has not read yet, in their language. What they have is kept in their session, so that pages need
    not ask for it."""
    if not isinstance(request.user, User):
        return []
    known = set() if getattr(request, "visit", None) else set(request.session.get(READ, []))
    rows = [row for row in announcing.recent(shop, now=timezone.now()) if row.pk not in known]
    if not rows:
        return []
    read = announcing.read_by(request.user, rows)
    if read and not getattr(request, "visit", None):
        request.session[READ] = sorted(known | read)[-MOST_READ:]
    language = get_language() or shop.language
    return [(row, *announcing.in_language(row, language)) for row in rows if row.pk not in read][:ANNOUNCED]


def _to_the_door(request: StaffRequest, slug: str) -> HttpResponse:
    """Sign in and come back; after an action's address to the desk, since that one takes no GET."""
    after = request.get_full_path() if request.method == "GET" else reverse("portal:desk", args=[slug])
    if request.headers.get("Desk-Action"):
        return HttpResponse(status=401)  # `desk-offline.js` keeps what was pressed, and leads to the door
    if not request.htmx:
        return redirect_to_login(after)
    response = HttpResponse(status=401)
    response["HX-Redirect"] = redirect_to_login(reverse("portal:desk", args=[slug])).url  # type: ignore[attr-defined]
    return response
