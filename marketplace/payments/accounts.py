"""A shop's account at Stripe: made once, completed by the shop on Stripe's own pages, looked at again."""

from __future__ import annotations

from datetime import datetime

from marketplace.foundation import audit, network
from marketplace.payments import gateway
from shops.models import Shop


class RegionError(Exception):
    """The shop lies outside the network's country: Stripe does not transfer across that border."""


def connect(shop: Shop, *, now: datetime) -> Shop:
    """Make the account if the shop has none. Raises RegionError, PaymentGatewayError."""
    home = network.current()
    if shop.country != home.country:
        raise RegionError(
            f"{shop.name} is in {shop.country}, the network is in {home.country}: payments can only be passed on to "
            f"shops in {home.country}."
        )
    if not shop.stripe_account:
        account = gateway.create_account(
            country=shop.country,
            currency=home.currency,
            email=shop.email,
            display_name=shop.name,
            metadata={"shop": str(shop.pk)},
            idempotency_key=f"account:{shop.pk}",
        )
        Shop.objects.filter(pk=shop.pk, stripe_account="").update(
            stripe_account=account.id, stripe_account_changed_at=now
        )
        shop.refresh_from_db()
        audit.record("shop.connect", shop, shop_id=shop.pk, account=account.id)
    return refresh(shop, now=now)


def refresh(shop: Shop, *, now: datetime) -> Shop:
    """Record whether the account can receive transfers by now."""
    ready = gateway.retrieve_account(shop.stripe_account).can_receive
    if ready != shop.stripe_account_ready:
        Shop.objects.filter(pk=shop.pk).update(stripe_account_ready=ready)
        audit.record("shop.account_ready" if ready else "shop.account_stopped", shop, shop_id=shop.pk)
        shop.stripe_account_ready = ready
    return shop
