"""The portal's pages: those of the day's orders first."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.foundation.navigation import Group, Page, shown

GROUPS = (
    Group(
        _("Orders"),
        (
            Page("desk", _("To do"), ("order", "refund")),
            Page("pick-list", _("Pick list"), ("order-pick-list", "slips")),
            Page(
                "messages",
                _("Messages"),
                (
                    *("thread", "thread-act", "order-thread", "order-thread-act"),
                    *("quick-replies", "quick-reply-add", "quick-reply-save"),
                ),
            ),
            Page("orders", _("All orders"), ("earlier", "earlier-order")),
            Page("day", _("Close the day")),
            Page("reservations", _("Reservations"), ("reservation",)),
            Page("returns", _("Returns"), ("return", "return-act", "return-terms")),
        ),
    ),
    Group(
        _("Counter"),
        (
            Page("for-others", _("For other shops"), ("parcel-arrive", "parcel-collect")),
            Page("gift-cards", _("Gift cards"), ("gift-card-redeem", "gift-card-sell")),
            Page("local", _("Local currency"), ("local-accept", "local-credit")),
        ),
    ),
    Group(
        _("Stock"),
        (
            Page("stock", _("Stock")),
            Page("prices", pgettext_lazy("of a shop", "Prices"), ("price-preview", "price-save")),
            Page("kept", _("Kept for the counter"), ("save-rule", "save-article")),
            Page(
                "stock-start",
                _("Add your stock"),
                (
                    *("stock-upload", "stock-connect", "stock-list", "stock-again", "stock-columns", "stock-choose"),
                    *("stock-trial", "stock-rows", "stock-sale", "stock-go"),
                ),
            ),
            Page("systems", _("Your shop system"), ("system-connect",)),
            Page("own-articles", _("Typed by hand"), ("own-new", "own-article", "own-save", "own-save-change")),
            Page(
                "feeds",
                pgettext_lazy("of one shop", "Feeds"),
                ("run", "declared", "questions", "columns", "dry-run", "make-key", "make-webhook", "confirm-host-key"),
            ),
            Page("downloads", _("Downloads"), ("download", "download-give", "download-sell")),
        ),
    ),
    Group(
        pgettext_lazy("board", "Money"),
        (
            Page("money", _("Money"), ("statement", "stripe-again", "earlier-statement")),
            Page("invoices", _("Invoices")),
            Page("vouchers", _("Vouchers"), ("voucher-make",)),
        ),
    ),
    Group(
        _("Shop"),
        (
            Page("start", _("Before you sell"), ("preview",)),
            Page("figures", _("Figures")),
            Page("profile", _("Profile"), ("save-profile", "save-tax")),
            Page("address", _("Address"), ("save-address",)),
            Page("hours", _("Hours"), ("save-week", "say-days")),
            Page(
                "channel",
                pgettext_lazy("of a shop", "Orders by"),
                (
                    *("save-channel", "save-fallback", "renew-secret", "test-channel", "end-channel"),
                    *("order-files", "save-order-files"),
                ),
            ),
            Page("mail", pgettext_lazy("of a shop", "Mail"), ("save-mail",)),
            Page("delivery", _("Delivery"), ("delivery-new", "delivery-change", "delivery-save", "save-counter")),
            Page("team", _("Team"), ("invite",)),
            Page("data", pgettext_lazy("of a shop", "Data"), ("data-save", "brought", "bring", "forget-customer")),
            Page("business", _("Business"), ("save-business", "business-shop", "leaving", "leaving-ask")),
            Page("picks", pgettext_lazy("of a shop", "Picks"), ("add-pick",)),
            Page("events", _("Events"), ("event-new", "event-save", "event-change", "event-save-change")),
        ),
    ),
    Group(
        _("Network"),
        (
            Page("announcements", _("Announcements")),
            Page("motions", _("Votes"), ("motion", "motion-propose")),
            Page("support", _("Support")),
        ),
    ),
)


def groups(shop_slug: str, here: str) -> list[Group]:
    """As `navigation.shown`, of one shop."""
    return shown(GROUPS, namespace="portal", here=here, before=[shop_slug])
