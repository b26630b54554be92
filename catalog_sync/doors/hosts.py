"""A shop's server is called by one of our processes at a time, and left in peace in between: many shops keep their
feeds with the same provider."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Q

from catalog_sync.models import Feed, HostVisit
from shops.systems import SYSTEMS

PAUSE = timedelta(seconds=5)
LONGEST_NAME = 230  # a name has 253 characters at most (RFC 1035), and a shop's number must fit beside it
LONGEST = timedelta(hours=1)  # of a visit: after that its process is taken for dead


def host_of(location: str) -> str:
    """Of an address; empty for a path. Cut where no host's name can be so long: the fetching refuses it."""
    return (urlsplit(location).hostname or "")[:LONGEST_NAME] if "://" in location else ""


def visited(feed: Feed, location: str) -> str:
    """`host_of` what a feed is read from. Of a system that we call, that shop's alone: where all have one address each
    calls with a key of its own, and what is asked of that one concerns no other."""
    host = host_of(location)
    return f"{host} {feed.shop_id}" if host and feed.kind in SYSTEMS else host


def begin(host: str, *, now: datetime) -> datetime | None:
    """None: the host is ours until `end`. Else when to try again."""
    HostVisit.objects.bulk_create([HostVisit(host=host, free_at=now)], ignore_conflicts=True)
    free = Q(free_at__lte=now) & (Q(busy_until=None) | Q(busy_until__lt=now))
    if HostVisit.objects.filter(free, host=host).update(busy_until=now + LONGEST):
        return None
    visit = HostVisit.objects.get(host=host)
    return max(visit.free_at, now + PAUSE)


def end(host: str, *, now: datetime, later_seconds: int = 0) -> None:
    """The visit is over; the next one after a pause, or as late as the host asks."""
    free_at = now + max(PAUSE, timedelta(seconds=later_seconds))
    HostVisit.objects.filter(host=host).update(busy_until=None, free_at=free_at)
