"""What a row is known by at Stripe and other services. Row ids are no names there: after a restore from a backup the
same ids are given again, to other rows, while the service still has the objects and answers of the lost ones."""

from __future__ import annotations

import secrets


def new_reference() -> str:
    """20 hexadecimal letters: 80 bits, of which no two are ever the same."""
    return secrets.token_hex(10)
