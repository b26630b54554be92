"""A channel that ends in a shop's own system, which is called over its interface: what all of these have in common.

An order is looked for by our number before it is made, since hardly any system refuses a second one of the same number;
what a process that died had begun is brought to its end. What the shop is to order for the reader is not asked for on
its shelf: it is entered as it is. An article of another list of the shop, or one that it is to order, which the system
does not know, the shop gets by mail; so it does one whose number several articles have there."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from shops.channels.base import Answer, Channel, ChannelError, LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.email import EmailChannel
from shops.models import Cancellation, Shop, ShopOrder, ShopOrderLine, Supply, Transmission
from shops.systems import SYSTEMS, access, clocks, keeping
from shops.systems.calling import SystemCallError, Trouble, understood, within

T = TypeVar("T")
Reason = ShopOrderLine.Reason
OVERLAP = timedelta(minutes=15)  # longer than a change takes from its stamp until others see it
# All calls of one order: shorter, twice (it is looked up, then sent), than what is transmitted is leased for. Another
# process that began while one is still at it would find nothing there, and make a second order.
SENT_SECONDS = 100.0
HEARD_SECONDS = 600.0  # of all that a system says of its orders
# So long a system that does not answer is asked to cancel an order; then its shop gets the mail.
CANCELLED_WITHIN = timedelta(minutes=20)
OPEN = (ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED)
logger = logging.getLogger("halles.channels")


class SystemChannel(Channel):
    """A subclass sets `kind`, and writes `find`, `enter`, `number`, `units`, `said`, `changed`. Each raises
    SystemCallError."""

    capabilities = frozenset({"states", "cancel"})
    # It takes an order of more than there is; else what is ordered for a reader gets to the shop by mail.
    promises_beyond = True
    # It lets an order of which nothing has left the shop be cancelled, which puts its copies back: `take_out`.
    cancels = False

    # subclass implementation
    def find(self, client: Any, number: str) -> Any:
        """The order under our number, as the system has it, or None. Not written where `looks_up` is False."""
        raise client.caller.refused(
            _("it cannot be asked whether it has %(number)s. Look there: have it sent again only if it is missing.")
            % {"number": number}
        )

    def enter(self, client: Any, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> Any:
        """Make the order of these lines, whose units are `left_units`, and give it as the system has it."""
        raise NotImplementedError

    def finish(self, client: Any, order: Any) -> Any:
        """Bring an order that was only begun to where the system reserves its units; others as they are."""
        return order

    def free(self, client: Any, lines: list[ShopOrderLine]) -> Mapping[str, Any] | None:
        """{sku: copies that the system could give}, asked before the order is made; without the articles that it does
        not sell, and None of what it does not count. None: it cannot be asked."""
        return None

    def number(self, client: Any, order: Any) -> str:
        """Ours, of an order as the system has it. No call."""
        raise NotImplementedError

    def units(self, order: Any) -> dict[str, int]:
        """How many of each article the order has, as the system has it. Of a line without a number it says nothing."""
        raise NotImplementedError

    def said(self, client: Any, order: Any) -> OrderState:
        """What the system says of an order."""
        raise NotImplementedError

    def changed(self, client: Any, since: datetime) -> Iterable[Any]:
        """The orders of ours that were changed since, by the system's clock."""
        raise NotImplementedError

    def unsaid(self, client: Any) -> Iterable[Any]:
        """Of `open_ones` those that are there otherwise than anything told, where what is changed in an order, or that
        it is put away, does not move its stamp."""
        return ()

    def take_out(self, client: Any, order: Any) -> None:
        """Cancel an order of which nothing has left the shop, so that its units are free again in the system. What it
        refuses its shop is told by mail. With `cancels`."""
        raise NotImplementedError

    def is_given_back(self, order: Any, said: OrderState) -> bool:
        """Whether its shop has paid back or taken out some of it there, which a cancellation may put back once more."""
        return any(line.answer == Answer.DECLINED for line in said.receipt.lines)

    # Subclasses shouldn't need to override:
    def books_here(self, client: Any) -> bool:
        """Whether an order that stands in the system is off the number that is read: not off what is on the shelf, nor
        where its copies may be those of another place. There the promise stands until they are handed over."""
        return self.shop.stock_kind == Shop.StockKind.AVAILABLE and not client.options.get("elsewhere")

    def state(
        self,
        client: Any,
        order: Any,
        reference: object,
        lines: Iterable[LineSaid],
        *,
        is_booked: bool,
        parcels: Iterable[ParcelSaid] = (),
    ) -> OrderState:
        """`said`, of these parts. `is_booked`: its units are off what is free to sell."""
        booked = is_booked and self.books_here(client)
        receipt = Receipt(str(reference), booked, lines=tuple(lines))
        return OrderState(self.number(client, order), receipt, tuple(parcels))

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._client: Any = None

    def open_ones(self) -> Iterable[Transmission]:
        """Of the orders that the system has, and of which something has still to leave the shop."""
        ours = Transmission.objects.filter(shop=self.shop, channel=self.kind, outcome=Transmission.Outcome.SENT)
        still = ours.filter(shop_order__status__in=OPEN).select_related("shop_order").order_by("pk")
        return still.prefetch_related("shop_order__lines")

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        return self._told(lambda: self._send(self.client(now), shop_order, now))

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        client_of = lambda: self.client(timezone.now())  # noqa: E731
        return self._told(lambda: self._known(client_of(), shop_order))

    def states(self, since: datetime) -> Iterable[OrderState]:
        def heard() -> list[OrderState]:
            client = self.client(timezone.now())
            with understood(str(SYSTEMS[self.kind].label), client.caller.secrets):
                return [self._understood(client, order) for order in self._changed(client, since)]

        return self._told(heard, HEARD_SECONDS)

    def states_of(self, numbers: Collection[str]) -> Iterable[OrderState]:
        def heard() -> list[OrderState]:
            client = self.client(timezone.now())
            found = (self.find(client, number) for number in numbers)
            return [self.said(client, order) for order in found if order is not None]

        return self._told(heard)

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """In the system, where the reader took back all of an order that has not left the shop, and the system lets us:
        its own word that the copies are free. Else by mail, so that a person does it there."""
        if self.cancels and _is_taken_back_whole(cancellation):
            try:
                if self._told(lambda: self._taken_out(self.client(now), cancellation.line)):
                    return True
            except Exception as error:  # also a fault of ours: its shop has to know
                is_final = isinstance(error, ChannelError) and error.permanent
                if not is_final and now - cancellation.cancelled_at < CANCELLED_WITHIN:
                    raise
                logger.warning("%s is not cancelled in the system: %s", cancellation.line.shop_order, error)
        return EmailChannel(self.shop).cancel(cancellation, now=now)

    def client(self, now: datetime) -> Any:
        """Of the shop's connection. Raises SystemCallError."""
        if self._client is None:
            self._client = SYSTEMS[self.kind].client_for(keeping.access_of(self.shop.pk, self.kind, now=now))
        return self._client

    def _changed(self, client: Any, since: datetime) -> Iterator[Any]:
        """`since`: by our clock. By the system's that is when it was last asked; the first time we suppose that its
        clock is ours, and ask again where it is behind, or was set back."""
        there = self.heard_there or since
        yield from self.changed(client, there - OVERLAP)
        earliest = clocks.set_back(client.caller, there, since)
        if earliest is not None:
            yield from self.changed(client, earliest - OVERLAP)
        yield from self.unsaid(client)
        self.heard_there = client.caller.began

    def _understood(self, client: Any, order: Any) -> OrderState:
        """One that is there otherwise than anybody expects keeps no other from being heard."""
        try:
            return self.said(client, order)
        except SystemCallError:
            raise
        except Exception as error:
            number = self._named(client, order)
            logger.exception("What %s says of %s could not be read.", self.kind, number)
            return OrderState(number, Receipt(), problem=f"{type(error).__name__}: {error}")

    def _named(self, client: Any, order: Any) -> str:
        try:
            return self.number(client, order)
        except Exception:  # then it is none that anybody can name
            return ""

    def _send(self, client: Any, shop_order: ShopOrder, now: datetime) -> Receipt:
        if self.looks_up and (known := self._known(client, shop_order)) is not None:
            return known
        lines = _left(shop_order)
        free = self._free(client, lines)
        unknown = self._unknown(free, lines) | self._beyond(free, lines) | shared(client, lines)
        missing = _missing(free, [line for line in lines if line.sku not in unknown])
        taken = [line for line in lines if line.pk not in missing and line.sku not in unknown]
        receipt = EmailChannel(self.shop).send(shop_order, now=now, part=True) if unknown else Receipt()
        if taken:
            receipt = self.said(client, self.finish(client, self.enter(client, shop_order, taken))).receipt
        refused = [
            LineSaid(line.sku, Answer.DECLINED, line.declined - line.cancelled + units, why, reason=Reason.SOLD)
            for line in lines
            if line.pk in missing
            for units, why in [missing[line.pk]]
        ]
        return replace(receipt, lines=(*receipt.lines, *refused), unbooked=unknown)

    def lacks(self, order: Any, row: Transmission, gone: Mapping[str, int] | None = None) -> bool:
        """Whether an order has less of an article, without what is `gone` of it, than is the reader's of it."""
        left, has, gone = Counter[str](), self.units(order), gone or {}
        for line in row.shop_order.lines.all():
            left[line.sku] += line.left_units if line.sku not in row.unbooked else 0
        return any(has.get(sku, 0) - gone.get(sku, 0) < units for sku, units in left.items())

    def _free(self, client: Any, lines: list[ShopOrderLine]) -> dict[str, int] | None:
        """Of what nobody counts as many as are wanted."""
        found = self.free(client, lines)
        if found is None:
            return None
        wanted = {line.sku: line.left_units for line in lines}
        return {sku: wanted.get(sku, 0) if left is None else int(left) for sku, left in found.items()}

    def _taken_out(self, client: Any, line: ShopOrderLine) -> bool:
        """Whether the order is cancelled there, by us or by somebody before. Never one of which a parcel left, or with
        what the shop declined or was to put back by itself: whether that is on its shelf, and in its number, a person
        knows."""
        shop_order = line.shop_order
        found = self.find(client, shop_order.number)
        has = self.units(found) if found is not None else {}
        if line.sku not in has or any(row.missing_units and row.sku in has for row in shop_order.lines.all()):
            return False
        said = self.said(client, found)
        if not said.parcels and not is_cancelled(said):
            if self.is_given_back(found, said) or _was_told(line, has):
                return False
            self.take_out(client, found)
            said = self.said(client, self.find(client, shop_order.number) or found)
            if not said.parcels and not is_cancelled(said):  # it is done later there: looked at again
                raise client.caller.refused(_("not cancelled yet"), Trouble.UNCLEAR)
        return not said.parcels

    def _known(self, client: Any, shop_order: ShopOrder) -> Receipt | None:
        """With what a try before this one has left out: the order there has fewer units than ours."""
        found = self.find(client, shop_order.number)
        if found is None:
            return None
        order = self.finish(client, found)
        receipt = self.said(client, order).receipt
        has, left = self.units(order), _left(shop_order)
        lacking = [line for line in left if line.supply == Supply.STOCK and line.left_units > has.get(line.sku, 0)]
        unknown = self._unknown(self._free(client, lacking), lacking) if lacking else frozenset()
        unknown |= shared(client, lacking)
        lacks = [
            LineSaid(line.sku, Answer.DECLINED, line.declined - line.cancelled + lack, why, reason=Reason.SOLD)
            for line in lacking
            if line.sku not in unknown
            for lack, why in [(line.left_units - has.get(line.sku, 0), _("Our system has not entered it."))]
        ]
        unbooked = frozenset(line.sku for line in left if line.sku not in has)
        return replace(receipt, lines=(*receipt.lines, *lacks), unbooked=unbooked)

    def _unknown(self, free: dict[str, int] | None, lines: list[ShopOrderLine]) -> frozenset[str]:
        """Articles that the system does not know, of which that says nothing: the shop orders them for the reader, or
        they may come from another list of the shop. A person answers."""
        if free is None or all(line.sku in free for line in lines):
            return frozenset()
        has_others = self.shop.feeds.exclude(kind=self.kind).exists()
        return frozenset(
            line.sku for line in lines if line.sku not in free and (has_others or line.supply != Supply.STOCK)
        )

    def _beyond(self, free: dict[str, int] | None, lines: list[ShopOrderLine]) -> frozenset[str]:
        """What its shop orders for the reader, and the system takes no order of as long as it is not there."""
        if free is None or self.promises_beyond:
            return frozenset()
        ordered = [line for line in lines if line.supply != Supply.STOCK]
        return frozenset(line.sku for line in ordered if free.get(line.sku, 0) < line.left_units)

    def _told(self, act: Callable[[], T], seconds: float = SENT_SECONDS) -> T:
        try:
            with translation.override(self.shop.language), within(seconds):  # what is said of lines is its word
                return act()
        except SystemCallError as error:
            raise as_channel_error(error) from error


def _is_taken_back_whole(cancellation: Cancellation) -> bool:
    lines = cancellation.line.shop_order.lines.all()
    is_readers = cancellation.cause == Cancellation.Cause.READER
    return is_readers and not any(line.left_units or line.handed_over for line in lines)


def _was_told(line: ShopOrderLine, has: Collection[str]) -> bool:
    """Whether the shop knows already of what was taken back of this order: a person may have put that back, and in the
    system, whose order still has all of it."""
    others = Cancellation.objects.filter(line__shop_order=line.shop_order_id, line__sku__in=has)
    return others.exclude(told_at=None, put_back_at=None).exists()


def is_cancelled(said: OrderState) -> bool:
    """Whether nothing of it is going to leave the shop."""
    return bool(said.receipt.lines) and all(line.answer == Answer.DECLINED for line in said.receipt.lines)


def _left(shop_order: ShopOrder) -> list[ShopOrderLine]:
    return [line for line in shop_order.lines.order_by("pk") if line.left_units]


def shared(client: Any, lines: list[ShopOrderLine]) -> frozenset[str]:
    """Numbers that several of its articles have: a person knows which one was sold."""
    return frozenset(access.shared(client, {line.sku for line in lines}))


def _missing(free: dict[str, int] | None, lines: list[ShopOrderLine]) -> dict[int, tuple[int, str]]:
    """{line id: (units that the system cannot give, why)}: a line is entered whole or not. Never what is ordered."""
    if free is None:
        return {}
    missing: dict[int, tuple[int, str]] = {}
    for line in (line for line in lines if line.supply == Supply.STOCK):
        if line.sku not in free:
            missing[line.pk] = (line.left_units, _("Our system does not sell this article."))
        elif (left := max(0, free[line.sku])) < line.left_units:
            missing[line.pk] = (line.left_units, _("Our system has %(count)s left.") % {"count": left})
    return missing


def as_channel_error(error: SystemCallError) -> ChannelError:
    return ChannelError(
        str(error),
        permanent=error.permanent,
        unknown_outcome=error.unknown_outcome,
        later_seconds=error.later_seconds,
        status=error.status,
    )
