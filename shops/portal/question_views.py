"""Articles of which the shop must say which title they are."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync.titles import questions as asked
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import QuestionForm
from shops.portal.queries import feeds_for


@require_safe
@portal_page
def questions(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    feeds = feeds_for(request.user).filter(shop=workplace.shop).select_related("shop")
    return page(request, workplace, "portal/questions.html", {"questions": asked.open_questions(feeds)})


@portal_action
def answer(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    feed = get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop).select_related("shop"), name=name)
    form = QuestionForm(request.POST)
    if form.is_valid() and asked.answer(
        feed,
        form.cleaned_data["sku"],
        asked.Choice(form.cleaned_data["choice"]),
        by=request.user,
        now=timezone.now(),
    ):
        messages.success(request, _("Thank you. The list is read again, and the article is sold as that title."))
    else:
        messages.info(request, _("This question is answered already, or that cannot be chosen any more."))
    return redirect("portal:questions", slug=workplace.shop.slug)
