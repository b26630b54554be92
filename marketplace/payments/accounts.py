"""A shop's account at Stripe: made once, completed by the shop on Stripe's own pages, looked at again each day.

Whoever takes a shop over would have its money go elsewhere: so its people are told of every change, and its money waits
72 hours (`transfers.AFTER_ACCOUNT_CHANGE`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from marketplace.foundation import audit, leases, mail, network
from marketplace.payments import gateway, gateway_watching
from marketplace.payments.models import AccountWatch
from shops import mailing
from shops.models import Shop, ShopMember

LOOK_AGAIN = timedelta(days=1)
BATCH = 50


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
            idempotency_key=f"account:{shop.pk}:{shop.slug}",
        )
        with transaction.atomic():
            won = Shop.objects.filter(pk=shop.pk, stripe_account="").update(
                stripe_account=account.id, stripe_account_changed_at=now
            )
            if won:
                # Looked at: there is no bank account yet, so the first one counts as a change.
                AccountWatch.objects.get_or_create(shop=shop, defaults={"looked_at": now, "due_at": now + LOOK_AGAIN})
                audit.record("shop.connect", shop, shop_id=shop.pk, account=account.id)
                _tell(shop, "account", account.id, now)
        shop.refresh_from_db()
    return refresh(shop, now=now)


def refresh(shop: Shop, *, now: datetime) -> Shop:
    """Record whether the account can receive transfers by now."""
    account = gateway.retrieve_account(shop.stripe_account)
    ready = account.can_receive
    AccountWatch.objects.filter(shop=shop).update(transfers_status=account.transfers_status)
    if ready != shop.stripe_account_ready:
        with transaction.atomic():
            Shop.objects.filter(pk=shop.pk).update(stripe_account_ready=ready)
            audit.record("shop.account_ready" if ready else "shop.account_stopped", shop, shop_id=shop.pk)
            if not ready:
                _tell(shop, "stopped", f"{now:%Y-%m-%d}", now)
        shop.stripe_account_ready = ready
    return shop


def look(shop: Shop, *, now: datetime) -> None:
    """`refresh`, and whether payouts go to another bank account: then its money waits and its people are told."""
    refresh(shop, now=now)
    banks = sorted(
        [bank.id, bank.bank, bank.country, bank.last4]
        for bank in gateway_watching.list_bank_accounts(shop.stripe_account)
    )
    with transaction.atomic():
        AccountWatch.objects.get_or_create(shop=shop, defaults={"due_at": now + LOOK_AGAIN})
        row = AccountWatch.objects.select_for_update(of=("self",)).get(shop=shop)
        is_change = row.looked_at is not None and row.bank_accounts != banks
        AccountWatch.objects.filter(pk=row.pk).update(bank_accounts=banks, looked_at=now)
        if is_change:
            Shop.objects.filter(pk=shop.pk).update(stripe_account_changed_at=now)
            last4 = [bank[3] for bank in banks]
            audit.record("shop.bank_account_changed", shop, shop_id=shop.pk, last4=last4)
            _tell(shop, "bank", ",".join(bank[0] for bank in banks) or f"none {now:%Y-%m-%d}", now, last4=last4)


def watch_accounts(now: datetime) -> int:
    """Step: look at each account once a day, so that a lost event only delays."""
    unknown = Shop.objects.exclude(stripe_account="").filter(account_watch=None)
    AccountWatch.objects.bulk_create(
        [AccountWatch(shop=shop, due_at=now) for shop in unknown[:BATCH]], ignore_conflicts=True
    )
    done = 0
    for row in leases.claim(AccountWatch, now=now, limit=BATCH):
        try:
            look(row.shop, now=now)
        except gateway.PaymentGatewayError as error:
            if error.permanent:
                leases.postpone(row, error=str(error), now=now, permanent=True)
            else:
                leases.wait_for(row, error=str(error), now=now)
            continue
        done += leases.finish(row, due_at=now + LOOK_AGAIN, attempts=0)
    return done


def tell_of_payout(shop: Shop, payout: gateway_watching.Payout, *, now: datetime) -> None:
    """The shop's bank sent its money back: it is at Stripe, and goes out again when the bank account is mended."""
    _tell(shop, "payout", payout.id, now, amount_minor=payout.amount_minor, currency=payout.currency)


def _tell(shop: Shop, what: str, key: str, now: datetime, **context: object) -> None:
    """Its owners, and the shop's own address: whoever took an owner's account over does not read that one."""
    owners = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER).values_list("user__email", flat=True)
    for address in sorted({shop.email, mailing.address(shop, mailing.About.MONEY), *owners}):
        mail.post(
            "account_changed",
            to=address,
            language=shop.language,
            dedupe_key=f"account_changed:{what}:{shop.pk}:{key}:{address}"[:200],
            context={"shop": shop, "what": what, **context},
            now=now,
            shop_id=shop.pk,
        )
