"""What the gateway answers with: our own small records, read from the bodies of Stripe's objects, and its one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Body = Mapping[str, Any]

# Under these no connection was made, so that the request cannot have arrived; under any other it may have.
NEVER_SENT = {
    "ConnectionRefusedError",
    "ConnectTimeout",
    "ConnectTimeoutError",
    "NameResolutionError",
    "NewConnectionError",
}


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
    """`status`: pending, succeeded, failed, canceled, requires_action."""

    id: str
    status: str
    amount_minor: int
    currency: str
    intent_id: str
    charge_id: str
    balance_transaction_id: str
    failure_reason: str
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


def never_sent(error: BaseException) -> bool:
    """Whether what caused a broken connection says that none was made (by name: its library is not imported here)."""
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException):
            if type(current).__name__ in NEVER_SENT:
                return True
            waiting += [current.__cause__, getattr(current, "reason", None), *current.args]
    return False


def line_item(line: SessionLine, currency: str) -> dict[str, Any]:
    product = {"name": line.name} | ({"description": line.description} if line.description else {})
    price = {"currency": currency.lower(), "unit_amount": line.unit_amount_minor, "product_data": product}
    return {"price_data": price, "quantity": line.quantity}


def session_of(body: Body) -> Session:
    return Session(
        id=body["id"],
        url=_text(body, "url"),
        status=_text(body, "status"),
        payment_status=body["payment_status"],
        intent_id=_id(body.get("payment_intent")),
        amount_minor=body.get("amount_total") or 0,
        currency=_text(body, "currency").upper(),
        expires_at=_time(body["expires_at"]),
        client_reference_id=_text(body, "client_reference_id"),
        metadata=_metadata(body),
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
        latest_charge_id=_id(charge),
        capture_before=_time(capture_before) if capture_before else None,
        fee_minor=transaction["fee"] if isinstance(transaction, Mapping) else None,
        balance_transaction_id=_id(transaction),
        transfer_group=_text(body, "transfer_group"),
        decline_code=problem.get("decline_code") or problem.get("code") or "",
        cancellation_reason=_text(body, "cancellation_reason"),
        metadata=_metadata(body),
    )


def refund_of(body: Body) -> Refund:
    return Refund(
        id=body["id"],
        status=_text(body, "status"),
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        intent_id=_id(body.get("payment_intent")),
        charge_id=_id(body.get("charge")),
        balance_transaction_id=_id(body.get("balance_transaction")),
        failure_reason=_text(body, "failure_reason"),
        metadata=_metadata(body),
    )


def transfer_of(body: Body) -> Transfer:
    return Transfer(
        id=body["id"],
        amount_minor=body["amount"],
        amount_reversed_minor=body["amount_reversed"],
        currency=body["currency"].upper(),
        destination=_id(body.get("destination")),
        source_charge_id=_id(body.get("source_transaction")),
        transfer_group=_text(body, "transfer_group"),
        balance_transaction_id=_id(body.get("balance_transaction")),
        metadata=_metadata(body),
    )


def reversal_of(body: Body) -> Reversal:
    return Reversal(
        id=body["id"],
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        transfer_id=_id(body.get("transfer")),
        balance_transaction_id=_id(body.get("balance_transaction")),
        metadata=_metadata(body),
    )


def account_of(body: Body) -> Account:
    recipient = (body.get("configuration") or {}).get("recipient") or {}
    transfers = ((recipient.get("capabilities") or {}).get("stripe_balance") or {}).get("stripe_transfers") or {}
    entries = (body.get("requirements") or {}).get("entries") or []
    return Account(
        id=body["id"],
        country=_text(body.get("identity") or {}, "country").upper(),
        transfers_status=transfers.get("status") or "",
        requirements_due=tuple(e["description"] for e in entries if e.get("awaiting_action_from") == "user"),
        closed=bool(body.get("closed")),
        metadata=_metadata(body),
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
        source_id=_id(body.get("source")),
        created=_time(body["created"]),
        available_on=_time(body["available_on"]),
    )


def event_of(body: Body) -> Event:
    subject = body["data"]["object"]
    return Event(
        id=body["id"],
        kind=body["type"],
        object_id=subject.get("id") or "",
        object_kind=subject.get("object") or "",
        account=_text(body, "account"),
        api_version=_text(body, "api_version"),
        created=_time(body["created"]),
    )


def _text(body: Body, name: str) -> str:
    return body.get(name) or ""


def _id(value: Any) -> str:
    """Of an object, expanded or not."""
    return value["id"] if isinstance(value, Mapping) else value or ""


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _metadata(body: Body) -> dict[str, str]:
    return dict(body.get("metadata") or {})
