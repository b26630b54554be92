"""The contract of a channel: what a shop system must be able to do to take orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
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


class Said(StrEnum):
    """What a shop's system says of units of a line, as EDItX and BIC's list of acknowledgements tell them apart."""

    ACCEPTED = "accepted"
    CHANGED = "changed"  # taken, but otherwise than it was ordered
    SUBSTITUTED = "substituted"
    BACK_ORDERED = "back_ordered"  # taken, and not there
    DECLINED = "declined"


@dataclass(frozen=True)
class LineSaid:
    """`units` of the article `sku` of one of our shop orders. `detail`: the system's own words, where it has any.
    `is_sold_out`: declined because its own number says that there are no more."""

    sku: str
    said: Said
    units: int
    detail: str = ""
    is_sold_out: bool = False


@dataclass(frozen=True)
class ParcelSaid:
    """What left the shop, in all: units by article. `key` is the system's own number of it."""

    key: str
    units: dict[str, int]
    carrier: str = ""
    tracking: str = ""


@dataclass(frozen=True)
class Receipt:
    """The shop has the order. `reference` is its own number for it. `is_booked`: its system has taken the units off the
    number that its feeds give; `booked_at` is its own stamp of that, on its clock, where it gives one. `lines`: what it
    said of single ones, in all; of what it says nothing a person answers."""

    reference: str = ""
    is_booked: bool = False
    booked_at: datetime | None = None
    lines: tuple[LineSaid, ...] = ()


@dataclass(frozen=True)
class Acknowledgement:
    """What the shop's system says now of one of our shop orders, named by our number: all of it, so that hearing it
    again changes nothing. `receipt.lines` are in all, too."""

    number: str
    receipt: Receipt
    parcels: tuple[ParcelSaid, ...] = ()


class Channel:
    # Subclass implementation:
    kind: str
    # Of "acknowledgements", "cancel" and "repeats", what the system can do beside taking orders. "repeats": the same
    # one sent again is known by its id and changes nothing, so that an unknown outcome needs no look-up.
    capabilities: frozenset[str] = frozenset()

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

    def acknowledgements(self, since: datetime) -> Iterable[Acknowledgement]:
        """The orders of which something changed since, by our clock; with the capability of that name."""
        raise ChannelError(f"{self.kind} does not acknowledge orders.", permanent=True)

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """Tell the shop that the reader took back units of an order that it has; with the capability of that name.
        Telling the same one twice (`cancellation.key`) has the effect of once. True where the answer is the shop's word
        that the copies are free again; False where it has been told, and a person puts them back. Raises
        ChannelError."""
        raise ChannelError(f"{self.kind} cannot cancel orders: call the shop.", permanent=True)

    # Subclasses shouldn't need to override:
    def __init__(self, shop: Shop):
        self.shop = shop
        self.options: dict[str, object] = shop.channel_options
