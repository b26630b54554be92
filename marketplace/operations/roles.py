"""Which role each page of the board asks for, by the name of its address: one table. A page that is not in it is for
administration alone, and a test fails until it is."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from marketplace.foundation.models import OperatorRoles, Role
from marketplace.foundation.navigation import Group
from marketplace.models import User

ALL = frozenset(Role)
_NO_ROLES = OperatorRoles()
_ADMINISTRATION = frozenset({Role.ADMINISTRATION})

# For every operator: the board's figures, and what concerns the machine, not a person.
_ANYBODY = ("board", "parked", "health", "verify")
_CATALOGUE = (
    *("titles", "title", "title-changes", "title-undo", "title-join", "title-part", "edit-fact", "fact-back"),
    *("questions", "answer-alike", "moderation", "moderate", "vouch-shop", "reviews", "answer-reviews"),
    *("run", "approve-run", "reject-run"),
)
# Oscar's own dashboards, as far as they are mounted (`marketplace.oscar_urls`).
_OSCARS = (
    *("catalogue-category-list", "catalogue-category-detail-list", "catalogue-category-create"),
    *("catalogue-category-create-child", "catalogue-category-update", "catalogue-category-delete"),
    *("reviews-list", "reviews-update", "reviews-delete"),
)
_ORDERS = (
    "routing",
    "save-routing",
    "points",
    "point",
    "point-save",
    "point-save-change",
    "shop-sign-ins",
    "visits",
    "visit-begin",
    "visit-end",
    *("parcels", "thread", "thread-write", "thread-settle", "thread-file", "thread-of-order"),
    "order-again",
)
_MONEY = (
    *("approve-refund", "refuse-refund", "approve-payback", "refuse-payback", "give-up-parcel", "settle-parcel"),
    *("money", "close-incident", "settle-refund", "dispute", "hand-in", "refund", "end-return"),
    *("invoices", "invoice", "receivables", "receivable", "credit-terms"),
    *("accounts", "add-dues", "end-dues", "declare-dividend", "network-shop", "share-pool"),
    *("reconciliation", "reconcile", "close-difference"),
    *("exports", "ask-export", "export-file", "pay-by-bank", "bank-account", "bank-statement", "payout", "reports"),
    *("commission", "add-commission", "end-commission", "vouchers", "make-voucher", "end-voucher"),
    *("gift-cards", "issue-gift-card", "gift-cards-limit", "print-gift-card", "replace-gift-card"),
    *("pay-back-gift-card", "local", "local-make", "local-credit", "local-change"),
    *("partners", "make-partner", "partner", "save-partner", "partner-statement"),
    *("institutions", "institution-add", "institution-remove", "accredit", "institution-report"),
)
_TELLING = ("announcements", "announce", "announcement-end")
_ADMINISTERING = (
    *("motions", "motion", "motion-propose", "motion-say", "motion-open"),
    *("operators", "operator-save", "operator-end"),
    *("privacy", "register-file", "news-file"),
    *("network", "read-keys", "make-read-key", "revoke-read-key"),
    *("shop-new", "shop-make", "shop-invite", "shop-put-on-sale", "suspend-shop", "restore-shop", "shop-has-left"),
    *("shop-shares", "shop-address", "shop-save-address", "shop-seller"),
    *("application", "application-ask", "application-reject", "application-approve", "application-paper"),
    *("checklist", "checklist-ask", "checklist-add", "checklist-drop", "checklist-tick", "reset-factor"),
)
NEEDS: dict[str, frozenset[Role]] = {
    **dict.fromkeys(_ANYBODY, ALL),
    **dict.fromkeys((*_CATALOGUE, *_OSCARS), frozenset({Role.CATALOGUE})),
    **dict.fromkeys(_ORDERS, frozenset({Role.ORDERS})),
    **dict.fromkeys(_MONEY, frozenset({Role.MONEY})),
    **dict.fromkeys(_ADMINISTERING, _ADMINISTRATION),
    **dict.fromkeys(_TELLING, frozenset({Role.ORDERS, Role.ADMINISTRATION})),
    "shop": frozenset({Role.ORDERS, Role.ADMINISTRATION}),
    "retry": frozenset({Role.ORDERS, Role.MONEY, Role.ADMINISTRATION}),
}
# Of the lists (`listings.LISTINGS`), which are one address.
LISTS: dict[str, frozenset[Role]] = {
    "shops": ALL,
    "feeds": frozenset({Role.CATALOGUE}),
    "orders": frozenset({Role.ORDERS, Role.MONEY}),
    "oversells": frozenset({Role.CATALOGUE, Role.ORDERS}),
    "returns": frozenset({Role.ORDERS, Role.MONEY}),
    "incidents": frozenset({Role.ORDERS}),
    "threads": frozenset({Role.ORDERS}),
    "payments": frozenset({Role.MONEY}),
    "applications": _ADMINISTRATION,
    "mail": frozenset({Role.ORDERS, Role.ADMINISTRATION}),
    "audit": _ADMINISTRATION,
}


def of(person: User) -> frozenset[Role]:
    """What a person may do on the board: what they were given, and all where they were made at the machine."""
    if not (person.is_active and person.is_staff):
        return frozenset()
    if person.is_superuser:
        return ALL
    kept = OperatorRoles.objects.filter(user=person).first()
    return frozenset() if kept is None else frozenset(Role(name) for name in kept.roles if name in Role.values)


def holders(role: Role) -> list[User]:
    """The operators who have it, by their addresses."""
    people = User.objects.filter(is_staff=True, is_active=True).select_related("operator_roles").order_by("email")
    return [one for one in people if one.is_superuser or role in getattr(one, "operator_roles", _NO_ROLES).roles]


def of_request(request: HttpRequest) -> frozenset[Role]:
    """As `of`, asked once for a request."""
    if not hasattr(request, "operator_roles"):
        request.operator_roles = of(request.user)  # type: ignore[attr-defined, arg-type]
    return request.operator_roles  # type: ignore[attr-defined]


def needed(name: str, argument: str = "") -> frozenset[Role]:
    """One of these is enough for the address `name`; `argument`: which list."""
    if name == "list":
        return LISTS.get(argument, _ADMINISTRATION)
    return NEEDS.get(name, _ADMINISTRATION)


def may_open(roles: frozenset[Role], name: str, argument: str = "") -> bool:
    """What is for every operator is so for those of any role: who was given none opens nothing."""
    return bool(roles & needed(name, argument))


def open_to(groups: Iterable[Group], roles: frozenset[Role]) -> list[Group]:
    """The groups with the pages that somebody of these roles may open; without those of which none is left."""
    found = []
    for group in groups:
        pages = [page for page in group.pages if may_open(roles, page.name, page.argument)]
        if pages:
            found.append(Group(group.label, pages))
    return found
