"""What the gateway answers with: our own small records, read from the bodies of Stripe's objects, and its one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import stripe

Body = Mapping[str, Any]

# The version that the client speaks; it is sent with every request, so that Stripe answers in no other.
API_VERSION: str = stripe.api_version


class PaymentGatewayError(Exception):
    """A call to Stripe did not give an answer that can be used.

    permanent        repeating it cannot help: a declined card, a refused request, a wrong key. A person or another
                     decision is needed; `code` says which (Stripe's error or decline code, "" where it gave none).
    unknown_outcome  the change may have been made although no usable answer came (the connection broke after sending,
                     or a 5xx, which Stripe also repeats under the same key). Look it up before another key is used.
    key_spent        Stripe keeps this answer under the key: once looked up and not there, only a new key can help.
    Neither          nothing was changed; the same call with the same key may be made again later.
    """

    def __init__(
        self, message: str, *, permanent: bool, unknown_outcome: bool = False, key_spent: bool = False, code: str = ""
    ) -> None:
        super().__init__(message)
        self.permanent, self.unknown_outcome, self.key_spent, self.code = permanent, unknown_outcome, key_spent, code


@dataclass(frozen=True)
class SessionLine:
    """What the reader sees on the payment page; the amount is per unit and includes tax."""

    name: str
    unit_amount_minor: int
    quantity: int = 1
    description: str = ""


@dataclass(frozen=True)
class Session:
    """`status`: open, complete, expired. With manual capture `payment_status` stays "unpaid": ask `is_paid` of its
    intent. `intent_id` is "" until the reader tries to pay, `url` is "" once the session has ended."""

    id: str
    url: str
    status: str
    payment_status: str
    intent_id: str
    amount_minor: int
    currency: str
    expires_at: datetime
    client_reference_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Intent:
    """One card payment. `status`: requires_payment_method, requires_capture, succeeded, canceled, …

    `capture_before` is when an uncaptured authorisation ends. `fee_minor` and `balance_transaction_id` are of the
    capture (None and "" before it). `decline_code` is of the last refused attempt."""

    id: str
    status: str
    amount_minor: int
    amount_capturable_minor: int
    amount_received_minor: int
    currency: str
    latest_charge_id: str
    capture_before: datetime | None
    fee_minor: int | None
    balance_transaction_id: str
    transfer_group: str
    decline_code: str
    cancellation_reason: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refund:
    """`status`: pending, succeeded, failed, canceled, requires_action. `failure_transaction_id` is of the balance
    transaction by which a failed one came back."""

    id: str
    status: str
    amount_minor: int
    currency: str
    intent_id: str
    charge_id: str
    balance_transaction_id: str
    failure_reason: str
    failure_transaction_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transfer:
    id: str
    amount_minor: int
    amount_reversed_minor: int
    currency: str
    destination: str
    source_charge_id: str
    transfer_group: str
    balance_transaction_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reversal:
    id: str
    amount_minor: int
    currency: str
    transfer_id: str
    balance_transaction_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """A shop's account. `transfers_status`: active, pending, restricted, rejected, unsupported, or "" if not asked for.
    `requirements_due` describes what Stripe still wants from the shop."""

    id: str
    country: str
    transfers_status: str
    requirements_due: tuple[str, ...]
    closed: bool
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def can_receive(self) -> bool:
        """Whether transfers to it are possible (not `charges_enabled`, which is about another configuration)."""
        return self.transfers_status == "active" and not self.closed


@dataclass(frozen=True)
class AccountLink:
    """Single use: make a new one each time, behind sign-in."""

    url: str
    expires_at: datetime


@dataclass(frozen=True)
class BalanceTransaction:
    """One movement on a Stripe balance; `net_minor` = `amount_minor` − `fee_minor`, all signed. `kind` is Stripe's
    type: charge, refund, transfer, transfer_refund (a reversal), payment, payment_refund (a shop's side), payout, …"""

    id: str
    kind: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    source_id: str
    created: datetime
    available_on: datetime


@dataclass(frozen=True)
class Event:
    """What is said to have happened to `object_id`. Apply nothing from it: fetch the object again."""

    id: str
    kind: str
    object_id: str
    object_kind: str
    account: str
    api_version: str
    created: datetime


def line_item(line: SessionLine, currency: str) -> dict[str, Any]:
    product = {"name": line.name} | ({"description": line.description} if line.description else {})
    price = {"currency": currency.lower(), "unit_amount": line.unit_amount_minor, "product_data": product}
    return {"price_data": price, "quantity": line.quantity}


def session_of(body: Body) -> Session:
    return Session(
        id=body["id"],
        url=text_in(body, "url"),
        status=text_in(body, "status"),
        payment_status=body["payment_status"],
        intent_id=id_in(body.get("payment_intent")),
        amount_minor=body.get("amount_total") or 0,
        currency=text_in(body, "currency").upper(),
        expires_at=time_of(body["expires_at"]),
        client_reference_id=text_in(body, "client_reference_id"),
        metadata=metadata_in(body),
    )


def intent_of(body: Body) -> Intent:
    charge = body.get("latest_charge")
    details = charge if isinstance(charge, Mapping) else {}
    transaction = details.get("balance_transaction")
    capture_before = ((details.get("payment_method_details") or {}).get("card") or {}).get("capture_before")
    problem = body.get("last_payment_error") or {}
    return Intent(
        id=body["id"],
        status=body["status"],
        amount_minor=body["amount"],
        amount_capturable_minor=body.get("amount_capturable") or 0,
        amount_received_minor=body.get("amount_received") or 0,
        currency=body["currency"].upper(),
        latest_charge_id=id_in(charge),
        capture_before=time_of(capture_before) if capture_before else None,
        fee_minor=transaction["fee"] if isinstance(transaction, Mapping) else None,
        balance_transaction_id=id_in(transaction),
        transfer_group=text_in(body, "transfer_group"),
        decline_code=problem.get("decline_code") or problem.get("code") or "",
        cancellation_reason=text_in(body, "cancellation_reason"),
        metadata=metadata_in(body),
    )


def refund_of(body: Body) -> Refund:
    return Refund(
        id=body["id"],
        status=text_in(body, "status"),
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        intent_id=id_in(body.get("payment_intent")),
        charge_id=id_in(body.get("charge")),
        balance_transaction_id=id_in(body.get("balance_transaction")),
        failure_reason=text_in(body, "failure_reason"),
        failure_transaction_id=id_in(body.get("failure_balance_transaction")),
        metadata=metadata_in(body),
    )


def transfer_of(body: Body) -> Transfer:
    return Transfer(
        id=body["id"],
        amount_minor=body["amount"],
        amount_reversed_minor=body["amount_reversed"],
        currency=body["currency"].upper(),
        destination=id_in(body.get("destination")),
        source_charge_id=id_in(body.get("source_transaction")),
        transfer_group=text_in(body, "transfer_group"),
        balance_transaction_id=id_in(body.get("balance_transaction")),
        metadata=metadata_in(body),
    )


def reversal_of(body: Body) -> Reversal:
    return Reversal(
        id=body["id"],
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        transfer_id=id_in(body.get("transfer")),
        balance_transaction_id=id_in(body.get("balance_transaction")),
        metadata=metadata_in(body),
    )


def account_of(body: Body) -> Account:
    recipient = (body.get("configuration") or {}).get("recipient") or {}
    transfers = ((recipient.get("capabilities") or {}).get("stripe_balance") or {}).get("stripe_transfers") or {}
    entries = (body.get("requirements") or {}).get("entries") or []
    return Account(
        id=body["id"],
        country=text_in(body.get("identity") or {}, "country").upper(),
        transfers_status=transfers.get("status") or "",
        requirements_due=tuple(e["description"] for e in entries if e.get("awaiting_action_from") == "user"),
        closed=bool(body.get("closed")),
        metadata=metadata_in(body),
    )


def account_link_of(body: Body) -> AccountLink:
    return AccountLink(url=body["url"], expires_at=datetime.fromisoformat(body["expires_at"]).astimezone(UTC))


def balance_transaction_of(body: Body) -> BalanceTransaction:
    return BalanceTransaction(
        id=body["id"],
        kind=body["type"],
        amount_minor=body["amount"],
        fee_minor=body["fee"],
        net_minor=body["net"],
        currency=body["currency"].upper(),
        source_id=id_in(body.get("source")),
        created=time_of(body["created"]),
        available_on=time_of(body["available_on"]),
    )


def event_of(body: Body) -> Event:
    """Of a whole event (v1), or of a thin one (v2), which names its object only."""
    if body.get("object") == "v2.core.event":
        related = body.get("related_object") or {}
        created = datetime.fromisoformat(body["created"]).astimezone(UTC)
        return Event(
            body["id"], body["type"], related.get("id") or "", related.get("type") or "", "", API_VERSION, created
        )
    subject = body["data"]["object"]
    return Event(
        id=body["id"],
        kind=body["type"],
        object_id=subject.get("id") or "",
        object_kind=subject.get("object") or "",
        account=text_in(body, "account"),
        api_version=text_in(body, "api_version"),
        created=time_of(body["created"]),
    )


def text_in(body: Body, name: str) -> str:
    return body.get(name) or ""


def id_in(value: Any) -> str:
    """Of an object, expanded or not."""
    return value["id"] if isinstance(value, Mapping) else value or ""


def time_of(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def metadata_in(body: Body) -> dict[str, str]:
    return dict(body.get("metadata") or {})
