"""Where a reader may be, found without asking anyone: from the cities and postcodes of the shops themselves."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.foundation.places import distance_km
from search import directory, text
from search.availability import Place

_SHORTEST_PREFIX = 2
"""Characters of a postcode that must fit a shop's; a letter alone is a whole region in Canada, and enough there."""


def cities() -> list[str]:
    """Cities with a shop, each once, in alphabetical order."""
    return sorted({card.city for card in directory.active().values() if card.position}, key=text.key)


def find(typed: str, *, radius_km: int) -> Place | None:
    """A city, a shop's name or a postcode (or its beginning) that fits some shop; None where none does."""
    words = " ".join(typed.split())[:80]
    key = text.key(words)
    if not key:
        return None
    cards = [card for card in directory.active().values() if card.position]
    by_city = [card.position for card in cards if text.key(card.city) == key]
    by_name = [card.position for card in cards if text.key(card.name) == key]
    by_postcode = _by_postcode(words, [(card.postcode, card.position) for card in cards if card.position])
    for positions, label in ((by_city, words), (by_postcode, words.upper()), (by_name, words)):
        if positions:
            latitude, longitude = _middle([position for position in positions if position])
            return Place(latitude=latitude, longitude=longitude, label=label, radius_km=radius_km)
    return None


def label_of(latitude: float, longitude: float) -> str:
    """The city of the nearest shop, for a place that a browser gave as numbers; empty where no shop has a position."""
    cards = [card for card in directory.active().values() if card.position]
    nearest = min(cards, key=lambda card: distance_km(card.position or (0, 0), (latitude, longitude)), default=None)
    return nearest.city if nearest else ""


def _by_postcode(typed: str, known: Iterable[tuple[str, tuple[float, float]]]) -> list[tuple[float, float]]:
    """Positions of the shops whose postcodes share the longest beginning with what was typed."""
    wanted = _bare(typed)
    if not any(character.isdigit() for character in wanted):
        return []
    shared = [(_shared(wanted, _bare(postcode)), position) for postcode, position in known]
    longest = max((length for length, _ in shared), default=0)
    enough = longest >= min(_SHORTEST_PREFIX, len(wanted)) or (longest == 1 and wanted[0].isalpha())
    return [position for length, position in shared if length == longest] if enough else []


def _bare(postcode: str) -> str:
    return "".join(character for character in postcode.upper() if character.isalnum())


def _shared(one: str, other: str) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _middle(positions: list[tuple[float, float]]) -> tuple[float, float]:
    """Good enough within a city: the mean of the degrees."""
    return (
        round(sum(latitude for latitude, _ in positions) / len(positions), 4),
        round(sum(longitude for _, longitude in positions) / len(positions), 4),
    )
