"""Words into a thread: of a shop order, or a question to a shop. The other side is told by mail, in the same
transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from marketplace.foundation import audit, links
from marketplace.models import User
from shops.models import Message, Shop, ShopOrder, Side, Thread
from shops.orders import reader_mail
from shops.threads import files, letters

MOST_CHARACTERS = 5000
MOST_AN_HOUR = 30
"""Messages of one side in one thread: more is a machine, or two that answer each other."""
MOST_UNCONFIRMED = 3
"""Questions a day that wait for the confirmation of one address: nobody fills another's mailbox from here."""
MOST_FROM_ONE_ADDRESS = 6
"""The same in an hour, from wherever they are asked."""
_SEEN = {side: f"seen_by_{side.value}" for side in Side}


class ThreadError(Exception):
    """It cannot be written; the message says why, to a person."""


@dataclass(frozen=True)
class Words:
    """What is written at once. `once` is the form's or the mail's own word: sent again it gives the first message."""

    text: str
    once: str = ""
    files: Sequence[files.Made] = ()
    by_mail: bool = False


@dataclass(frozen=True)
class Asker:
    """Who asks a question: with an account, or as a guest at an address that is `confirmed` or not."""

    email: str
    name: str
    language: str
    user: User | None = None
    confirmed: bool = False
    asked_from: str = ""


def of_order(shop_order: ShopOrder, *, now: datetime) -> Thread:
    """The thread of a shop order, made where there is none yet. Its reader bought with that address."""
    order = shop_order.order
    language = reader_mail.language_of(order)
    row, _made = Thread.objects.get_or_create(
        shop_order=shop_order,
        defaults={
            "shop": shop_order.shop,
            "language": language,
            "created_at": now,
            "confirmed_at": now,
            "last_at": now,
        },
    )
    return row


def ask(shop: Shop, words: Words, asker: Asker, *, product_id: int | None, now: datetime) -> Thread:
    """A question to a shop. Where the address is not known to be the asker's a mail asks them to confirm it; the shop
    sees nothing before. Raises ThreadError."""
    if shop.status != Shop.Status.ACTIVE:
        raise ThreadError(_("%(shop)s takes no questions at present.") % {"shop": shop.name})
    _check(words)
    once = _once(f"ask:{shop.pk}:{asker.email}", words)
    with transaction.atomic():
        if known := Message.objects.filter(once=once).select_related("thread").first():
            return known.thread
        if not asker.confirmed:
            _check_unconfirmed(asker, now)
        row = Thread.objects.create(
            shop=shop,
            product_id=product_id,
            user=asker.user,
            email=asker.email,
            name=asker.name[:80],
            language=asker.language,
            asked_from=asker.asked_from[:24],
            created_at=now,
            last_at=now,
        )
        message = _message(row, Side.READER, words, by=asker.user, name=asker.name, once=once, now=now)
        if asker.confirmed:
            _come_through(row, [message], now=now)
        else:
            letters.confirm(row, now=now)
    return row


def _check_unconfirmed(asker: Asker, now: datetime) -> None:
    waiting = Thread.objects.filter(confirmed_at=None)
    of_it = waiting.filter(email__iexact=asker.email, created_at__gt=now - timedelta(days=1)).count()
    from_here = waiting.filter(asked_from=asker.asked_from, created_at__gt=now - timedelta(hours=1)).count()
    if of_it >= MOST_UNCONFIRMED or (asker.asked_from and from_here >= MOST_FROM_ONE_ADDRESS):
        raise ThreadError(_("Questions from here wait for their confirmation by mail. Confirm these first."))


def confirm(thread: Thread, *, now: datetime) -> bool:
    """Its address is its reader's: the shop is told. False: it was confirmed before."""
    with transaction.atomic():
        if not Thread.objects.filter(pk=thread.pk, confirmed_at=None).update(confirmed_at=now):
            return False
        thread.refresh_from_db()
        _come_through(thread, list(thread.messages.all()), now=now)
    return True


def _come_through(thread: Thread, messages: Sequence[Message], *, now: datetime) -> None:
    """From now on its shop sees it, and its reader waits."""
    thread.confirmed_at = thread.waits_since = thread.last_at = now
    thread.asked_from = ""
    thread.save(update_fields=["confirmed_at", "waits_since", "last_at", "asked_from"])
    for message in messages:
        letters.written(thread, message, now=now)


def write(
    thread: Thread, side: Side, words: Words, *, by: User | None, name: str = "", said: str = "", now: datetime
) -> Message:
    """One message of `side`, told to the others by mail; `said` is a sentence before it there. Raises ThreadError."""
    _check(words)
    with transaction.atomic():
        row = Thread.objects.select_for_update(of=("self",)).select_related("shop").get(pk=thread.pk)
        once = _once(f"{row.pk}:{side}", words)
        if known := Message.objects.filter(once=once).first():
            return known
        if row.confirmed_at is None:
            raise ThreadError(_("Confirm the address first: the mail says how."))
        if row.messages.filter(side=side, at__gt=now - timedelta(hours=1)).count() >= MOST_AN_HOUR:
            raise ThreadError(_("Those were many messages in one hour. Please wait a while."))
        message = _message(row, side, words, by=by, name=name, once=once, now=now)
        if side == Side.READER:
            row.waits_since = row.waits_since or now
        elif side == Side.SHOP:
            row.waits_since = None
        row.last_at = now
        row.save(update_fields=["waits_since", "last_at"])
        letters.written(row, message, said=said, now=now)
    seen(row, side, message.pk)
    return message


def is_written(thread: Thread, side: Side, words: Words) -> bool:
    """Whether that was written before; of words with `once`."""
    return Message.objects.filter(once=_once(f"{thread.pk}:{side}", words)).exists()


def settle(thread: Thread, *, by: User, now: datetime) -> bool:
    """The shop says that nothing is to be answered. False: nothing was."""
    with transaction.atomic():
        if not Thread.objects.filter(pk=thread.pk).exclude(waits_since=None).update(waits_since=None):
            return False
        audit.record("thread.settle", thread, by=by, shop_id=thread.shop_id)
    return True


def unseen(threads: Iterable[Thread], side: Side) -> list[tuple[Thread, int]]:
    """Those with something new to `side`, each with its last message; one query, none for none."""
    every = {thread.pk: thread for thread in threads}
    last = (
        Message.objects.filter(thread__in=every).values_list("thread").annotate(Max("pk")).order_by() if every else ()
    )
    return [(every[pk], newest) for pk, newest in last if newest > getattr(every[pk], _SEEN[side])]


def look(threads: Iterable[Thread], side: Side) -> None:
    """`side` has them open before it."""
    for thread, last in unseen(threads, side):
        seen(thread, side, last)


def seen(thread: Thread, side: Side, up_to: int) -> None:
    """`side` has seen all messages up to that one. Nothing is written where it had before."""
    column = _SEEN[side]
    if getattr(thread, column) >= up_to:
        return
    Thread.objects.filter(pk=thread.pk).update(**{column: Greatest(F(column), up_to)})
    setattr(thread, column, up_to)


def _check(words: Words) -> None:
    if not words.text.strip() and not words.files:
        raise ThreadError(_("Write something first."))
    if len(words.text) > MOST_CHARACTERS:
        raise ThreadError(_("At most %(most)s characters, please.") % {"most": MOST_CHARACTERS})


def _message(
    thread: Thread, side: Side, words: Words, *, by: User | None, name: str, once: str, now: datetime
) -> Message:
    message = Message.objects.create(
        thread=thread,
        side=side,
        by=by,
        by_name=name[:80],
        text=plain(words.text),
        at=now,
        by_mail=words.by_mail,
        waited_since=thread.waits_since if side == Side.SHOP else None,
        once=once,
    )
    files.keep(message, words.files)
    return message


def plain(text: str) -> str:
    """Text of one's own: no control characters but the end of a line, no marks that turn the direction of what follows
    (they can make a sentence say something else than it shows)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in lines if letter == "\n" or letter == "\t" or _is_text(letter)).strip()


def _is_text(letter: str) -> bool:
    return letter >= " " and letter not in "\x7f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def _once(scope: str, words: Words) -> str:
    """A form's word counts for its own thread and side alone."""
    return links.key_of("halles.message", f"{scope}:{words.once or secrets.token_hex(16)}")
