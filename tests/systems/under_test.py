"""What a system under test can do for the behaviour suite: its fixture is a class of this form, and little more.

Everything here is done as the shop does it in its own system: through another way in than our adapter's and channel's
code (the system's own client, its database, a contract server's methods), so that a mistake of ours is not made twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple, Protocol

from shops.systems.access import Access

# What not every system can do. A test that needs it says so where it is skipped.
COUNTS_ON_HAND = "counts_on_hand"  # it also tells what is on the shelf, promised copies among it
KEEPS_CONTEXT = "keeps_context"  # a good key can be without what makes its numbers mean something: `without_context`
SHIPS = "ships"  # `ship` is there
RENEWS = "renews"  # its tokens run out: `expire_token`
EDITS = "edits"  # the lines of an order can be changed there: `edit`
CANCELS_REST = "cancels_rest"  # what is not sent can be given up when a part was: `cancel_rest`
LOOKS_UP = "looks_up"  # an order can be found by our number
KNOWS_STOCK_CHANGES = "knows_stock_changes"  # it tells of which articles the number changed
SHARES_NUMBERS = "shares_numbers"  # it lets two articles have one number: `renumber`
HAS_PLACES = "has_places"  # it keeps stock at several places, of which one is read: `open_place`
SETS_CLOCK = "sets_clock"  # its clock can be set: `set_clock`
NAMES_EVENTS = "names_events"  # what is signed of its webhooks tells an event from others
SAYS_TAX = "says_tax"  # prices are read as they were entered, without tax here, and it says so: `enter_with_tax`
POSTS_NEWS = "posts_news"  # it posts signed webhooks: `hook_form`, `hook_secret`, `news`


class Seen(NamedTuple):
    """An order as it stands in the system. `units`: by article."""

    reference: str
    units: dict[str, int]
    is_booked: bool  # its units are off the number that we read


class SystemUnderTest(Protocol):
    kind: str  # a key of SYSTEMS, ADAPTERS and CHANNELS
    can: frozenset[str]

    def start(self) -> str:
        """Start the server, or the contract server; its address."""
        ...

    def stop(self) -> None: ...

    def reset(self) -> None:
        """Back to the articles of `known.KNOWN`, with no orders and good keys; called before each test. Their stamps
        are old: a reading of changes must not find what nobody changed."""
        ...

    def access(self, address: str) -> Access:
        """What a shop would enter, and what `check` found, for the server at this address."""
        ...

    def entered(self, address: str) -> Access:
        """What a shop would enter, before anything was called."""
        ...

    def without_context(self, address: str) -> list[Access]:
        """Good keys, and something missing without which numbers mean nothing. With KEEPS_CONTEXT."""
        ...

    def small_pages(self, monkeypatch) -> int:
        """Have our client ask for pages of some 7 articles; how many."""
        ...

    def set_price(self, sku: str, minor: int) -> None:
        """In cents, as readers pay it."""
        ...

    def set_stock(self, sku: str, units: int) -> None:
        """Somebody counted the shelf."""
        ...

    def sell(self, sku: str, units: int) -> None:
        """To another customer, by an order that reserves the copies; nothing is handed over yet."""
        ...

    def archive(self, sku: str) -> None:
        """It is not sold any more; its copies are still there."""
        ...

    def revoke_key(self) -> None:
        """The shop withdraws what we sign in with."""
        ...

    def expire_token(self) -> None:
        """What we sign in with has run out and can be renewed. With RENEWS."""
        ...

    def orders(self, number: str) -> list[Seen]:
        """All orders under our number."""
        ...

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        """So many copies leave the shop. With SHIPS."""
        ...

    def cancel(self, number: str) -> None:
        """The shop gives the order up; where its system does not put the copies back by that, it counts them later."""
        ...

    def edit(self, number: str, sku: str, units: int) -> None:
        """The shop has so many of an article in the order from now on, and not more; 0: its line goes. With EDITS."""
        ...

    def cancel_rest(self, number: str) -> None:
        """The shop gives up what it has not sent, as with `cancel`. With CANCELS_REST."""
        ...

    def renumber(self, sku: str, new: str) -> None:
        """Another number for an article, which another one may have. With SHARES_NUMBERS."""
        ...

    def set_clock(self, ahead: timedelta) -> None:
        """So far ahead of ours (below zero: behind) is its clock from now on, that of its stamps and of its answers'
        `Date`. With SETS_CLOCK."""
        ...

    def enter_with_tax(self) -> None:
        """Prices are with tax from now on, in the same figures. With SAYS_TAX."""
        ...

    @property
    def hook_form(self) -> str:
        """A value of `Webhook.Form`. With POSTS_NEWS."""
        ...

    @property
    def hook_secret(self) -> str:
        """What its messages are signed with. With POSTS_NEWS."""
        ...

    def news(self, sku: str, secret: str) -> tuple[bytes, dict[str, str]]:
        """What it posts when copies of an article are sold, and the headers of that. With POSTS_NEWS."""
        ...
