"""The board's pages in groups: one row of groups, one of the pages of the group where one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Page:
    """`also`: names of addresses that are reached from it and say the same place. `argument`: of its address."""

    name: str
    label: str | Promise
    also: tuple[str, ...] = ()
    argument: str = ""
    is_here: bool = False

    @property
    def url(self) -> str:
        return reverse(f"operations:{self.name}", args=[self.argument] if self.argument else [])


@dataclass(frozen=True)
class Group:
    label: str | Promise
    pages: Sequence[Page]

    @property
    def is_here(self) -> bool:
        return any(page.is_here for page in self.pages)


GROUPS = (
    Group(
        _("Board"),
        (
            Page("board", _("Today"), ("list", "run")),
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
        _("Network"),
        (
            Page("network", _("Network")),
            Page("points", _("Pick-up points"), ("point-save", "point-save-change")),
            Page("institutions", _("Institutions"), ("institution-add",)),
            Page("read-keys", _("Keys for programs"), ("make-read-key",)),
        ),
    ),
)


def groups(here: str, argument: str = "") -> list[Group]:
    """The groups, with the page marked where one is: the address named `here`, of this argument."""
    audit = here == "list" and argument == "audit"
    return [
        replace(group, pages=[replace(page, is_here=_is(page, here, audit=audit)) for page in group.pages])
        for group in GROUPS
    ]


def _is(page: Page, here: str, *, audit: bool) -> bool:
    if page.argument:
        return audit
    return page.name == here or (here in page.also and not audit)
