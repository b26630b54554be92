"""The board's pages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.foundation.models import Role
from marketplace.foundation.navigation import Group, Page, shown
from marketplace.operations.roles import ALL, open_to

DECIDING = ("application-ask", "application-reject", "application-approve")
GROUPS = (
    Group(
        _("Board"),
        (
            Page(
                "board",
                _("Today"),
                (
                    *("list", "run", "thread", "thread-write", "thread-settle"),
                    *("shop", "shop-new", "shop-make", "shop-sign-ins", "application", *DECIDING),
                    *("shop-address", "shop-save-address"),
                ),
            ),
            Page("parked", _("Parked")),
            Page("health", _("Health")),
            Page("verify", _("Verify")),
            Page("list", _("Who did what"), argument="audit"),
        ),
    ),
    Group(
        _("Titles"),
        (
            Page("titles", _("Titles"), ("title", "title-changes", "title-join", "title-part")),
            Page("questions", _("Questions")),
            Page("moderation", _("Titles to look at")),
            Page("reviews", _("Reviews")),
        ),
    ),
    Group(
        pgettext_lazy("board", "Money"),
        (
            Page("money", pgettext_lazy("board", "Money"), ("dispute", "refund")),
            Page("parcels", _("Missing parcels")),
            Page("invoices", _("Invoices")),
            Page("receivables", _("Open invoices"), ("receivable", "credit-terms")),
            Page("accounts", _("Accounts")),
            Page("reconciliation", _("Ledger and Stripe")),
            Page("exports", _("Files for the accounts"), ("ask-export", "pay-by-bank", "bank-account", "payout")),
            Page("reports", _("What was sold")),
        ),
    ),
    Group(
        _("Prices and means"),
        (
            Page("commission", _("Commission"), ("add-commission",)),
            Page("vouchers", _("Vouchers"), ("make-voucher",)),
            Page("gift-cards", _("Gift cards"), ("issue-gift-card",)),
            Page("local", _("Local currencies"), ("local-make", "local-credit", "local-change")),
            Page("partners", _("Partners"), ("make-partner", "partner", "save-partner")),
        ),
    ),
    Group(
        _("Members"),
        (
            Page(
                "list",
                _("Shops"),
                (
                    *("shop", "shop-new", "shop-make", "shop-invite", "suspend-shop", "restore-shop", "shop-shares"),
                    *("shop-address", "shop-save-address"),
                ),
                argument="shops",
            ),
            Page("list", _("Applications"), argument="applications"),
            Page("announcements", _("Announcements"), ("announce",)),
            Page("motions", _("Votes"), ("motion", "motion-propose")),
            Page("visits", _("Support"), ("visit-begin",)),
            Page("checklist", _("Checklist"), ("checklist-add",)),
        ),
    ),
    Group(
        _("Network"),
        (
            Page("network", _("Network")),
            Page("operators", _("Operators"), ("operator-save",)),
            Page("privacy", _("People’s data")),
            Page("routing", _("Another shop"), ("save-routing",)),
            Page("points", _("Pick-up points"), ("point-save", "point-save-change")),
            Page("institutions", _("Institutions"), ("institution-add",)),
            Page("read-keys", _("Keys for programs"), ("make-read-key",)),
        ),
    ),
)


def groups(here: str, argument: str = "", roles: frozenset[Role] = ALL) -> list[Group]:
    """As `navigation.shown`, of what somebody of these roles may open."""
    return shown(open_to(GROUPS, roles), namespace="operations", here=here, argument=argument)
