"""A paid checkout becomes one Oscar order, one shop order per shop with its transmission, allocations, audit and mail,
in one transaction. A double click, a repeated event, two workers: exactly one order, since the checkout's row is
locked, its state compared and set, and the order's number is the checkout's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from oscar.apps.basket.models import Basket
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.catalogue.models import Product
from oscar.apps.order.models import Order
from oscar.apps.partner.models import Partner, StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.checkout import checkouts, order_rows, referrals, tax, vouchers
from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.foundation import audit, bulk, leases, links, mail, prepared
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.people import as_reader
from marketplace.foundation.prepared import Prepared
from marketplace.payments import calls, captures, commission, means, receivables
from shops import slots, stock
from shops.downloads import codes, handing_out
from shops.models import Allocation, DeliveryOption, Download, Shop, ShopOrderLine, StockTerms, Supply
from shops.orders import splitting

logger = logging.getLogger("halles.placing")
BATCH = 20

# What belongs to lines and their parcels, with the columns that go into an order and its mail: to read all of them, a
# hundred and fifty, would cost more than to write the order.
_RELATED: dict[str, tuple[type[Model], set[str]]] = {
    "parcel": (CheckoutParcel, {field.name for field in CheckoutParcel._meta.concrete_fields}),
    "parcel__shop": (
        Shop,
        {"name", "channel", "timezone", "commission_basis_points", "sells_for_all", "is_professional"},
    ),
    "parcel__delivery_option": (DeliveryOption, {"kind", "name_fr", "name_en"}),
    "product": (Product, {"upc"}),
    "product__facts": (ProductFacts, {"gtin", "form", "is_book", "subject_codes"}),
    "stock_record": (StockRecord, {"product", "partner", "partner_sku"}),
    "stock_record__partner": (Partner, {"name"}),
    "stock_record__terms": (StockTerms, {"condition"}),
    "stock_record__partner__shop": (Shop, {"commission_basis_points"}),
    "stock_record__download": (Download, {"kind"}),
}


def _not_needed(related: Mapping[str, tuple[type[Model], set[str]]]) -> list[str]:
    return [
        f"{path}__{field.name}"
        for path, (model, needed) in related.items()
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in needed
    ]


_LOCKED_BASKET = Prepared(
    lambda checkout_id: Basket.objects.select_for_update(of=("self",)).filter(checkouts=checkout_id).values_list("pk")
)
_LOCKED_CHECKOUT = Prepared(
    lambda pk: Checkout.objects.select_for_update(of=("self",)).select_related("user", "payment").filter(pk=pk)
)
_LINES = Prepared(
    lambda checkout_id: (
        CheckoutLine.objects.select_related(*_RELATED)
        .defer(*_not_needed(_RELATED))
        .filter(parcel__checkout=checkout_id)
        .order_by("parcel_id", "pk")
    )
)
_LEFT_IN_BASKET = Prepared(
    lambda basket_id, bought: BasketLine.objects.filter(Q(basket_id=basket_id) | Q(pk__in=bought)).values_list(
        "pk", "basket_id", "quantity"
    )
)


# Written out for the same reason: the ORM takes longer to put these together than the database to carry them out.
_FINISHED = """
UPDATE placing_checkout SET state = %s, order_id = %s, due_at = NULL, lease_until = NULL, lease_token = '',
    last_error = ''
WHERE id = %s AND state = %s
"""
_SUBMITTED = "UPDATE basket_basket SET status = %s, date_submitted = %s WHERE id = %s"
_IF_ALL_WAS_BOUGHT = """
 AND %s = (SELECT COUNT(*) FROM basket_line WHERE basket_id = %s)
 AND %s = (SELECT COUNT(*) FROM basket_line
           JOIN placing_checkoutline AS bought ON bought.basket_line_id = basket_line.id
           JOIN placing_checkoutparcel AS parcel ON parcel.id = bought.parcel_id
           WHERE parcel.checkout_id = %s AND basket_line.basket_id = %s AND basket_line.quantity <= bought.quantity)
"""


class AlreadyPlacedError(Exception):
    """Another worker was quicker between our look and our write; nothing of ours is kept."""


def place_paid(now: datetime) -> int:
    """Step: place what is paid."""
    done = 0
    for checkout in leases.claim(Checkout, now=now, limit=BATCH, where=Q(state=Checkout.State.PAID)):
        try:
            place(checkout.pk, now=now)
        except AlreadyPlacedError:
            continue
        except Exception as error:  # one checkout that cannot be placed must not stop the next; it shows on the board
            logger.exception("Checkout %s cannot be placed; it is tried again.", checkout.pk)
            leases.postpone(checkout, error=f"{type(error).__name__}: {error}", now=now)
            continue
        done += 1
    return done


def place(checkout_id: int, *, now: datetime) -> Order | None:
    """The order of a paid checkout, made now or earlier. None: it is not paid, or its copies are gone and the payment
    goes back to the reader."""
    try:
        return _place(checkout_id, now, held=True)
    except stock.HoldEndedError:  # a payment may come after its hold ended: all is undone, and it is held again
        return _place(checkout_id, now, held=False)


def _place(checkout_id: int, now: datetime, *, held: bool) -> Order | None:
    with transaction.atomic():
        with prepared.together():  # locks in the order of `freezing`: basket, checkout, stock records
            _LOCKED_BASKET.ask(checkout_id)
            locked, frozen = _LOCKED_CHECKOUT.ask(checkout_id), _LINES.ask(checkout_id)
        checkout: Checkout | None = next(iter(locked.objects()), None)
        if checkout is None or checkout.state != Checkout.State.PAID:
            return checkout.order if checkout else None
        parcels, lines = _by_parcel(frozen.objects())
        if not _all_held(checkout, parcels, lines, now, held=held):
            _give_back(checkout, lines, now)
            return None
        order, order_lines = order_rows.write(checkout, parcels, lines, now)
        shop_lines = splitting.split(
            order,
            checkout,
            parcels,  # type: ignore[arg-type]  # their related managers
            order_lines=order_lines,
            now=now,
            latest=captures.answered_by(checkout.payment, other_shop=_may_move(checkout), now=now),
        )
        shelf = [line for line in shop_lines if line.supply == Supply.STOCK]
        promised = {line.stock_record_id: line.pk for line in shelf if line.stock_record_id}
        if downloads := [line for line in shop_lines if line.supply == Supply.DIGITAL]:
            codes.promise(checkouts.hold_key(checkout), [line for line in downloads if _has_codes(line)])
            handing_out.due(downloads, now=now)
        if any(parcel.slot_id for parcel in parcels):
            sent = [line for line in shop_lines if line.supply != Supply.DIGITAL]
            of_shops = {line.shop_order.shop_id: line.shop_order_id for line in sent}
            slots.promise(checkouts.hold_key(checkout), of_shops)
        means.spend(checkout, order_id=order.pk, now=now)
        if checkout.voucher_minor:
            vouchers.spend(checkout, order_id=order.pk, now=now)
        if checkout.by_invoice:
            receivables.book(checkout.pk, order_id=order.pk, order_number=order.number, now=now)
        facts = {line.product_id: getattr(line.product, "facts", None) for line in lines}
        kept = commission.agreed(
            shop_lines, facts, channel=checkout.channel, partner_id=referrals.earning(checkout), at=now
        )
        with prepared.together():
            if promised:
                stock.promise(checkouts.hold_key(checkout), promised, now=now)
            prepared.insert(kept)
            _finish(checkout, Checkout.State.PLACED, order)
            emptied = _empty_basket(checkout, lines, now)
            audit.record("order.place", order, by=as_reader(checkout.user_id), total_minor=checkout.total_minor)
            _tell(checkout, order, now)
        if emptied is None or not emptied.count:
            _leave_in_basket(checkout, lines, now)
        failpoint("placing.before_commit")
    failpoint("placing.after_commit")
    return order


def _may_move(checkout: Checkout) -> bool:
    """Whether `rerouting` may ask another shop for what one lacks, as far as the checkout says."""
    return checkout.agrees_other_shop and not checkout.local_minor


def _has_codes(line: ShopOrderLine) -> bool:
    return line.stock_record is not None and line.stock_record.download.kind == Download.Kind.CODES


def _by_parcel(lines: list[CheckoutLine]) -> tuple[list[CheckoutParcel], list[CheckoutLine]]:
    """Parcels with their lines, and all lines in the order of the basket."""
    parcels = {line.parcel_id: line.parcel for line in lines}
    for pk, parcel in parcels.items():
        of_parcel = _as_read([line for line in lines if line.parcel_id == pk])
        parcel._prefetched_objects_cache = {"lines": of_parcel}  # type: ignore[attr-defined]
    return list(parcels.values()), lines


def _as_read(lines: list[CheckoutLine]) -> QuerySet[CheckoutLine]:
    """A queryset that has its rows, as `prefetch_related` leaves one."""
    found = CheckoutLine.objects.all()
    found._result_cache = lines
    found._prefetch_done = True  # type: ignore[attr-defined]
    return found


def _all_held(
    checkout: Checkout, parcels: list[CheckoutParcel], lines: list[CheckoutLine], now: datetime, *, held: bool
) -> bool:
    """Copies, couriers' places, stored money and voucher: whether each is held, still or once more."""
    return (
        (held or _hold_again(checkout, lines, now))
        and _slots_held(checkout, parcels, now)
        and means.hold_again(checkout, now=now)
        and (not _by_voucher(checkout) or vouchers.hold(checkout, now=now))
    )


def _by_voucher(checkout: Checkout) -> bool:
    return bool(checkout.voucher_minor or checkout.discount_minor)


def _hold_again(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> bool:
    """Whether every copy is held for this checkout once more: if they are still there."""
    key = checkouts.hold_key(checkout)
    wanted = [(line.stock_record_id, line.quantity) for line in lines if line.supply == Supply.STOCK]
    stock.release_hold(key, now=now, by=Allocation.End.EXPIRED)
    codes.release_hold(key)
    downloads = [(line.stock_record_id, line.quantity) for line in lines if line.supply == Supply.DIGITAL]
    return not stock.hold(wanted, key=key, now=now) and not codes.hold(downloads, key=key)


def _slots_held(checkout: Checkout, parcels: list[CheckoutParcel], now: datetime) -> bool:
    """Whether every place with a courier is held, still or once more."""
    in_slots = [(parcel.slot_id, parcel.slot_day) for parcel in parcels if parcel.slot_id and parcel.slot_day]
    return not in_slots or not slots.hold(in_slots, key=checkouts.hold_key(checkout), now=now)


def _give_back(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> None:
    stock.release_hold(checkouts.hold_key(checkout), now=now, by=Allocation.End.EXPIRED)
    codes.release_hold(checkouts.hold_key(checkout))
    slots.release_hold(checkouts.hold_key(checkout), now=now)
    means.release_hold(checkout, now=now)
    vouchers.release_hold(checkout)
    receivables.release_hold(checkout.pk)
    calls.give_back(checkout.payment, reason="Paid after its hold had ended; what it held is gone.", now=now)
    _finish(checkout, Checkout.State.REFUNDED, None)
    audit.record("checkout.give_back", checkout, total_minor=checkout.total_minor)
    mail.post(
        "payment_returned",
        to=checkout.email,
        language=checkout.language,
        dedupe_key=f"payment_returned:{checkout.pk}",
        context={"checkout": checkout, "lines": lines},
        now=now,
    )


def _finish(checkout: Checkout, state: Checkout.State, order: Order | None) -> None:
    def look(changed: prepared.Answer) -> None:
        if not changed.count:
            raise AlreadyPlacedError

    states = state.value, Checkout.State.PAID.value
    prepared.ask(_FINISHED, [states[0], order and order.pk, checkout.pk, states[1]], then=look)


def _empty_basket(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> prepared.Answer | None:
    """In the usual case, where all that is in it was bought, in one statement; that it wrote nothing says that it is
    another."""
    if not all(line.basket_line_id for line in lines):
        return None
    of_all = [len(lines), checkout.basket_id, len(lines), checkout.pk, checkout.basket_id]
    return prepared.ask(_SUBMITTED + _IF_ALL_WAS_BOUGHT, _submitted(checkout, now) + of_all)


def _submitted(checkout: Checkout, now: datetime) -> list[object]:
    return [Basket.SUBMITTED, bulk.moment(now), checkout.basket_id]


def _leave_in_basket(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> None:
    """What was bought leaves the basket. What the reader changed or added while paying stays in it. Lines may have
    moved to another basket meanwhile: whoever signs in takes them along."""
    bought = {line.basket_line_id: line.quantity for line in lines if line.basket_line_id is not None}
    basket_id = checkout.basket_id
    left = {
        pk: (of_basket, max(0, quantity - bought.get(pk, 0)))
        for pk, of_basket, quantity in _LEFT_IN_BASKET.rows(basket_id or 0, list(bought))
    }
    emptied = not any(quantity for of_basket, quantity in left.values() if of_basket == basket_id)
    gone = [
        pk for pk, (of_basket, quantity) in left.items() if not quantity and not (emptied and of_basket == basket_id)
    ]
    fewer = [BasketLine(pk=pk, quantity=quantity) for pk, (_, quantity) in left.items() if quantity and pk in bought]
    if emptied:
        prepared.ask(_SUBMITTED, _submitted(checkout, now))
    if gone:
        BasketLine.objects.filter(pk__in=gone).delete()
    if fewer:
        BasketLine.objects.bulk_update(fewer, ["quantity"])


def _tell(checkout: Checkout, order: Order, now: datetime) -> None:
    key = f"order_placed:{order.number}"
    mail.post_about("order_placed", order.pk, to=checkout.email, language=checkout.language, dedupe_key=key, now=now)


def told(order_id: str) -> dict[str, object]:
    """What the mail "order_placed" says."""
    order = Order.objects.get(pk=order_id)
    parcels, lines = _by_parcel(_LINES.objects(order.checkout.pk))
    return {
        "order": order,
        "checkout": order.checkout,
        "parcels": parcels,
        "taxes": tax.by_rate(tax.thawed(line.tax_parts) for line in lines),
        "url": links.order_url(order),
    }
