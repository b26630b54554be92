"""What readers send back, at the desk: of the shop's own orders, and what it receives for another shop, which learns of
the reader no more than it needs: which copies, whose they were, its number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync.doors import own_articles
from marketplace.foundation import audit
from marketplace.foundation.models import AuditEntry
from shops import queries
from shops.models import Return, ReturnLine, ReturnPhoto, Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.return_forms import CheckForm, NoteForm, PlaceNoteForm, RefuseForm, TermsForm
from shops.portal.returns_queue import return_rows, to_do, told
from shops.portal.words import RETURN_DEEDS, moment
from shops.returns import moving, photos
from shops.returns.asking import ReturnError

State = Return.State
SHOWN = 50
SELLER = ("agree", "refuse", "arrive", "check", "come-home")
PLACE = ("arrive", "forward")


@require_safe
@portal_page
def returns(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """What is to do first, then all, newest first."""
    return _list(request, workplace, TermsForm(instance=workplace.shop))


@require_safe
@portal_page
def one(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    return _page(request, workplace, _own(request, workplace, pk))


@portal_action
def act(request: StaffRequest, workplace: Workplace, pk: int, deed: str) -> HttpResponse:
    """One deed of `deeds_of`; where it cannot be done any more, the page says what was done instead."""
    row, now = _own(request, workplace, pk), timezone.now()
    if deed not in (SELLER if _sells(row, workplace) else PLACE):
        raise Http404
    form = _form(deed, row, request)
    if not form.is_valid():
        return _page(request, workplace, row, {deed: form}, status=422)
    try:
        _DEEDS["arrive-home" if deed == "arrive" and _sells(row, workplace) else deed](row, form, request, now)
    except ReturnError as error:
        form.add_error(None, str(error))
        return _page(request, workplace, _own(request, workplace, pk), {deed: form}, status=409)
    messages.success(request, _("Done: %(number)s.") % {"number": row.number})
    return redirect("portal:return", slug=workplace.shop.slug, pk=pk)


@require_safe
@portal_page
def photo(request: StaffRequest, workplace: Workplace, pk: int, photo_id: int) -> HttpResponse:
    row = _own(request, workplace, pk)
    if not _sells(row, workplace):
        raise Http404
    kept = get_object_or_404(ReturnPhoto, pk=photo_id, of=row)
    return HttpResponse(photos.content(kept), content_type="image/webp")


@portal_action
def save_terms(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = TermsForm(request.POST, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return _list(request, workplace, form, status=422)
    if form.changed_data:
        with transaction.atomic():
            saved = form.save(commit=False)
            saved.save(update_fields=form.changed_data)
            said = {name: form.cleaned_data[name] for name in form.changed_data}
            audit.record("shop.return_terms", saved, by=request.user, shop_id=saved.pk, **said)
    messages.success(request, _("Saved.") if form.changed_data else _("Nothing was changed."))
    return redirect("portal:returns", slug=workplace.shop.slug)


_DEEDS: dict[str, Callable[[Return, Form, StaffRequest, datetime], None]] = {
    "agree": lambda row, form, request, now: moving.agree(
        row, note=form.cleaned_data["note"], by=request.user, now=now
    ),
    "refuse": lambda row, form, request, now: moving.refuse(
        row,
        note=form.cleaned_data["note"],
        excepted=form.cleaned_data.get("excepted", ""),
        by=request.user,
        now=now,
    ),
    "arrive": lambda row, form, request, now: moving.arrive(
        row, note=form.cleaned_data["note"], by=request.user, now=now
    ),
    "arrive-home": lambda row, form, request, now: moving.arrive(row, at_seller=True, by=request.user, now=now),
    "forward": lambda row, form, request, now: moving.forward(row, by=request.user, now=now),
    "come-home": lambda row, form, request, now: moving.come_home(row, by=request.user, now=now),
    "check": lambda row, form, request, now: moving.check(
        row,
        form.found(),  # type: ignore[attr-defined]
        note=form.cleaned_data["note"],
        by=request.user,
        now=now,
    ),
}


def deeds_of(row: Return, *, sells: bool, now: datetime) -> list[str]:
    """What the shop at hand can do with it now."""
    state, found = State(row.state), []
    law = row.basis == Return.Basis.WITHDRAWAL
    if sells:
        found += ["agree", "refuse"] if state == State.ASKED else []
        if (law and state in (State.AGREED, State.SENT, State.ARRIVED)) or moving.never_came(row, now=now):
            found.append("refuse")
        found += ["check"] if state == State.ARRIVED else []
        found += ["come-home"] if row.arrived_at and not row.home_at else []
    if state in (State.AGREED, State.SENT):
        found.insert(0, "arrive")
    if not sells and row.arrived_at and not (row.forwarded_at or row.home_at):
        found.append("forward")
    return found


def _form(deed: str, row: Return, request: StaffRequest | None = None) -> Form:
    sent = request.POST if request else None
    names = f"{deed}_%s"
    if deed == "refuse":
        return RefuseForm(sent, row=row, auto_id=names)
    if deed == "check":
        return CheckForm(sent, lines=list(row.lines.select_related("line")), auto_id=names)
    if deed == "agree":
        return NoteForm(sent, auto_id=names)
    if deed == "arrive":
        return PlaceNoteForm(sent, auto_id=names)
    return Form(sent if sent is not None else None, auto_id=names)


def _page(
    request: StaffRequest,
    workplace: Workplace,
    row: Return,
    failed: dict[str, Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    now, sells = timezone.now(), _sells(row, workplace)
    deeds = deeds_of(row, sells=sells, now=now) if workplace.can_work else []
    forms = {deed: _form(deed, row) for deed in deeds} | (failed or {})
    context = {
        "row": row,
        "sells": sells,
        "lines": _lines(row, typed=sells and row.checked_at is not None),
        "photos": row.photos.all() if sells else [],
        "forms": forms,
        "problems": [error for form in (failed or {}).values() for error in form.non_field_errors()],
        "overdue": row.refund_by is not None and row.refund_by < now,
        "history": [_said(entry, row, workplace, now) for entry in moving.history(row)],
    }
    return page(request, workplace, "portal/return.html", context, status=status)


def _lines(row: Return, *, typed: bool) -> list[ReturnLine]:
    """`own_id`: of an article that the shop types, where its number is raised once a copy is on the shelf again."""
    lines = list(row.lines.select_related("line"))
    numbers = [line.line.sku for line in lines if line.restocked]
    found = own_articles.articles_of(row.shop_order.shop).filter(sku__in=numbers) if typed and numbers else []
    ids = {article.sku: article.pk for article in found}
    for line in lines:
        line.own_id = ids.get(line.line.sku) if line.restocked else None  # type: ignore[attr-defined]
    return lines


def _list(request: StaffRequest, workplace: Workplace, form: TermsForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    theirs = queries.returns_for(request.user, workplace.shop)
    pages = Paginator(told(theirs, workplace.shop).order_by("-pk"), SHOWN).get_page(request.GET.get("page"))
    context = {
        "waiting": return_rows(told(to_do(theirs, workplace.shop), workplace.shop)[:SHOWN], workplace.shop, now=now),
        "rows": return_rows(pages, workplace.shop, now=now),
        "pages": pages,
        "kept": "",
        "form": form,
    }
    return page(request, workplace, "portal/returns.html", context, status=status)


def _said(entry: AuditEntry, row: Return, workplace: Workplace, now: datetime) -> dict[str, str]:
    """What was written to the reader is nobody's but the seller's."""
    deed = str(RETURN_DEEDS.get(entry.action, entry.action))
    why = entry.reason if _sells(row, workplace) else ""
    return {"when": moment(entry.at, now), "who": moving.who(entry, row, to=workplace.shop), "deed": deed, "why": why}


def _own(request: StaffRequest, workplace: Workplace, pk: int) -> Return:
    return get_object_or_404(queries.returns_for(request.user, workplace.shop), pk=pk)


def _sells(row: Return, workplace: Workplace) -> bool:
    return row.shop_order.shop_id == workplace.shop.pk
