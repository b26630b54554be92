"""Which request is answered by which function, with the official client's type of its parameters.

`modelled` names the parameters that the function acts on; others of the type are refused, not ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import stripe.params as v1
import stripe.params.checkout as checkout
import stripe.params.v2.core as v2

from marketplace.payments.fake_stripe import (
    accounts,
    balance,
    charges,
    disputes,
    events,
    intents,
    payouts,
    refunds,
    sessions,
    transfers,
)
from marketplace.payments.fake_stripe.call import Operation
from marketplace.payments.fake_stripe.errors import FakeStripeError

OF_PAYMENT = frozenset({"charge", "payment_intent"})
PAGING = frozenset({"limit", "starting_after", "created", "created.gt", "created.gte", "created.lt", "created.lte"})
EXPAND = frozenset({"expand"})
SESSION = frozenset(
    {
        "branding_settings.display_name",
        "cancel_url",
        "client_reference_id",
        "customer_email",
        "expires_at",
        "line_items.price_data.currency",
        "line_items.price_data.product_data.description",
        "line_items.price_data.product_data.name",
        "line_items.price_data.unit_amount",
        "line_items.quantity",
        "locale",
        "metadata",
        "mode",
        "payment_intent_data.capture_method",
        "payment_intent_data.description",
        "payment_intent_data.metadata",
        "payment_intent_data.receipt_email",
        "payment_intent_data.transfer_group",
        "success_url",
        "ui_mode",
    }
)
ACCOUNT = frozenset(
    {
        "configuration.recipient.capabilities.stripe_balance.stripe_transfers.requested",
        "contact_email",
        "dashboard",
        "defaults.currency",
        "defaults.responsibilities.fees_collector",
        "defaults.responsibilities.losses_collector",
        "display_name",
        "identity.country",
        "include",
        "metadata",
    }
)
ONBOARDING = ("refresh_url", "return_url", "collection_options.fields", "collection_options.future_requirements")
LINK = frozenset({"account", "use_case.type", *(f"use_case.account_onboarding.{name}" for name in ONBOARDING)})
TRANSFER = frozenset(
    {"amount", "currency", "description", "destination", "metadata", "source_transaction", "transfer_group"}
)


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    params_type: type
    operation: Operation
    modelled: frozenset[str]


ROUTES = (
    Route("post", "/v1/checkout/sessions", checkout.SessionCreateParams, sessions.create, SESSION | EXPAND),
    Route(
        "get",
        "/v1/checkout/sessions",
        checkout.SessionListParams,
        sessions.list_sessions,
        PAGING | EXPAND | {"payment_intent", "status"},
    ),
    Route("get", "/v1/checkout/sessions/{}", checkout.SessionRetrieveParams, sessions.retrieve, EXPAND),
    Route("post", "/v1/checkout/sessions/{}/expire", checkout.SessionExpireParams, sessions.expire, EXPAND),
    Route("get", "/v1/payment_intents", v1.PaymentIntentListParams, intents.list_intents, PAGING | EXPAND),
    Route("get", "/v1/payment_intents/{}", v1.PaymentIntentRetrieveParams, intents.retrieve, EXPAND),
    Route(
        "post",
        "/v1/payment_intents/{}/capture",
        v1.PaymentIntentCaptureParams,
        intents.capture,
        EXPAND | {"amount_to_capture", "metadata"},
    ),
    Route(
        "post",
        "/v1/payment_intents/{}/cancel",
        v1.PaymentIntentCancelParams,
        intents.cancel,
        EXPAND | {"cancellation_reason"},
    ),
    Route(
        "get",
        "/v1/charges",
        v1.ChargeListParams,
        charges.list_charges,
        PAGING | EXPAND | {"payment_intent", "transfer_group"},
    ),
    Route("get", "/v1/charges/{}", v1.ChargeRetrieveParams, charges.retrieve, EXPAND),
    Route(
        "post",
        "/v1/refunds",
        v1.RefundCreateParams,
        refunds.create,
        EXPAND | OF_PAYMENT | {"amount", "metadata", "reason"},
    ),
    Route("get", "/v1/refunds", v1.RefundListParams, refunds.list_refunds, PAGING | EXPAND | OF_PAYMENT),
    Route("get", "/v1/refunds/{}", v1.RefundRetrieveParams, refunds.retrieve, EXPAND),
    Route("post", "/v1/transfers", v1.TransferCreateParams, transfers.create, TRANSFER | EXPAND),
    Route(
        "get",
        "/v1/transfers",
        v1.TransferListParams,
        transfers.list_transfers,
        PAGING | EXPAND | {"destination", "transfer_group"},
    ),
    Route("get", "/v1/transfers/{}", v1.TransferRetrieveParams, transfers.retrieve, EXPAND),
    Route(
        "post",
        "/v1/transfers/{}/reversals",
        v1.TransferReversalCreateParams,
        transfers.reverse,
        EXPAND | {"amount", "metadata"},
    ),
    Route(
        "get",
        "/v1/transfers/{}/reversals",
        v1.TransferReversalListParams,
        transfers.list_reversals,
        EXPAND | {"limit", "starting_after"},
    ),
    Route("get", "/v1/disputes", v1.DisputeListParams, disputes.list_disputes, PAGING | EXPAND | OF_PAYMENT),
    Route("get", "/v1/disputes/{}", v1.DisputeRetrieveParams, disputes.retrieve, EXPAND),
    Route(
        "post",
        "/v1/disputes/{}",
        v1.DisputeUpdateParams,
        disputes.update,
        EXPAND | {"submit"} | {f"evidence.{name}" for name in disputes.EVIDENCE},
    ),
    Route("get", "/v1/payouts", v1.PayoutListParams, payouts.list_payouts, PAGING | {"status"}),
    Route("get", "/v1/payouts/{}", v1.PayoutRetrieveParams, payouts.retrieve, EXPAND),
    Route(
        "get",
        "/v1/accounts/{}/external_accounts",
        v1.AccountExternalAccountListParams,
        accounts.list_bank_accounts,
        frozenset({"object", "limit", "starting_after"}),
    ),
    Route("get", "/v1/balance", v1.BalanceRetrieveParams, balance.retrieve_balance, frozenset()),
    Route(
        "get",
        "/v1/balance_transactions",
        v1.BalanceTransactionListParams,
        balance.list_transactions,
        PAGING | {"currency", "source", "type"},
    ),
    Route(
        "get",
        "/v1/balance_transactions/{}",
        v1.BalanceTransactionRetrieveParams,
        balance.retrieve_transaction,
        frozenset(),
    ),
    Route("get", "/v1/events", v1.EventListParams, events.list_events, PAGING | {"type"}),
    Route("get", "/v1/events/{}", v1.EventRetrieveParams, events.retrieve, frozenset()),
    Route("post", "/v2/core/accounts", v2.AccountCreateParams, accounts.create, ACCOUNT),
    Route("get", "/v2/core/accounts/{}", v2.AccountRetrieveParams, accounts.retrieve, frozenset({"include"})),
    Route("post", "/v2/core/account_links", v2.AccountLinkCreateParams, accounts.create_link, LINK),
)
PATTERNS = tuple((route, re.compile(route.path.replace("{}", "([^/]+)"))) for route in ROUTES)


def find_route(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route and the variable parts of the path; a 404 as Stripe's where there is none."""
    for route, pattern in PATTERNS:
        match = pattern.fullmatch(path)
        if match and route.method == method:
            return route, match.groups()
    raise FakeStripeError(
        f"Unrecognized request URL ({method.upper()}: {path}). The stand-in for Stripe does not model it.",
        status=404,
        saved=False,
    )
