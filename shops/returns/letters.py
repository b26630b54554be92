"""What reader and shops are told of a return, each in their own language, in the transaction of the change. The first
letter to a reader who withdraws is the acknowledgement of directive 2011/83/EU, article 11a (4): what was said, on
which day and at what time, on a durable medium."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from marketplace.foundation import links, mail
from shops import mailing
from shops.models import Return, Shop
from shops.orders import reader_mail
from shops.threads import replying

Basis, State = Return.Basis, Return.State


def asked(row: Return, *, now: datetime) -> None:
    order = row.shop_order.order
    with translation.override(reader_mail.language_of(order)):
        if row.basis == Basis.WITHDRAWAL:
            subject = _("Your withdrawal %(number)s has been received") % {"number": row.number}
            said = [_("You withdrew on %(when)s from the purchase of:") % {"when": moment(row.asked_at, row)}]
        else:
            subject = _("%(number)s: you asked to send something back") % {"number": row.number}
            said = [_("On %(when)s you asked to send back:") % {"when": moment(row.asked_at, row)}]
        after = where_to(row) if row.state == State.AGREED else [_answers(row.shop_order.shop)]
        if row.note:
            after = [_("Your words: %(note)s") % {"note": row.note}, *after]
        _to_reader(row, subject, said, [*after, *when_paid(row)], key="asked", now=now)
    _to_seller(row, _new(row), now=now, key="asked")
    if row.state == State.AGREED:
        _to_place(row, now=now)


def agreed(row: Return, *, now: datetime) -> None:
    with translation.override(reader_mail.language_of(row.shop_order.order)):
        subject = _("%(number)s: send it back, it is agreed") % {"number": row.number}
        said = [_("%(shop)s takes back:") % {"shop": row.shop_order.shop.name}]
        after = [*_shop_says(row), *where_to(row), *when_paid(row)]
        _to_reader(row, subject, said, after, key="agreed", now=now)
    _to_place(row, now=now)


def refused(row: Return, *, now: datetime) -> None:
    with translation.override(reader_mail.language_of(row.shop_order.order)):
        subject = _("%(number)s: it is not taken back") % {"number": row.number}
        said = [_("%(shop)s does not take back:") % {"shop": row.shop_order.shop.name}]
        _to_reader(row, subject, said, [*_by_law(row), *_shop_says(row)], key="refused", now=now)


def arrived(row: Return, *, now: datetime) -> None:
    with translation.override(reader_mail.language_of(row.shop_order.order)):
        subject = _("%(number)s has arrived") % {"number": row.number}
        place = row.shop_order.shop if row.home_at else row.goes_to
        said = [_("It is at %(shop)s:") % {"shop": place.name}]
        _to_reader(row, subject, said, when_paid(row), key="arrived", now=now)
    if row.is_elsewhere and not row.home_at:
        with translation.override(row.shop_order.shop.language):
            text = _("%(shop)s has received it for you and sends it on.") % {"shop": row.goes_to.name}
            note = [_("They say: %(note)s") % {"note": row.place_note}] if row.place_note else []
            _to_shop(row, row.shop_order.shop, [text, *note, *_due(row)], key="elsewhere", now=now)


def checked(row: Return, *, now: datetime) -> None:
    """Only where not all of it is paid back: what is, the refund's own letter says."""
    lines = list(row.lines.select_related("line"))
    if all(line.refunded == line.units for line in lines):
        return
    with translation.override(reader_mail.language_of(row.shop_order.order)):
        subject = _("%(number)s: what is paid back of it") % {"number": row.number}
        said = [
            _("%(title)s: %(units)s of %(asked)s paid back.")
            % {"title": line.line.title, "units": line.refunded, "asked": line.units}
            for line in lines
        ]
        _to_reader(row, subject, said, _shop_says(row), key="checked", now=now, lists=False)


def called_off(row: Return, *, now: datetime) -> None:
    shop = row.shop_order.shop
    with translation.override(shop.language):
        _to_shop(row, shop, [_("The reader keeps it after all.")], key="called_off", now=now)


def remind(row: Return, *, now: datetime) -> None:
    """Its shop has not answered, or has not paid back; or nobody has said that it is here."""
    shop = row.shop_order.shop
    with translation.override(shop.language):
        asks = [_("The reader waits for your answer.")] if row.state == State.ASKED else _due(row)
        if row.state == State.SENT and row.refund_by is None:
            asks = [_("It is said to be sent for four weeks, without a number. Say that it is here, or refuse it.")]
        _to_shop(row, shop, asks, key=f"remind:{row.state}", now=now)


def where_to(row: Return) -> list[str]:
    """Where it goes and who pays the way, in the active language."""
    place = row.goes_to
    address = f"{place.name}, {place.line1}, {place.postcode} {place.city}"
    said = [
        _("Send it to, or bring it to: %(address)s.") % {"address": address},
        _("Write %(number)s on the parcel.") % {"number": row.number},
    ]
    if row.basis == Basis.WITHDRAWAL:
        said.append(_("Within 14 days from today, please: that is the law's time."))
    shop = row.shop_order.shop.name
    if row.shop_bears_postage:
        said.append(_("%(shop)s bears the postage: keep the receipt, or ask for a label.") % {"shop": shop})
    else:
        said.append(_("You bear the postage of sending it back."))
    return said


def when_paid(row: Return) -> list[str]:
    """When the money comes, in the active language."""
    if row.basis == Basis.WITHDRAWAL:
        return [
            _(
                "Your money comes back within 14 days from your withdrawal, the way you paid; the shop may wait until "
                "it has the goods, or your proof of sending them."
            ),
            _("If you send back all of it, what a standard delivery cost comes back too."),
        ]
    return [_("Your money comes back within 14 days from its arrival, the way you paid.")]


def moment(at: datetime, row: Return) -> str:
    """Day and time at the shop that sold it."""
    return date_format(localtime(at, ZoneInfo(row.shop_order.shop.timezone)), "DATETIME_FORMAT")


def _answers(shop: Shop) -> str:
    return _("%(shop)s answers you by mail: please wait for that before you send anything.") % {"shop": shop.name}


def _shop_says(row: Return) -> list[str]:
    if not row.desk_note:
        return []
    return [_("%(shop)s says: %(note)s") % {"shop": row.shop_order.shop.name, "note": row.desk_note}]


def _by_law(row: Return) -> list[str]:
    if not row.excepted:
        return []
    article = {"why": row.get_excepted_display(), "letter": row.excepted}
    return [_("The law excepts it: %(why)s (directive 2011/83/EU, article 16 (%(letter)s)).") % article]


def _due(row: Return) -> list[str]:
    if row.refund_by is None:
        return []
    return [_("The reader’s money must be on its way by %(when)s.") % {"when": moment(row.refund_by, row)}]


def _new(row: Return) -> list[str]:
    """What the seller reads first; in the active language of whoever calls."""
    with translation.override(row.shop_order.shop.language):
        if row.basis == Basis.WITHDRAWAL:
            return [_("The reader withdraws from the purchase. That asks nobody; the goods come back.")]
        reason = {"reason": row.get_reason_display(), "note": row.note}
        said = [_("The reader asks to send something back: %(reason)s. %(note)s") % reason]
        return said if row.state == State.AGREED else [*said, _("Please answer.")]


def _to_seller(row: Return, said: list[str], *, key: str, now: datetime) -> None:
    with translation.override(row.shop_order.shop.language):
        _to_shop(row, row.shop_order.shop, said, key=key, now=now)


def _to_place(row: Return, *, now: datetime) -> None:
    """The shop that receives it for another one."""
    if row.is_elsewhere:
        with translation.override(row.goes_to.language):
            text = _("A reader brings or sends you what %(shop)s sold. Say when it is here, and send it on.")
            _to_shop(row, row.goes_to, [text % {"shop": row.shop_order.shop.name}], key="place", now=now)


def _to_reader(
    row: Return, subject: str, said: list[str], after: list[str], *, key: str, now: datetime, lists: bool = True
) -> None:
    order = row.shop_order.order
    if not (address := reader_mail.address_of(order)):
        return
    context = {"subject": subject, "said": said, "rows": _rows(row) if lists else [], "after": after}
    mail.post(
        "return_reader",
        to=address,
        language=reader_mail.language_of(order),
        dedupe_key=f"return:{row.pk}:{key}",
        context={**context, "url": links.return_url(order, row.pk)},
        now=now,
        shop_id=row.shop_order.shop_id,
        reply_to=replying.address_of_order(row.shop_order_id) or row.shop_order.shop.email,
    )


def _to_shop(row: Return, shop: Shop, said: list[str], *, key: str, now: datetime) -> None:
    subject = _("Return %(number)s") % {"number": row.number}
    url = links.absolute(reverse("portal:return", args=[shop.slug, row.pk]))
    mailing.post(
        "return_shop",
        shop,
        mailing.About.ORDERS,
        dedupe_key=f"return:{row.pk}:shop:{key}",
        context={"subject": subject, "said": said, "rows": _rows(row), "url": url},
        now=now,
    )


def _rows(row: Return) -> list[str]:
    return [f"{line.units} × {line.line.title}" for line in row.lines.select_related("line")]
