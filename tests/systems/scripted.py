"""A system without a server, for tests of what stands around systems: a key, tokens that run out, and what is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import pytest

from shops.systems import SYSTEMS
from shops.systems.access import Access, Asked, Found, System
from shops.systems.calling import Caller, SystemCallError, Trouble

KIND, GOOD = "tryton", "a-good-key"


class Scripted:
    """`spent`: refresh tokens that were used; one that is used twice is the end of the connection, as with Lightspeed.
    `stored` is asked at each renewal for what is stored by then."""

    spent: ClassVar[list[str]] = []
    dies: ClassVar[bool] = False

    def __init__(self, access: Access) -> None:
        self.access = access
        self.caller = Caller("Scripted", access.address, {})  # which nothing is asked by: its clock is ours

    def check(self) -> Found:
        if self.access.secrets.get("key") != GOOD:
            raise SystemCallError(Trouble.KEY, "Scripted")
        return Found("Librairie d’essai", "CAD", 20, {"company_id": 1}, takes_orders=True)

    @staticmethod
    def needs_renewal(access: Access, now: datetime) -> bool:
        return datetime.fromtimestamp(float(access.secrets["until"]), UTC) <= now

    @staticmethod
    def renew(access: Access) -> dict[str, str]:
        token = access.secrets["refresh"]
        if Scripted.dies:
            raise SystemCallError(Trouble.AWAY, "Scripted")
        if token in Scripted.spent:
            raise SystemCallError(Trouble.KEY, "Scripted")
        Scripted.spent.append(token)
        later = float(access.secrets["until"]) + 24 * 3600
        return {**access.secrets, "refresh": f"{token}+", "until": str(later)}


def install(monkeypatch: pytest.MonkeyPatch, *, renews: bool = False) -> None:
    asks = (Asked("address", "Address"), Asked("key", "Key", is_secret=True), Asked("company", "C", is_needed=False))
    system = System("Scripted", "tests.systems.scripted.Scripted", asks, renews=renews)
    monkeypatch.setitem(SYSTEMS, KIND, system)
    monkeypatch.setattr(Scripted, "spent", [])
    monkeypatch.setattr(Scripted, "dies", False)
