"""What a shop system is to those who connect it: what is asked for, and what its client can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol


@dataclass(frozen=True)
class Asked:
    """One thing that a shop enters to connect its system. `name`: "address", or a key of `Access.options`, or with
    `is_secret` of `Access.secrets`. `label`, `help_text`: texts to translate."""

    name: str
    label: Any
    help_text: Any = ""
    is_secret: bool = False
    is_needed: bool = True


@dataclass(frozen=True)
class Access:
    """What a client needs to call one shop's system, as plain values."""

    kind: str
    address: str
    options: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Found:
    """What a first call found. `name`: of the shop, as its system calls it. `articles`: how many it sells, None where
    it does not say. `options`: what is to be kept beside what was entered, such as the number of its warehouse;
    `elsewhere`: that its orders may be taken from another place than the one whose copies are counted. `with_tax`:
    whether its prices, which are read as they were entered, are; None where both can be asked for, or it is unknown."""

    name: str
    currency: str = ""
    articles: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    takes_orders: bool = False
    with_tax: bool | None = None


class Client(Protocol):
    """What every client can do beside what its own adapter and channel ask it. Raises SystemCallError alone. One whose
    system keeps copies at several places has `is_elsewhere() -> bool` too, which is asked again and again: `elsewhere`
    as `Found.options` has it, as it stands now."""

    def __init__(self, access: Access) -> None: ...

    def check(self) -> Found:
        """Call the system and see whether all that reading needs is there."""
        ...


def sold(client: Any, skus: Collection[str]) -> Counter[str]:
    """{article number: how many articles there are sold under it}, of these. The client of a system that lets no two
    have one has no `shared`, and nothing is counted. Raises SystemCallError."""
    wanted = sorted({sku for sku in skus if sku})
    if not wanted or not hasattr(client, "shared"):
        return Counter()
    return Counter(number for _key, number in set(client.shared(wanted)))


def shared(client: Any, skus: Collection[str]) -> set[str]:
    """Of these article numbers those under which several are sold: which of them is meant, nobody can say."""
    counts = sold(client, skus)
    return {sku for sku in skus if counts[sku] > 1}


@dataclass(frozen=True)
class System:
    """A shop system that we call. `renews`: its tokens run out, and the client has `needs_renewal(access, now)` and
    `renew(access) -> secrets` (`shops.systems.keeping`). `numbers`: which of StockKind's it tells; none: whether an
    article is there, and not how often. `booked`: from when on its number is without the units of an order of ours.
    `steps`: what the shop does there before it connects it, texts to translate."""

    label: Any
    client: str  # dotted path
    asks: tuple[Asked, ...]
    numbers: tuple[str, ...] = ()
    booked: Any = ""
    steps: tuple[Any, ...] = ()
    has_gtin: bool = True
    webhooks: bool = False
    renews: bool = False

    @property
    def client_class(self) -> Any:
        module, _, name = self.client.rpartition(".")
        return getattr(import_module(module), name)

    def client_for(self, access: Access) -> Any:
        return self.client_class(access)
