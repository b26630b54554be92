"""Where a reader looks for what no list of ours has: the distributor's catalogue that the network names."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlsplit

from marketplace.foundation import network
from search import text


class Elsewhere(NamedTuple):
    name: str
    address: str


def elsewhere(typed: str) -> Elsewhere | None:
    """The catalogue's own page for these words. None where no catalogue is named, where nothing was typed, and where
    it can only be asked for a number and there is none."""
    current = network.current()
    number = text.isbn_query(typed)
    template = current.distributor_address
    if not template or not typed or ("{query}" not in template and number is None):
        return None
    words = quote(str(number) if number else typed, safe="")
    address = template.replace("{isbn}", str(number or "")).replace("{query}", words)
    return Elsewhere(current.distributor_name or urlsplit(template).netloc, address)
