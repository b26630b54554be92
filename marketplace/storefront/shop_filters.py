"""The list of shops as its address says it: kind of shop, goods, services, open now, within some kilometres of a place.
Nothing here raises for a wrong value; it is left out, since addresses are typed, shortened and shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from marketplace.storefront.place_views import RADII_KM
from search.availability import ShopEntry
from search.forms import readable
from shops.models import DeliveryOption, Shop

_LONGEST_PLACE = 80
GROUPS: Mapping[str, Mapping[str, Any]] = {
    "kind": dict(Shop.Kind.choices),
    "goods": dict(Shop.Goods.choices),
    "service": {**dict(DeliveryOption.Kind.choices), **dict(Shop.Service.choices)},
}
"""The values of each parameter with their names. Of kinds a shop has one: any of those chosen fits. Of goods and
services it has several: all that are chosen must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopChoices:
    """What the reader chose, cleaned. `near`: a place as typed; `km` counts only where a place is known."""

    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_now: bool = False
    near: str = ""
    km: int | None = None

    def parameters(self, **changes: Any) -> str:
        """The address's parameters (without "?") for these choices with some of them changed."""
        query = QueryDict(mutable=True)
        values = {**self.chosen, "open": "1" if self.open_now else "", "near": self.near, "km": self.km, **changes}
        for name, value in values.items():
            if isinstance(value, tuple):
                query.setlist(name, value)
            elif value:
                query[name] = str(value)
        return query.urlencode()

    def fits(self, entry: ShopEntry, *, without: str = "") -> bool:
        """Whether the shop is in the list; `without` leaves one parameter out."""
        return (
            all(_fits(name, values, entry) for name, values in self.chosen.items() if name != without)
            and (not self.open_now or without == "open" or entry.opening.is_open)
            and (self.km is None or entry.distance_km is None or entry.distance_km <= self.km)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """`count`: the shops there would be with it, under all that else is chosen."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    label: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    label: str
    parameters: str


def choices(parameters: QueryDict) -> ShopChoices:
    """Read an address. Values that cannot be are left out."""
    chosen = {
        name: tuple(dict.fromkeys(value for value in parameters.getlist(name)[:50] if value in known))
        for name, known in GROUPS.items()
    }
    near, km = near_of(parameters)
    return ShopChoices(
        chosen={name: values for name, values in chosen.items() if values},
        open_now=parameters.get("open") == "1",
        near=near,
        km=km,
    )


def near_of(parameters: QueryDict) -> tuple[str, int | None]:
    """(a place as typed, kilometres around it) of an address."""
    km = parameters.get("km", "")
    near = readable(parameters.get("near", ""))[:_LONGEST_PLACE]
    return near, int(km) if km in map(str, RADII_KM) else None


def groups(chosen: ShopChoices, entries: Sequence[ShopEntry]) -> list[Group]:
    """The filters with their counts; values that no shop has are left out, unless they are chosen."""
    labels = {"kind": _("Kind of shop"), "goods": _("Goods"), "service": _("Services")}
    found = []
    for name, known in GROUPS.items():
        taken = chosen.chosen.get(name, ())
        others = [entry for entry in entries if chosen.fits(entry, without=name)]
        if name != "kind":
            others = [entry for entry in others if _fits(name, taken, entry)]
        values = tuple(
            Value(value=value, label=str(label), count=count, chosen=value in taken)
            for value, label in known.items()
            if (count := sum(value in _has(name, entry) for entry in others)) or value in taken
        )
        if values:
            found.append(Group(name=name, label=labels[name], values=values))
    return found


def open_count(chosen: ShopChoices, entries: Sequence[ShopEntry]) -> int:
    return sum(entry.opening.is_open for entry in entries if chosen.fits(entry, without="open"))


def chips(chosen: ShopChoices) -> list[Chip]:
    """What is chosen, each with the address without it."""
    found = [
        Chip(
            label=str(GROUPS[name][value]),
            parameters=chosen.parameters(**{name: tuple(other for other in values if other != value)}),
        )
        for name, values in chosen.chosen.items()
        for value in values
    ]
    if chosen.open_now:
        found.append(Chip(label=_("Open now"), parameters=chosen.parameters(open="")))
    return found + near_chips(chosen.near, chosen.km, chosen.parameters)


def near_chips(near: str, km: int | None, parameters: Callable[..., str]) -> list[Chip]:
    """What is chosen of place and distance; `parameters` makes an address with one of them changed."""
    found = []
    if km is not None:
        found.append(Chip(label=_("Within %(km)s km") % {"km": km}, parameters=parameters(km=None)))
    if near:
        found.append(Chip(label=_("Near %(place)s") % {"place": near}, parameters=parameters(near="")))
    return found


def _fits(name: str, values: Sequence[str], entry: ShopEntry) -> bool:
    has = _has(name, entry)
    return any(value in has for value in values) if name == "kind" else all(value in has for value in values)


def _has(name: str, entry: ShopEntry) -> tuple[str, ...]:
    card = entry.card
    if name == "kind":
        return (card.kind,)
    return card.goods if name == "goods" else (*card.services, *(option.kind for option in card.deliveries))
