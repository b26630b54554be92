"""The board's list of shop orders: with why one has not come to its shop, and a way to have it brought there again."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.timezone import now as current
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.operations import order_choices
from marketplace.operations.listing import Cell, Choice, Listing, short, when
from shops import mailing
from shops.channels import CHANNELS
from shops.models import ShopOrder
from shops.orders import mailed

DAY, WEEK = timedelta(days=1), timedelta(days=7)
Order = ShopOrder.Status


def _rows() -> QuerySet[ShopOrder]:
    found = ShopOrder.objects.select_related("shop", "transmission").prefetch_related("lines")
    stays = mailing.unsent_mails().filter(mailed.stuck(current())).order_by("pk")
    why = {"mail_to": Subquery(stays.values("to")[:1]), "mail_error": Subquery(stays.values("last_error")[:1])}
    return found.annotate(**why).order_by("answer_due_at", "pk")


def _cells(order: ShopOrder) -> list[Cell]:
    return [
        Cell(order.number, reverse("operations:refund", args=[order.number])),
        Cell(order.shop.name, order.shop.get_absolute_url()),
        Cell(_("Cancelled") if order.is_taken_back else order.get_status_display()),
        Cell(when(order.created_at)),
        Cell(when(order.answer_due_at)),
        Cell(order.shop.phone or order.shop.email),
        Cell(short(_what_happened(order)) if order.status == Order.NEW else ""),
        Cell(amount_minor=order.total_minor, currency=order.currency),
        _again(order),
    ]


def _what_happened(order: ShopOrder) -> str:
    """Why it has not come, or came otherwise; empty where nothing is wrong."""
    to, error = order.mail_to, order.mail_error  # type: ignore[attr-defined]
    if to:
        return gettext("Mail to %(address)s has not left: %(error)s") % {"address": to, "error": error or "–"}
    row = getattr(order, "transmission", None)
    if row is None or row.last_error:
        return row.last_error if row else ""
    if row.fell_back_at:
        ways = {"way": _label(row.channel), "before": _label(row.fell_back_from)}
        return gettext("%(before)s did not take it; it came by %(way)s.") % ways
    return ""


def _label(channel: str) -> str:
    return str(CHANNELS[channel][0]) if channel in CHANNELS else channel


def _again(order: ShopOrder) -> Cell:
    row = getattr(order, "transmission", None)
    stays = order.mail_to or (row is not None and row.parked_at)  # type: ignore[attr-defined]
    if order.status != Order.NEW or not stays:
        return Cell()
    return Cell(_("Send again"), reverse("operations:order-again", args=[order.number]), posts=order.number)


LISTING = Listing(
    _("Shop orders"),
    (
        *(_("Number"), _("Shop"), _("State"), _("Ordered"), _("Answer due"), _("Reach the shop"), _("What happened")),
        *(_("Total"), _("What can be done")),
    ),
    {
        "overdue": Choice(_("Answer overdue"), lambda now: Q(status=Order.NEW, answer_due_at__lt=now), urgent=True),
        **order_choices.TROUBLED,
        "new": Choice(_("To answer"), lambda now: Q(status=Order.NEW)),
        "accepted": Choice(_("To prepare"), lambda now: Q(status=Order.ACCEPTED)),
        "packed": Choice(_("Ready"), lambda now: Q(status=Order.PACKED)),
        "old_new": Choice(
            _("To answer for more than a day"), lambda now: Q(status=Order.NEW, created_at__lt=now - DAY)
        ),
        "old_accepted": Choice(
            _("To prepare for more than 3 days"), lambda now: Q(status=Order.ACCEPTED, answered_at__lt=now - 3 * DAY)
        ),
        "old_packed": Choice(
            _("Ready for more than 7 days"), lambda now: Q(status=Order.PACKED, answered_at__lt=now - WEEK)
        ),
        "handed_over": Choice(
            _("Handed over in 7 days"), lambda now: Q(status=Order.HANDED_OVER, handed_over_at__gt=now - WEEK)
        ),
        "declined": Choice(
            _("Declined or cancelled in 7 days"), lambda now: Q(status=Order.DECLINED, answered_at__gt=now - WEEK)
        ),
    },
    _rows,
    _cells,
)
