"""The shop's feeds: what each reading found, in words, and a reading that a person must approve."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import decisions, error_file, health, lanes, sampling, undoing
from catalog_sync.doors import arrivals, hooks, keys, setting_up, sftp_logins
from catalog_sync.models import Feed, FeedToken, RecordIssue, StockLane, SyncRun
from catalog_sync.reasons import refusals, words_of
from catalog_sync.titles import questions
from marketplace.foundation import audit
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import KeyForm, ListForm, WebhookForm
from shops.portal.queries import feeds_for, runs_for
from shops.portal.words import ISSUES, LANES, RUN_STATES

RUNS_SHOWN = 20
ISSUES_SHOWN = 100


@require_safe
@portal_page
def feeds(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The feeds, and the last runs of all of them."""
    runs, now = Paginator(_runs(request, workplace), RUNS_SHOWN).get_page(request.GET.get("page")), timezone.now()
    context = {
        "feeds": [
            {
                "feed": feed,
                "health": None if feed.kind == "manual" else health.health(feed, now=now),
                "lane": LANES[feed.lane],
                "second": second,
                "form": _list_form(feed, feed),
                "stock_form": _list_form(feed, second) if second else None,
                "webhook_form": _webhook_form(feed),
                "webhook_address": hooks.address_of(feed.webhook) if hasattr(feed, "webhook") else "",
                "fingerprint": sftp_logins.seen_fingerprint(feed),
            }
            for feed, second in _feeds(request, workplace)
        ],
        "unfinished": len(setting_up.unfinished(workplace.shop)),
        "key_form": KeyForm(),
        "questions": questions.count(feeds_for(request.user).filter(shop=workplace.shop)),
        "awaiting": _runs(request, workplace).filter(state=SyncRun.State.AWAITING)[:RUNS_SHOWN],
        "runs": [(row, RUN_STATES[row.state], words_of(row.notes[0]) if row.notes else "") for row in runs],
        "pages": runs,
    }
    return page(request, workplace, "portal/feeds.html", context)


def _feeds(request: StaffRequest, workplace: Workplace) -> list[tuple[Feed, StockLane | None]]:
    """Each with its keys, and its second lane or None."""
    mine = feeds_for(request.user).filter(shop=workplace.shop).exclude(setup__isnull=False, setup__went_at=None)
    mine = mine.select_related("stock_lane", "webhook", "sftp")
    feeds = mine.prefetch_related(Prefetch("tokens", FeedToken.objects.filter(revoked_at=None), to_attr="keys"))
    return [(feed, getattr(feed, "stock_lane", None)) for feed in feeds]


def _list_form(feed: Feed, row: Feed | StockLane) -> ListForm | None:
    """Where its lists are sent by hand."""
    if not arrivals.takes_lists(row.location):
        return None
    return ListForm(auto_id=f"{feed.name}_{'own' if row is feed else 'stock'}_%s")


def _webhook_form(feed: Feed) -> WebhookForm:
    made = getattr(feed, "webhook", None)
    return WebhookForm(auto_id=f"hook_{feed.name}_%s", initial={"form": made.form} if made else {})


@portal_action
def send(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """A list comes by hand; the step reads it within seconds."""
    feed = get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop), name=name)
    form = ListForm(request.POST, request.FILES)
    lane = feed.lane if request.POST.get("lane") not in lanes.lanes_of(feed) else request.POST["lane"]
    now = timezone.now()
    problem = ""
    if form.is_valid():
        sent = form.cleaned_data["file"]
        made_at = form.cleaned_data["made_at"] or now
        try:
            size = arrivals.receive(feed, sent.chunks(), lane=lane, name=sent.name, made_at=made_at, now=now)
        except arrivals.ArrivalError as error:
            problem = str(error)
        else:
            audit.record("feed.send", feed, by=request.user, shop_id=feed.shop_id, bytes=size)
            messages.success(request, _("Thank you. The list is read now: look below in a moment."))
            return redirect("portal:feeds", slug=workplace.shop.slug)
    errors = [problem] if problem else [str(error) for found in form.errors.values() for error in found]
    messages.error(request, " ".join(errors))
    return redirect("portal:feeds", slug=workplace.shop.slug)


@portal_action
def make_key(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """A key for a program; it is shown on the page that comes back, and never again."""
    feed = get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop), name=name)
    form = KeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for error in form.errors["label"]))
        return redirect("portal:feeds", slug=workplace.shop.slug)
    key = keys.make(feed, label=form.cleaned_data["label"], by=request.user, now=timezone.now())
    return page(request, workplace, "portal/key.html", {"feed": feed, "key": key})


@portal_action
def revoke_key(request: StaffRequest, workplace: Workplace, key_id: int) -> HttpResponse:
    mine = FeedToken.objects.filter(feed__in=feeds_for(request.user).filter(shop=workplace.shop))
    if keys.revoke(get_object_or_404(mine, pk=key_id), by=request.user, now=timezone.now()):
        messages.success(request, _("The key opens nothing any more."))
    return redirect("portal:feeds", slug=workplace.shop.slug)


@require_safe
@portal_page
def run(request: StaffRequest, workplace: Workplace, run_id: int) -> HttpResponse:
    """One run: its counts, what happened, and the articles that were not taken as they are."""
    found = get_object_or_404(_runs(request, workplace), pk=run_id)
    kinds = list(found.issues.values_list("kind").annotate(count=Count("pk")).order_by("kind"))
    kind = request.GET.get("kind", "")
    issues = found.issues.order_by("pk")
    if kind in RecordIssue.Kind.values:
        issues = issues.filter(kind=kind)
    pages = Paginator(issues, ISSUES_SHOWN).get_page(request.GET.get("page"))
    context = {
        "run": found,
        "state_word": RUN_STATES[found.state],
        "notes": [words_of(note) for note in found.notes],
        "can_approve_prices": decisions.has_prices_kept_back(found),
        "can_undo": undoing.can_be_undone(found),
        "sample": sampling.examples(found),
        "refusals": refusals(found.refused_by),
        "needs_two": decisions.needs_two(found),
        "is_alone": _is_alone(workplace),
        "kinds": [(name, ISSUES[name], count) for name, count in kinds],
        "kind": kind,
        "issues": [(issue, ISSUES[issue.kind]) for issue in pages],
        "pages": pages,
        "kept": urlencode({"kind": kind}) + "&",
    }
    return page(request, workplace, "portal/run.html", context)


@portal_action
def approve(request: StaffRequest, workplace: Workplace, run_id: int) -> HttpResponse:
    """The list is read again and applied, if it is still the one that was looked at. Where two must agree, the
    operator is the other; the only person of a shop signs in again instead."""
    found = get_object_or_404(_runs(request, workplace), pk=run_id)
    if decisions.needs_two(found) and _is_alone(workplace):
        return _approve_alone(request, workplace, found)
    return _approved(request, workplace, found, signed_in_again=False)


@reauthentication_required
def _approve_alone(request: StaffRequest, workplace: Workplace, found: SyncRun) -> HttpResponse:
    return _approved(request, workplace, found, signed_in_again=True)


def _approved(request: StaffRequest, workplace: Workplace, found: SyncRun, *, signed_in_again: bool) -> HttpResponse:
    done = decisions.approve(found, by=request.user, now=timezone.now(), signed_in_again=signed_in_again)
    if done is decisions.Approval.GIVEN:
        messages.success(request, _("Approved: the list is read again and applied now. Look again in a moment."))
    elif done is decisions.Approval.HALF:
        messages.success(request, _("Thank you. It touches so much of your shop that the network looks at it too."))
    else:
        messages.info(request, _("This list does not await approval any more."))
    return _back(workplace, found.pk)


def _is_alone(workplace: Workplace) -> bool:
    return workplace.shop.members.count() == 1


@portal_action
def reject(request: StaffRequest, workplace: Workplace, run_id: int) -> HttpResponse:
    found = get_object_or_404(_runs(request, workplace), pk=run_id)
    if decisions.reject(found, by=request.user):
        messages.success(request, _("Rejected: nothing is changed. Send the right list."))
    else:
        messages.info(request, _("This list does not await approval any more."))
    return _back(workplace, run_id)


@portal_action
def undo(request: StaffRequest, workplace: Workplace, run_id: int) -> HttpResponse:
    found = get_object_or_404(_runs(request, workplace), pk=run_id)
    if decisions.ask_to_undo(found, by=request.user, now=timezone.now()):
        messages.success(request, _("It is being undone. Look again in a moment."))
    else:
        messages.info(request, _("This reading cannot be undone any more."))
    return _back(workplace, run_id)


@require_safe
@portal_page
def errors(request: StaffRequest, workplace: Workplace, run_id: int) -> HttpResponse:
    """What was wrong, row by row, as a file."""
    found = get_object_or_404(_runs(request, workplace), pk=run_id)
    response = HttpResponse("".join(error_file.lines(found)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.feed.name}-{found.pk}.csv"'
    return response


def _back(workplace: Workplace, run_id: int) -> HttpResponse:
    return redirect("portal:run", slug=workplace.shop.slug, run_id=run_id)


def _runs(request: StaffRequest, workplace: Workplace) -> QuerySet[SyncRun]:
    return runs_for(request.user).filter(feed__shop=workplace.shop)
