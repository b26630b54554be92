"""Reserve without paying: copies set aside in a shop until the reader comes and pays at the counter.

They are held by the guarded statement of `shops/stock.py`. Once paid they stay promised until the shop's number
contains them (DESIGN §5); given up by either side, or when their time is over, they are free. Every change compares and
sets the state: of two at once one counts."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Sum
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import audit, leases, money, network
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.people import as_reader
from marketplace.models import User
from shops import absorbing, downloads, reservation_mail, stock
from shops.models import Allocation, Condition, Reservation, Shop
from shops.models_reservations import MOST_OPEN
from shops.orders.splitting import pickup_code

State = Reservation.State
RUNNING = (State.ASKED, State.OPEN, State.KEPT)
AT_THE_SHOP = (State.OPEN, State.KEPT)

MOST_UNITS = 3
"""Copies of one title: who wants more of them buys."""
MOST_ASKED_FROM = 3
"""Unconfirmed reservations from one network address: as many as one reader may have at all."""
MOST_ASKED_COPIES = 3
"""Copies of one article of a shop that wait for a confirmation: the rest of its pile stays for sale, whoever asks from
however many addresses."""
TO_CONFIRM = timedelta(hours=1)
"""How long copies wait for an address that is not known to be the reader's: whoever empties shops in others' names does
it for an hour at most."""
REMIND_BEFORE = timedelta(hours=24)
BATCH = 50


class ReservationError(Exception):
    """It cannot be done. `reason`: not_offered, short, too_many (this reader has `MOST_OPEN` already), asked_here
    (`MOST_ASKED_FROM`), asked_of_it (`MOST_ASKED_COPIES`), changed (it is not as the person saw it)."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def offers(record: StockRecord) -> bool:
    """Whether its shop lets readers reserve it; a download lies on no shelf. How many are left is asked when it is
    held."""
    shop, terms = record.partner.shop, getattr(record, "terms", None)
    facts = getattr(record.product, "facts", None)
    if downloads.of(record) or downloads.is_digital(facts, terms.availability if terms else ""):
        return False
    priced = record.price is not None and record.price_currency == network.current().currency
    return bool(shop.reserve_hours and shop.status == Shop.Status.ACTIVE and priced and record.product.is_public)


def reserve(
    record: StockRecord,
    units: int,
    *,
    user: User | None,
    email: str,
    name: str,
    language: str,
    confirmed: bool,
    now: datetime,
    asked_from: str = "",
    age_years: int = 0,
) -> Reservation:
    """Set copies aside; `record` as from `stock.read`, with its product. `confirmed`: the address is known to be the
    reader's; otherwise a mail asks them to say so within the hour, and `asked_from` counts them by where they come from
    (a key; empty: nobody's). `age_years`: from which it is sold. Raises ReservationError; then nothing is held."""
    if not offers(record) or not 1 <= units <= MOST_UNITS:
        raise ReservationError("not_offered")
    shop = record.partner.shop
    price = money.to_minor(record.price, record.price_currency)
    facts, terms = getattr(record.product, "facts", None), getattr(record, "terms", None)
    with transaction.atomic():
        made = _placed(
            Reservation(
                token=secrets.token_urlsafe(32),
                state=State.OPEN if confirmed else State.ASKED,
                shop=shop,
                stock_record=record,
                product=record.product,
                title=record.product.get_title()[:255],
                sku=record.partner_sku,
                gtin=facts.gtin if facts else None,
                condition=terms.condition if terms else Condition.NEW,
                units=units,
                age_years=age_years,
                asked_from="" if confirmed else asked_from,
                unit_price_minor=price,
                currency=record.price_currency,
                code=pickup_code(),
                user=user,
                email=email.lower(),
                name=name,
                language=language,
                created_at=now,
                **_times(shop, confirmed, now),
            )
        )
        if stock.hold([(record.pk, units)], key=made.key, now=now):
            raise ReservationError("short")
        if not confirmed:
            _check_unconfirmed(made)
        audit.record("reservation.make", made, by=as_reader(user.pk if user else None), shop_id=shop.pk, units=units)
        _tell(made, now)
    return made


def confirm(reservation: Reservation, *, now: datetime) -> None:
    """The mail reached its reader: now the shop is asked."""
    with transaction.atomic():
        _move(reservation, {State.ASKED}, State.OPEN, by="reader", now=now, **_times(reservation.shop, True, now))
        _tell(reservation, now)


def keep(reservation: Reservation, *, by: object, now: datetime) -> None:
    """The shop has set it aside. Where that books it in the shop's own system, its number contains it after the lag: a
    person does that, for no system is told of a reservation."""
    with transaction.atomic():
        _move(reservation, {State.OPEN}, State.KEPT, by=by, now=now)
        if reservation.shop.reserves_on_accept:
            reflected_at = absorbing.rung_up_time(reservation.shop, recorded_at=now)
            absorbing.reflect_hold(reservation.key, reflected_at=reflected_at, now=now)
        reservation_mail.kept(reservation, now=now)


def sell(reservation: Reservation, *, by: object, now: datetime, paid_with: str = Reservation.PaidWith.CASH) -> None:
    """Paid at the counter and taken along: promised until the shop's number contains it, which a person tells its
    system. What the network keeps of it is booked by a step of the payments."""
    with transaction.atomic():
        _move(reservation, set(AT_THE_SHOP), State.SOLD, by=by, now=now, paid_with=paid_with, **_over(now))
        reflected_at = absorbing.rung_up_time(reservation.shop, recorded_at=now)
        absorbing.reflect_hold(reservation.key, reflected_at=reflected_at, now=now, cause=Allocation.Cause.COUNTER)


def give_up(reservation: Reservation, *, by: object, now: datetime, state: State = State.CANCELLED) -> None:
    """The reader does not want it any more; with `RELEASED` the shop cannot keep it, and the reader is told."""
    was_told = reservation.state in AT_THE_SHOP
    with transaction.atomic():
        _move(reservation, set(RUNNING), state, by=by, now=now, **_over(now))
        stock.release_hold(reservation.key, now=now, by=Allocation.End.RELEASED)
        if state == State.RELEASED:
            reservation_mail.ended(reservation, now=now)
        elif was_told:
            reservation_mail.to_shop(reservation, ended=True, now=now)


def watch_reservations(now: datetime) -> int:
    """Step: remind readers a day before, and free what nobody came for. Returns how many."""
    return sum(_watch(row, now) for row in leases.claim(Reservation, now=now, limit=BATCH))


def _watch(row: Reservation, now: datetime) -> bool:
    with transaction.atomic():
        if now < row.expires_at:
            if not leases.finish(row, reminded_at=now, due_at=row.expires_at, attempts=0):
                return False
            reservation_mail.reminder(row, now=now)
            return True
        was_told = row.state in AT_THE_SHOP
        try:
            _move(row, set(RUNNING), State.EXPIRED, by="system", now=now, **_over(now))
        except ReservationError:
            return False
        stock.release_hold(row.key, now=now, by=Allocation.End.EXPIRED)
        if was_told:
            reservation_mail.ended(row, now=now)
            reservation_mail.to_shop(row, ended=True, now=now)
        failpoint("reservation.before_commit")
    failpoint("reservation.after_commit")
    return True


def _placed(made: Reservation) -> Reservation:
    """Written at the first place that the address has free; the database keeps two at once from taking the same."""
    taken: Iterable[int] = Reservation.objects.filter(email=made.email, ended_at=None).values_list("place", flat=True)
    for place in sorted(set(range(1, MOST_OPEN + 1)) - set(taken)):
        made.place = place
        try:
            with transaction.atomic():
                made.save(force_insert=True)
            return made
        except IntegrityError:
            continue
    raise ReservationError("too_many")


def _check_unconfirmed(made: Reservation) -> None:
    """Once its copies are held, so that the stock record is locked and two of one article count each other."""
    asked = Reservation.objects.filter(state=State.ASKED, ended_at=None)
    if made.asked_from and asked.filter(asked_from=made.asked_from).count() > MOST_ASKED_FROM:
        raise ReservationError("asked_here")
    of_it = asked.filter(shop=made.shop_id, stock_record=made.stock_record_id)
    if of_it.aggregate(units=Sum("units"))["units"] > MOST_ASKED_COPIES:
        raise ReservationError("asked_of_it")


def _times(shop: Shop, confirmed: bool, now: datetime) -> dict[str, datetime]:
    """Until when it is kept, and when the step looks at it first. Without a confirmation there is no reminder."""
    if not confirmed:
        return {"expires_at": now + TO_CONFIRM, "due_at": now + TO_CONFIRM}
    kept = timedelta(hours=shop.reserve_hours or 1)
    expires_at = now + kept
    return {"expires_at": expires_at, "due_at": max(expires_at - REMIND_BEFORE, now + kept / 2)}


def _over(now: datetime) -> dict[str, object]:
    return {"ended_at": now, "due_at": None, "lease_until": None, "lease_token": ""}


def _move(
    reservation: Reservation, since: set[State], to: State, *, by: object, now: datetime, **values: object
) -> None:
    """Compare and set the state; the row stays locked until the end of the transaction."""
    row = Reservation.objects.filter(pk=reservation.pk, state__in=since)
    if to in AT_THE_SHOP:
        row = row.filter(expires_at__gt=now)
    elif to == State.EXPIRED:  # confirmed at the last moment, it has more time than the step saw
        row = row.filter(expires_at__lte=now)
    values = {"state": to, "asked_from": "", **values}
    if not row.update(**values):
        raise ReservationError("changed")
    for column, value in values.items():
        setattr(reservation, column, value)
    audit.record(f"reservation.{to}", reservation, by=by, shop_id=reservation.shop_id)


def _tell(reservation: Reservation, now: datetime) -> None:
    if reservation.state == State.ASKED:
        reservation_mail.to_confirm(reservation, now=now)
    else:
        reservation_mail.made(reservation, now=now)
        reservation_mail.to_shop(reservation, ended=False, now=now)
