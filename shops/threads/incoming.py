"""An answer by mail, into its thread. All of it is a stranger's: its size, its headers, its sender. Who may write is
who has the address of the thread and writes from their own; what machines answer by themselves goes nowhere."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import datetime
from email.header import decode_header
from email.message import Message as Mail
from email.utils import getaddresses

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import bounces, links, network
from marketplace.foundation import mail as outbox
from marketplace.models import User
from shops import queries
from shops.models import Shop, ShopOrder, Side, Thread
from shops.threads import files, letters, quoting, replying, writing
from shops.threads.writing import MOST_CHARACTERS, Words

MOST_BYTES = 25 * 2**20
MOST_PARTS = 60
_LONGEST_HEADER = 2000
_MACHINES = {"bulk", "junk", "list", "auto_reply"}
_CUT = " […]"


class MailError(Exception):
    """It is not taken; the text tells its sender why, in a sentence."""


class UnknownError(MailError):
    """The address names no thread."""


class NotTheirsError(MailError):
    """Whoever it is from is none of the thread's people."""


class DroppedError(Exception):
    """A machine wrote it: nobody is told."""


def take(raw: bytes, *, recipient: str = "", sender: str | None = None, now: datetime) -> writing.Message:
    """Write what a mail says into the thread that its recipient names. `recipient` and `sender` are the envelope's,
    where the mail server tells them. Raises MailError, which its sender is to read, and DroppedError."""
    if len(raw) > MOST_BYTES:
        raise MailError(_("This mail is too large: at most %(most)s MB.") % {"most": MOST_BYTES // 2**20})
    try:
        mail = email.message_from_bytes(raw)
        parts = _parts(mail)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MailError(_("This mail cannot be read.")) from error
    _take_back(mail, recipient, now)
    _drop_machines(mail, sender)
    with transaction.atomic():  # who may not write begins no thread
        found = _thread_of(mail, recipient, now)
        if found is None:
            raise UnknownError(_("This address takes no mail. Answer the last mail you had, or on its page."))
        thread, side = found
        with translation.override(thread.language if side == Side.READER else thread.shop.language):
            return _into(thread, side, mail, parts, now=now)


def _into(thread: Thread, side: Side, mail: Mail, parts: list[Mail], *, now: datetime) -> writing.Message:
    address = _addresses(mail, "from")[:1]
    person = _person(thread, side, address[0] if address else "")
    text = quoting.own_words(_text(parts))
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS - len(_CUT)] + _CUT
    try:
        words = Words(text, once=_once(mail, parts), files=files.made(_attached(parts)), by_mail=True)
        return writing.write(thread, side, words, by=person, name=_name(thread, side, person), now=now)
    except (files.FileError, writing.ThreadError) as error:
        raise MailError(str(error)) from error  # without an address: who reads a bounce is not known


def _take_back(mail: Mail, recipient: str, now: datetime) -> None:
    """What comes to the envelope's sender of a mail of ours is about that mail alone, and goes into no thread."""
    for one in _recipients(mail, recipient):
        if (message := bounces.message_of(one)) is not None:
            why = bounces.why_it_failed(mail, message.to)
            known = bool(why) and outbox.came_back(message, why, now=now)
            raise DroppedError(
                f"Mail {message.pk} came back." if known else "About a mail of ours; it says nothing new."
            )


def _drop_machines(mail: Mail, sender: str | None) -> None:
    """Absence notes, bounces, lists, and our own mails that come back: RFC 3834, and what older programs set."""
    said = _header(mail, "auto-submitted").lower().partition(";")[0].strip()
    if said not in ("", "no"):
        raise DroppedError(f"Auto-Submitted: {said}")
    if _header(mail, "precedence").lower().strip() in _MACHINES:
        raise DroppedError("Precedence")
    for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "list-id"):
        if mail.get(name) is not None and not (name.startswith("x-auto-response") and not _is_absence(mail)):
            raise DroppedError(name)
    if sender == "" or _header(mail, "return-path").strip() == "<>":
        raise DroppedError("It has no sender: a bounce.")
    if mail.get_content_type() in ("multipart/report", "message/delivery-status", "message/disposition-notification"):
        raise DroppedError(mail.get_content_type())
    ours = {network.current().sender_email.lower(), settings.REPLY_ADDRESS.lower()}
    if any(one in ours or replying.read(one) for one in _addresses(mail, "from")):
        raise DroppedError("It is our own.")


def _is_absence(mail: Mail) -> bool:
    """Exchange asks others for silence in all its mails; in its own absence notes the subject says what they are."""
    subject = _decoded(_header(mail, "subject")).lower()
    return subject.startswith(("automatic reply", "réponse automatique", "out of office", "absence du bureau"))


def _thread_of(mail: Mail, recipient: str, now: datetime) -> tuple[Thread, Side] | None:
    for one in _recipients(mail, recipient):
        if named := replying.read(one):
            row = _thread(named, now)
            return (row, named.side) if row else None
    return None


def _thread(named: replying.Named, now: datetime) -> Thread | None:
    key = named.number
    if named.is_order:
        shop_order = ShopOrder.objects.select_related("shop", "order__user").filter(pk=key).first()
        if shop_order is None:
            return None
        key = writing.of_order(shop_order, now=now).pk
    rows = Thread.objects.select_related("shop", "shop_order__order__user", "product", "user")
    return rows.filter(pk=key, confirmed_at__isnull=False).first()


def _recipients(mail: Mail, recipient: str) -> list[str]:
    names = () if recipient else ("delivered-to", "x-original-to", "to", "cc")
    return [recipient] if recipient else [one for name in names for one in _addresses(mail, name)]


def _person(thread: Thread, side: Side, address: str) -> User | None:
    """Who of the thread's people it is from; None: a guest, or the shop's own mailbox. Raises NotTheirsError."""
    address = address.lower()
    if side == Side.SHOP:
        if thread.shop.status == Shop.Status.LEFT:
            raise NotTheirsError(_("The shop has left."))
        person = User.objects.filter(email__iexact=address, is_active=True).first() if address else None
        if person and queries.can_work(person, thread.shop):
            return person
        if address in {thread.shop.email.lower(), letters.address_at_shop(thread).lower()} - {""}:
            return None
    else:
        account = thread.user or (thread.shop_order.order.user if thread.shop_order else None)
        if address and address == letters.reader_address(thread).lower():
            return account
        if account and EmailAddress.objects.filter(user=account, email__iexact=address, verified=True).exists():
            return account
    raise NotTheirsError(
        _("Your address is not the one that this was sent to. Write from that one, or on the page: %(url)s")
        % {"url": links.absolute("/")}
    )


def _name(thread: Thread, side: Side, person: User | None) -> str:
    if person:
        return person.get_full_name()
    checkout = getattr(thread.shop_order.order, "checkout", None) if thread.shop_order else None
    return "" if side == Side.SHOP else thread.name or (checkout.name if checkout else "")


def _once(mail: Mail, parts: list[Mail]) -> str:
    """The same mail that comes again is the same message."""
    return _header(mail, "message-id").strip() or f"{_header(mail, 'date')}{_text(parts)}"


def _parts(mail: Mail) -> list[Mail]:
    """What is in it, without the containers; mails that are attached are not opened."""
    return list(_leaves(mail, MOST_PARTS))


def _leaves(mail: Mail, most: int) -> Iterator[Mail]:
    waiting, seen = [mail], 0
    while waiting and seen < most:
        part, seen = waiting.pop(0), seen + 1
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting += [one for one in inside if isinstance(one, Mail)]
        elif not isinstance(inside, list):
            yield part


def _text(parts: list[Mail]) -> str:
    """The first text that is not attached; else what its HTML says."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and not _is_attached(part):
                text = _decoded_payload(part)
                return text if kind == "text/plain" else quoting.text_of_html(text)
    return ""


def _attached(parts: list[Mail]) -> list[files.Sent]:
    """Files that can be kept; what else mail programs send along (logos, cards, other mails) is left out."""
    found = []
    for part in parts:
        content_type = part.get_content_type()
        if content_type.startswith("text/") or not (content_type.startswith("image/") or _is_attached(part)):
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or not _is_kept(content, part):
            continue
        found.append(files.Sent(_file_name(part), content))
    return found[: files.MOST]


def _is_kept(content: bytes, part: Mail) -> bool:
    """Small pictures that stand in the text are signatures' logos."""
    if content.startswith(b"%PDF-"):
        return True
    inline = not _is_attached(part) and len(content) < 20_000
    return part.get_content_maintype() == "image" and part.get_content_subtype() != "svg+xml" and not inline


def _is_attached(part: Mail) -> bool:
    return _header(part, "content-disposition").lower().lstrip().startswith("attachment")


def _file_name(part: Mail) -> str:
    try:
        return _decoded(str(part.get_filename() or "file"))[:200]
    except (ValueError, LookupError, TypeError, AttributeError):
        return "file"


def _decoded_payload(part: Mail) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(str(part.get_content_charset() or "utf-8"), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _decoded(value: str) -> str:
    try:
        pieces = decode_header(value)
        return "".join(
            piece.decode(charset or "ascii", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in pieces
        )
    except (ValueError, LookupError):
        return value


def _header(mail: Mail, name: str) -> str:
    return str(mail.get(name) or "")[:_LONGEST_HEADER]


def _addresses(mail: Mail, name: str) -> list[str]:
    values = [str(value)[:_LONGEST_HEADER] for value in (mail.get_all(name) or [])[:5]]
    try:
        return [address for _said, address in getaddresses(values) if "@" in address]
    except (RecursionError, ValueError, IndexError, TypeError):  # comments within comments within comments
        return []
