"""Who keeps the accounts of a local currency: here (`local_kept.py`), or an outside service (`local_service.py`).
Another is a class with the functions of `Provider` in a file of its own, and a row in PROVIDERS."""

from __future__ import annotations

from marketplace.payments.local_kept import Kept
from marketplace.payments.local_provider import Provider
from marketplace.payments.local_service import Service
from marketplace.payments.models import LocalCurrency

PROVIDERS: dict[str, Provider] = {LocalCurrency.Provider.KEPT: Kept(), LocalCurrency.Provider.SERVICE: Service()}


def of(currency: LocalCurrency) -> Provider:
    return PROVIDERS[currency.provider]
