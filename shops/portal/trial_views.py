"""The last steps of adding a shop's stock: what the tried list came to, row by row, and what is on sale then."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.views.decorators.http import require_safe
from oscar.apps.partner.models import StockRecord

from catalog_sync import declaring, error_file, sampling
from catalog_sync.doors import setting_up, trying
from catalog_sync.models import FeedSetup, SyncRun
from catalog_sync.reasons import words_of
from shops import sellable
from shops.models import Shop
from shops.portal import trial_words
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.setup_forms import GoForm
from shops.portal.setup_views import setup_of, step_page, to_step, try_it
from shops.systems import SYSTEMS

ROWS_SHOWN = 100


@portal_action
def try_again(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    setup = setup_of(request, workplace, setup_id)
    return try_it(request, workplace, setup) if setup.went_at is None else to_step(workplace, setup, "stock-sale")


@require_safe
@portal_page
def trial(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """How many rows were understood, and of each trouble how many; nothing yet where it was not tried."""
    setup = setup_of(request, workplace, setup_id)
    run = _run_of(setup)
    context: dict[str, object] = {
        "is_trying": setup.trial is not None and run is None and setup.trial.parked_at is None,
        "has_failed": setup.trial is not None and setup.trial.parked_at is not None,
        "run": run,
    }
    if run is not None:
        context |= {
            "understood": trial_words.understood(run),
            "troubles": trial_words.troubles(run),
            "notes": [words_of(note) for note in run.notes],
            "sample": sampling.examples(run),
            "is_unread": run.state == SyncRun.State.FAILED,
        }
    return step_page(request, workplace, setup, "stock-trial", context)


@require_safe
@portal_page
def rows(request: StaffRequest, workplace: Workplace, setup_id: int, code: str) -> HttpResponse:
    """The rows of one trouble: where, which article, what stands there, what to do."""
    setup = setup_of(request, workplace, setup_id)
    run, found = _trouble(setup, code)
    issues = [issue for issue in run.unsaved_issues if issue.code == code]
    pages = Paginator(issues, ROWS_SHOWN).get_page(request.GET.get("page"))
    context = {"setup": setup, "trouble": found, "pages": pages, "named": len(issues)}
    return page(request, workplace, "portal/stock_rows.html", context)


@require_safe
@portal_page
def rows_file(request: StaffRequest, workplace: Workplace, setup_id: int, code: str) -> HttpResponse:
    """The same as a file for a spreadsheet."""
    setup = setup_of(request, workplace, setup_id)
    run, found = _trouble(setup, code)
    issues = [issue for issue in run.unsaved_issues if issue.code == code]
    lines = error_file.lines_of(issues, left=found.rows - len(issues))
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{setup.feed.name}-{code}.csv"'
    return response


@require_safe
@portal_page
def sale(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """What the shop declares before it goes; once it went, what is on sale, counted while it comes."""
    setup = setup_of(request, workplace, setup_id)
    if setup.went_at is None:
        return _asked(request, workplace, setup, GoForm(setup.feed))
    run = SyncRun.objects.filter(feed=setup.feed, pushed=False).order_by("-pk").first()
    is_read = run is not None and run.state != SyncRun.State.RUNNING
    context: dict[str, object] = {
        "run": run,
        "is_reading": not is_read and setup.feed.parked_at is None,
        "on_sale": (on_sale := _on_sale(workplace.shop)),
        "on_sale_words": number_format(on_sale, force_grouping=True),
        "is_open": workplace.shop.status == Shop.Status.ACTIVE,
        "notes": [words_of(note) for note in run.notes] if run is not None else [],
    }
    return step_page(request, workplace, setup, "stock-sale", context)


@portal_action
def go(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """The feed is active from now on, and read at once."""
    setup, now = setup_of(request, workplace, setup_id), timezone.now()
    if setup.went_at is not None or setup.trouble or _run_of(setup) is None:
        return to_step(workplace, setup, "stock-sale" if setup.went_at else "stock-trial")
    form = GoForm(setup.feed, request.POST)
    if not form.is_valid():
        return _asked(request, workplace, setup, form)
    lag = form.cleaned_data["booking_lag_minutes"]
    lane = declaring.stock_lane_of(setup.feed) if setup.feed.kind in SYSTEMS else None
    declaring.declare(setup.feed, form.values(), stock_lane=lane, booking_lag_minutes=lag, by=request.user, now=now)
    setting_up.go(setup, by=request.user, now=now)
    return to_step(workplace, setup, "stock-sale")


def _asked(request: StaffRequest, workplace: Workplace, setup: FeedSetup, form: GoForm) -> HttpResponse:
    run = _run_of(setup)
    is_ready = run is not None and run.state != SyncRun.State.FAILED
    return step_page(request, workplace, setup, "stock-sale", {"form": form, "is_ready": is_ready})


def _run_of(setup: FeedSetup) -> SyncRun | None:
    """What the tried list came to; None where it was not tried, or is being."""
    return trying.run_of(setup.trial) if setup.trial is not None and setup.trial.done_at else None


def _trouble(setup: FeedSetup, code: str) -> tuple[SyncRun, trial_words.Trouble]:
    """Raises `Http404` where no row of the trial has it."""
    run = _run_of(setup)
    found = next((each for each in trial_words.troubles(run) if each.code == code), None) if run else None
    if run is None or found is None:
        raise Http404
    return run, found


def _on_sale(shop: Shop) -> int:
    """Titles of the shop that a reader can buy now."""
    records = StockRecord.objects.filter(partner_id=shop.partner_id)
    sold = sellable.annotate_sellable(records, now=timezone.now()).filter(sellable__gt=0)
    return sold.values("product_id").distinct().count()
