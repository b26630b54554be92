"""Shop orders left as files in a folder: what each format of such files shares.

A file has its name from our number, is written under another one and then renamed, and replaces none. Whoever reads it
may take it away at once, so that a folder without it proves nothing. What proves that it was left: its name there; or
that we had written it whole (noted as the transmission's reference, just before the renaming) and its unfinished form
is gone. What a layout cannot say comes by e-mail, which the shop gets anyway where a reader takes something back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from marketplace.foundation import folders
from marketplace.foundation.folders.base import UNFINISHED
from marketplace.foundation.logins import Login
from marketplace.foundation.secrets import SecretError
from shops import drops
from shops.channels.base import Channel, ChannelError, Receipt
from shops.channels.email import EmailChannel
from shops.models import Cancellation, Shop, ShopOrder, Transmission

SECONDS = 20.0  # for one call, or one whole SFTP or FTP session
PASSING = {409, 412, 423, 507}  # WebDAV: no such folder yet, somebody was quicker, locked, full


class DropChannel(Channel):
    capabilities = frozenset({"cancel"})
    ending = ".txt"

    # Subclass implementation:
    def unsaid(self, shop_order: ShopOrder) -> bool:
        """Whether the layout has no place for something of this order, which then comes by e-mail."""
        raise NotImplementedError

    def content(self, shop_order: ShopOrder, *, now: datetime) -> bytes:
        """The file. Raises ChannelError where the shop's settings lack something."""
        raise NotImplementedError

    # Subclasses shouldn't need to override:
    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        if self.unsaid(shop_order):
            return EmailChannel(self.shop).send(shop_order, now=now)
        name, content = self.file_name(shop_order), self.content(shop_order, now=now)
        with self.folder() as folder:
            if found := self._look(folder, shop_order):
                return found
            _note(shop_order, "")
            with _errors(certain=True):  # it may be there by half: under this name nobody reads it
                folder.put(name + UNFINISHED, content)
            _note(shop_order, name)
            try:
                folder.rename(name + UNFINISHED, name)
            except folders.FolderError as error:
                if not error.unknown_outcome:  # it was not done: what becomes of the unfinished file proves nothing
                    _note(shop_order, "")
                raise
        return Receipt(reference=name)

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        if self.unsaid(shop_order):
            return EmailChannel(self.shop).look_up(shop_order)
        with self.folder() as folder:
            return self._look(folder, shop_order)

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """By e-mail: someone puts the copies back and says so in the portal."""
        return EmailChannel(self.shop).cancel(cancellation, now=now)

    @contextmanager
    def folder(self, *, of_answers: bool = False) -> Iterator[folders.Folder]:
        """The folder that orders are left in, or answers fetched from. Raises ChannelError, also for what goes wrong
        inside."""
        setup = drops.of(self.shop)
        location = setup.answers if of_answers else setup.location
        if not location:
            raise ChannelError(f"{self.shop} has not said where its orders are left.", permanent=True)
        with _errors():
            try:
                with folders.opened(location, _login(self.shop), seconds=SECONDS) as folder:
                    yield folder
            except folders.ShownKeyError as error:
                drops.saw(self.shop, error.shown)
                raise

    def file_name(self, shop_order: ShopOrder) -> str:
        return f"halles-{shop_order.number}{self.ending}"

    def setting(self, name: str, what: str) -> str:
        """A setting of the shop's that the file needs. Raises ChannelError where it is missing; `what` names it."""
        value: Any = drops.of(self.shop).extra.get(name)
        if not value:
            raise ChannelError(f"{self.shop} has not given {what}.", permanent=True)
        return str(value)

    def _look(self, folder: folders.Folder, shop_order: ShopOrder) -> Receipt | None:
        name = self.file_name(shop_order)
        noted = Transmission.objects.filter(shop_order=shop_order, reference=name).exists()
        if folder.has(name) or (noted and not folder.has(name + UNFINISHED)):
            return Receipt(reference=name)
        return None


def _note(shop_order: ShopOrder, name: str) -> None:
    Transmission.objects.filter(shop_order=shop_order).update(reference=name)


def _login(shop: Shop) -> Login:
    try:
        return drops.login_of(shop)
    except SecretError as error:
        raise ChannelError(str(error), permanent=True) from error


@contextmanager
def _errors(*, certain: bool = False) -> Iterator[None]:
    """`certain`: nothing is known to the shop, however it went wrong."""
    try:
        yield
    except folders.FolderError as error:
        raise ChannelError(
            str(error),
            permanent=error.permanent and error.status not in PASSING,
            unknown_outcome=error.unknown_outcome and not certain,
            later_seconds=error.later_seconds,
            status=error.status,
        ) from error
