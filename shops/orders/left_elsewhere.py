"""What another shop, or a pick-up point with keepers, has for a reader who does not come: the reader is reminded, then
it goes back to the shop that sold it, by that shop's rule (decision 0027).

The order itself stays handed over: its copies left the shop, and are in its number no more. Those that come home are
counted by its next number (DESIGN §5). The money of the goods is a due row for the payments, as a lost parcel's; the
way there was gone, so the delivery stays paid. Each change compares and sets: of a reader at the counter and the end
at one moment one counts."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases, links
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from shops import mailing
from shops.mailing import About
from shops.models import Parcel, ParcelRefund, Shop
from shops.orders import keep_times, reader_mail
from shops.orders.changing import FulfilmentError

logger = logging.getLogger("halles.left_elsewhere")
BATCH = 50
AGAIN_AFTER, ASKED_AGAIN_AFTER = timedelta(minutes=5), timedelta(minutes=30)
LONGER = timedelta(days=7)


def waiting() -> QuerySet[Parcel]:
    """What lies elsewhere for its reader."""
    there = Parcel.objects.filter(collected_at=None, missing_at=None, missing_ended_at=None, uncollected_at=None)
    return there.exclude(arrived_at=None).exclude(carried_to=None, waits_at=None)


def watch_kept_parcels(now: datetime) -> int:
    """Step: remind readers of what waits for them elsewhere, and have it go back that nobody came for. Returns how
    many."""
    due = waiting().filter(keep_watch_at__lte=now).order_by("keep_watch_at", "pk")
    related = ("shop_order__shop", "shop_order__order__checkout", "shop_order__order__user", "carried_to", "waits_at")
    option = ("shop_order__delivery_option__point",)
    return sum(_follow(row, now) for row in leases.waiting(due, *related, *option, most=BATCH))


def _follow(parcel: Parcel, now: datetime) -> bool:
    """What is next of it. What fails is tried again later and stops no other; `verify` tells of it."""
    try:
        if parcel.keep_until is None or now < parcel.keep_until:
            return _remind(parcel, now)
        if parcel.shop_order.shop.uncollected == Shop.Uncollected.ASK:  # it may say otherwise meanwhile
            _look(parcel, now + ASKED_AGAIN_AFTER)
            return False
        take_back(parcel, by="system", now=now)
        return True
    except FulfilmentError:
        logger.info("Parcel %s changed while it was to go back.", parcel.pk)
    except Exception:
        logger.exception("Parcel %s, which nobody collected, cannot go back; it is tried again.", parcel.pk)
        _look(parcel, now + AGAIN_AFTER)
    return False


def take_back(parcel: Parcel, *, by: object, now: datetime) -> None:
    """Nobody came: it goes back to the shop that sold it, and the reader gets the money of the goods. By the step, or
    by that shop. FulfilmentError before its time is over, and where somebody was quicker."""
    if parcel.keep_until and now < parcel.keep_until:
        local = localtime(parcel.keep_until, ZoneInfo(parcel.shop_order.shop.timezone))
        said = {"until": date_format(local, "DATETIME_FORMAT")}
        raise FulfilmentError(_("It is kept for the reader until %(until)s.") % said)
    with transaction.atomic():
        there = waiting().filter(pk=parcel.pk, keep_until=parcel.keep_until)
        if not there.update(uncollected_at=now, keep_watch_at=None):
            raise FulfilmentError(_not_any_more())
        person = by if isinstance(by, User) else None
        ParcelRefund.objects.create(parcel=parcel, borne_by=ParcelRefund.Bearer.SHOP, by=person, due_at=now)
        _record("parcel.take_back", parcel, by)
        lines = parcel.shop_order.lines.all()
        reader_mail.left_elsewhere(parcel.shop_order, list(lines), parcel, now=now)
        for shop in {parcel.shop_order.shop, parcel.carried_to}:
            if shop:
                _tell(parcel, shop, now)
        failpoint("take_back.before_commit")
    failpoint("take_back.after_commit")


def keep_longer(parcel: Parcel, *, by: object, now: datetime) -> None:
    """The shop that sold it has it kept a week longer, since the reader asked, or it is shut there. FulfilmentError
    where it does not wait there any more, or somebody said so a moment ago."""
    if parcel.keep_until is None:
        raise FulfilmentError(_not_any_more())
    until = keep_times.kept_elsewhere(parcel, since=max(parcel.keep_until, now), within=LONGER, now=now)
    kept = {"keep_until": until, "keep_watch_at": keep_times.reminder(until, since=now)}
    with transaction.atomic():
        if not waiting().filter(pk=parcel.pk, keep_until=parcel.keep_until).update(**kept):
            raise FulfilmentError(_not_any_more())
        _record("parcel.keep_longer", parcel, by)
    parcel.keep_until = until


def send_back(parcel: Parcel, *, by: object, now: datetime) -> None:
    """It is on its way home, as is said where it lay. FulfilmentError where nobody need send it, or it is gone."""
    with transaction.atomic():
        there = Parcel.objects.filter(pk=parcel.pk, sent_back_at=None, home_at=None).exclude(uncollected_at=None)
        if not there.update(sent_back_at=now):
            raise FulfilmentError(_not_any_more())
        _record("parcel.send_back", parcel, by)


def come_home(parcel: Parcel, *, by: object, now: datetime) -> None:
    """The shop that sold it has it again; its next number counts the copies. FulfilmentError where it does not come
    back, or is there already."""
    with transaction.atomic():
        there = Parcel.objects.filter(pk=parcel.pk, home_at=None).exclude(uncollected_at=None)
        if not there.update(home_at=now):
            raise FulfilmentError(_not_any_more())
        audit.record("parcel.come_home", parcel, by=by, shop_id=parcel.shop_order.shop_id)


def _remind(parcel: Parcel, now: datetime) -> bool:
    with transaction.atomic():
        if not _look(parcel, parcel.keep_until):
            return False
        reader_mail.still_waits_elsewhere(parcel.shop_order, list(parcel.shop_order.lines.all()), parcel, now=now)
    return True


def _look(parcel: Parcel, at: datetime | None) -> bool:
    """Write when it is looked at next, once."""
    return waiting().filter(pk=parcel.pk, keep_watch_at=parcel.keep_watch_at).update(keep_watch_at=at) == 1


def _tell(parcel: Parcel, shop: Shop, now: datetime) -> None:
    number, is_sender = parcel.shop_order.number, shop.pk == parcel.shop_order.shop_id
    path = f"/portal/orders/{number}/" if is_sender else f"/portal/{shop.slug}/for-others/"
    mailing.post(
        "parcel_not_collected",
        shop,
        About.ORDERS,
        dedupe_key=f"parcel_not_collected:{parcel.pk}:{shop.pk}",
        context={
            "parcel": parcel, "number": number, "place": parcel.place, "is_sender": is_sender,
            "url": links.absolute(path),
        },
        now=now,
    )  # fmt: skip


def _record(action: str, parcel: Parcel, by: object) -> None:
    place = str(getattr(parcel.place, "name", "")) if action == "parcel.send_back" else ""
    audit.record(action, parcel, by=by, shop_id=parcel.carried_to_id, number=parcel.shop_order.number, place=place)


def _not_any_more() -> str:
    return _("Someone was quicker: it was collected, is missing, went back, or is kept longer. Look again.")
