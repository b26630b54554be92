"""What a shop's own program sends to its feed, and what it learns of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from ninja import Header, Router, Schema, Status
from ninja.errors import HttpError
from ninja.security import HttpBearer

from catalog_sync import arrivals, keys, pushing
from catalog_sync.models import Feed, Push, SyncRun
from marketplace.foundation import audit


class FeedKey(HttpBearer):
    """`Authorization: Bearer KEY`; the feed it opens is `request.auth`."""

    def authenticate(self, request: HttpRequest, token: str) -> Feed | None:
        return keys.feed_of(token, now=timezone.now())


router = Router(auth=FeedKey(), tags=["feeds"])
RUNS_SHOWN = 20
_BLOCK = 1 << 16


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


class Run(Schema):
    id: int
    state: str
    started_at: datetime
    ended_at: datetime | None
    as_of: datetime | None
    read: int
    new: int
    changed: int
    unchanged: int
    gone: int
    refused: int
    quarantined: int
    notes: list[str]


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
    feed = _feed(request)
    now = timezone.now()
    made_at = parse_datetime(as_of) if as_of else now
    if made_at is None or made_at.tzinfo is None:
        raise HttpError(422, "As-Of is a time with its zone, like 2026-03-02T09:00:00-05:00.")
    try:
        size = arrivals.receive(feed, _blocks(request), name=name, made_at=made_at, now=now)
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
        push, wrong = pushing.accept(_feed(request), key=key, as_of=sent.as_of, rows=sent.rows, now=timezone.now())
    except pushing.KeyTakenError as error:
        raise HttpError(409, str(error)) from error
    except pushing.PushError as error:
        raise HttpError(422, str(error)) from error
    refused = [row._asdict() for row in wrong]
    return Status(202, {"push": push.key, "taken": len(sent.rows) - len(refused), "refused": refused})


@router.get("/pushes/{key}", response=PushState, summary="What became of a push")
def push_state(request: HttpRequest, key: str) -> dict[str, Any]:
    push = Push.objects.select_related("run").filter(feed=_feed(request), key=key).first()
    if push is None:
        raise HttpError(404, "There is no such push.")
    return {"push": push.key, "done": push.due_at is None, "run": _run(push.run) if push.run else None}


@router.get("/runs", response=list[Run], summary="The last readings, newest first")
def runs(request: HttpRequest) -> list[dict[str, Any]]:
    return [_run(run) for run in SyncRun.objects.filter(feed=_feed(request))[:RUNS_SHOWN]]


def _run(run: SyncRun) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in Run.model_fields if name != "notes"}
    return {**values, "notes": [note["text"] for note in run.notes]}


def _feed(request: HttpRequest) -> Feed:
    """The one that the key opens."""
    return request.auth  # type: ignore[attr-defined, no-any-return]


def _blocks(request: HttpRequest) -> Iterator[bytes]:
    while block := request.read(_BLOCK):
        yield block
