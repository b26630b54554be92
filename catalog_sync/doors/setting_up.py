"""A feed that a shop sets up by itself: a list sent or an address given, its kind found in a child, a trial, and off it
goes. Until then the feed is not active, and nothing of it is seen by anybody else."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from catalog_sync import mapping
from catalog_sync.adapters import ADAPTERS
from catalog_sync.doors import arrivals, hosts, locations, recognising, sftp_logins, trying
from catalog_sync.models import Feed, FeedSetup
from catalog_sync.reading.fetching import local_copy
from catalog_sync.reasons import FeedError, feed_error
from catalog_sync.runs import note_of
from marketplace.foundation import audit, leases, network
from marketplace.models import User
from shops.models import Shop, ShopSystem
from shops.systems import SYSTEMS

FOLDER = ".first-looks"  # below the feeds folder; no feed's own
KEPT_FOR = timedelta(days=30)  # what nobody goes on with, with its secrets
MOST_OPEN = 5  # of a shop
LEASE_SECONDS = 1200
_BLOCK = 1 << 20
_NAMES_TRIED = 1000


class SetupError(Exception):
    """It cannot be begun; the message says why."""


class Connection(NamedTuple):
    """Where a shop's list is fetched from. `location`: https://… or sftp://user@host/path, whose checks are done."""

    location: str
    user: str = ""
    password: str = ""
    private_key: str = ""


def unfinished(shop: Shop) -> list[FeedSetup]:
    """Those that somebody has begun, the newest first."""
    return list(FeedSetup.objects.filter(feed__shop=shop, went_at=None).select_related("feed", "started_by"))


def begin_upload(
    shop: Shop, blocks: Iterable[bytes], *, name: str, made_at: datetime, by: User, now: datetime
) -> FeedSetup:
    """Keep a list that came and look what it is. Raises `ArrivalError`: nothing is kept then."""
    setup = _begun(shop, "", {}, shown_name=name, by=by, now=now)
    try:
        arrivals.receive(setup.feed, blocks, name=name, made_at=made_at, now=now)
    except arrivals.ArrivalError:
        setup.feed.delete()
        raise
    look(setup)
    return setup


def send_another(setup: FeedSetup, blocks: Iterable[bytes], *, name: str, made_at: datetime, now: datetime) -> None:
    """Another list in its place, looked at anew. Raises `ArrivalError`."""
    arrivals.receive(setup.feed, blocks, name=name, made_at=made_at, now=now)
    setup.shown_name = name[:200]
    look(setup)


def begin_connection(shop: Shop, connection: Connection, *, by: User, now: datetime) -> FeedSetup:
    """Keep where a list is, and the secrets; the step calls there within seconds."""
    options = {"user": connection.user} if connection.user else {}
    host = urlsplit(connection.location).hostname or ""
    setup = _begun(shop, connection.location, options, shown_name=host, by=by, now=now)
    setup.feed.keep_password(connection.password)
    if connection.private_key:
        sftp_logins.keep_private_key(setup.feed, connection.private_key)
    look_again(setup, now=now)
    return setup


def begin_system(connection: ShopSystem, label: str, currency: str, *, by: User, now: datetime) -> FeedSetup:
    """What a shop's system that we call has; nothing is to be found out of its kind. Raises `SetupError`."""
    setup = _begun(connection.shop, connection.address, {}, shown_name=label, by=by, now=now, kind=connection.kind)
    if currency:
        Feed.objects.filter(pk=setup.feed_id).update(currency=currency)
        setup.feed.currency = currency
    _keep(setup, kind_found=connection.kind)
    return setup


def look_again(setup: FeedSetup, *, now: datetime) -> None:
    """Its address is called within seconds."""
    _keep(setup, due_at=now, parked_at=None, attempts=0, trouble={}, kind_found="", trial=None)


def confirm_host_key(setup: FeedSetup, shown: str, *, by: User, now: datetime) -> bool:
    """As `sftp_logins.confirm`; then the address is called again."""
    if setup.went_at is not None or not sftp_logins.confirm(setup.feed, shown, by=by, now=now):
        return False
    look_again(setup, now=now)
    return True


def sample_of(setup: FeedSetup) -> Feed:
    """The feed as it reads what is at hand: its list, or the copy that was fetched for a look."""
    feed = copy.copy(setup.feed)
    if not arrivals.takes_lists(feed.location):
        feed.location = f"{FOLDER}/{feed.name}/list"
    return feed


def look(setup: FeedSetup) -> None:
    """Find out what kind of list is at hand; where that cannot be, `trouble` says why and what to do."""
    trouble, found = {}, ""
    try:
        with tempfile.TemporaryDirectory(prefix="look-") as folder:
            file = local_copy(locations.resolve(sample_of(setup).location), Path(folder))
            found = recognising.kind_of(file.path, Path(folder))
    except FeedError as error:
        trouble = _note(setup, error)
    if found:
        choose_kind(setup, found)
    _keep(setup, kind_found=found, trouble=trouble, trial=None, columns_kept=False, due_at=None)


def choose_kind(setup: FeedSetup, kind: str) -> None:
    """A person, or the look at the list, says what it is. What was said of its columns goes. Raises KeyError for a kind
    that we do not know."""
    if kind not in ADAPTERS:
        raise KeyError(kind)
    feed = setup.feed
    feed.kind = kind
    feed.options = {name: value for name, value in feed.options.items() if name not in ("columns", "unused")}
    feed.save(update_fields=["kind", "options"])
    _keep(setup, trouble={}, trial=None, columns_kept=False)


def asks_for_columns(setup: FeedSetup) -> bool:
    return mapping.has_columns(setup.feed)


def keep_columns(setup: FeedSetup, options: dict[str, Any], *, by: User, now: datetime) -> None:
    """A person says what stands in the columns."""
    mapping.remember(setup.feed, options, by=by, now=now)
    _keep(setup, columns_kept=True, trial=None)


def try_it(setup: FeedSetup, *, by: User, now: datetime) -> None:
    """The list at hand, or the system, is read with nothing written. Raises `ArrivalError`, and `FeedError` where it is
    gone."""
    if setup.feed.kind in SYSTEMS:
        _keep(setup, trial=trying.of_system(setup.feed, now=now, by=by))
        return
    with tempfile.TemporaryDirectory(prefix="try-") as folder:
        file = local_copy(locations.resolve(sample_of(setup).location), Path(folder))
        made_at = min(file.stamp or now, now)
        dry = trying.receive(setup.feed, _blocks(file.path), name=file.path.name, made_at=made_at, now=now, by=by)
    _keep(setup, trial=dry)


def go(setup: FeedSetup, *, by: User, now: datetime) -> bool:
    """The feed is active, and read at once. False: it went before."""
    with transaction.atomic():
        if not FeedSetup.objects.filter(pk=setup.pk, went_at=None).update(went_at=now, due_at=None):
            return False
        Feed.objects.filter(pk=setup.feed_id).update(active=True, due_at=now, parked_at=None, attempts=0)
        audit.record("feed.set_up", setup.feed, by=by, shop_id=setup.feed.shop_id, kind=setup.feed.kind)
    shutil.rmtree(_folder_of(setup.feed), ignore_errors=True)
    return True


def give_up(setup: FeedSetup, *, by: User | None) -> bool:
    """Forget it, with its list and its secrets. False: it went meanwhile."""
    feed = setup.feed
    with transaction.atomic():
        if not FeedSetup.objects.select_for_update().filter(pk=setup.pk, went_at=None).exists():
            return False
        audit.record("feed.give_up", feed, by=by, shop_id=feed.shop_id)
        feed.delete()
    shutil.rmtree(_folder_of(feed), ignore_errors=True)
    if arrivals.takes_lists(feed.location):
        shutil.rmtree(locations.resolve(feed.location), ignore_errors=True)
    return True


def look_at_new_feeds(now: datetime) -> int:
    """The step: call one address that waits for its first look, and forget what nobody goes on with. Returns how
    many."""
    for old in FeedSetup.objects.filter(went_at=None, started_at__lt=now - KEPT_FOR).select_related("feed")[:20]:
        give_up(old, by=None)
    open_ = Q(went_at=None)
    for setup in leases.claim(FeedSetup, now=now, limit=1, lease_seconds=LEASE_SECONDS, where=open_):
        host = hosts.visited(setup.feed, setup.feed.location)
        if again := hosts.begin(host, now=now):
            leases.finish(setup, due_at=again, attempts=0)
            return 0
        try:
            _fetch(setup)
        finally:
            hosts.end(host, now=now)
        if not leases.finish(setup, due_at=None):  # given up meanwhile
            shutil.rmtree(_folder_of(setup.feed), ignore_errors=True)
        return 1
    return 0


def _fetch(setup: FeedSetup) -> None:
    """Call its address, and look at what comes."""
    feed = setup.feed
    if feed.kind in SYSTEMS:  # what it is, is known; its connection is tried by itself
        _keep(setup, kind_found=feed.kind)
        return
    try:
        with tempfile.TemporaryDirectory(prefix="look-") as folder, locations.server_key_kept(feed):
            file = local_copy(locations.resolve(feed.location), Path(folder), locations.login_of(feed, feed.location))
            if file.path.stat().st_size > arrivals.LARGEST_BYTES:
                raise feed_error("file_too_large", permanent=True, limit=arrivals.LARGEST_BYTES // 1024**2)
            kept = _folder_of(feed)
            kept.mkdir(parents=True, exist_ok=True)
            shutil.move(file.path, kept / "list")
            stamp = (file.stamp or file.received_at).timestamp()
            os.utime(kept / "list", (stamp, stamp))
    except FeedError as error:
        _keep(setup, trouble=_note(setup, error), kind_found="")
        return
    look(setup)


def _begun(
    shop: Shop,
    location: str,
    options: dict[str, Any],
    *,
    shown_name: str,
    by: User,
    now: datetime,
    kind: str = "csv",
) -> FeedSetup:
    """A feed that is not active, with a name that no other has. Raises `SetupError`."""
    if len(unfinished(shop)) >= MOST_OPEN:
        raise SetupError(_("Several lists are being set up already. Go on with one of them, or give it up."))
    stem = slugify(shop.slug)[:50] or "shop"
    taken = set(Feed.objects.filter(name__startswith=stem).values_list("name", flat=True))
    for number in range(1, _NAMES_TRIED):
        name = f"{stem}-{number}"
        if name in taken:
            continue
        values = {"kind": kind, "active": False, "options": options, "language": shop.language}
        try:
            with transaction.atomic():
                feed = Feed.objects.create(
                    shop=shop,
                    name=name,
                    location=location or f"{name}/",
                    currency=network.current().currency,
                    **values,
                )
                return FeedSetup.objects.create(feed=feed, started_at=now, started_by=by, shown_name=shown_name[:200])
        except IntegrityError:  # somebody else took the name a moment ago
            continue
    raise SetupError(_("Too many feeds have this shop's name. Please ask the network."))


def _keep(setup: FeedSetup, **values: Any) -> None:
    FeedSetup.objects.filter(pk=setup.pk).update(**values)
    for name, value in values.items():
        setattr(setup, name, value)


def _note(setup: FeedSetup, error: FeedError) -> dict[str, Any]:
    return note_of(error.reason) if error.reason else {"code": "", "values": {}, "text": str(error)}


def _folder_of(feed: Feed) -> Path:
    return locations.feeds_folder() / FOLDER / feed.name


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block
