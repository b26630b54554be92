"""What money does after it moved: given back after the shop was paid, sent back by a bank, disputed, charged for.

| account | holds |
|---|---|
| goodwill | what the network gave back to readers out of its own (debits are positive) |
| disputes | what banks took back and their fees, until it is won, or borne by a shop (debits are positive) |
| bank | what the network paid from its bank because Stripe could not |
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Sum

from marketplace.payments import ledger
from marketplace.payments.gateway_records import BalanceTransaction
from marketplace.payments.models import Dispute, DisputeShare, LedgerEntry, MoneyCall, Payment, RefundRequest
from shops.models import ShopOrder

GOODWILL, DISPUTES, BANK = "goodwill", "disputes", "bank"


def record_borne(request: RefundRequest, *, now: datetime) -> None:
    """Who bears a refund that was made: the network out of its own; the shop out of what it was paid, with its part of
    the commission and of the tax on it. Nothing for a shop that is not paid yet: its transfer is smaller."""
    common: Any = {
        "currency": request.payment.currency,
        "cause": request.reason,
        "now": now,
        "order_id": request.payment.checkout.order_id,
        "shop_order": request.shop_order,
        "credit": ledger.ORDERS,
    }
    if request.borne_by == RefundRequest.Bearer.NETWORK:
        key = f"goodwill:{request.pk}"
        ledger.post("goodwill", debit=GOODWILL, amount_minor=request.amount_minor, key=key, **common)
    elif request.after_transfer:
        assert request.shop_order is not None
        of_shop = ledger.shop_account(request.shop_order.shop_id)
        account = ledger.POOL if request.shop_order.is_pooled else of_shop
        share, commission = request.share_minor, request.commission_minor
        ledger.post("taken_back", debit=account, amount_minor=share, key=f"taken-back:{request.pk}", **common)
        key = f"commission-back:{request.pk}"
        ledger.post("commission_back", debit=ledger.COMMISSION, amount_minor=commission, key=key, **common)
        for place, tax in request.commission_tax:
            account, key = ledger.tax_account(place), f"commission-tax-back:{place}:{request.pk}"
            ledger.post("commission_tax_back", debit=account, amount_minor=tax, key=key, **common)
        for place, tax in request.sales_tax:
            account, key = ledger.tax_account(place), f"sales-tax-back:{place}:{request.pk}"
            ledger.post("sales_tax_back", debit=account, amount_minor=tax, key=key, **common)
        _record_shares_back(request, request.shop_order, now=now)


def _record_shares_back(request: RefundRequest, shop_order: ShopOrder, *, now: datetime) -> None:
    """What others than shop, network and tax office had of it: the partner who brought the sale, out of the commission;
    and who bore that the shop was dearer than the one before it."""
    common: Any = {"currency": request.payment.currency, "now": now, "order_id": shop_order.order_id}
    for partner_id, minor in request.partner_shares:
        ledger.post(
            "referral_back", debit=ledger.partner_account(partner_id), credit=ledger.REFERRALS, amount_minor=minor,
            key=f"referral-back:{partner_id}:{request.pk}", cause=f"{shop_order.number} given back", **common,
        )  # fmt: skip
    ledger.post(
        "difference_back", debit=ledger.ORDERS, credit=ledger.bearer_account(shop_order.bearer_id),
        amount_minor=request.borne_minor, key=f"difference-back:{request.pk}",
        cause=f"{shop_order.number}, dearer than what it is instead of, given back", **common,
    )  # fmt: skip


def record_goodwill_undone(payment: Payment, total_minor: int, *, shop_order: ShopOrder | None, now: datetime) -> None:
    """Of what the network gave of its own, `total_minor` in all turned out to be for declined goods; under the
    payment's lock. What is booked already is not booked again. `shop_order` None: given on the whole payment."""
    order_id = payment.checkout.order_id
    of = LedgerEntry.objects.filter(kind="goodwill_back", order=order_id, shop_order=shop_order)
    booked = of.aggregate(sum=Sum("amount_minor", default=0))["sum"]
    ledger.post(
        "goodwill_back",
        debit=ledger.ORDERS,
        credit=GOODWILL,
        amount_minor=max(0, total_minor - booked),
        currency=payment.currency,
        key=f"goodwill-back:{payment.pk}:{shop_order.number if shop_order else ''}:{total_minor}",
        cause="declined after it was given back",
        now=now,
        order_id=order_id,
        shop_order=shop_order,
    )


def record_reversal(call: MoneyCall, *, stripe_id: str, now: datetime) -> None:
    """What the shop owed came back from its Stripe balance."""
    assert call.shop_order is not None
    ledger.post(
        "reversal",
        debit=ledger.STRIPE,
        credit=ledger.shop_account(call.shop_order.shop_id),
        amount_minor=call.amount_minor,
        currency=call.currency,
        key=call.key,
        cause=call.reason or "reversal",
        now=now,
        shop_order=call.shop_order,
        stripe_id=stripe_id,
    )


def record_refund_failed(call: MoneyCall, *, stripe_id: str, now: datetime) -> None:
    """The reader's bank sent it back: it is owed to the reader again."""
    ledger.post(
        "refund_failed",
        debit=ledger.STRIPE,
        credit=ledger.ORDERS,
        amount_minor=call.amount_minor,
        currency=call.currency,
        key=f"failed:{call.key}",
        cause="the reader's bank sent the refund back",
        now=now,
        order_id=call.payment.checkout.order_id,
        stripe_id=stripe_id,
    )


def record_paid_elsewhere(call: MoneyCall, *, now: datetime) -> None:
    """A person paid a failed refund from the network's bank."""
    ledger.post(
        "refund",
        debit=ledger.ORDERS,
        credit=BANK,
        amount_minor=call.amount_minor,
        currency=call.currency,
        key=f"elsewhere:{call.key}",
        cause="paid to the reader in another way",
        now=now,
        order_id=call.payment.checkout.order_id,
    )


def record_dispute(dispute: Dispute, movement: BalanceTransaction, *, now: datetime) -> None:
    """One of a dispute's movements on our balance, amount and fee apart, taken or given back."""
    order_id = dispute.payment.checkout.order_id if dispute.payment else None
    for kind, amount in (("dispute", -movement.amount_minor), ("dispute_fee", movement.fee_minor)):
        taken = amount > 0
        ledger.post(
            kind,
            debit=DISPUTES if taken else ledger.STRIPE,
            credit=ledger.STRIPE if taken else DISPUTES,
            amount_minor=abs(amount),
            currency=dispute.currency,
            key=f"{kind}:{movement.id}",
            cause=f"dispute {dispute.dispute_id}",
            now=now,
            order_id=order_id,
            stripe_id=movement.id,
        )


def record_dispute_share(share: DisputeShare, *, now: datetime) -> None:
    """A lost dispute becomes a shop's debt."""
    ledger.post(
        "dispute_share",
        debit=ledger.shop_account(share.shop_order.shop_id),
        credit=DISPUTES,
        amount_minor=share.amount_minor,
        currency=share.dispute.currency,
        key=f"dispute-share:{share.pk}",
        cause=share.reason,
        now=now,
        shop_order=share.shop_order,
    )


def record_stripe_fee(movement: BalanceTransaction, *, now: datetime) -> None:
    """What Stripe charges beside the fee of each payment, as for accounts."""
    given_back = movement.net_minor > 0
    ledger.post(
        "fee",
        debit=ledger.STRIPE if given_back else ledger.STRIPE_FEES,
        credit=ledger.STRIPE_FEES if given_back else ledger.STRIPE,
        amount_minor=abs(movement.net_minor),
        currency=movement.currency,
        key=f"stripe-fee:{movement.id}",
        cause=f"Stripe's fee {movement.source_id or movement.id}",
        now=now,
        stripe_id=movement.id,
    )
