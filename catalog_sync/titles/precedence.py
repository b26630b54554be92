"""Who is believed about a title: the one table. Within a rank the fuller value wins, then the newer one (`folding`)."""

from __future__ import annotations

from catalog_sync.models import Feed
from marketplace.catalogue.folding import SHOP_RANK as SHOP

EDIT, PUBLISHER, WHOLESALER, SERVICE = -1, 0, 1, 2

# An operator's edit, then whoever made it, then the trade, then the bibliographic service, then whoever sells it.
RANKS: dict[str, int] = {
    Feed.Sender.PUBLISHER: PUBLISHER,
    Feed.Sender.WHOLESALER: WHOLESALER,
    Feed.Sender.SHOP: SHOP,
}
# Whose a feed of this kind is unless it says so itself; every other kind is a shop's.
SENDERS: dict[str, str] = {"onix": Feed.Sender.PUBLISHER, "tite_live": Feed.Sender.WHOLESALER}

# Names of the sources that are no feed. A feed's name is a slug: no colon begins it.
OPERATOR, SERVICE_NAME = ":operator", ":service"


def sender_of(kind: str, sender: str) -> str:
    """Who sends a feed of this kind, where it may say so itself."""
    return sender or SENDERS.get(kind, Feed.Sender.SHOP)


def rank_of(kind: str, sender: str) -> int:
    return RANKS[sender_of(kind, sender)]
