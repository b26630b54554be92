"""A shop system in memory whose faults a test chooses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from shops.channels import CHANNELS
from shops.channels.base import Channel, ChannelError, Receipt
from shops.models import Cancellation, Shop, ShopOrder


class ScriptedChannel(Channel):
    """`box` is what the shop has: numbers, in order. `faults` are taken one per call: "down" (nothing arrives), "lost"
    (it arrives, the answer does not), "refused" (for good), "busy" (not before an hour), "bug"."""

    kind = "scripted"
    capabilities = frozenset({"cancel"})
    back: list[str] = []
    told: list[str] = []
    box: list[str] = []
    faults: list[str] = []
    calls: list[str] = []
    receipt = Receipt()

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        self.calls.append(f"send {shop_order.number}")
        fault = self._fault()
        if fault == "refused":
            raise ChannelError("No such customer.", permanent=True)
        if fault == "busy":
            raise ChannelError("Too many.", later_seconds=3600, status=429)
        if fault == "bug":
            raise ZeroDivisionError("a fault in the channel")
        if shop_order.number not in self.box:
            self.box.append(shop_order.number)
        if fault == "lost":
            raise ChannelError("No answer after 30 s.", unknown_outcome=True)
        return replace(self.receipt, reference=f"their-{shop_order.number}")

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        self.calls.append(f"look up {shop_order.number}")
        self._fault()
        return Receipt(reference=f"their-{shop_order.number}") if shop_order.number in self.box else None

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """The system puts the copies back itself, and says so."""
        self._fault()
        if cancellation.key not in self.told:
            self.told.append(cancellation.key)
            self.back.append(cancellation.line.shop_order.number)
        return True

    def _fault(self) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "down":
            raise ChannelError("The shop cannot be reached.")
        return fault


class RepeatingChannel(ScriptedChannel):
    """Breaks the contract: what is sent twice is there twice."""

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        self.box.append(shop_order.number)
        return Receipt(reference=f"their-{len(self.box)}")


def install(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedChannel]:
    """Make it known as "scripted", empty and without faults."""
    monkeypatch.setitem(CHANNELS, "scripted", ("Scripted", f"{__name__}.ScriptedChannel"))
    for name in ("box", "faults", "calls", "back", "told"):
        monkeypatch.setattr(ScriptedChannel, name, [])
    return ScriptedChannel


def empty(shop: Shop, kind: type[ScriptedChannel] = ScriptedChannel) -> ScriptedChannel:
    channel = kind(shop)
    channel.box, channel.faults, channel.calls, channel.back, channel.told = [], [], [], [], []
    return channel
