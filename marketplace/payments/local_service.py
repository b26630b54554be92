"""Accounts of a local currency that an outside service keeps, asked over HTTP. The shape of its answers is written down
in docs/money.md: a bridge of a few lines stands between it and whatever software the service runs.

Every call has its key stored before it is made. After an unknown outcome the service is asked what became of that key;
only what it does not know is called again, under the same key."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from marketplace.foundation import http, leases, secrets
from marketplace.foundation.failpoints import failpoint
from marketplace.payments.local_provider import Provider, ServiceError
from marketplace.payments.models import LocalAcceptance, LocalCall, LocalCurrency, LocalShare, LocalUse

logger = logging.getLogger("halles.payments")
Kind = LocalCall.Kind
BATCH = 5  # a service that hangs keeps the next round waiting for no more of them
# A hold ends by itself there, should nobody tell it so; long after the payment page has.
HOLD_LASTS = timedelta(days=1)
NOT_THERE = 404
REFUSED = {402, 409, 422}
DONE = {Kind.HOLD: {"held", "taken"}, Kind.TAKE: {"taken"}, Kind.FREE: {"freed", "refused"}, Kind.PAY: {"paid"}}


def key_name(currency: LocalCurrency) -> str:
    """What the key of a service is sealed for."""
    return f"payments.localcurrency:{currency.code}:service_key"


def code_name(checkout_id: int) -> str:
    return f"payments.localuse:{checkout_id}:service_code"


class Service(Provider):
    def free(self, use: LocalUse) -> int:
        return use.wanted_minor

    def hold(self, use: LocalUse, units: int, *, now: datetime) -> bool:
        if not use.held and units:
            if use.calls.exists():  # freed meanwhile; the payer's word was for one payment
                return False
            values = {"use": use, "account": use.service_account, "amount_minor": units}
            LocalCall.objects.create(kind=Kind.HOLD, key=_hold_key(use), **values)
        LocalUse.objects.filter(pk=use.pk).update(amount_minor=units, held=bool(units))
        return True

    def confirm(self, use: LocalUse, *, now: datetime) -> bool:
        call = use.calls.filter(kind=Kind.HOLD).first()
        if call is None or call.done_at:
            return True
        if call.refused_at:
            return False
        try:
            carried_out = _make(call, now)
        except http.HttpError as error:
            raise ServiceError(str(error)) from error
        LocalCall.objects.filter(pk=call.pk).update(**{"done_at" if carried_out else "refused_at": now})
        LocalUse.objects.filter(pk=use.pk).update(service_code="")
        return carried_out

    def release(self, use: LocalUse, *, now: datetime) -> None:
        freed = LocalUse.objects.filter(pk=use.pk, held=True, spent_at=None).update(held=False)
        asked = use.calls.filter(kind=Kind.HOLD, refused_at=None).exclude(
            tried_at=None
        )  # what is refused holds nothing
        if freed and asked.exists():
            self._write(use, Kind.FREE, f"free-{use.reference}", use.amount_minor, now)

    def spend(self, use: LocalUse, *, order_id: int, now: datetime) -> None:
        self._write(use, Kind.TAKE, f"take-{use.reference}", use.amount_minor, now)

    def give_back(self, use: LocalUse, units: int, *, key: str, order_id: int, now: datetime) -> None:
        self._write(use, Kind.PAY, f"{key}:{use.reference}", units, now, account=use.service_account)

    def pay_shop(self, share: LocalShare, units: int, *, key: str, now: datetime) -> bool:
        there = LocalAcceptance.objects.filter(currency=share.use.currency, shop=share.shop).exclude(account="").first()
        if there is not None:
            self._write(share.use, Kind.PAY, f"{key}:{share.use.reference}", units, now, account=there.account)
        return there is not None

    @staticmethod
    def _write(use: LocalUse, kind: str, key: str, units: int, now: datetime, account: str = "") -> None:
        values = {"kind": kind, "use": use, "amount_minor": units, "account": account, "due_at": now}
        LocalCall.objects.get_or_create(key=key, defaults=values)


def move(now: datetime) -> int:
    """The calls that are due, those of one payment one after the other. What is refused is a person's; of a payment
    that was not taken nothing is paid out."""
    untaken = LocalCall.objects.filter(kind=Kind.TAKE, use=OuterRef("use"), done_at=None)
    where = ~Q(kind=Kind.PAY) | Q(~Exists(untaken))
    return sum(_move(call, now) for call in leases.claim(LocalCall, now=now, limit=BATCH, group="use_id", where=where))


def _move(call: LocalCall, now: datetime) -> bool:
    try:
        carried_out = _make(call, now)
        if carried_out:
            return leases.finish(call, done_at=now)
        leases.postpone(call, error="The service refused it.", now=now, permanent=True)
    except http.HttpError as error:
        leases.postpone(call, error=str(error), now=now, permanent=error.permanent)
    except Exception as error:  # one that cannot even be asked for must not stop the others
        logger.exception("%s failed.", call)
        leases.postpone(call, error=f"{type(error).__name__}: {error}", now=now)
    return False


def _make(call: LocalCall, now: datetime) -> bool:
    """True: it is done, now or by an earlier try. False: refused. Raises HttpError where nobody knows."""
    currency = call.use.currency
    if call.tried_at is not None:
        state = _state(call, currency)
        if state in DONE[Kind(call.kind)]:
            return True
        if state == "refused":
            return call.kind == Kind.FREE
    LocalCall.objects.filter(pk=call.pk).update(tried_at=now)
    call.tried_at = now
    address, body = _request(call, currency)
    failpoint("local.before_call")
    try:
        answer = http.post(address, json.dumps(body).encode(), headers=_headers(currency, call.key))
    except http.HttpError as error:
        if call.kind == Kind.FREE and error.status == NOT_THERE:  # it never came there: nothing is held
            return True
        if error.status in REFUSED:
            return False
        raise
    failpoint("local.after_call")
    try:
        state = str(json.loads(answer.body)["state"])
    except (ValueError, KeyError, TypeError) as error:
        raise http.HttpError(f"{address} answered something else than a state.", unknown_outcome=True) from error
    return state in DONE[Kind(call.kind)]


def _state(call: LocalCall, currency: LocalCurrency) -> str:
    """What the service says became of a call; empty where it does not know it."""
    address = _held(currency, call) if call.kind != Kind.PAY else f"{_root(currency)}/payments/{call.key}"
    try:
        found = http.get_json(address, headers=_headers(currency, ""))
    except http.HttpError as error:
        if error.status == NOT_THERE:
            return ""
        raise
    return str(found.get("state", "")) if isinstance(found, dict) else ""


def _request(call: LocalCall, currency: LocalCurrency) -> tuple[str, dict[str, object]]:
    body: dict[str, object] = {"key": call.key, "amount": call.amount_minor, "currency": currency.code}
    if call.kind in (Kind.TAKE, Kind.FREE):
        return f"{_held(currency, call)}/{call.kind}", body
    body["account"] = call.account
    if call.kind == Kind.PAY:
        return f"{_root(currency)}/payments", body
    use = call.use
    body["code"] = secrets.open_sealed(use.service_code, row=code_name(use.checkout_id)) if use.service_code else ""
    if until := use.checkout.expires_at:
        body["until"] = (until + HOLD_LASTS).isoformat()
    return f"{_root(currency)}/holds", body


def _held(currency: LocalCurrency, call: LocalCall) -> str:
    return f"{_root(currency)}/holds/{_hold_key(call.use)}"


def _hold_key(use: LocalUse) -> str:
    """Of no row id: the service remembers for ever what a restore from a backup forgets (decision 0021)."""
    return f"checkout-{use.reference}"


def _root(currency: LocalCurrency) -> str:
    return currency.service_address.rstrip("/")


def _headers(currency: LocalCurrency, key: str) -> dict[str, str]:
    token = secrets.open_sealed(currency.service_key, row=key_name(currency)) if currency.service_key else ""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return headers | ({"Idempotency-Key": key} if key else {})
