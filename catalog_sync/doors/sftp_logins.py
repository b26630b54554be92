"""How a feed signs in to its shop's SFTP server, and the server's key, which a person confirms once."""

from __future__ import annotations

from datetime import datetime

from catalog_sync.doors import scheduling
from catalog_sync.models import Feed, SftpLogin
from catalog_sync.reading.sftp_login import Login, fingerprint
from marketplace.foundation import audit
from marketplace.models import User


def login_of(feed: Feed) -> Login:
    """Raises `SecretError` where a stored secret does not open."""
    kept = SftpLogin.objects.filter(feed=feed).first()
    return Login(feed.password, kept.private_key if kept else "", kept.host_key if kept else "")


def saw(feed: Feed, host_key: str, *, now: datetime) -> None:
    """The server has shown a key that nobody has confirmed."""
    SftpLogin.objects.update_or_create(feed=feed, defaults={"seen_key": host_key, "seen_at": now})


def confirm(feed: Feed, shown: str, *, by: User, now: datetime) -> bool:
    """A person has compared the fingerprint `shown`: from now on the server is believed by that key; the feed is read.
    False: that is not the key that was seen last."""
    kept = SftpLogin.objects.filter(feed=feed).exclude(seen_key="").first()
    if kept is None or fingerprint(kept.seen_key) != shown:
        return False
    same = SftpLogin.objects.filter(pk=kept.pk, seen_key=kept.seen_key)
    if not same.update(host_key=kept.seen_key, seen_key="", seen_at=None, confirmed_by=by):
        return False
    audit.record("sftp_key.confirm", feed, by=by, shop_id=feed.shop_id, fingerprint=shown)
    scheduling.read_soon(feed, at=now, now=now, parked_at=None, attempts=0)
    return True


def seen_fingerprint(feed: Feed) -> str:
    """Of the key that waits to be confirmed; empty for none."""
    kept = getattr(feed, "sftp", None)
    return fingerprint(kept.seen_key) if kept and kept.seen_key else ""


def keep_private_key(feed: Feed, plain: str) -> None:
    """Stored encrypted, for this feed alone; empty: none."""
    kept, _made = SftpLogin.objects.get_or_create(feed=feed)
    kept.keep_private_key(plain)
    kept.save(update_fields=["sealed_key"])
