"""The portal's words for states and reasons, as staff read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from catalog_sync.models import Feed, RecordIssue, SyncRun
from shops.models import DeliveryOption, DeskAction, ShopOrder, ShopOrderLine

Words = dict[str, Any]  # lazy texts, which Django's stubs give no public name

STATUSES: Words = {
    ShopOrder.Status.NEW: gettext_lazy("To answer"),
    ShopOrder.Status.ACCEPTED: gettext_lazy("To prepare"),
    ShopOrder.Status.PACKED: gettext_lazy("Ready"),
    ShopOrder.Status.HANDED_OVER: gettext_lazy("Handed over"),
    ShopOrder.Status.DECLINED: gettext_lazy("Declined"),
}
REASONS: Words = {
    ShopOrderLine.Reason.SOLD: gettext_lazy("Sold at the counter"),
    ShopOrderLine.Reason.NOT_FOUND: gettext_lazy("Not found"),
    ShopOrderLine.Reason.DAMAGED: gettext_lazy("Damaged"),
    ShopOrderLine.Reason.WRONG_PRICE: gettext_lazy("Wrong price"),
    ShopOrderLine.Reason.OTHER: gettext_lazy("Another reason"),
    ShopOrderLine.Reason.LATER: gettext_lazy("Only later"),
    ShopOrderLine.Reason.INCOMPLETE: gettext_lazy("The reader wanted all or nothing"),
    ShopOrderLine.Reason.NO_ANSWER: gettext_lazy("No answer in time"),
}
DELIVERIES: Words = {
    DeliveryOption.Kind.PICKUP: gettext_lazy("Pick-up"),
    DeliveryOption.Kind.POST: gettext_lazy("Post"),
    DeliveryOption.Kind.COURIER: gettext_lazy("Courier"),
    DeliveryOption.Kind.POINT: gettext_lazy("Pick-up point"),
    DeliveryOption.Kind.OTHER_SHOP: gettext_lazy("To another shop"),
}
RUN_STATES: Words = {
    SyncRun.State.RUNNING: gettext_lazy("Running"),
    SyncRun.State.DONE: gettext_lazy("Done"),
    SyncRun.State.AWAITING: gettext_lazy("Awaits approval"),
    SyncRun.State.FAILED: gettext_lazy("Failed"),
    SyncRun.State.REJECTED: gettext_lazy("Rejected"),
    SyncRun.State.UNDONE: gettext_lazy("Undone"),
}
ISSUES: Words = {
    RecordIssue.Kind.REFUSED: gettext_lazy("Refused"),
    RecordIssue.Kind.QUARANTINED: gettext_lazy("Kept back"),
    RecordIssue.Kind.QUESTION: gettext_lazy("Question"),
    RecordIssue.Kind.WARNING: gettext_lazy("Note"),
}
LANES: Words = {
    Feed.Lane.CATALOGUE: gettext_lazy("Titles, prices and stock"),
    Feed.Lane.STOCK: gettext_lazy("Stock alone"),
}
DEEDS: Words = {
    "shop_order.accept": pgettext_lazy("someone …", "accepted"),
    "shop_order.decline": pgettext_lazy("someone …", "declined"),
    "shop_order.offer": pgettext_lazy("someone …", "offered the reader instead"),
    "shop_order.offer_take": pgettext_lazy("someone …", "took what was offered instead"),
    "shop_order.offer_refuse": pgettext_lazy("someone …", "did not want what was offered instead"),
    "shop_order.offer_lapse": pgettext_lazy("someone …", "ended an offer that nobody had answered"),
    "shop_order.offer_withdraw": pgettext_lazy("someone …", "took back what was offered instead"),
    "shop_order.replace": pgettext_lazy("someone …", "made it in the place of another part of the order"),
    "shop_order.cancel": pgettext_lazy("someone …", "took back"),
    "shop_order.wait": pgettext_lazy("someone …", "waits for it until another day"),
    "shop_order.leave": pgettext_lazy("someone …", "does not wait for it any longer"),
    "shop_order.expire": pgettext_lazy("someone …", "ended what nobody had answered"),
    "shop_order.back_order": pgettext_lazy("someone …", "has it noted for later, and has none now"),
    "shop_order.substitute": pgettext_lazy("someone …", "offers another article in its place"),
    "shop_order.take_out": pgettext_lazy("someone …", "does not have it in the order any more"),
    "shop_order.question": pgettext_lazy("someone …", "answered what nobody here understands"),
    "shop_order.take_back": pgettext_lazy("someone …", "took back what nobody had collected"),
    "shop_order.keep_longer": pgettext_lazy("someone …", "keeps it longer"),
    "shop_order.put_back": pgettext_lazy("someone …", "put back what was cancelled"),
    "shop_order.pack": pgettext_lazy("someone …", "packed"),
    "shop_order.hand_over": pgettext_lazy("someone …", "handed over"),
    "shop_order.deliver": pgettext_lazy("someone …", "handed out the download"),
    "shop_order.acknowledge": pgettext_lazy("someone …", "answered by its file or message"),
    "shop_order.warn": pgettext_lazy("someone …", "told the reader that there is no answer yet"),
    "shop_order.not_there": pgettext_lazy("someone …", "told the reader that it is not there yet"),
    "shop_order.undated": pgettext_lazy("someone …", "told the reader that no day is known yet"),
    "shop_order.not_ready": pgettext_lazy("someone …", "told the reader that it is late"),
    "shop_order.undo": pgettext_lazy("someone …", "undid the last answer before it left"),
    "shop_order.reroute": pgettext_lazy("someone …", "moved it here from another shop"),
    "transmission.send": pgettext_lazy("someone …", "brought the order to the shop"),
    "transmission.fall_back": pgettext_lazy("someone …", "took the other way to bring it"),
    "transmission.again": pgettext_lazy("someone …", "had it sent again"),
    "transmission.let_through": pgettext_lazy("someone …", "stopped trying to send it: it was answered"),
    "cancellation.tell": pgettext_lazy("someone …", "told the shop what was taken back"),
    "payment.refund": pgettext_lazy("someone …", "gave money back"),
    "download.withdraw": pgettext_lazy("someone …", "withdrew the download"),
    "parcel.shelve": pgettext_lazy("someone …", "laid the parcel on its shelf"),
    "parcel.miss": pgettext_lazy("someone …", "said that the parcel is missing"),
    "parcel.send_again": pgettext_lazy("someone …", "sent other copies in the place of what was lost"),
    "parcel.give_up": pgettext_lazy("someone …", "gave the parcel up: the money goes back"),
    "parcel.arrive": pgettext_lazy("someone …", "took the parcel in"),
    "parcel.collect": pgettext_lazy("someone …", "handed the parcel to its reader"),
    "parcel.keep_longer": pgettext_lazy("someone …", "has the parcel kept longer"),
    "parcel.take_back": pgettext_lazy("someone …", "had the parcel go back that nobody had collected"),
    "parcel.send_back": pgettext_lazy("someone …", "sent back the parcel that nobody had collected"),
    "parcel.come_home": pgettext_lazy("someone …", "has the parcel again that nobody had collected"),
}
# Pressed, and done half a minute later.
HELD: Words = {
    DeskAction.Deed.ACCEPT: pgettext_lazy("at the desk", "Accepted"),
    DeskAction.Deed.DECLINE: pgettext_lazy("at the desk", "Declined"),
    DeskAction.Deed.OFFER: pgettext_lazy("at the desk", "Offered instead"),
    DeskAction.Deed.PACK: pgettext_lazy("at the desk", "Packed"),
    DeskAction.Deed.HAND_OVER: pgettext_lazy("at the desk", "Handed over"),
    DeskAction.Deed.PICK: pgettext_lazy("at the desk", "Picked"),
    DeskAction.Deed.PUT_BACK: pgettext_lazy("at the desk", "Put back"),
}
RETURN_DEEDS: Words = {
    "return.ask": pgettext_lazy("someone …", "asked for it"),
    "return.agree": pgettext_lazy("someone …", "agreed"),
    "return.refuse": pgettext_lazy("someone …", "refused"),
    "return.send": pgettext_lazy("someone …", "sent it"),
    "return.arrive": pgettext_lazy("someone …", "received it"),
    "return.forward": pgettext_lazy("someone …", "sent it on"),
    "return.come_home": pgettext_lazy("someone …", "has it again"),
    "return.check": pgettext_lazy("someone …", "looked at it"),
    "return.refund": pgettext_lazy("someone …", "gave the money back"),
    "return.paid_by_hand": pgettext_lazy("someone …", "ended it: the money had gone back by hand"),
    "return.call_off": pgettext_lazy("someone …", "called it off"),
}


def status_word(order: ShopOrder) -> str:
    """Of an order with its lines: one that the reader took back whole, or did not collect, was declined by nobody."""
    if order.uncollected_at and order.is_taken_back:
        return _("Not collected")
    return _("Cancelled") if order.is_taken_back else str(STATUSES[ShopOrder.Status(order.status)])


def moment(when: datetime, now: datetime) -> str:
    """A time as one says it on the day: "14:30", "tomorrow 10:00", "3 March 10:00"; in the active time zone."""
    local, today = timezone.localtime(when), timezone.localdate(now)
    time = time_format(local, "TIME_FORMAT")
    if local.date() == today:
        return time
    if local.date() == today + timedelta(days=1):
        return _("tomorrow %(time)s") % {"time": time}
    if local.date() == today - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": time}
    return f"{date_format(local, 'MONTH_DAY_FORMAT')} {time}"
