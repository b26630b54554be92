"""What the reader is told of a shop order, one mail for each change, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.timezone import localdate, localtime
from oscar.apps.order.models import Order

from marketplace.foundation import links, mail, money, network
from shops import opening, opening_words, readiness
from shops.models import Alternative, DeliveryOption, Parcel, PickupPoint, Shop, ShopOrder, ShopOrderLine
from shops.orders.ready_times import is_undated
from shops.threads import replying


def accepted(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], *, now: datetime) -> None:
    """Every line is answered, and the shop keeps at least one copy."""
    _post("shop_order_accepted", shop_order, lines, now)


def declined(
    shop_order: ShopOrder,
    lines: Sequence[ShopOrderLine],
    line: ShopOrderLine,
    units: int,
    *,
    rest: bool,
    now: datetime,
    key: str = "",
) -> None:
    """The shop cannot hand over `units` of a line; `rest`: so the reader gets nothing of this part. `key` tells apart
    what is told of one version."""
    _post("shop_order_declined", shop_order, lines, now, key=key, line=line, units=units, rest=rest)


def unanswered(
    shop_order: ShopOrder,
    lines: Sequence[ShopOrderLine],
    gone: Sequence[tuple[ShopOrderLine, int]],
    *,
    rest: bool,
    now: datetime,
    key: str = "",
) -> None:
    """The shop did not answer for these units of lines in time, and no other one has them; `rest`, `key` as of
    `declined`."""
    _post("shop_order_unanswered", shop_order, lines, now, key=key, gone=gone, rest=rest)


def late(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], *, later: bool, other: bool, now: datetime) -> None:
    """The shop has not answered yet: until when it may (`later`: longer than at first, as the reader agreed to),
    whether another shop is looked for then (`other`), and how the reader has the money back now."""
    until = lazy(_moment, str)(shop_order.answer_due_at, ZoneInfo(shop_order.shop.timezone))
    waiting = [(line, links.cancel_url(shop_order.order, line.pk)) for line in lines if line.open_units]
    _post("shop_order_late", shop_order, lines, now, key="late", until=until, later=later, other=other, waiting=waiting)


def offered(
    shop_order: ShopOrder, lines: Sequence[ShopOrderLine], alternative: Alternative, *, silence: str, now: datetime
) -> None:
    """What the shop offers in the place of what it lacks, and by when the reader answers. `silence`: what no answer
    means: "takes", "elsewhere" or "money"."""
    zone, language = ZoneInfo(shop_order.shop.timezone), language_of(shop_order.order)
    parts = list(alternative.rerouting.parts.all())
    back = sum(part.agreed_minor for part in parts) - alternative.total_minor
    about = {
        "line": alternative.line,
        "alternative": alternative,
        "price": money.display(alternative.unit_price_minor, shop_order.currency, language),
        "back": money.display(back, shop_order.currency, language) if back > 0 else "",
        "on": lazy(_day, str)(alternative.expected_on),
        "until": lazy(_moment, str)(alternative.answer_by, zone),
        "rest": len(parts) > 1,
        "silence": silence,
        "answer_url": links.alternative_url(shop_order.order, alternative.pk),
    }
    _post("shop_order_offer", shop_order, lines, now, key=str(alternative.pk), **about)


def not_there(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], line: ShopOrderLine, *, now: datetime) -> None:
    """What is to be there tomorrow is not yet: the shop says a new day, or the reader says what they want."""
    about = {
        "line": line,
        "units": line.accepted - line.packed,
        "on": lazy(_day, str)(line.expected_on),
        "cancel_url": links.cancel_url(shop_order.order, line.pk),
        "late_url": links.late_url(shop_order.order, line.pk),
    }
    _post("shop_order_not_there", shop_order, lines, now, key=f"{line.pk}:{line.expected_on}", **about)


def undated(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], line: ShopOrderLine, *, now: datetime) -> None:
    """What was ordered for them is not there after four weeks, and no day was said: they may wait, or cancel."""
    about = {
        "line": line,
        "units": line.accepted - line.packed,
        "cancel_url": links.cancel_url(shop_order.order, line.pk),
    }
    _post("shop_order_undated", shop_order, lines, now, key=str(line.pk), **about)


def not_ready(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], *, sent: bool, key: str, now: datetime) -> None:
    """It is not ready, or not `sent`, as was said: what the reader may choose of each line. `key`: of what was said."""
    by = lazy(_moment, str)(shop_order.ready_by or now, ZoneInfo(shop_order.shop.timezone))
    late = [line for line in lines if line.to_hand_over and not is_undated(line)]
    waiting = [(line, links.late_url(shop_order.order, line.pk)) for line in late]
    _post("shop_order_late_now", shop_order, lines, now, key=key, by=by, is_sent=sent, waiting=waiting)


def rerouted(
    shop_order: ShopOrder, lines: Sequence[ShopOrderLine], *, cancel_urls: Sequence[str], now: datetime
) -> None:
    """Another shop supplies what one could not; `cancel_urls`, by line, say no to it."""
    before = shop_order.instead_of.shop if shop_order.instead_of else None
    paid = money.display(sum(line.paid_minor for line in lines), shop_order.currency, language_of(shop_order.order))
    with_urls = list(zip(lines, cancel_urls, strict=True))
    _post("shop_order_rerouted", shop_order, lines, now, before=before, paid=paid, with_urls=with_urls)


def cancelled(
    shop_order: ShopOrder,
    lines: Sequence[ShopOrderLine],
    taken: Sequence[tuple[ShopOrderLine, int]],
    *,
    now: datetime,
) -> None:
    """The reader took back these units of lines: what that means for what they pay, and what stays."""
    _post("shop_order_cancelled", shop_order, lines, now, taken=taken, line=taken[0][0] if len(taken) == 1 else None)


def ready(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], *, now: datetime) -> None:
    """And whoever collects it for the reader gets the code, without prices."""
    is_pickup = shop_order.delivery_kind == DeliveryOption.Kind.PICKUP
    _post("shop_order_ready", shop_order, lines, now, **(_kept(shop_order, now) if is_pickup else {}))
    if is_pickup:
        _tell_recipient(shop_order, shop_order.shop, sum(line.accepted - line.handed_over for line in lines), now)


def still_waits(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], *, now: datetime) -> None:
    """Some days before it goes back; whoever collects it for the reader hears of it too."""
    goes_back = shop_order.shop.uncollected == Shop.Uncollected.BACK
    kept, key = _kept(shop_order, now), f"waits:{shop_order.keep_until:%Y-%m-%d}"
    _post("shop_order_still_waits", shop_order, lines, now, key=key, goes_back=goes_back, **kept)
    units = sum(line.accepted - line.handed_over for line in lines)
    _tell_recipient(shop_order, shop_order.shop, units, now, key=key)


def uncollected(
    shop_order: ShopOrder,
    lines: Sequence[ShopOrderLine],
    taken: Sequence[tuple[ShopOrderLine, int]],
    *,
    now: datetime,
) -> None:
    """Nobody came for these units of lines: the reader does not pay for them, or gets the money back."""
    _post("shop_order_uncollected", shop_order, lines, now, taken=taken)


def _kept(shop_order: ShopOrder, now: datetime) -> dict[str, Any]:
    """Until when it is kept at the counter, and when that is open; in the mail's language."""
    shop, until = shop_order.shop, shop_order.keep_until
    if until is None:
        return {}
    zone, hours = ZoneInfo(shop.timezone), opening.hours_of([shop.pk], now=now)[shop.pk]
    days = (localdate(now, zone), localdate(until, zone))
    return {"keep_until": lazy(_moment, str)(until, zone), "hours": lazy(opening_words.words, list)(hours, *days)}


def _tell_recipient(
    shop_order: ShopOrder, counter: Shop | PickupPoint | None, units: int, now: datetime, *, key: str = ""
) -> None:
    """`counter`: where it waits."""
    checkout = getattr(shop_order.order, "checkout", None)
    if checkout and checkout.recipient_email:
        mail.post(
            "shop_order_for_you",
            to=checkout.recipient_email,
            language=checkout.language,
            dedupe_key=f"shop_order_for_you:{shop_order.number}:{key or shop_order.version}",
            context={
                "shop_order": shop_order,
                "shop": counter,
                "buyer": checkout.name,
                "note": checkout.gift_note,
                "units": units,
                **(_kept(shop_order, now) if counter == shop_order.shop else {}),
            },
            now=now,
            shop_id=shop_order.shop_id,
            reply_to=shop_order.shop.email,
        )


def handed_over(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], parcel: Parcel, *, now: datetime) -> None:
    """One parcel of it; `rest`: there is more to come. The invoice is there with the last one."""
    invoice_url = links.invoice_url(shop_order.order, shop_order.number)
    rest = any(line.to_hand_over for line in lines)
    sent = list(parcel.lines.select_related("line").order_by("pk"))
    about: dict[str, Any] = {"parcel": parcel, "sent": sent, "rest": rest, "invoice_url": invoice_url}
    _post("shop_order_handed_over", shop_order, lines, now, **about)


def sent_again(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], parcel: Parcel, *, now: datetime) -> None:
    """Other copies are on their way in the place of what was lost."""
    sent = list(parcel.lines.select_related("line").order_by("pk"))
    _post("shop_order_sent_again", shop_order, lines, now, key=f"parcel:{parcel.pk}", parcel=parcel, sent=sent)


def download_ready(shop_order: ShopOrder, *, now: datetime) -> None:
    """Its links and what they are limited by; worded as it is sent, by `shops.downloads.words.told`."""
    order, key = shop_order.order, f"download_ready:{shop_order.number}"
    if address := address_of(order):
        language = language_of(order)
        mail.post_about("download_ready", shop_order.pk, to=address, language=language, dedupe_key=key, now=now)


def arrived(shop_order: ShopOrder, parcel: Parcel, *, now: datetime) -> None:
    """The shop or the point that it was carried to has it ready for the reader, or for whoever collects it."""
    lines, sent = list(shop_order.lines.all()), list(parcel.lines.select_related("line").order_by("pk"))
    key = f"{shop_order.version}:{parcel.pk}"
    kept = _kept_there(parcel, now)
    _post("shop_order_arrived", shop_order, lines, now, key=key, parcel=parcel, counter=parcel.place, sent=sent, **kept)
    _tell_recipient(shop_order, parcel.place, sum(row.units for row in sent), now, key=key)


def still_waits_elsewhere(
    shop_order: ShopOrder, lines: Sequence[ShopOrderLine], parcel: Parcel, *, now: datetime
) -> None:
    """Some days before it goes back to its shop; whoever collects it for the reader hears of it too."""
    sent = list(parcel.lines.select_related("line").order_by("pk"))
    key = f"waits:{parcel.pk}:{parcel.keep_until:%Y-%m-%d}"
    about = {"counter": parcel.place, "sent": sent, "goes_back": shop_order.shop.uncollected == Shop.Uncollected.BACK}
    _post("shop_order_waits_there", shop_order, lines, now, key=key, **about, **_kept_there(parcel, now))
    _tell_recipient(shop_order, parcel.place, sum(row.units for row in sent), now, key=key)


def left_elsewhere(shop_order: ShopOrder, lines: Sequence[ShopOrderLine], parcel: Parcel, *, now: datetime) -> None:
    """Nobody came for a parcel that another shop, or a point, had: it goes back to its shop."""
    sent = list(parcel.lines.select_related("line").order_by("pk"))
    about = {"counter": parcel.place, "sent": sent}
    _post("shop_order_left_there", shop_order, lines, now, key=f"left:{parcel.pk}", **about)


def _kept_there(parcel: Parcel, now: datetime) -> dict[str, Any]:
    """As `_kept`, of what another shop or a point has."""
    place, until = parcel.carried_to, parcel.keep_until
    if until is None:
        return {}
    zone = ZoneInfo((place or parcel.shop_order.shop).timezone)
    said: dict[str, Any] = {"keep_until": lazy(_moment, str)(until, zone)}
    if place is None:
        return said
    days = (localdate(now, zone), localdate(until, zone))
    return said | {"hours": lazy(opening_words.words, list)(opening.hours_of([place.pk], now=now)[place.pk], *days)}


def address_of(order: Order) -> str:
    """Where the reader asked for mail about this order, else the account's address; empty where neither is known any
    more."""
    checkout = getattr(order, "checkout", None)
    return (checkout and checkout.email) or order.guest_email or (order.user.email if order.user else "")


def language_of(order: Order) -> str:
    """The language the reader bought in."""
    checkout = getattr(order, "checkout", None)
    return checkout.language if checkout else network.current().default_language


def _promised(shop_order: ShopOrder, now: datetime) -> object:
    """When it is there, as told at checkout and now confirmed; nothing where that is over. In the mail's language."""
    if shop_order.expected_from is None or shop_order.expected_from <= now:
        return ""
    zone = ZoneInfo(shop_order.shop.timezone)
    return lazy(readiness.words, str)(shop_order.expected_from, shop_order.expected_until, zone)


def _day(on: date | None) -> str:
    return date_format(on, "DATE_FORMAT") if on else ""


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return date_format(localtime(at, zone), "DATETIME_FORMAT")


def _post(
    kind: str,
    shop_order: ShopOrder,
    lines: Sequence[ShopOrderLine],
    now: datetime,
    *,
    key: str = "",
    **context: object,
) -> None:
    order, shop = shop_order.order, shop_order.shop
    address = address_of(order)
    if not address:
        return
    language, option = language_of(order), shop_order.delivery_option
    point = option.point if option else None
    mail.post(
        kind,
        to=address,
        language=language,
        dedupe_key=f"{kind}:{shop_order.number}:{key or shop_order.version}",
        context={
            "shop_order": shop_order,
            "shop": shop,
            "kept": [line for line in lines if line.accepted or line.open_units],
            "promised": _promised(shop_order, now),
            "point": point,
            "point_hours": (point.hours_fr if language == "fr" else point.hours_en) if point else "",
            "is_pickup": shop_order.delivery_kind == DeliveryOption.Kind.PICKUP,
            "url": links.order_url(order),
            **context,
        },
        now=now,
        shop_id=shop.pk,
        reply_to=replying.address_of_order(shop_order.pk) or shop.email,
    )
