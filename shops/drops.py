"""Where a shop's orders are left as files: kept in `Shop.channel_options["drop"]`, with its secrets sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from marketplace.foundation import audit, folders, leases, links, mail, secrets
from marketplace.foundation.logins import Login, fingerprint
from marketplace.models import User
from shops.models import Cancellation, Shop, Transmission
from shops.systems import keeping

KEY = "drop"
PLAIN = "email"
SECONDS = 20.0
PROBE = ".halles-test.part"


class DropError(Exception):
    """It cannot be so; the message says why."""


@dataclass(frozen=True)
class Drop:
    """`location`, `answers`: folders as `foundation.folders` has them, `answers` empty where none are read. `extra`:
    what a format needs to know (numbers of the parties)."""

    location: str = ""
    answers: str = ""
    user: str = ""
    host_key: str = ""
    seen_key: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def seen_fingerprint(self) -> str:
        """Of the key that waits to be confirmed; empty for none."""
        return fingerprint(self.seen_key) if self.seen_key else ""


def of(shop: Shop) -> Drop:
    """As it is stored now."""
    said = _stored(shop)
    return Drop(**{name: said[name] for name in Drop.__dataclass_fields__ if name in said})


def login_of(shop: Shop) -> Login:
    """Raises `SecretError` where a stored secret does not open."""
    said, row = _stored(shop), _row(shop)
    password, key = (secrets.open_sealed(said[name], row=row) if said.get(name) else "" for name in ("password", "key"))
    return Login(password, key, said.get("host_key", ""), said.get("user", ""))


def set_up(
    shop: Shop, kind: str, wanted: Drop, *, by: User, now: datetime, password: str = "", private_key: str = ""
) -> None:
    """Orders are left there from now on, those that wait too. Empty secrets: those that are stored, as long as the
    server is the same. Raises `DropError`."""
    _check(wanted)
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        said = dict(stored.channel_options.get(KEY, {}))
        if said.get("location") and _server(said["location"]) != _server(wanted.location):
            said = {}  # what was given for one server goes to no other
        before = said.get("location", "")
        said |= {"location": wanted.location, "answers": wanted.answers, "user": wanted.user, "extra": wanted.extra}
        for name, plain in (("password", password), ("key", private_key)):
            if plain:
                said[name] = secrets.seal(plain, row=_row(shop))
        _write(stored, said)
        was = stored.channel
        keeping.take_no_more_orders(shop.pk)
        Shop.objects.filter(pk=shop.pk).update(channel=kind)
        _hand_on(shop.pk, was, kind, now)
        where = _shown(wanted.location)
        entry = audit.record("order_files.set_up", stored, by=by, shop_id=shop.pk, channel=kind, address=where)
        if before != wanted.location:
            _tell(shop, where, now, key=entry.pk)


def end(shop: Shop, *, by: User, now: datetime) -> None:
    """Orders come by e-mail from now on, those that wait too."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        if KEY not in stored.channel_options:
            return
        stored.channel_options = {name: value for name, value in stored.channel_options.items() if name != KEY}
        stored.save(update_fields=["channel_options"])
        was = stored.channel
        Shop.objects.filter(pk=shop.pk).update(channel=PLAIN)
        _hand_on(shop.pk, was, PLAIN, now)
        entry = audit.record("order_files.end", stored, by=by, shop_id=shop.pk)
        _tell(shop, "", now, key=entry.pk)


def try_it(shop: Shop) -> None:
    """Sign in, write a file, take it away, list the answers. Raises `FolderError`, in words for people; an SFTP
    server's key that nobody confirmed is kept for a person."""
    setup, login = of(shop), login_of(shop)
    try:
        with folders.opened(setup.location, login, seconds=SECONDS) as folder:
            folder.put(PROBE, b"Halles\n")
            folder.remove(PROBE)
        if setup.answers:
            with folders.opened(setup.answers, login, seconds=SECONDS) as folder:
                folder.entries()
    except folders.ShownKeyError as error:
        saw(shop, error.shown)
        raise


def saw(shop: Shop, host_key: str) -> None:
    """The server has shown a key that nobody has confirmed."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        _write(stored, dict(stored.channel_options.get(KEY, {})) | {"seen_key": host_key})


def confirm(shop: Shop, shown: str, *, by: User, now: datetime) -> bool:
    """A person has compared the fingerprint `shown`: from now on the server is believed by that key, and what waits is
    left there. False: that is not the key that was seen last."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        said = dict(stored.channel_options.get(KEY, {}))
        if not said.get("seen_key") or fingerprint(said["seen_key"]) != shown:
            return False
        _write(stored, said | {"host_key": said["seen_key"], "seen_key": ""})
        audit.record("sftp_key.confirm", stored, by=by, shop_id=shop.pk, fingerprint=shown)
        _hand_on(shop.pk, stored.channel, stored.channel, now)
    return True


def note(shop: Shop, name: str, value: Any) -> None:
    """Keep a fact of ours beside it (when answers were read last)."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        if KEY in stored.channel_options:
            _write(stored, dict(stored.channel_options[KEY]) | {name: value})


def noted(shop: Shop, name: str) -> Any:
    return _stored(shop).get(name)


def _check(wanted: Drop) -> None:
    if not wanted.location:
        raise DropError("No folder is named.")
    if wanted.answers and _server(wanted.answers) != _server(wanted.location):
        raise DropError("Answers are read from the server that the orders are left at.")
    if wanted.answers == wanted.location:
        raise DropError("Answers need a folder of their own.")


def _server(location: str) -> tuple[str, str]:
    parts = urlsplit(location)
    return parts.scheme, parts.netloc


def _hand_on(shop_id: int, was: str, kind: str, now: datetime) -> None:
    """What has not arrived goes the new way, and what was parked is tried again."""
    waiting = Transmission.objects.filter(shop=shop_id, channel=was, sent_at=None)
    if kind != PLAIN:  # who is still to be asked for what may be there
        waiting = waiting.exclude(outcome=Transmission.Outcome.UNKNOWN)
    waiting.update(channel=kind)
    leases.unpark(list(Transmission.objects.filter(shop=shop_id, channel=kind).exclude(parked_at=None)), now=now)
    told = Cancellation.objects.filter(shop=shop_id, line__shop_order__transmission__channel=kind)
    leases.unpark(list(told.exclude(parked_at=None)), now=now)


def _stored(shop: Shop) -> dict[str, Any]:
    options = Shop.objects.filter(pk=shop.pk).values_list("channel_options", flat=True).first() or {}
    return dict(options.get(KEY, {}))


def _write(stored: Shop, said: dict[str, Any]) -> None:
    stored.channel_options = {**stored.channel_options, KEY: said}
    stored.save(update_fields=["channel_options"])


def _row(shop: Shop) -> str:
    return f"{Shop._meta.label_lower}:{shop.pk}:drop"


def _shown(location: str) -> str:
    """Without the user."""
    parts = urlsplit(location)
    return location if not parts.scheme else f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _tell(shop: Shop, where: str, now: datetime, *, key: int) -> None:
    tell_changed(shop, where, key=str(key), now=now)


def tell_changed(shop: Shop, where: str, *, key: str, now: datetime, system: str = "") -> None:
    """Whoever has got hold of an owner's account does not lead the orders elsewhere in silence. `where`: empty for by
    e-mail; with `system` it is that system's address."""
    mail.post(
        "shop_order_files_changed",
        to=shop.email,
        language=shop.language,
        dedupe_key=f"shop_order_files_changed:{key}",
        context={
            "shop": shop,
            "where": where,
            "system": system,
            "url": links.absolute(f"/portal/{shop.slug}/channel/"),
        },
        now=now,
        shop_id=shop.pk,
    )
