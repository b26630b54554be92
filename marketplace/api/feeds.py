"""What a shop's own program sends to its feed, and what it learns of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Header, Router, Schema, Status
from ninja.errors import HttpError

from catalog_sync.doors import arrivals, pushing
from catalog_sync.models import Push
from marketplace.api.keyed import FeedKey, blocks, feed_of, made_at
from marketplace.api.runs import Run, run_row
from marketplace.foundation import audit

router = Router(auth=FeedKey(), tags=["feeds"])


class ListReceived(Schema):
    bytes: int


class Rows(Schema):
    """`as_of`: when the program read these numbers. A row: `sku` or `gtin`; `quantity` (null: not known), `price` (a
    text in the feed's currency, null: none), or both."""

    as_of: datetime
    rows: list[Any]


class WrongRow(Schema):
    row: int
    problem: str


class PushReceived(Schema):
    push: str
    taken: int
    refused: list[WrongRow]


class PushState(Schema):
    push: str
    done: bool
    run: Run | None


@router.put("/list", response={202: ListReceived}, summary="Send the whole list as a file")
def send_list(
    request: HttpRequest,
    as_of: str = Header("", alias="As-Of", description="When it was exported, ISO 8601 with zone; left out: just now."),
    name: str = Header("", alias="X-File-Name", description="Its ending tells the format where it is in doubt."),
) -> Status:
    feed, now = feed_of(request), timezone.now()
    made = made_at(as_of, now)
    try:
        size = arrivals.receive(feed, blocks(request), name=name, made_at=made, now=now)
    except arrivals.ArrivalError as error:
        raise HttpError(422, str(error)) from error
    audit.record("feed.send", feed, by="api", shop_id=feed.shop_id, bytes=size)
    return Status(202, {"bytes": size})


@router.post("/rows", response={202: PushReceived}, summary="Push quantities and prices of single articles")
def push_rows(
    request: HttpRequest,
    sent: Rows,
    key: str = Header(..., alias="Idempotency-Key", min_length=8, max_length=64),
) -> Status:
    try:
        push, wrong = pushing.accept(feed_of(request), key=key, as_of=sent.as_of, rows=sent.rows, now=timezone.now())
    except pushing.KeyTakenError as error:
        raise HttpError(409, str(error)) from error
    except pushing.PushError as error:
        raise HttpError(422, str(error)) from error
    refused = [row._asdict() for row in wrong]
    return Status(202, {"push": push.key, "taken": len(sent.rows) - len(refused), "refused": refused})


@router.get("/pushes/{key}", response=PushState, summary="What became of a push")
def push_state(request: HttpRequest, key: str) -> dict[str, Any]:
    push = Push.objects.select_related("run").filter(feed=feed_of(request), key=key).first()
    if push is None:
        raise HttpError(404, "There is no such push.")
    return {"push": push.key, "done": push.due_at is None, "run": run_row(push.run) if push.run else None}
