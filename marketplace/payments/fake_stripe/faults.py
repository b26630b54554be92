"""Faults that a test plans: the next matching request or event meets them.

They are kept in the store, so that a test can plan what another process will meet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from marketplace.payments.fake_stripe.call import new_id
from marketplace.payments.fake_stripe.store import Store

KIND = "fault"
RequestFault = Literal["unreachable", "drop_before", "drop_after", "rate_limit", "server_error", "server_error_after"]
EventFault = Literal["lose_event", "delay_event", "duplicate_event"]


@dataclass(frozen=True)
class Fault:
    """`on` is what it waits for: "POST /v1/transfers" (the beginning of method and path) for a request, a type such as
    "charge.refunded" for an event; empty is any. `times` is how often it strikes, `seconds` the delay of an event.

    unreachable         no connection was made: the caller may know that nothing happened
    drop_before, _after the connection broke after sending, before or after the effect: the caller cannot know which
    rate_limit          429, no effect, not kept under the idempotency key
    server_error        500, no effect, kept under the key and replayed
    server_error_after  500 although the effect took place, kept and replayed
    """

    kind: RequestFault | EventFault
    on: str = ""
    times: int = 1
    seconds: int = 0


EVENT_FAULTS = frozenset({"lose_event", "delay_event", "duplicate_event"})


def plan(store: Store, fault: Fault) -> None:
    """From now on the next `fault.times` matching requests (or events) meet `fault`."""
    with store.exclusive():
        store.put(KIND, {"id": new_id("fault"), "created": 0, "left": fault.times, **asdict(fault)})


def take_request(store: Store, method: str, path: str) -> Fault | None:
    return _take(store, f"{method.upper()} {path}", is_event=False)


def take_event(store: Store, event_type: str) -> Fault | None:
    return _take(store, event_type, is_event=True)


def _take(store: Store, subject: str, *, is_event: bool) -> Fault | None:
    for row in reversed(store.find(KIND)):
        if row["left"] > 0 and (row["kind"] in EVENT_FAULTS) == is_event and subject.startswith(row["on"]):
            store.put(KIND, {**row, "left": row["left"] - 1})
            return Fault(row["kind"], row["on"], row["times"], row["seconds"])
    return None
