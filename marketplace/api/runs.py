"""What a feed's readings came to, and a list that is only tried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Header, Router, Schema, Status
from ninja.errors import HttpError

from catalog_sync.doors import arrivals, trying
from catalog_sync.models import DryRun, RecordIssue, SyncRun
from marketplace.api.keyed import FeedKey, blocks, feed_of, made_at
from marketplace.foundation import audit

router = Router(auth=FeedKey(), tags=["runs"])
RUNS_SHOWN = 20
PROBLEMS_SHOWN = trying.PROBLEMS_KEPT
_WOULD = {SyncRun.State.DONE: "apply", SyncRun.State.AWAITING: "await approval", SyncRun.State.FAILED: "fail"}


class Run(Schema):
    """`refused_by`: how many articles were refused, by the code of the reason. `unmatched`: of the quarantined, those
    whose title is asked for. `awaiting`: articles that wait for a person's approval. `peak_memory_mb`: of the process
    that read, since it began."""

    id: int | None
    state: str
    started_at: datetime
    ended_at: datetime | None
    as_of: datetime | None
    complete: bool
    read: int
    new: int
    changed: int
    unchanged: int
    gone: int
    refused: int
    refused_by: dict[str, int]
    quarantined: int
    unmatched: int
    awaiting: int
    written: int
    seconds: float
    rows_per_second: int
    peak_memory_mb: int
    notes: list[str]


class Example(Schema):
    """An article that would change; prices in minor units of `currency`."""

    sku: str
    title: str
    before: str | int | None
    after: str | int | None
    currency: str


class Problem(Schema):
    """`kind`: refused, quarantined, question or warning. `position`: row or record of the list."""

    kind: str
    code: str
    position: str
    sku: str
    value: str
    text: str


class RunReport(Run):
    """`sample`: some articles of each kind of change, where a person must approve them. `problems`: the first ones."""

    sample: dict[str, list[Example]]
    problems: list[Problem]


class DryRunReceived(Schema):
    id: int


class DryRunState(Schema):
    """`would`: what the list would do if it were sent: "apply", "await approval", "fail"; null until it was read."""

    id: int
    done: bool
    would: str | None
    report: RunReport | None


@router.get("/runs", response=list[Run], summary="The last readings, newest first")
def runs(request: HttpRequest) -> list[dict[str, Any]]:
    return [run_row(run) for run in SyncRun.objects.filter(feed=feed_of(request))[:RUNS_SHOWN]]


@router.get("/runs/{run_id}", response=RunReport, summary="One reading, with what was wrong row by row")
def run_report(request: HttpRequest, run_id: int) -> dict[str, Any]:
    run = SyncRun.objects.filter(feed=feed_of(request), pk=run_id).first()
    if run is None:
        raise HttpError(404, "There is no such run.")
    return _report(run, run.issues.order_by("pk")[:PROBLEMS_SHOWN])


@router.post("/dry-run", response={202: DryRunReceived}, summary="Try a whole list: nothing of it is applied")
def try_list(
    request: HttpRequest,
    as_of: str = Header("", alias="As-Of", description="When it was exported, ISO 8601 with zone; left out: just now."),
    name: str = Header("", alias="X-File-Name", description="Its ending tells the format where it is in doubt."),
) -> Status:
    feed, now = feed_of(request), timezone.now()
    made = made_at(as_of, now)
    try:
        dry = trying.receive(feed, blocks(request), name=name, made_at=made, now=now, by=None)
    except arrivals.ArrivalError as error:
        raise HttpError(422, str(error)) from error
    audit.record("feed.try", feed, by="api", shop_id=feed.shop_id)
    return Status(202, {"id": dry.pk})


@router.get("/dry-runs/{dry_run_id}", response=DryRunState, summary="What a tried list would change")
def dry_run(request: HttpRequest, dry_run_id: int) -> dict[str, Any]:
    dry = DryRun.objects.select_related("feed__shop").filter(feed=feed_of(request), pk=dry_run_id).first()
    if dry is None:
        raise HttpError(404, "There is no such dry run. They are kept for seven days.")
    if dry.done_at is None:
        return {"id": dry.pk, "done": False, "would": None, "report": None}
    run = trying.run_of(dry)
    return {"id": dry.pk, "done": True, "would": _WOULD[SyncRun.State(run.state)], "report": _report(run)}


def run_row(run: SyncRun) -> dict[str, Any]:
    """A run as `Run` gives it."""
    values = {name: getattr(run, name) for name in Run.model_fields if name != "notes"}
    return {**values, "notes": [note["text"] for note in run.notes]}


def _report(run: SyncRun, issues: Iterable[RecordIssue] | None = None) -> dict[str, Any]:
    found = run.unsaved_issues if issues is None else issues
    problems = [{name: getattr(issue, name) for name in Problem.model_fields} for issue in found]
    return {**run_row(run), "sample": run.sample, "problems": problems}
