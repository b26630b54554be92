"""What is kept of people for how long, and why: one table. What an older step forgets by itself is named with that
step; the rest is done here, a batch at a time, and doing it again finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from oscar.apps.order.models import Order

from marketplace.foundation import network
from marketplace.foundation.models import MailMessage
from marketplace.payments.models import StripeEvent
from marketplace.readers import erasing
from marketplace.readers.models import Consent, ReviewReport
from shops.models import (
    Application,
    ApplicationDocument,
    ApplicationMessage,
    BroughtCustomer,
    DeskAction,
    Invitation,
    Parcel,
    Shop,
)

BATCH = 500
_MAIL = {"subject": "", "text": "", "html": "", "reply_to": ""}

_TO_SHOPS = [
    *("shop_order_new", "shop_order_taken_back", "shop_order_reminder", "shop_order_unanswered"),
    *("reservation_new", "reservation_put_back", "return_shop"),
]


@dataclass(frozen=True)
class Rule:
    """`days` after what `since` says; `act(before, most)` returns how many rows it changed; `step`: whose work it
    is."""

    name: str
    what: str | Promise
    days: int
    since: str | Promise
    why: str | Promise
    source: str
    act: Callable[[datetime, int], int] | None = None
    step: str = "keep_retention"


def _blank(rows: QuerySet[Any], most: int, /, **columns: object) -> int:
    """Empty these columns of up to `most` rows where they are not yet."""
    keys = list(rows.exclude(**columns).order_by("pk").values_list("pk", flat=True)[:most])
    return rows.model._default_manager.filter(pk__in=keys).update(**columns) if keys else 0


def _drop(rows: QuerySet[Any], most: int) -> int:
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:most])
    return len(keys) if keys and rows.model._default_manager.filter(pk__in=keys).delete() else 0


def _old(before: datetime) -> Q:
    """Sent then, or given up: what is parked goes nowhere any more."""
    return Q(sent_at__lt=before) | Q(sent_at=None, parked_at__lt=before)


def _shop_mails(before: datetime, most: int) -> int:
    return _blank(MailMessage.objects.filter(_old(before), kind__in=_TO_SHOPS), most, **_MAIL)


def _mails(before: datetime, most: int) -> int:
    return _blank(MailMessage.objects.filter(_old(before)), most, **_MAIL)


def _mail_rows(before: datetime, most: int) -> int:
    return _drop(MailMessage.objects.filter(_old(before)), most)


def _pressed(before: datetime, most: int) -> int:
    done = Q(done_at__isnull=False) | Q(undone_at__isnull=False) | Q(seen_at__isnull=False)
    return _blank(DeskAction.objects.filter(done, made_at__lt=before), most, asked={})


def _events(before: datetime, most: int) -> int:
    return _blank(StripeEvent.objects.filter(applied_at__lt=before), most, payload={})


def _handed_to(before: datetime, most: int) -> int:
    return _blank(Parcel.objects.filter(handed_over_at__lt=before), most, handed_over_to="")


def _reports(before: datetime, most: int) -> int:
    return _blank(ReviewReport.objects.filter(settled_at__lt=before), most, note="")


def _invitations(before: datetime, most: int) -> int:
    over = Q(ended_at__lt=before) | Q(ended_at=None, ends_at__lt=before)
    return _blank(Invitation.objects.filter(over), most, email="")


def _log(before: datetime, most: int) -> int:
    return _drop(LogEntry.objects.filter(action_time__lt=before), most)


def _consents(before: datetime, most: int) -> int:
    return _drop(Consent.objects.filter(withdrawn_at__lt=before), most)


def _brought(before: datetime, most: int) -> int:
    """Of a shop that is gone nobody is its customer here; the digests of who took it back stay."""
    gone = {"shop__status": Shop.Status.LEFT, "shop__status_since__lt": before}
    return _drop(BroughtCustomer.objects.filter(ended_at=None, **gone), most)


def _identities(before: datetime, most: int) -> int:
    """Who it is was looked at when the application was decided."""
    taken = {"application__state": Application.State.APPROVED, "application__changed_at__lt": before}
    return _papers(ApplicationDocument.objects.filter(kind=ApplicationDocument.Kind.IDENTITY, **taken), most)


def _applications(before: datetime, most: int) -> int:
    """Of shops that are gone: papers, words, and who the person was."""
    left = Application.objects.filter(
        state=Application.State.APPROVED, shop__status=Shop.Status.LEFT, shop__status_since__lt=before
    )
    done = _papers(ApplicationDocument.objects.filter(application__in=left), most)
    done += _drop(ApplicationMessage.objects.filter(application__in=left), most)
    return done + _blank(left, most, born_on=None, contact_name="", email="", phone="", website="", note="", system="")


def _papers(rows: QuerySet[ApplicationDocument], most: int) -> int:
    found: list[Model] = list(rows.order_by("pk")[:most])
    with transaction.atomic():
        erasing.drop_with_files(found, "file")
    return len(found)


def _orders(before: datetime, most: int) -> int:
    """Those with nothing open any more; an account's too, which stays."""
    named = Order.objects.filter(date_placed__lt=before).exclude(checkout__email="", guest_email="").order_by("pk")
    done = 0
    for order in named.filter(Q(checkout__isnull=False) | ~Q(guest_email=""))[:most]:
        if done == most // 10:
            break
        with transaction.atomic():
            theirs = erasing.of_order(order)
            if not erasing.reasons_to_wait(theirs):
                erasing.erase(theirs)
                done += 1
    return done


_DONE = _("It is done")
_SENT = _("It was sent")
RULES = (
    Rule("shop_mails", _("Words of mails to shops about orders, reservations and returns"), 60, _SENT,
         _("A shop needs whose order it is while it has to do with it"), "GDPR 5 (1) (c)", _shop_mails),
    Rule("desk", _("What was typed at a desk: codes, tracking numbers, words"), 60, _("It was pressed"),
         _("The order says what came of it"), "GDPR 5 (1) (c)", _pressed),
    Rule("mails", _("Words of all other mails"), 180, _SENT,
         _("Banks ask about a payment for 120 days, and are shown what was written"), "GDPR 5 (1) (e)", _mails),
    Rule("mail_rows", _("That a mail was sent, and to whom"), 730, _SENT,
         _("So that nothing is sent twice"), "GDPR 5 (1) (e)", _mail_rows),
    Rule("events", _("Messages of Stripe, with what they say of a payer"), 90, _("It was applied"),
         _("To read them once more after a mistake"), "GDPR 5 (1) (e)", _events),
    Rule("handed_to", _("Who took a parcel"), 180, _("It was handed over"),
         _("Proof where a bank asks"), "GDPR 6 (1) (f)", _handed_to),
    Rule("reports", _("Words of those who reported a review"), 180, _("It was looked at"),
         _("To answer who asks why"), "DSA 16, 20", _reports),
    Rule("invitations", _("Addresses of people invited to a shop's team"), 180, _("It has ended"),
         _("To see who was asked"), "GDPR 5 (1) (e)", _invitations),
    Rule("admin_log", _("What was changed in the administration of tables"), 365, _("It was changed"),
         _("To find a mistake"), "GDPR 32", _log),
    Rule("consents", _("Consents"), 1095, _("It was withdrawn"),
         _("Proof that there was one"), "GDPR 7 (1)", _consents),
    Rule("identity", _("Copies of identity cards of those who joined"), 90, _("The shop was taken in"),
         _("Looked at once"), "DSA 30 (1) (b); GDPR 5 (1) (c)", _identities),
    Rule("applications", _("Papers, words and person of an application"), 183, _("The shop has left"),
         _("The law has traders' facts kept six months after the contract"), "DSA 30 (5)", _applications),
    Rule("brought", _("Customers that a shop brought along from an earlier network"), 183, _("The shop has left"),
         _("It may come back, and had their consent"), "GDPR 6 (1) (a), 5 (1) (e)", _brought),
    Rule("orders", _("Whose an order was: name, address, what was written"), 1095, _("It was placed"),
         _("Legal guarantee of two years, and claims; invoices are kept by themselves"),
         "Directive 2019/771, 10; CCQ 2925", _orders),
    Rule("unplaced", _("Checkouts that became no order, guests' reservations, unpaid gift cards"), 90, _DONE,
         _("Who comes back does so within weeks"), "GDPR 5 (1) (e)", step="forget_unplaced"),
    Rule("tries", _("Errors of shops' systems"), 90, _DONE,
         _("To see why an order did not come"), "GDPR 5 (1) (e)", step="forget_unplaced"),
    Rule("photos", _("Pictures of what was sent back"), 90, _DONE,
         _("Who was right is settled"), "GDPR 5 (1) (e)", step="forget_unplaced"),
    Rule("sign_ins", _("Who signed in, or tried to, from where"), 90, _("It was tried"),
         _("To see whether it was oneself"), "GDPR 32", step="forget_sign_ins"),
    Rule("refused", _("Applications that came to nothing, with their papers"), 90, _("It was decided"),
         _("Questions about the answer"), "GDPR 5 (1) (e)", step="forget_applications"),
    Rule("sessions", _("Sessions"), 14, _("The last visit"),
         _("To stay signed in"), "GDPR 5 (1) (e)", step="clear_sessions"),
)  # fmt: skip


def days_of(rule: Rule) -> int:
    """As the network says where it has a say: what shops see."""
    return network.current().shop_sight_days if rule.name in {"shop_mails", "desk"} else rule.days


def keep(now: datetime) -> int:
    """Step: what has been kept long enough goes, up to `BATCH` rows of each rule. Returns how many."""
    return sum(rule.act(now - timedelta(days=days_of(rule)), BATCH) for rule in RULES if rule.act)
