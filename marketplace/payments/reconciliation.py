"""Every movement on our Stripe balance is a ledger entry and the other way round, to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from marketplace.payments import gateway
from marketplace.payments.ledger import STRIPE
from marketplace.payments.models import LedgerEntry


def unmatched(*, since: datetime) -> list[str]:
    """What does not agree since then, one short text each; empty when all does. Stripe's own payouts to the bank are
    left out: they move what is ours already."""
    booked: dict[str, int] = defaultdict(int)
    for entry in LedgerEntry.objects.filter(at__gte=since).exclude(stripe_id=""):
        booked[entry.stripe_id] += entry.amount_minor * ((entry.debit == STRIPE) - (entry.credit == STRIPE))
    found: list[str] = []
    for movement in gateway.list_balance_transactions(created_since=since):
        if movement.kind == "payout":
            continue
        ours = booked.pop(movement.id, None)
        if ours is None:
            found.append(f"{movement.id} ({movement.kind}, {movement.net_minor} {movement.currency}) is not booked")
        elif ours != movement.net_minor:
            found.append(f"{movement.id}: Stripe says {movement.net_minor}, the ledger {ours}")
    return found + [
        f"{stripe_id} is booked with {amount} and unknown to Stripe" for stripe_id, amount in booked.items()
    ]
