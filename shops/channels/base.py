"""The contract of a channel: what a shop system must be able to do to take orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shops.models import Cancellation, Shop, ShopOrder


class ChannelError(Exception):
    """A shop order did not get through; the only exception that leaves a channel.

    `permanent`: trying again is no use, a person has to act. `unknown_outcome`: the shop may have it all the same (a
    time-out, a lost answer), so it must be looked up before it is sent again. `later_seconds`: it asks not to be called
    before (Retry-After). `status`: of its answer over HTTP."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        unknown_outcome: bool = False,
        later_seconds: int = 0,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.unknown_outcome = unknown_outcome
        self.later_seconds = later_seconds
        self.status = status


class Answer(StrEnum):
    """What a shop's system says of units of a line, as EDItX and BIC's list of acknowledgements tell them apart. Only
    what it accepts and declines is carried out; the rest asks a person."""

    ACCEPTED = "accepted"
    CHANGED = "changed"  # taken, but otherwise than it was ordered
    SUBSTITUTED = "substituted"  # another article in its place
    BACK_ORDERED = "back_ordered"  # taken, and not there: later
    TAKEN_OUT = "taken_out"  # once taken, and not in its order any more: never said, but seen
    DECLINED = "declined"


@dataclass(frozen=True)
class LineSaid:
    """`units` of the article `sku` of one of our shop orders. `detail`: the system's own words, where it has any.
    `reason`: of what is declined, a value of `ShopOrderLine.Reason` where it says one. `article`: the number (a GTIN or
    the shop's own) of what it puts in its place; `on`: the day on which it will have what is back-ordered. Both where
    it says so."""

    sku: str
    answer: Answer
    units: int
    detail: str = ""
    reason: str = ""
    article: str = ""
    on: date | None = None


@dataclass(frozen=True)
class ParcelSaid:
    """What left the shop, in all: units by article. `key` is the system's own number of it. `is_counted`: by what was
    packed; else it is all of the order, whatever of it was."""

    key: str
    units: dict[str, int]
    carrier: str = ""
    tracking: str = ""
    is_counted: bool = True


@dataclass(frozen=True)
class Receipt:
    """The shop has the order. `reference` is its own number for it. `is_booked`: its system has taken the units off the
    number that its feeds give; `booked_at` is its own stamp of that, on its clock, where it gives one. `lines`: what it
    said of single ones, in all; of what it says nothing a person answers. `unbooked`: articles of the order that are
    not in it, so that its number does not contain them."""

    reference: str = ""
    is_booked: bool = False
    booked_at: datetime | None = None
    lines: tuple[LineSaid, ...] = ()
    unbooked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LineAnswer:
    """Of one line, by our key of it. `accepted` and `declined`: so many units, of those that nobody has answered;
    what is in neither stays open. `reason`: a value of `ShopOrderLine.Reason`; `note`: in its own words, for staff.
    `units`: how many of those that stay open it speaks of (0: all of them); `article` and `on` as of `LineSaid`."""

    line: int
    answer: Answer
    accepted: int = 0
    declined: int = 0
    reason: str = ""
    note: str = ""
    units: int = 0
    article: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Acknowledgement:
    """One message of the shop's system about one of our shop orders, named by our number; `receipt` as when it is sent,
    with `is_booked` where the units are off its number now. `key` tells one message from every other of the shop: it
    is taken once. `problem`: it could not be understood (then `number` may be empty), which a person is told."""

    number: str
    receipt: Receipt
    key: str = ""
    lines: tuple[LineAnswer, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class OrderState:
    """What the shop's system says now of one of our shop orders, named by our number: all of it, so that hearing it
    again changes nothing. `receipt.lines` are in all, too. `problem`: it could not be understood, and nothing else is
    said; it is asked for again."""

    number: str
    receipt: Receipt
    parcels: tuple[ParcelSaid, ...] = ()
    problem: str = ""


class Channel:
    # Subclass implementation:
    kind: str
    # Of "acknowledgements", "states", "cancel" and "repeats", what the system can do beside taking orders. "repeats":
    # the same one sent again is known by its id and changes nothing, so that an unknown outcome needs no look-up.
    # Where it sends messages about orders it acknowledges; where it can be asked how they are it has states.
    capabilities: frozenset[str] = frozenset()
    # Else `look_up` tells the person who has to look there; only where that one has it sent again it is.
    looks_up = True

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        """Hand the shop order to the shop. Sending the same one twice must have the effect of once wherever the system
        allows it (our number is the key). Raises ChannelError."""
        raise NotImplementedError

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        """What the shop has under our number; None when it certainly has nothing. Raises ChannelError when it cannot
        be known. Not asked of channels with the capability "repeats"."""
        if "repeats" in self.capabilities:
            raise ChannelError(f"{self.kind} cannot be asked what the shop has.", permanent=True)
        raise NotImplementedError

    def acknowledgements(self, since: datetime, known: Collection[str] = ()) -> Iterable[Acknowledgement]:
        """Its messages since, oldest first; with the capability of that name. `known`: keys of messages that were
        taken, which need not be read again. Raises ChannelError."""
        raise ChannelError(f"{self.kind} does not acknowledge orders.", permanent=True)

    def states(self, since: datetime) -> Iterable[OrderState]:
        """The orders of which something changed since, by our clock, each as it is now; with the capability of that
        name. Raises ChannelError."""
        raise ChannelError(f"{self.kind} does not say how orders are.", permanent=True)

    def states_of(self, numbers: Collection[str]) -> Iterable[OrderState]:
        """Of these orders, by our numbers, how each is now, whether it was changed or not; those that it has. With the
        capability "states": asked for what could not be done yet when the system said it. Raises ChannelError."""
        raise ChannelError(f"{self.kind} does not say how orders are.", permanent=True)

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """Tell the shop that the reader took back units of an order that it has; with the capability of that name.
        Telling the same one twice (`cancellation.key`) has the effect of once. True where the answer is the shop's word
        that the copies are free again; False where it has been told, and a person puts them back. Raises
        ChannelError."""
        raise ChannelError(f"{self.kind} cannot cancel orders: call the shop.", permanent=True)

    # Subclasses shouldn't need to override:
    def __init__(self, shop: Shop):
        self.shop = shop
        # By the system's own clock: `states` finds here when it was last asked, and leaves when it was asked now.
        self.heard_there: datetime | None = None
        self.options: dict[str, object] = shop.channel_options
