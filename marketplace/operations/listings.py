"""The lists behind the board's figures. A figure and its list ask the same question, so that they never differ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog_sync.doors import own_shelf
from catalog_sync.models import Feed, SyncRun
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.operations import order_listings, oversells
from marketplace.operations.health import LATE_MAIL
from marketplace.operations.listing import Cell, Choice, Listing, short, when
from marketplace.operations.thread_listings import OF_THREADS
from marketplace.payments.models import Payment
from shops.models import Application, Return, Shop, ShopMember, ShopOrder

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
LATE_FEED = timedelta(minutes=30)
Run, Pay, Back = SyncRun.State, Payment.State, Return.State


def _same(**columns: object) -> Callable[[datetime], Q]:
    return lambda now: Q(**columns)


def _feeds() -> QuerySet[Feed]:
    last = SyncRun.objects.filter(feed=OuterRef("pk")).order_by("-pk")
    return Feed.objects.select_related("shop").annotate(
        last_run=Subquery(last.values("pk")[:1]),
        last_state=Subquery(last.values("state")[:1]),
        last_at=Subquery(last.values("started_at")[:1]),
        last_read=Subquery(last.values("read")[:1]),
        last_notes=Subquery(last.values("notes")[:1]),
    )


def _feed_cells(feed: Feed) -> list[Cell]:
    notes = feed.last_notes or []  # type: ignore[attr-defined]
    return [
        Cell(feed.name),
        Cell(feed.shop.name, feed.shop.get_absolute_url()),
        Cell(
            Run(feed.last_state).label if feed.last_state else "",  # type: ignore[attr-defined]
            reverse("operations:run", args=[feed.last_run]) if feed.last_run else "",  # type: ignore[attr-defined]
        ),
        Cell(when(feed.last_at)),  # type: ignore[attr-defined]
        Cell(feed.last_read if feed.last_read is not None else ""),  # type: ignore[attr-defined]
        Cell(when(feed.due_at) if feed.active else _("paused")),
        Cell(short(feed.last_error or (notes[0]["text"] if notes else ""))),
    ]


_LAST_ORDER = ShopOrder.objects.filter(shop=OuterRef("pk")).order_by("-created_at")
_LAST_SEEN = ShopMember.objects.filter(shop=OuterRef("pk"), user__last_login__isnull=False).order_by(
    "-user__last_login"
)


def _stale(now: datetime) -> Q:
    old = Q(complete_as_of=None) | Q(complete_as_of__lt=now - DAY)
    return Q(status=Shop.Status.ACTIVE) & old & ~own_shelf.types_alone()


def _idle(now: datetime) -> Q:
    """New ones, which have not had the time, are not meant."""
    since = now - 30 * DAY
    late = Q(last_order=None) | Q(last_order__lt=since)
    return late & Q(status=Shop.Status.ACTIVE, joined_at__lt=since)


def _unseen(now: datetime) -> Q:
    return Q(status=Shop.Status.ACTIVE) & (Q(last_seen=None) | Q(last_seen__lt=now - 14 * DAY))


def _shop_cells(shop: Shop) -> list[Cell]:
    return [
        Cell(shop.name, reverse("operations:shop", args=[shop.pk])),
        Cell(shop.get_status_display()),
        Cell(shop.city),
        Cell(when(shop.complete_as_of)),
        Cell(when(shop.last_order)),  # type: ignore[attr-defined]
        Cell(when(shop.last_seen)),  # type: ignore[attr-defined]
        Cell(_("ready") if shop.stripe_account_ready else _("not ready")),
        Cell(shop.email),
    ]


def _application_cells(row: Application) -> list[Cell]:
    return [
        Cell(row.name, reverse("operations:application", args=[row.pk])),
        Cell(row.get_state_display()),
        Cell(row.city),
        Cell(row.get_kind_display()),
        Cell(when(row.changed_at)),
        Cell(row.email),
    ]


def _payment_cells(payment: Payment) -> list[Cell]:
    order = payment.checkout.order
    return [
        Cell(order.number if order else f"({payment.checkout_id})"),
        Cell(payment.get_state_display()),
        Cell(amount_minor=payment.amount_minor, currency=payment.currency),
        Cell(amount_minor=payment.captured_minor, currency=payment.currency),
        Cell(amount_minor=payment.refunded_minor, currency=payment.currency),
        Cell(when(payment.capture_before)),
        Cell(payment.intent_id),
        Cell(short(payment.last_error)),
    ]


def _mail_cells(mail: MailMessage) -> list[Cell]:
    return [
        Cell(mail.to),
        Cell(mail.subject),
        Cell(when(mail.created_at)),
        Cell(when(mail.sent_at or mail.due_at)),
        Cell(mail.attempts),
        Cell(short(mail.last_error)),
    ]


def _audit_cells(entry: AuditEntry) -> list[Cell]:
    return [
        Cell(when(entry.at)),
        Cell(entry.actor_label),
        Cell(entry.action),
        Cell(f"{entry.subject_type} {entry.subject_id}"),
        Cell(short(entry.reason)),
    ]


def _return_cells(row: Return) -> list[Cell]:
    return [
        Cell(row.number, reverse("operations:refund", args=[row.shop_order.number])),
        Cell(row.shop_order.shop.name, row.shop_order.shop.get_absolute_url()),
        Cell(row.goes_to.name if row.is_elsewhere else ""),
        Cell(row.get_basis_display()),
        Cell(row.get_state_display()),
        Cell(when(row.asked_at)),
        Cell(when(row.refund_by)),
        Cell(row.shop_order.shop.phone or row.shop_order.shop.email),
    ]


LISTINGS: dict[str, Listing] = {
    "shops": Listing(
        _("Shops"),
        (
            *(_("Shop"), _("Status"), _("Town"), _("Stock read"), _("Last order"), _("Last signed in")),
            *(_("Stripe account"), _("E-mail")),
        ),
        {
            "active": Choice(_("On sale"), _same(status=Shop.Status.ACTIVE)),
            "draft": Choice(_("Joining"), _same(status=Shop.Status.DRAFT)),
            "paused": Choice(_("Paused"), _same(status=Shop.Status.PAUSED)),
            "suspended": Choice(_("Suspended"), _same(status=Shop.Status.SUSPENDED)),
            "leaving": Choice(_("Leaving"), _same(status=Shop.Status.LEAVING)),
            "left": Choice(_("Left"), _same(status=Shop.Status.LEFT)),
            "stale": Choice(
                _("Stock not read for a day"),
                _stale,
                urgent=True,
            ),
            "gone": Choice(
                _("Orders not posted any more (410)"), _same(order_webhook__disabled_at__isnull=False), urgent=True
            ),
            "unreachable": Choice(
                _("Mail with orders refused"), lambda now: ~Q(unreachable="") & ~Q(status=Shop.Status.LEFT), urgent=True
            ),
            "silent": Choice(_("Their system does not answer"), _same(systems__paused_at__isnull=False), urgent=True),
            "idle": Choice(_("On sale, no order for 30 days"), _idle),
            "unseen": Choice(_("On sale, nobody signed in for 14 days"), _unseen),
            "unpaid": Choice(
                _("On sale, cannot be paid yet"), _same(status=Shop.Status.ACTIVE, stripe_account_ready=False)
            ),
        },
        lambda: Shop.objects.order_by("name").annotate(
            last_order=Subquery(_LAST_ORDER.values("created_at")[:1]),
            last_seen=Subquery(_LAST_SEEN.values("user__last_login")[:1]),
        ),
        _shop_cells,
    ),
    "applications": Listing(
        _("Applications"),
        (_("Shop"), _("State"), _("Town"), _("Who sells"), _("Last change"), _("E-mail")),
        {
            "applied": Choice(_("To look at"), _same(state=Application.State.APPLIED), urgent=True),
            "asked": Choice(_("Waits for the applicant"), _same(state=Application.State.ASKED)),
            "approved": Choice(_("Approved"), _same(state=Application.State.APPROVED)),
            "rejected": Choice(_("Rejected"), _same(state=Application.State.REJECTED)),
        },
        lambda: Application.objects.order_by("changed_at", "pk"),
        _application_cells,
    ),
    "feeds": Listing(
        _("Feeds"),
        (
            *(_("Feed"), _("Shop"), _("Last run"), _("Started"), _("Read")),
            *(pgettext_lazy("feed", "Next"), _("What happened")),
        ),
        {
            "active": Choice(_("Active"), _same(active=True)),
            "failed": Choice(_("Last run failed"), _same(active=True, last_state=Run.FAILED), urgent=True),
            "awaiting": Choice(_("Awaits approval"), _same(last_state=Run.AWAITING), urgent=True),
            "late": Choice(
                _("Late"), lambda now: Q(active=True, due_at__lt=now - LATE_FEED, parked_at=None), urgent=True
            ),
            "stopped": Choice(
                _("Stopped until somebody looks"), _same(active=True, parked_at__isnull=False), urgent=True
            ),
            "old": Choice(_("Numbers too old: not sold"), _same(active=True, lapsed_at__isnull=False), urgent=True),
            "paused": Choice(_("Paused"), _same(active=False)),
        },
        lambda: _feeds().order_by("name"),
        _feed_cells,
    ),
    "orders": order_listings.LISTING,
    "oversells": oversells.LISTING,
    "returns": Listing(
        _("Returns"),
        (
            _("Number"),
            _("Shop"),
            _("Received by"),
            _("By which right"),
            _("State"),
            _("Asked"),
            _("Money by"),
            _("Reach the shop"),
        ),
        {
            "late": Choice(_("Money not back in time"), lambda now: Q(refund_by__lt=now, ended_at=None), urgent=True),
            "unpaid": Choice(
                _("Checked for a day, not paid"),
                lambda now: Q(state=Back.CHECKED, checked_at__lt=now - DAY),
                urgent=True,
            ),
            "unanswered": Choice(
                _("Not answered for four days"),
                lambda now: Q(state=Back.ASKED, asked_at__lt=now - 4 * DAY),
                urgent=True,
            ),
            "open": Choice(_("Under way"), _same(ended_at=None)),
            "ended": Choice(_("Ended in 7 days"), lambda now: Q(ended_at__gt=now - WEEK)),
        },
        lambda: Return.objects.select_related("shop_order__shop", "goes_to").order_by("refund_by", "asked_at", "pk"),
        _return_cells,
    ),
    **OF_THREADS,
    "payments": Listing(
        _("Payments"),
        (
            _("Order"),
            _("State"),
            _("Authorised"),
            _("Captured"),
            _("Refunded"),
            _("Capture before"),
            _("At Stripe"),
            _("Last trouble"),
        ),
        {
            "ending": Choice(
                _("Authorisation ends within a day"),
                lambda now: Q(state=Pay.AUTHORISED, capture_before__lt=now + DAY),
                urgent=True,
            ),
            "open": Choice(_("At the payment page"), _same(state__in=[Pay.NEW, Pay.OPEN])),
            "authorised": Choice(_("Authorised"), _same(state=Pay.AUTHORISED)),
            "captured": Choice(_("Captured in 7 days"), lambda now: Q(state=Pay.CAPTURED, paid_at__gt=now - WEEK)),
            "cancelled": Choice(_("Given back whole"), _same(state=Pay.CANCELLED)),
        },
        lambda: Payment.objects.select_related("checkout__order").order_by(
            F("capture_before").asc(nulls_last=True), "pk"
        ),
        _payment_cells,
    ),
    "mail": Listing(
        _("Mail"),
        (_("To"), pgettext_lazy("mail", "Subject"), _("Written"), _("Sent or due"), _("Tries"), _("Last trouble")),
        {
            "late": Choice(_("Late"), lambda now: Q(due_at__lt=now - LATE_MAIL, parked_at=None), urgent=True),
            "waiting": Choice(_("Waiting"), _same(due_at__isnull=False, parked_at=None)),
            "parked": Choice(_("Parked"), _same(parked_at__isnull=False), urgent=True),
            "sent": Choice(_("Sent in 7 days"), lambda now: Q(sent_at__gt=now - WEEK)),
        },
        lambda: MailMessage.objects.order_by("-pk"),
        _mail_cells,
    ),
    "audit": Listing(
        _("Who did what"),
        (_("When"), _("Who"), _("What"), _("To which row"), _("Why")),
        {"day": Choice(_("In the last day"), lambda now: Q(at__gt=now - DAY))},
        lambda: AuditEntry.objects.order_by("-pk"),
        _audit_cells,
    ),
}


def address(name: str, choice: str) -> str:
    return reverse("operations:list", args=[name]) + f"?show={choice}"
