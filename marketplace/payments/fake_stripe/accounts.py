"""Connected accounts (Accounts v2, `recipient` configuration) and the single-use links of their onboarding."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from marketplace.payments.fake_stripe import events
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.errors import FakeStripeError, no_such, refused_request
from marketplace.payments.fake_stripe.hosted_urls import onboarding_url
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND, LINK, BANK_ACCOUNT = "v2.core.account", "account_link", "bank_account"
LINK_SECONDS = 300
# v2 answers these as null unless the request's `include` names them.
INCLUDABLE = ("configuration.recipient", "defaults", "identity", "requirements")


def create(call: Call) -> Body:
    params = call.params
    recipient = params.get("configuration", {}).get("recipient")
    if recipient is None:
        raise refused_request("The stand-in for Stripe models accounts with configuration.recipient only")
    if "country" not in params.get("identity", {}):
        raise refused_request("identity.country is required for the recipient configuration", param="identity.country")
    transfers = recipient.get("capabilities", {}).get("stripe_balance", {}).get("stripe_transfers", {})
    account = {
        "id": new_id("acct"),
        "object": KIND,
        "applied_configurations": ["recipient"],
        "closed": False,
        "contact_email": params.get("contact_email"),
        "created": _iso(call.now),
        "_created": call.now,
        "dashboard": params.get("dashboard"),
        "display_name": params.get("display_name"),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "configuration": {"recipient": _recipient(requested=bool(transfers.get("requested")), active=False)},
        "defaults": params.get("defaults"),
        "identity": params["identity"],
        "requirements": _requirements(met=False),
    }
    call.store.put(KIND, account)
    return _included(account, call)


def retrieve(call: Call) -> Body:
    return _included(_account(call, call.ids[0], status=404), call)


def create_link(call: Call) -> Body:
    """The link leads to the stand-in's own onboarding page; it is spent by the first visit that finishes."""
    use_case = call.params["use_case"]
    options = use_case.get(use_case["type"])
    if options is None:
        raise refused_request(f"use_case.{use_case['type']} is required", param="use_case")
    account = _account(call, call.params["account"], status=400)
    token, expires_at = secrets.token_urlsafe(24), call.now + LINK_SECONDS
    link = {
        "id": token,
        "created": call.now,
        "account": account["id"],
        "expires_at": expires_at,
        "spent": False,
        "refresh_url": options["refresh_url"],
        "return_url": options.get("return_url", options["refresh_url"]),
    }
    call.store.put(LINK, link)
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": _iso(call.now),
        "expires_at": _iso(expires_at),
        "livemode": False,
        "url": onboarding_url(options["refresh_url"], token),
        "use_case": use_case,
    }


def activate(store: Store, account_id: str) -> None:
    """What follows from the shop's finished onboarding: the account may receive transfers."""
    account = store.get(KIND, account_id)
    if account is None:
        raise no_such("account", account_id)
    account["configuration"]["recipient"] = _recipient(requested=True, active=True)
    account["requirements"] = _requirements(met=True)
    store.put(KIND, account)


def restrict(store: Store, now: int, account_id: str) -> None:
    """Stripe asks for more: no transfer until it is told."""
    account = store.get(KIND, account_id)
    if account is None:
        raise no_such("account", account_id)
    account["configuration"]["recipient"] = _recipient(requested=True, active=False)
    account["requirements"] = _requirements(met=False)
    store.put(KIND, account)
    events.emit(store, now, "account.updated", {"id": account_id, "object": "account"}, account=account_id)


def change_bank(store: Store, now: int, account_id: str, last4: str) -> Body:
    """The account's payouts go to another bank account; there is one at a time."""
    for known in store.find(BANK_ACCOUNT, account=account_id):
        store.put(BANK_ACCOUNT, known | {"_is_gone": True}, account=account_id)
    made = {
        "id": new_id("ba"),
        "object": BANK_ACCOUNT,
        "account": account_id,
        "bank_name": "STRIPE TEST BANK",
        "country": "CA",
        "created": now,
        "currency": "cad",
        "last4": last4,
        "status": "new",
        "_is_gone": False,
    }
    store.put(BANK_ACCOUNT, made, account=account_id)
    events.emit(store, now, "account.external_account.created", made, account=account_id)
    return made


def list_bank_accounts(call: Call) -> Body:
    account = _account(call, call.ids[0], status=404)
    return page(call, BANK_ACCOUNT, account=account["id"], _is_gone=False)


def can_receive(account: Body) -> bool:
    recipient = account["configuration"]["recipient"]
    return bool(recipient["capabilities"]["stripe_balance"]["stripe_transfers"]["status"] == "active")


def _account(call: Call, account_id: str, *, status: int) -> Body:
    account = call.store.get(KIND, account_id)
    if account is None:
        raise FakeStripeError(
            f"Account not found: {account_id}", status=status, kind="invalid_request_error", code="not_found"
        )
    return account


def _recipient(*, requested: bool, active: bool) -> Body:
    detail = {"code": "requirements_past_due", "resolution": "provide_info"}
    transfers = {"status": "active" if active else "restricted", "status_details": [] if active else [detail]}
    return {
        "applied": True,
        "capabilities": {"stripe_balance": {"stripe_transfers": transfers if requested else None}},
    }


def _requirements(*, met: bool) -> Body:
    entry = {
        "awaiting_action_from": "user",
        "description": "identity.individual",
        "errors": [],
        "minimum_deadline": {"status": "currently_due"},
        "requested_reasons": [{"code": "routine_onboarding"}],
    }
    return {"entries": [] if met else [entry], "summary": {"minimum_deadline": {"status": "currently_due"}}}


def _included(account: Body, call: Call) -> Body:
    asked = call.params.get("include", [])
    for name in INCLUDABLE:
        if name not in asked:
            account[name.split(".")[0]] = None
    return account


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
