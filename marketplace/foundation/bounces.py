"""Mail that comes back later, once the server that took it could not deliver it (RFC 3464). It comes to an envelope
sender that only who was sent that mail knows: `reply+12-b-<mac>@domain`, bound to the mail and to its address. All of
it is a stranger's."""

from __future__ import annotations

import re
from contextlib import suppress
from email.message import Message as Mail

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.encoding import punycode

from marketplace.foundation.models import MailMessage

_TOKEN = re.compile(r"([0-9]{1,18})-b-([0-9a-f]{24})")
_MOST_BLOCKS, _LONGEST = 20, 200
_MAX_KEY = 2**63 - 1


def address(message: MailMessage) -> str:
    """The envelope's sender of a mail; empty where no mail is taken here."""
    local, _at, domain = settings.REPLY_ADDRESS.partition("@")
    return f"{local}+{message.pk}-b-{_mac(message)}@{domain}" if domain else ""


def message_of(recipient: str) -> MailMessage | None:
    """The mail that comes back to that address; None: the address is none of these, or was made up, or the mail goes to
    another address meanwhile."""
    local, _at, domain = recipient.strip().lower().rpartition("@")
    ours, _at, own_domain = settings.REPLY_ADDRESS.lower().partition("@")
    found = _TOKEN.fullmatch(local.removeprefix(f"{ours}+"))
    if not ours or domain != own_domain or not local.startswith(f"{ours}+") or found is None:
        return None
    if (key := int(found[1])) > _MAX_KEY:
        return None
    message = MailMessage.objects.filter(pk=key).first()
    return message if message and constant_time_compare(_mac(message), found[2]) else None


def why_it_failed(mail: Mail, to: str) -> str:
    """What a report says of why a mail was not delivered to that address and never will be; empty: it says no such
    thing (it is only late, or was read, or a machine answers; or it reached them, and not those to whom they send it
    on)."""
    if mail.get_content_type() != "multipart/report":
        return ""
    for part in _inside(mail):
        for block in _inside(part) if part.get_content_type() == "message/delivery-status" else []:
            status = _plain(block.get("status"))
            is_failed = _plain(block.get("action")).lower() == "failed" and status.startswith("5.")
            if is_failed and _as_sent(to) in (
                _address(block, "original-recipient"),
                _address(block, "final-recipient"),
            ):
                return f"{status} {_plain(block.get('diagnostic-code'))}".strip()
    return ""


def _as_sent(to: str) -> str:
    """As servers name it among themselves: a domain in any letters in its `xn--` form."""
    local, at, domain = to.lower().rpartition("@")
    with suppress(UnicodeError):  # it is none that a mail could have gone to
        domain = punycode(domain)
    return f"{local}{at}{domain}"


def _inside(mail: Mail) -> list[Mail]:
    parts = mail.get_payload()
    return [part for part in parts if isinstance(part, Mail)][:_MOST_BLOCKS] if isinstance(parts, list) else []


def _address(block: Mail, field: str) -> str:
    """As `rfc822; name@example.org` says it."""
    return _plain(block.get(field)).rpartition(";")[2].strip().strip("<>").lower()


def _plain(value: object) -> str:
    return re.sub(r"[^ -~]+", " ", str(value or ""))[:_LONGEST].strip()


def _mac(message: MailMessage) -> str:
    value = f"{message.pk}:{message.to.lower()}"
    return salted_hmac("halles.mail-bounce", value, algorithm="sha256").hexdigest()[:24]
