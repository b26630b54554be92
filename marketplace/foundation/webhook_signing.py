"""Standard Webhooks (standardwebhooks.com): secrets and signatures, of what comes and of what goes out."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    """32 random bytes, as both sides keep them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def standard_key(secret: str) -> bytes:
    """The bytes that a secret stands for: 24 to 64, base64 after its prefix. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError(f"{len(key)} bytes")
    return key


def signed(message_id: str, body: bytes, keys: Sequence[str], *, now: datetime) -> dict[str, str]:
    """The headers of a message sent now: signed with each of the secrets, so that one can be changed without a gap."""
    seconds = int(now.timestamp())
    content = f"{message_id}.{seconds}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(standard_key(key), content, "sha256")).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
