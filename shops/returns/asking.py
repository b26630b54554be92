"""A reader asks to send something back, or withdraws: what can be, by which right, and the row that keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Sum
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from marketplace.foundation import audit, links
from shops.models import DeliveryOption, Parcel, Return, ReturnLine, Shop, ShopOrder, ShopOrderLine
from shops.models_delivery import COLLECTED
from shops.returns import letters, photos, rights
from shops.returns.rights import Basis, Case, Excepted, Right

Reason, State = Return.Reason, Return.State
GONE = {State.REFUSED, State.CALLED_OFF}
ANSWER_REMINDER = timedelta(days=2)
SERIAL_PREFIX = 977  # GTINs of serials: an ISSN follows
MOST_OPEN = 20  # returns of one shop order: more is nobody's need


class ReturnError(Exception):
    """It cannot be done; the message says why, to a person."""


@dataclass(frozen=True)
class Returnable:
    """A line of which `units` can be sent back, by these rights."""

    line: ShopOrderLine
    units: int
    rights: Sequence[Right]
    excepted: frozenset[Excepted] = frozenset()

    def has(self, basis: Basis) -> bool:
        return any(right.basis == basis for right in self.rights)


@dataclass(frozen=True)
class Wanted:
    """What the reader says: units by line id, why, in which words, where it goes, pictures as they were sent."""

    units: Mapping[int, int]
    reason: str
    goes_to: Shop
    note: str = ""
    pictures: Sequence[bytes] = ()


def received_on(shop_order: ShopOrder, parcels: Sequence[Parcel], *, now: datetime) -> date | None:
    """The day on which the reader had the last of it, at the latest: of what a carrier brings as many days after it
    left as its shop had said. None: nothing has left it yet."""
    parcels = [parcel for parcel in parcels if parcel.missing_ended_at is None]  # what is lost is paid back
    zone = ZoneInfo(shop_order.shop.timezone)
    if shop_order.handed_over_at is None:  # of several parcels some are still to come: no day has begun to count
        return localtime(now, zone).date() if parcels else None
    days = [_received(shop_order, parcel, zone, now) for parcel in parcels]
    return max(days, default=localtime(shop_order.handed_over_at, zone).date())


def _received(shop_order: ShopOrder, parcel: Parcel, zone: ZoneInfo, now: datetime) -> date:
    if parcel.collected_at or parcel.kind == DeliveryOption.Kind.PICKUP:
        return localtime(parcel.collected_at or parcel.handed_over_at, zone).date()
    if parcel.place is not None:  # it waits for its reader still: no day has begun to count
        return localtime(now, zone).date()
    option = shop_order.delivery_option
    return localtime(parcel.handed_over_at, zone).date() + timedelta(days=option.days_max if option else 0)


def case_of(shop_order: ShopOrder, parcels: Sequence[Parcel], *, is_consumer: bool, now: datetime) -> Case:
    """The order's part with its option, point and shops; the goods' exceptions are added line by line."""
    option, address = shop_order.delivery_option, shop_order.order.shipping_address
    country = shop_order.shop.country
    if option and option.kind in COLLECTED:
        country = (option.point or option.receiving_shop or shop_order.shop).country
    elif address:
        country = address.country_id
    return Case(
        country=country,
        received_on=received_on(shop_order, parcels, now=now),
        today=localtime(now, ZoneInfo(shop_order.shop.timezone)).date(),
        return_days=shop_order.shop.return_days,
        is_consumer=is_consumer,
        by_professional=shop_order.by_professional,
    )


def excepted_of(line: ShopOrderLine) -> frozenset[Excepted]:
    """The exceptions that are known of an article without looking at it. What else the law excepts (what goes off, what
    was made to order, what was opened) its shop says."""
    is_press = line.gtin is not None and line.gtin // 10**10 == SERIAL_PREFIX
    return frozenset({Excepted.PRESS}) if is_press else frozenset()


def returnable(shop_order: ShopOrder, case: Case, *, kept: Mapping[int, int]) -> list[Returnable]:
    """Its lines of which something can be sent back now. `kept`: by line id, units whose money has not gone back."""
    if shop_order.is_download:
        return []
    lines = list(shop_order.lines.all())
    asked, over = _asked(lines), _over(lines)
    found = []
    for line in lines:
        gone = line.left_units - kept.get(line.pk, line.left_units)
        units = line.handed_over - max(gone, over.get(line.pk, 0)) - asked.get(line.pk, 0)
        excepted = excepted_of(line)
        theirs = rights.rights(Case(**{**vars(case), "excepted": excepted}))
        if units > 0 and theirs:
            found.append(Returnable(line, units, theirs, excepted))
    return found


def basis_of(chosen: Sequence[Returnable], reason: str) -> Basis:
    """The right by which all of these are sent back. Raises ReturnError where they have none in common."""
    if reason != Reason.CHANGED:
        return Basis.FAULT
    for basis in (Basis.WITHDRAWAL, Basis.TERMS):
        if all(row.has(basis) for row in chosen):
            return basis
    mixed = [row.line.title for row in chosen if not row.has(Basis.WITHDRAWAL)]
    if any(row.has(Basis.WITHDRAWAL) for row in chosen):
        raise ReturnError(
            _("Send these back by themselves, other rules hold for them: %(titles)s.") % {"titles": ", ".join(mixed)}
        )
    raise ReturnError(_("The time for changing your mind is over, for: %(titles)s.") % {"titles": ", ".join(mixed)})


def ask(
    shop_order: ShopOrder,
    wanted: Wanted,
    *,
    case: Case,
    kept: Mapping[int, int],
    once: str,
    by: object,
    now: datetime,
) -> Return:
    """Write it down, with both letters. A withdrawal stands as it is said; what asks the shop waits for its answer. The
    form's `once`, sent again, gives the first one. Raises ReturnError, and photos.PhotoError."""
    once = links.key_of("halles.return", f"{shop_order.pk}:{once}")  # a form's word counts for its own order alone
    made_anew = [photos.made(content) for content in wanted.pictures]  # takes its time: before anything is locked
    with transaction.atomic():
        ShopOrder.objects.select_for_update().get(pk=shop_order.pk)
        if known := Return.objects.filter(once=once).first():
            return known
        there = {row.line.pk: row for row in returnable(shop_order, case, kept=kept)}
        chosen = _chosen(there, wanted.units)
        count = Return.objects.filter(shop_order=shop_order).count()
        if count >= MOST_OPEN:
            raise ReturnError(_("So often nothing can be sent back here. Write to the shop."))
        _check_place(shop_order, wanted.goes_to)
        basis = basis_of([row for row, _units in chosen], wanted.reason)
        waits = basis == Basis.FAULT or (basis == Basis.TERMS and shop_order.shop.returns_need_answer)
        made = Return.objects.create(
            number=f"{shop_order.number}-R{count + 1}",
            shop_order=shop_order,
            goes_to=wanted.goes_to,
            basis=basis,
            reason=wanted.reason,
            note=wanted.note,
            once=once,
            state=State.ASKED if waits else State.AGREED,
            asked_at=now,
            agreed_at=None if waits else now,
            watch_at=now + ANSWER_REMINDER if waits else None,
        )
        ReturnLine.objects.bulk_create(ReturnLine(of=made, line=row.line, units=units) for row, units in chosen)
        photos.keep(made, made_anew)
        said = {str(row.line.pk): units for row, units in chosen}
        audit.record("return.ask", made, by=by, shop_id=shop_order.shop_id, units=said, basis=str(basis))
        letters.asked(made, now=now)
    return made


def _chosen(there: Mapping[int, Returnable], units: Mapping[int, int]) -> list[tuple[Returnable, int]]:
    wanted = {line_id: count for line_id, count in units.items() if count}
    if not wanted:
        raise ReturnError(_("Choose what you send back."))
    if any(line_id not in there or not 1 <= count <= there[line_id].units for line_id, count in wanted.items()):
        raise ReturnError(_("So many copies cannot be sent back any more: look at the order again."))
    return [(there[line_id], count) for line_id, count in sorted(wanted.items())]


def _check_place(shop_order: ShopOrder, place: Shop) -> None:
    if place.pk == shop_order.shop_id:
        return
    if not Shop.objects.filter(pk=place.pk, receives_returns=True, status=Shop.Status.ACTIVE).exists():
        raise ReturnError(_("%(shop)s takes nothing back at present. Choose another place.") % {"shop": place.name})


def _asked(lines: Sequence[ShopOrderLine]) -> dict[int, int]:
    """Units of each line in returns that are under way: of those that are over the money tells, or nothing."""
    rows = ReturnLine.objects.filter(line__in=[line.pk for line in lines], of__ended_at=None)
    return dict(rows.values_list("line_id").annotate(sum=Sum("units")).order_by())


def _over(lines: Sequence[ShopOrderLine]) -> dict[int, int]:
    """Units of each line in returns that are paid: where an operator ended one without money, no refund counts them."""
    rows = ReturnLine.objects.filter(line__in=[line.pk for line in lines], of__state=State.REFUNDED)
    return dict(rows.values_list("line_id").annotate(sum=Sum("refunded")).order_by())
