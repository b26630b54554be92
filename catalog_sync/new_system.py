"""The empty files of another shop system that is called: client, adapter, channel, fixture and tests."""

from __future__ import annotations

import re
from pathlib import Path

_KIND = re.compile(r"[a-z][a-z0-9_]{1,28}")
WHAT_NEXT = """Now add “%(kind)s” to SYSTEMS (shops/systems/__init__.py), ADAPTERS (catalog_sync/adapters/__init__.py)
and CHANNELS (shops/channels/__init__.py), and write what raises NotImplementedError: docs/adding-a-shop-system.md.
"""

CLIENT = '''"""NAME over its interface (which, with its source): the part that adapter and channel share."""

from __future__ import annotations

from typing import Any

from shops.systems.access import Access, Found
from shops.systems.calling import Caller


class NAME:
    """`options`: what it needs beside its key."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        self.options = access.options
        self.caller = Caller("NAME", access.address, {"Authorization": f"Bearer {key}"}, [key])

    def check(self) -> Found:
        """What a first call finds, and what is to be kept of it in `options`."""
        raise NotImplementedError

    def check_context(self) -> None:
        """Whether numbers mean something: raises `self.caller.refused(why, Trouble.CONTEXT)` where they do not."""
        raise NotImplementedError

    def orders(self, number: str) -> list[dict[str, Any]]:
        """The orders under our number."""
        raise NotImplementedError
'''

ADAPTER = '''"""NAME: what its shops sell, prices and stock (`shops.systems.KIND`).

Source: … Which record moves when a sale takes stock? Which number is it? With tax or without?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Lane
from shops.systems.KIND import NAME


class NAMEAdapter(SystemAdapter):
    kind = "KIND"

    def read(self, client: NAME, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        raise NotImplementedError
'''

CHANNEL = '''"""Orders into NAME (`shops.systems.KIND`).

Where is our number, and can it be searched? When is it booked? What does it do with more than there is?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shops.channels.base import OrderState
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.KIND import NAME


class NAMEChannel(SystemChannel):
    kind = "KIND"

    def find(self, client: NAME, number: str) -> dict[str, Any] | None:
        found = client.orders(number)
        return found[0] if found else None

    def free(self, client: NAME, lines: list[ShopOrderLine]) -> dict[str, int]:
        raise NotImplementedError

    def enter(self, client: NAME, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        raise NotImplementedError

    def number(self, client: NAME, order: dict[str, Any]) -> str:
        raise NotImplementedError

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        raise NotImplementedError

    def said(self, client: NAME, order: dict[str, Any]) -> OrderState:
        raise NotImplementedError

    def changed(self, client: NAME, since: datetime) -> Iterable[dict[str, Any]]:
        raise NotImplementedError
'''

SERVER = '''"""NAME as a system under test: `under_test.SystemUnderTest` says what each of these does."""

from __future__ import annotations

from shops.systems.access import Access
from tests.systems.under_test import LOOKS_UP, Seen


class NAMEUnderTest:
    kind = "KIND"
    can = frozenset({LOOKS_UP})

    def start(self) -> str:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def reset(self) -> None:
        raise NotImplementedError

    def entered(self, address: str) -> Access:
        raise NotImplementedError

    def access(self, address: str) -> Access:
        raise NotImplementedError

    def without_context(self, address: str) -> list[Access]:
        raise NotImplementedError

    def small_pages(self, monkeypatch) -> int:
        raise NotImplementedError

    def set_price(self, sku: str, minor: int) -> None:
        raise NotImplementedError

    def set_stock(self, sku: str, units: int) -> None:
        raise NotImplementedError

    def sell(self, sku: str, units: int) -> None:
        raise NotImplementedError

    def archive(self, sku: str) -> None:
        raise NotImplementedError

    def revoke_key(self) -> None:
        raise NotImplementedError

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        raise NotImplementedError

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        raise NotImplementedError

    def cancel(self, number: str) -> None:
        raise NotImplementedError
'''

TESTS = '''"""The behaviour suite on NAME."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.systems.behaviour import Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.KIND_server import NAMEUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(NAMEUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    pass


class TestOrders(OrderingBehaviour):
    pass
'''

FILES = {
    "shops/systems/KIND.py": CLIENT,
    "catalog_sync/adapters/KIND.py": ADAPTER,
    "shops/channels/KIND.py": CHANNEL,
    "tests/systems/KIND_server.py": SERVER,
    "tests/systems/test_KIND.py": TESTS,
}


def write(kind: str, tree: Path) -> list[Path]:
    """Write them below `tree`; where each is. Raises ValueError for a word that is none, or a file that is there."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f"“{kind}” is no kind: small letters, digits and _, at most 29.")
    name = "".join(part.capitalize() for part in kind.split("_"))
    places = {tree / path.replace("KIND", kind): text for path, text in FILES.items()}
    if there := [str(path) for path in places if path.exists()]:
        raise ValueError(f"{', '.join(there)} is there already.")
    for path, text in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("NAME", name).replace("KIND", kind))
    return list(places)
