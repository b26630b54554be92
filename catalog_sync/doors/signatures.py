"""Whether a webhook comes from whoever has the secret: the forms of signature in use.

Standard Webhooks (standardwebhooks.com) signs an id, the time of sending and the body. Shopify and WooCommerce sign the
body alone, Square the address that it calls and the body, so that what they send can be sent again by anybody who saw
it: it may be news, never numbers.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from catalog_sync.models import Webhook
from marketplace.foundation.webhook_signing import standard_key

TOLERANCE = timedelta(minutes=5)  # between the sender's clock and ours, with the way here
_MOST_SIGNATURES = 10  # a sender that changes its secret signs with both
_LONGEST_ID = 256
_BODY_SIGNATURE = {
    Webhook.Form.SHOPIFY: "X-Shopify-Hmac-Sha256",
    Webhook.Form.WOOCOMMERCE: "X-WC-Webhook-Signature",
    Webhook.Form.SQUARE: "x-square-hmacsha256-signature",
}
_SECONDS = re.compile(r"[0-9]{1,11}")


class SignatureError(Exception):
    """Not believed; the message says why."""


class Signed(NamedTuple):
    """What the signature covers beside the body: empty and None where the form has none."""

    id: str
    sent_at: datetime | None


def check(
    form: str, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime, address: str = ""
) -> Signed:
    """What was signed, with any of the secrets. `headers`: whatever their case. `address`: the public one under which
    it was posted. Raises `SignatureError`."""
    if form == Webhook.Form.STANDARD:
        return _standard(secrets, headers, body, now=now)
    given = headers.get(_BODY_SIGNATURE[Webhook.Form(form)], "")
    if not given:
        raise SignatureError("The signature is missing.")
    content = address.encode() + body if form == Webhook.Form.SQUARE else body
    if not _matches([given], (secret.encode() for secret in secrets), content):
        raise SignatureError("The signature is wrong.")
    return Signed("", None)


def _standard(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> Signed:
    key, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = [part[3:] for part in headers.get("webhook-signature", "").split()[:_MOST_SIGNATURES] if part[:3] == "v1,"]
    if not (key and seconds and given):
        raise SignatureError("webhook-id, webhook-timestamp or webhook-signature is missing.")
    if len(key) > _LONGEST_ID or not _SECONDS.fullmatch(seconds):
        raise SignatureError("webhook-id or webhook-timestamp is not in its form.")
    content = f"{key}.{seconds}.".encode() + body
    if not _matches(given, map(standard_key, secrets), content):
        raise SignatureError("The signature is wrong.")
    sent_at = datetime.fromtimestamp(int(seconds), UTC)
    if abs(now - sent_at) > TOLERANCE:
        raise SignatureError("The time stamp is more than five minutes from now. Look at the clock; send it anew.")
    return Signed(key, sent_at)


def _matches(given: Sequence[str], keys: Iterable[bytes], content: bytes) -> bool:
    """Every comparison is made, each in constant time: how long it takes says nothing of how near a guess was."""
    found = False
    for key in keys:
        right = base64.b64encode(hmac.digest(key, content, "sha256"))
        for signature in given:
            found |= hmac.compare_digest(right, signature.encode())
    return found
