"""What a shop could not hand over is supplied by another one: as a frozen plan of its own, in a new shop order.

The reader pays what was agreed, or less where it costs less. Where it costs more, the network has said who bears the
difference, up to an amount; else it is not done. It comes the way the reader chose: what was to be brought is brought,
what was to be collected lies at the same counter or at one near by. Until it is decided the money waits
(`payments.captures`); it is decided once, under the payment's lock, so that whoever dies on the way changed nothing.
What the shop has offered the reader in its place (`alternatives`) is asked first.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from marketplace.checkout import alternatives, routes, taking_over
from marketplace.checkout.candidate_plans import Found
from marketplace.foundation import audit, leases, links, money, network
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import captures
from marketplace.payments.models import Payment
from shops import stock
from shops.models import Alternative, ReroutedUnits, Rerouting, ShopOrder
from shops.orders import missing, reader_mail

logger = logging.getLogger("halles.rerouting")
Outcome = Rerouting.Outcome
BATCH = 20
# Whoever has less time to answer would hardly do it, and the reader be told of a shop for nothing.
LEAST_TIME = timedelta(hours=4)


def reroute(now: datetime) -> int:
    """Step: decide who supplies what shops could not."""
    done = 0
    for row in leases.claim(Rerouting, now=now, limit=BATCH):
        try:
            decide(row.pk, now=now)
        except Exception as error:  # one that cannot be decided must not stop the next; it shows on the board
            logger.exception("Rerouting %s cannot be decided; it is tried again.", row.pk)
            leases.postpone(row, error=f"{type(error).__name__}: {error}", now=now)
            continue
        done += 1
    return done


def decide(rerouting_id: int, *, now: datetime) -> None:
    """Move what other shops have, in one transaction with their orders; what is left is told to the reader as gone."""
    with transaction.atomic():
        payments = Payment.objects.select_for_update(of=("self",))
        payment = payments.get(checkout__order__shop_orders__reroutings=rerouting_id)
        related = ["shop_order__shop", "shop_order__order__checkout", "shop_order__delivery_option__receiving_shop"]
        row = Rerouting.objects.select_related(*related).get(pk=rerouting_id)
        if row.outcome != Outcome.LOOKING:
            return
        parts = list(row.parts.select_related("line__shop_order").order_by("line__stock_record_id", "pk"))
        offered = Alternative.objects.filter(rerouting=row).first()
        if offered and alternatives.is_open(offered, payment, now=now):
            return
        if (offered is None or offered.looks_elsewhere) and _may_move(payment, row.shop_order, now):
            _move_all(row, parts, captures.waits_until(payment), now)
        missing.decided([row], now=now)
        failpoint("rerouting.before_commit")
    failpoint("rerouting.after_commit")


def may_move_from(shop_order: ShopOrder, *, now: datetime) -> bool:
    """Whether another shop may take over what of it is missing, as far as its payment goes."""
    payment = Payment.objects.filter(checkout__order=shop_order.order_id).first()
    return payment is not None and _may_move(payment, shop_order, now)


def _may_move(payment: Payment, shop_order: ShopOrder, now: datetime) -> bool:
    """Not once the payment can wait for another shop's answer for less than `LEAST_TIME`."""
    ends = captures.waits_until(payment)
    too_late = ends is not None and ends - now < LEAST_TIME
    return not (too_late or taking_over.is_bound(payment, shop_order))


def _move_all(row: Rerouting, parts: Sequence[ReroutedUnits], latest: datetime | None, now: datetime) -> None:
    """To whom the network's rules choose, until nothing is left or nobody has it; whose copies are gone meanwhile is
    passed over. `latest`: when they must have answered."""
    left, passed = list(parts), set[int]()
    while left:
        decision = routes.decide(row, left, passed=passed, now=now)
        best = decision.found
        if best is None:
            if left == list(parts):
                routes.keep(decision, None)
            return
        passed.add(best.shop.pk)
        if made := _move(row, best, latest, now):
            routes.keep(decision, made)
            left = [part for part in left if part not in best.parts]


def _move(row: Rerouting, found: Found, latest: datetime | None, now: datetime) -> ShopOrder | None:
    """The new shop order, its copies taken. None: they are gone, and nothing was written."""
    declined, planned = row.shop_order, found.plan.parcels[0]
    before = transaction.savepoint()
    bearer = _first(declined).shop if network.current().reroute_borne_by == "shop" and found.borne_minor else None
    borne = money.split(found.borne_minor, [line.total_minor for line in planned.lines])
    lines = taking_over.write(declined, planned, borne=borne, bearer=bearer, latest=latest, now=now)
    by_record = sorted(lines, key=lambda line: line.stock_record_id or 0)  # stock is locked in this order everywhere
    if not all(stock.take(line, line.quantity, now=now) for line in by_record):
        transaction.savepoint_rollback(before)
        return None
    transaction.savepoint_commit(before)
    made = taking_over.follow(declined, planned, found.parts, lines, now=now)
    audit.record(
        "shop_order.reroute", made, shop_id=made.shop_id, instead_of=declined.number, borne_minor=found.borne_minor
    )
    cancel = [links.cancel_url(declined.order, line.pk) for line in lines]
    reader_mail.rerouted(made, lines, cancel_urls=cancel, now=now)
    return made


def _first(shop_order: ShopOrder) -> ShopOrder:
    """Whose copy was missing first, where a shop that took over misses it too."""
    while shop_order.instead_of is not None:
        shop_order = shop_order.instead_of
    return shop_order
