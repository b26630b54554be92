"""An order that goes by mail is with its shop once its mail has left us. Until then its shop has not heard of it: its
time to answer has not begun, and an operator sees it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Coalesce

from marketplace.foundation import audit, mail
from marketplace.foundation.models import MailMessage
from shops import mailing
from shops.models import Shop, ShopOrder, TransmissionTry
from shops.orders import answer_times, tries


def told(message: MailMessage, *, now: datetime, is_refused: bool) -> None:
    """What follows from it that a mail which brings an order has left, or is given up."""
    reached(message, now=now, is_refused=is_refused)
    number = mailing.number_of(message)
    made = TransmissionTry.objects.filter(transmission__shop_order__number=number, channel=tries.MAILED)
    if (last := made.order_by("-pk").first()) is not None:
        last.outcome = TransmissionTry.Outcome.SENT if message.sent_at else TransmissionTry.Outcome.FAILED
        last.error = "" if message.sent_at else message.last_error[:500]
        last.save(update_fields=["outcome", "error"])
    if message.sent_at and now - (message.wanted_at or message.created_at) >= answer_times.LATE:
        orders = ShopOrder.objects.select_for_update(of=("self",)).select_related("shop")
        if (shop_order := orders.filter(number=number).first()) is not None:
            answer_times.begin_again(shop_order, now=now)


def reached(message: MailMessage, *, now: datetime, is_refused: bool) -> None:
    """Whether the address to which a shop's orders are mailed takes mail, is known from here on."""
    if message.sent_at:
        was_refused = Shop.objects.filter(pk=message.shop_id or 0, unreachable=message.to)
        if was_refused.update(unreachable=""):
            mailing.try_again(message.shop_id or 0, message.to, now=now)
    elif is_refused:
        _refused(message, now)


def stuck(now: datetime) -> Q:
    """Of mails that have not left: parked, or not sent for so long since they were to be."""
    return Q(parked_at__isnull=False) | Q(since__lt=now - mail.LATE)


def unheard(now: datetime) -> Q:
    """Of shop orders: that they go by a mail which does not leave."""
    return Q(mailing.unsent(stuck(now)))


def waiting(shop: Shop, *, now: datetime) -> list[MailMessage]:
    """Mails with orders of the shop that do not leave, the oldest first, of orders that it has not answered."""
    rows = MailMessage.objects.annotate(since=Coalesce("wanted_at", "created_at"))
    stays = rows.filter(stuck(now), shop=shop, kind=mailing.ORDER_KIND, sent_at=None).order_by("pk")
    found = {mailing.number_of(row): row for row in stays}
    new = ShopOrder.objects.filter(shop=shop, status=ShopOrder.Status.NEW, number__in=found)
    numbers = set(new.values_list("number", flat=True))
    return [row for number, row in found.items() if number in numbers]


def follow_addresses(now: datetime) -> int:
    """Step: where an address that was refused has been corrected, mail goes to the new one. Returns how many."""
    return sum(mailing.follow_address(shop, now=now) for shop in Shop.objects.exclude(unreachable=""))


def _refused(message: MailMessage, now: datetime) -> None:
    shop = Shop.objects.filter(pk=message.shop_id or 0).first()
    if shop is None or not Shop.objects.filter(pk=shop.pk).exclude(unreachable=message.to).update(
        unreachable=message.to
    ):
        return
    audit.record("shop.mail_refused", shop, shop_id=shop.pk, address=message.to, reason=message.last_error[:500])
    mailing.follow_address(shop, now=now)  # somebody corrected it meanwhile
