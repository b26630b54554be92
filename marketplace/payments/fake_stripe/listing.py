"""Lists as Stripe's v1 pages them, and the expanding of ids into objects."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.payments.fake_stripe.call import Call
from marketplace.payments.fake_stripe.errors import no_such, refused_request
from marketplace.payments.fake_stripe.store import PLATFORM, Body, Store

DEFAULT_LIMIT, MAX_LIMIT = 10, 100
# The properties whose id can be replaced by its object, and the kind of that object.
EXPANDABLE = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "balance_transaction": "balance_transaction",
    "source_transaction": "charge",
    "transfer": "transfer",
}


def page(call: Call, kind: str, *, account: str = PLATFORM, filters: Sequence[str] = (), **equals: object) -> Body:
    """One page, newest first. `filters` names the parameters that are compared with the key of the same name."""
    params = call.params
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise refused_request(f"Invalid limit: must be between 1 and {MAX_LIMIT}", param="limit")
    after = params.get("starting_after")
    if after and call.store.get(kind, after, account=account) is None:
        raise no_such(kind, after, param="starting_after", status=400)
    created = params.get("created")
    bounds = {"gte": created, "lte": created} if isinstance(created, int) else created
    wanted = {name: params[name] for name in filters if name in params} | equals
    rows = call.store.find(kind, account=account, after=after, created=bounds, limit=limit + 1, **wanted)
    return {"object": "list", "url": call.path, "has_more": len(rows) > limit, "data": rows[:limit]}


def expand(store: Store, body: Body, paths: Sequence[str]) -> Body:
    """`body` with the objects that `paths` ask for ("latest_charge.balance_transaction", "data.charge")."""
    for path in paths:
        targets = [body]
        for name in path.split("."):
            if name == "data" and body.get("object") == "list" and targets == [body]:
                targets = body["data"]
                continue
            if name not in EXPANDABLE or any(name not in target for target in targets):
                raise refused_request(f"This property cannot be expanded ({path}).", param="expand")
            for target in targets:
                if isinstance(target[name], str):
                    target[name] = store.get(EXPANDABLE[name], target[name])
            targets = [target[name] for target in targets if target[name] is not None]
    return body
