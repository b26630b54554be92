"""Stored secrets: encrypted, and bound to their row, so that a copied ciphertext opens nowhere else."""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PREFIX = "v1:"


class SecretError(Exception):
    """A stored secret cannot be opened: another key, another row, or it was tampered with."""


def seal(plain: str, *, row: str) -> str:
    """Encrypt `plain` for one row, named for example "shops.shop:12:channel"."""
    nonce = os.urandom(12)
    sealed = AESGCM(_key()).encrypt(nonce, plain.encode(), row.encode())
    return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()


def open_sealed(stored: str, *, row: str) -> str:
    """Decrypt what `seal` made for the same row. Raises SecretError."""
    if not stored.startswith(_PREFIX):
        raise SecretError(f"The secret of {row} is not in a known form.")
    raw = base64.urlsafe_b64decode(stored[len(_PREFIX) :])
    try:
        return AESGCM(_key()).decrypt(raw[:12], raw[12:], row.encode()).decode()
    except InvalidTag as error:
        raise SecretError(
            f"The secret of {row} does not open: the key changed, or it belongs to another row."
        ) from error


def _key() -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"halles stored secrets").derive(settings.FIELD_KEY.encode())
