"""The one guard of what a reader may still change in a checkout."""

from __future__ import annotations

from marketplace.checkout.models import Checkout


def locked(checkout: Checkout) -> bool:
    """Whether it is still being filled in; its row is locked then, so call it inside a transaction. Whoever freezes it
    meanwhile has done so before (False: what is frozen stays as the reader agreed to it) or waits for us."""
    return Checkout.objects.select_for_update().filter(pk=checkout.pk, state=Checkout.State.OPEN).exists()
