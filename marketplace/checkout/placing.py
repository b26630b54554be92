"""A paid checkout becomes one Oscar order, one shop order per shop with its transmission, allocations, audit and mail,
in one transaction. A double click, a repeated event, two workers: exactly one order, since the checkout's row is
locked, its state compared and set, and the order's number is the checkout's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Model, Prefetch, Q
from oscar.apps.basket.models import Basket
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.catalogue.models import Product
from oscar.apps.order.models import Order
from oscar.apps.partner.models import Partner, StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.checkout import checkouts, order_rows
from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.foundation import audit, leases, links, mail
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import calls, commission
from shops import stock
from shops.models import Allocation, DeliveryOption, Shop, StockTerms
from shops.orders import splitting

logger = logging.getLogger("halles.placing")
BATCH = 20

# What belongs to parcels and lines, with the columns that go into an order and its mail: to read all of them, a hundred
# and fifty, would cost more than to write the order.
_OF_PARCELS: dict[str, tuple[type[Model], set[str]]] = {
    "shop": (Shop, {"name", "channel", "commission_basis_points"}),
    "delivery_option": (DeliveryOption, {"kind", "name_fr", "name_en"}),
}
_OF_LINES: dict[str, tuple[type[Model], set[str]]] = {
    "product": (Product, {"upc"}),
    "product__facts": (ProductFacts, {"gtin", "form", "is_book", "subject_codes"}),
    "stock_record": (StockRecord, {"product", "partner", "partner_sku"}),
    "stock_record__partner": (Partner, {"name"}),
    "stock_record__terms": (StockTerms, {"condition"}),
}


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
    with transaction.atomic():
        # Locks in the order of `freezing`: basket, checkout, stock records.
        Basket.objects.select_for_update(of=("self",)).only("pk").filter(checkouts=checkout_id).first()
        found = Checkout.objects.select_for_update(of=("self",)).select_related("user").filter(pk=checkout_id)
        checkout = found.first()
        if checkout is None or checkout.state != Checkout.State.PAID:
            return checkout.order if checkout else None
        parcels, lines = _frozen(checkout)
        if not _keep(checkout, lines, now):
            _give_back(checkout, lines, now)
            return None
        order, written = order_rows.write(checkout, parcels, lines, now)
        shop_lines = splitting.split(
            order,
            checkout,
            parcels,  # type: ignore[arg-type]  # their related managers
            order_lines=written,
            now=now,
        )
        promised = {line.stock_record_id: line.pk for line in shop_lines if line.stock_record_id}
        stock.promise(checkouts.hold_key(checkout), promised, now=now)
        facts = {line.product_id: getattr(line.product, "facts", None) for line in lines}
        commission.freeze(shop_lines, facts, at=now)
        _finish(checkout, Checkout.State.PLACED, order)
        _empty_basket(checkout, lines, now)
        audit.record("order.place", order, by=checkout.user or "reader", total_minor=checkout.total_minor)
        _tell(checkout, order, parcels, now)
        failpoint("placing.before_commit")
    failpoint("placing.after_commit")
    return order


def _frozen(checkout: Checkout) -> tuple[list[CheckoutParcel], list[CheckoutLine]]:
    """Parcels with their lines, and all lines in the order of the basket; two queries."""
    lines = CheckoutLine.objects.select_related(*_OF_LINES).defer(*_not_needed(_OF_LINES)).order_by("pk")
    parcels = list(
        checkout.parcels.select_related(*_OF_PARCELS)
        .defer(*_not_needed(_OF_PARCELS))
        .prefetch_related(Prefetch("lines", queryset=lines))
        .order_by("pk")
    )
    return parcels, [line for parcel in parcels for line in parcel.lines.all()]


def _not_needed(related: Mapping[str, tuple[type[Model], set[str]]]) -> list[str]:
    return [
        f"{path}__{field.name}"
        for path, (model, needed) in related.items()
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in needed
    ]


def _keep(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> bool:
    """True when every copy is held for this checkout. A payment may come after its hold ended: then they are held
    again, if they are still there."""
    wanted = {line.stock_record_id: line.quantity for line in lines}
    key, held = checkouts.hold_key(checkout), checkouts.units_held(checkout)
    if held == wanted:
        return True
    if held:
        stock.release_hold(key, now=now, by=Allocation.End.EXPIRED)
    return not stock.hold(list(wanted.items()), key=key, now=now)


def _give_back(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> None:
    stock.release_hold(checkouts.hold_key(checkout), now=now, by=Allocation.End.EXPIRED)
    calls.give_back(checkout.payment, reason="Paid after its hold had ended; the copies are gone.", now=now)
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
    changed = Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.PAID).update(
        state=state, order=order, due_at=None, lease_until=None, lease_token="", last_error=""
    )
    if not changed:
        raise AlreadyPlacedError


def _empty_basket(checkout: Checkout, lines: list[CheckoutLine], now: datetime) -> None:
    """What was bought leaves the basket. What the reader changed or added while paying stays in it. Lines may have
    moved to another basket meanwhile: whoever signs in takes them along."""
    bought = {line.basket_line_id: line.quantity for line in lines}
    theirs = Q(basket_id=checkout.basket_id) | Q(pk__in=bought)
    left = list(BasketLine.objects.only("basket_id", "quantity").filter(theirs))
    for line in left:
        line.quantity = max(0, line.quantity - bought.get(line.pk, 0))
    emptied = not any(line.quantity for line in left if line.basket_id == checkout.basket_id)
    gone = [line.pk for line in left if not line.quantity and not (emptied and line.basket_id == checkout.basket_id)]
    fewer = [line for line in left if line.quantity and line.pk in bought]
    if emptied:
        Basket.objects.filter(pk=checkout.basket_id).update(status=Basket.SUBMITTED, date_submitted=now)
    if gone:
        BasketLine.objects.filter(pk__in=gone).delete()
    if fewer:
        BasketLine.objects.bulk_update(fewer, ["quantity"])


def _tell(checkout: Checkout, order: Order, parcels: list[CheckoutParcel], now: datetime) -> None:
    mail.post(
        "order_placed",
        to=checkout.email,
        language=checkout.language,
        dedupe_key=f"order_placed:{order.number}",
        context={"order": order, "checkout": checkout, "parcels": parcels, "url": links.order_url(order)},
        now=now,
    )
