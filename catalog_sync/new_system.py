"""The empty files of another shop system that is called: client, adapter, channel, fixture, tests and its page. Filled
in they may have fewer than 200 lines: `shops/systems/ecwid.py` and the two files beside it are what came of them."""

from __future__ import annotations

import re
from pathlib import Path

_KIND = re.compile(r"[a-z][a-z0-9_]{1,28}")
WHAT_NEXT = """
Now add “%(kind)s” to SYSTEMS (shops/systems/__init__.py), STEPS (steps.py beside it: what the shop clicks there),
ADAPTERS (catalog_sync/adapters/__init__.py) and CHANNELS (shops/channels/__init__.py; a system that takes no orders has
none, and they come by mail), write what raises NotImplementedError, and run manage.py shop_systems --write and
scripts/messages: docs/adding-a-shop-system.md. “ecwid” is what may come of it.
"""

CLIENT = '''"""NAME over its interface (which, with its source): the part that adapter and channel share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from shops.systems.access import Access, Found
from shops.systems.calling import Caller

PAGE = 100  # rows of an answer: the most there may be
Row = dict[str, Any]


class NAME:
    """`options`: currency, and what else it needs beside its key."""

    def __init__(self, access: Access) -> None:
        key, self.options = access.secrets.get("key", ""), access.options
        self.caller = Caller("NAME", access.address, {"Authorization": f"Bearer {key}"}, [key])

    def check(self) -> Found:
        """What a first call finds, and what is to be kept of it in `options`. Whatever reading and orders need is asked
        for once, within `self.caller.needing("its name")`: a right that is lacking is told by that."""
        raise NotImplementedError

    def check_context(self) -> None:
        """Whether numbers mean something: `self.caller.same_currency(now, kept)`, and what else they depend on."""
        raise NotImplementedError

    def each(self, what: str, query: Iterable[tuple[str, str]]) -> Iterator[list[Row]]:
        """Page after page: by key, or by number with `shops.systems.paging.by_number`. `self.caller.a(list, answer)`
        refuses what is none."""
        raise NotImplementedError
'''

ADAPTER = '''"""NAME: what its shops sell, prices and stock (`shops.systems.KIND`).

Source: … Which record moves when a sale takes stock? Which number is it? With tax or without?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Lane
from shops.systems.KIND import NAME, Row


class NAMEAdapter(SystemAdapter):
    kind = "KIND"
    whole_lanes = frozenset({Lane.STOCK})  # until it is known what moves with a sale

    def read(self, client: NAME, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        since = [] if changed_since is None else [("updated_since", changed_since.isoformat())]
        for page in client.each("products", since):
            yield [_stated(product) for product in page]


def _stated(product: Row) -> Stated:
    raise NotImplementedError
'''

CHANNEL = '''"""Orders into NAME (`shops.systems.KIND`).

Where is our number, and can it be searched? When is it booked? What does it do with more than there is?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shops.channels.base import OrderState
from shops.channels.lines import answers_of, summed
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.KIND import NAME, Row

BOOKED, GONE = {"paid"}, {"cancelled"}  # its states


class NAMEChannel(SystemChannel):
    kind = "KIND"

    def find(self, client: NAME, number: str) -> Row | None:
        raise NotImplementedError

    def free(self, client: NAME, lines: list[ShopOrderLine]) -> Row:
        raise NotImplementedError

    def enter(self, client: NAME, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> Row:
        """With `money.to_decimal` for prices, and `"\\n".join(messages.delivery_lines(shop_order))` for people."""
        raise NotImplementedError

    def number(self, client: NAME, order: Row) -> str:
        raise NotImplementedError

    def units(self, order: Row) -> dict[str, int]:
        return summed((line["sku"], line["quantity"]) for line in order["lines"])

    def said(self, client: NAME, order: Row) -> OrderState:
        units, stands = self.units(order), order["state"]
        back = units if stands in GONE else {}
        left: dict[str, int] = {}  # of what is still to leave, as it is now: below zero somebody was quicker
        lines = answers_of(units, back, left) if stands in BOOKED | GONE else []
        return self.state(client, order, order["id"], lines, is_booked=stands in BOOKED)

    def changed(self, client: NAME, since: datetime) -> Iterable[Row]:
        raise NotImplementedError
'''

SERVER = '''"""NAME as its documents describe it, as a system under test: `under_test.SystemUnderTest` says what each of
these does, and what else there is for what it `can`. Each source of what is served is named here."""

from __future__ import annotations

from shops.systems import KIND
from shops.systems.access import Access
from tests.systems.json_server import Asked, JsonServer
from tests.systems.known import KNOWN
from tests.systems.under_test import LOOKS_UP, Seen


class NAMEUnderTest(JsonServer):
    kind = "KIND"
    can = frozenset({LOOKS_UP})

    # the shop

    def reset(self) -> None:
        for known in KNOWN:
            self.add(known.sku, known.title, known.gtin, known.price, known.quantity)

    def add(self, sku: str, title: str, gtin: str, minor: int, units: int) -> None:
        raise NotImplementedError

    def entered(self, address: str) -> Access:
        raise NotImplementedError

    def access(self, address: str) -> Access:
        raise NotImplementedError

    def without_context(self, address: str) -> list[Access]:
        raise NotImplementedError

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(KIND, "PAGE", 7)
        return 7

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

    # its interface

    def answer(self, asked: Asked) -> object:
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

PAGE = """# NAME

Written from the documents (each is named in `tests/systems/KIND_server.py`); **tried with no real shop**.

## What the shop does there, once
<!-- the steps are written by `manage.py shop_systems --write` -->
<!-- their end -->

## What is read

## What becomes of an order

## Not found in the documents
"""

FILES = {
    "shops/systems/KIND.py": CLIENT,
    "catalog_sync/adapters/KIND.py": ADAPTER,
    "shops/channels/KIND.py": CHANNEL,
    "tests/systems/KIND_server.py": SERVER,
    "tests/systems/test_KIND.py": TESTS,
    "docs/systems/KIND.md": PAGE,
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
