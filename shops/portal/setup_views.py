"""Adding a shop's stock, step by step: the list, its columns, a trial, what is declared of it, and off it goes. Each
step is a page of its own; what was done is kept, so that one can leave and come back."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync.adapters import ADAPTERS
from catalog_sync.doors import arrivals, setting_up, sftp_logins
from catalog_sync.models import FeedSetup
from catalog_sync.reasons import FeedError, words_of
from marketplace.foundation import audit
from shops.portal import columns_shown
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import ListForm
from shops.portal.queries import feeds_for
from shops.portal.setup_forms import HttpsForm, KindForm, SftpForm
from shops.systems import SYSTEMS


def setup_of(request: StaffRequest, workplace: Workplace, setup_id: int) -> FeedSetup:
    mine = FeedSetup.objects.filter(feed__in=feeds_for(request.user).filter(shop=workplace.shop))
    return get_object_or_404(mine.select_related("feed__shop", "feed__sftp", "trial"), pk=setup_id)


def to_step(workplace: Workplace, setup: FeedSetup, step: str = "stock-list") -> HttpResponse:
    return redirect(f"portal:{step}", slug=workplace.shop.slug, setup_id=setup.pk)


def step_page(
    request: StaffRequest, workplace: Workplace, setup: FeedSetup, here: str, context: dict[str, object]
) -> HttpResponse:
    """One step's page, with the way through: (address, name) of the steps that can be gone to."""
    steps = [("stock-list", _("The list"))]
    steps += [("stock-columns", _("Columns"))] if setting_up.asks_for_columns(setup) else []
    steps += [("stock-trial", _("Trial")), ("stock-sale", _("On sale"))]
    names = [name for name, _word in steps]
    known = {"setup": setup, "feed": setup.feed, "steps": steps, "here": here, "number": names.index(here) + 1}
    return page(request, workplace, f"portal/{here.replace('-', '_')}.html", {**known, **context})


@require_safe
@portal_page
def start(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _start(request, workplace)


def _start(request: StaffRequest, workplace: Workplace, status: int = 200, **bound: forms.Form) -> HttpResponse:
    context = {
        "form": ListForm(),
        "https_form": HttpsForm(auto_id="https_%s"),
        "sftp_form": SftpForm(auto_id="sftp_%s"),
        "unfinished": setting_up.unfinished(workplace.shop),
        **bound,
    }
    return page(request, workplace, "portal/stock_start.html", context, status=status)


@portal_action
def upload(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form, now = ListForm(request.POST, request.FILES), timezone.now()
    if not form.is_valid():
        return _start(request, workplace, 422, form=form)
    sent, made_at = form.cleaned_data["file"], form.cleaned_data["made_at"] or now
    try:
        setup = setting_up.begin_upload(
            workplace.shop, sent.chunks(), name=sent.name, made_at=made_at, by=request.user, now=now
        )
    except (arrivals.ArrivalError, setting_up.SetupError) as problem:
        form.add_error("file", str(problem))
        return _start(request, workplace, 422, form=form)
    audit.record("feed.begin", setup.feed, by=request.user, shop_id=workplace.shop.pk)
    return to_step(workplace, setup)


@portal_action
def connect(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """An address is given; the step calls it, never this page."""
    is_sftp = request.POST.get("how") == "sftp"
    form = SftpForm(request.POST, auto_id="sftp_%s") if is_sftp else HttpsForm(request.POST, auto_id="https_%s")
    name = "sftp_form" if is_sftp else "https_form"
    if not form.is_valid():
        return _start(request, workplace, 422, **{name: form})
    try:
        setup = setting_up.begin_connection(workplace.shop, form.connection(), by=request.user, now=timezone.now())
    except (setting_up.SetupError, forms.ValidationError) as problem:
        form.add_error(None, problem if isinstance(problem, forms.ValidationError) else str(problem))
        return _start(request, workplace, 422, **{name: form})
    audit.record("feed.begin", setup.feed, by=request.user, shop_id=workplace.shop.pk, host=setup.shown_name)
    return to_step(workplace, setup)


@require_safe
@portal_page
def the_list(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """What came, what kind it is, or why there is nothing to look at and what to do."""
    return _the_list(request, workplace, setup_of(request, workplace, setup_id))


def _the_list(
    request: StaffRequest, workplace: Workplace, setup: FeedSetup, form: forms.Form | None = None
) -> HttpResponse:
    is_sent = arrivals.takes_lists(setup.feed.location)
    context: dict[str, object] = {
        "is_looking": setup.due_at is not None,
        "trouble": words_of(setup.trouble) if setup.trouble else "",
        "label": ADAPTERS[setup.feed.kind][0],
        "is_sent": is_sent,
        "is_system": setup.feed.kind in SYSTEMS,
        "form": (form or ListForm()) if is_sent else None,
        "kind_form": KindForm(initial={"kind": setup.feed.kind}),
        "fingerprint": sftp_logins.seen_fingerprint(setup.feed),
        "next": "stock-columns" if setting_up.asks_for_columns(setup) else "stock-trial",
    }
    return step_page(request, workplace, setup, "stock-list", context)


@portal_action
def again(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """Another list is sent, or the address is called once more."""
    setup, now = setup_of(request, workplace, setup_id), timezone.now()
    if setup.went_at is not None:
        return to_step(workplace, setup, "stock-sale")
    if not arrivals.takes_lists(setup.feed.location):
        setting_up.look_again(setup, now=now)
        return to_step(workplace, setup)
    form = ListForm(request.POST, request.FILES)
    if form.is_valid():
        sent, made_at = form.cleaned_data["file"], form.cleaned_data["made_at"] or now
        try:
            setting_up.send_another(setup, sent.chunks(), name=sent.name, made_at=made_at, now=now)
            return to_step(workplace, setup)
        except arrivals.ArrivalError as problem:
            form.add_error("file", str(problem))
    return _the_list(request, workplace, setup, form)


@portal_action
def kind(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """A person says what kind of list it is."""
    setup, form = setup_of(request, workplace, setup_id), KindForm(request.POST)
    if setup.went_at is None and setup.feed.kind not in SYSTEMS and form.is_valid():
        setting_up.choose_kind(setup, form.cleaned_data["kind"])
        audit.record("feed.kind", setup.feed, by=request.user, shop_id=workplace.shop.pk, kind=setup.feed.kind)
    return to_step(workplace, setup)


@portal_action
def host_key(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    setup, shown = setup_of(request, workplace, setup_id), request.POST.get("fingerprint", "")
    if not setting_up.confirm_host_key(setup, shown, by=request.user, now=timezone.now()):
        messages.error(request, _("The server has shown another key since. Compare it again."))
    return to_step(workplace, setup)


@require_safe
@portal_page
def columns(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    setup = setup_of(request, workplace, setup_id)
    return step_page(request, workplace, setup, "stock-columns", columns_shown.shown(setting_up.sample_of(setup)))


@portal_action
def choose(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    """The columns as a person says: tried on the first articles, or kept, and then the whole list is tried."""
    setup = setup_of(request, workplace, setup_id)
    sample, now = setting_up.sample_of(setup), timezone.now()
    if setup.went_at is not None or not setting_up.asks_for_columns(setup):
        return to_step(workplace, setup)
    try:
        choice = columns_shown.choice_of(request, sample)
    except FeedError:
        return to_step(workplace, setup, "stock-columns")
    if choice.options is None:
        messages.info(request, _("The list is another one now. Look at its columns again."))
        return to_step(workplace, setup, "stock-columns")
    if choice.problem is None and request.POST.get("do") == "keep":
        setting_up.keep_columns(setup, choice.options, by=request.user, now=now)
        return try_it(request, workplace, setup)
    context = columns_shown.shown(sample, choice.chosen, choice.problem)
    return step_page(request, workplace, setup, "stock-columns", context)


@portal_action
def give_up(request: StaffRequest, workplace: Workplace, setup_id: int) -> HttpResponse:
    if setting_up.give_up(setup_of(request, workplace, setup_id), by=request.user):
        messages.success(request, _("It is forgotten, with its list and its secrets. Nothing was changed."))
    return redirect("portal:stock-start", slug=workplace.shop.slug)


def try_it(request: StaffRequest, workplace: Workplace, setup: FeedSetup) -> HttpResponse:
    """The whole list is tried by the step; the page of the trial waits for it."""
    try:
        setting_up.try_it(setup, by=request.user, now=timezone.now())
    except (arrivals.ArrivalError, FeedError) as problem:
        messages.error(request, str(problem))
        return to_step(workplace, setup)
    return to_step(workplace, setup, "stock-trial")
