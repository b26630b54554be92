"""The ways into a feed beside the list: its webhook, a list that is only tried, and whose SFTP server is believed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import sampling
from catalog_sync.doors import arrivals, hooks, sftp_logins, trying
from catalog_sync.models import DryRun, Feed, Webhook
from catalog_sync.reasons import refusals, words_of
from marketplace.foundation import audit
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import ListForm, WebhookForm
from shops.portal.queries import feeds_for
from shops.portal.words import ISSUES

ISSUES_SHOWN = 100


@portal_action
def try_list(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """A list comes by hand and is read with nothing written; a page says what it would change."""
    feed = _feed(request, workplace, name)
    form, now = ListForm(request.POST, request.FILES), timezone.now()
    if not form.is_valid():
        return _back(request, workplace, " ".join(str(error) for found in form.errors.values() for error in found))
    sent, made_at = form.cleaned_data["file"], form.cleaned_data["made_at"] or now
    try:
        dry = trying.receive(feed, sent.chunks(), name=sent.name, made_at=made_at, now=now, by=request.user)
    except arrivals.ArrivalError as error:
        return _back(request, workplace, str(error))
    audit.record("feed.try", feed, by=request.user, shop_id=feed.shop_id)
    return redirect("portal:dry-run", slug=workplace.shop.slug, dry_run_id=dry.pk)


@require_safe
@portal_page
def dry_run(request: StaffRequest, workplace: Workplace, dry_run_id: int) -> HttpResponse:
    """What a tried list would change, in the words of a run's page."""
    mine = DryRun.objects.filter(feed__in=feeds_for(request.user).filter(shop=workplace.shop))
    dry = get_object_or_404(mine.select_related("feed__shop"), pk=dry_run_id)
    if dry.done_at is None:
        return page(request, workplace, "portal/dry_run.html", {"dry": dry})
    run = trying.run_of(dry)
    context = {
        "dry": dry,
        "run": run,
        "notes": [words_of(note) for note in run.notes],
        "refusals": refusals(run.refused_by),
        "sample": sampling.examples(run),
        "issues": [(issue, ISSUES[issue.kind]) for issue in run.unsaved_issues[:ISSUES_SHOWN]],
        "is_cut": len(run.unsaved_issues) > ISSUES_SHOWN,
    }
    return page(request, workplace, "portal/dry_run.html", context)


@portal_action
def make_webhook(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """A secret for the feed's webhook; it is shown on the page that comes back, and never again."""
    feed = _feed(request, workplace, name)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        problem = " ".join(str(error) for found in form.errors.values() for error in found)
        return _back(request, workplace, problem)
    kind = Webhook.Form(form.cleaned_data["form"])
    try:
        secret = hooks.make(feed, form=kind, given=form.cleaned_data["secret"], by=request.user, now=timezone.now())
    except hooks.HookError as error:
        return _back(request, workplace, str(error))
    made = Webhook.objects.get(feed=feed)
    context = {"feed": feed, "webhook": made, "address": hooks.address_of(made), "secret": secret}
    return page(request, workplace, "portal/webhook.html", context)


@portal_action
def end_webhook(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    if hooks.end(_feed(request, workplace, name), by=request.user):
        messages.success(request, _("The webhook is ended: what is sent there is not taken any more."))
    return _back(request, workplace)


@portal_action
def confirm_host_key(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """A person has compared the fingerprint that stood on the page; another one since then is not confirmed by that."""
    shown = request.POST.get("fingerprint", "")
    if not sftp_logins.confirm(_feed(request, workplace, name), shown, by=request.user, now=timezone.now()):
        return _back(request, workplace, _("The server has shown another key since. Compare it again."))
    messages.success(request, _("Thank you. The list is fetched now: look below in a moment."))
    return _back(request, workplace)


def _feed(request: StaffRequest, workplace: Workplace, name: str) -> Feed:
    return get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop), name=name)


def _back(request: StaffRequest, workplace: Workplace, problem: str = "") -> HttpResponse:
    if problem:
        messages.error(request, problem)
    return redirect("portal:feeds", slug=workplace.shop.slug)
