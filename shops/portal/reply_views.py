"""Answers that the shop gives often, in both languages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops.models import QuickReply
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.threads.forms import QuickReplyForm

MOST = 40


@require_safe
@portal_page
def replies(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def add(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = QuickReplyForm(request.POST)
    if form.is_valid() and QuickReply.objects.filter(shop=workplace.shop).count() >= MOST:
        form.add_error(None, _("So many nobody finds again: at most %(most)s.") % {"most": MOST})
    return _save(request, workplace, form)


@portal_action
def save(request: StaffRequest, workplace: Workplace, reply_id: int) -> HttpResponse:
    row = get_object_or_404(QuickReply, pk=reply_id, shop=workplace.shop)
    return _save(request, workplace, QuickReplyForm(request.POST, instance=row, auto_id=f"reply{row.pk}_%s"))


@portal_action
def remove(request: StaffRequest, workplace: Workplace, reply_id: int) -> HttpResponse:
    get_object_or_404(QuickReply, pk=reply_id, shop=workplace.shop).delete()
    messages.success(request, _("Removed."))
    return redirect("portal:quick-replies", workplace.shop.slug)


def _save(request: StaffRequest, workplace: Workplace, form: QuickReplyForm) -> HttpResponse:
    if not form.is_valid():
        return _page(request, workplace, form, status=422)
    form.instance.shop = workplace.shop
    form.save()
    messages.success(request, _("Saved."))
    return redirect("portal:quick-replies", workplace.shop.slug)


def _page(
    request: StaffRequest, workplace: Workplace, failed: QuickReplyForm | None = None, status: int = 200
) -> HttpResponse:
    rows = QuickReply.objects.filter(shop=workplace.shop)
    failed_id = failed.instance.pk if failed else None
    forms = [
        failed if failed and failed_id == row.pk else QuickReplyForm(instance=row, auto_id=f"reply{row.pk}_%s")
        for row in rows
    ]
    new = failed if failed and not failed_id else QuickReplyForm()
    return page(request, workplace, "portal/quick_replies.html", {"forms": forms, "new": new}, status=status)
