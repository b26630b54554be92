"""Copies that the shop keeps for its counter: the rules, and the articles for which a number was typed."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import subjects
from marketplace.foundation import network
from search import text
from shops import buffers
from shops.models import BufferRule, Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.kept_forms import ALL, ArticleForm, RuleForm
from shops.portal.queries import stock_records_for

SHOWN = 100


@require_safe
@portal_page
def kept(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def save_rule(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    shop, form, now = workplace.shop, RuleForm(request.POST), timezone.now()
    if form.is_valid() and shop.buffer_rules.count() >= buffers.MOST_RULES and form.cleaned_data["kind"] != ALL:
        form.add_error(None, _("More than fifty rules cannot be kept: take some back first."))
    if not form.is_valid():
        return _page(request, workplace, rule=form)
    said = form.cleaned_data
    if said["kind"] == ALL:
        buffers.keep_of_all(shop, said["keep"], by=request.user, now=now)
    else:
        is_subject = said["kind"] == BufferRule.Kind.SUBJECT
        code, price_minor = (said["subject"], 0) if is_subject else ("", said["price"])
        how = {"keep": said["keep"], "by": request.user, "now": now}
        buffers.add_rule(shop, said["kind"], subject=code, price_minor=price_minor, **how)
    messages.success(request, _("Saved. It counts within a minute."))
    return redirect("portal:kept", slug=shop.slug)


@portal_action
def remove_rule(request: StaffRequest, workplace: Workplace, rule_id: int) -> HttpResponse:
    rule = get_object_or_404(BufferRule.objects.select_related("shop"), shop=workplace.shop, pk=rule_id)
    buffers.remove_rule(rule, by=request.user, now=timezone.now())
    messages.success(request, _("The rule is gone: within a minute its articles are sold as before."))
    return redirect("portal:kept", slug=workplace.shop.slug)


@portal_action
def save_article(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = ArticleForm(request.POST)
    records: list[StockRecord] = []
    if form.is_valid():
        records = _numbered(request, workplace.shop, form.cleaned_data["number"])
        if not records:
            form.add_error("number", _("No article of yours has this number."))
    if not form.is_valid():
        return _page(request, workplace, article=form)
    for record in records:
        buffers.keep_of_article(record, form.cleaned_data["keep"], by=request.user, now=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("portal:kept", slug=workplace.shop.slug)


def _numbered(request: StaffRequest, shop: Shop, number: str) -> list[StockRecord]:
    """Of an ISBN each copy the shop lists, new or used."""
    gtin = text.isbn_query(number)
    named = Q(partner_sku=number.strip()) | (Q(product__facts__gtin=gtin) if gtin else Q())
    return list(stock_records_for(request.user).filter(named, partner__shop=shop).order_by("pk")[:SHOWN])


def _page(
    request: StaffRequest, workplace: Workplace, rule: RuleForm | None = None, article: ArticleForm | None = None
) -> HttpResponse:
    """Both forms; one of them may be the one that was sent and is wrong."""
    shop, language = workplace.shop, get_language() or "fr"
    own = StockRecord.objects.filter(partner_id=shop.partner_id, terms__own_buffer__isnull=False)
    context = {
        "of_all": shop.buffer,
        "rules": [(one, subjects.label(one.subject, language)) for one in shop.buffer_rules.all()],
        "articles": own.select_related("product", "terms").order_by("product__title", "pk")[:SHOWN],
        "currency": network.current().currency,
        "rule_form": rule or RuleForm(),
        "article_form": article or ArticleForm(),
    }
    return page(request, workplace, "portal/kept.html", context, status=422 if rule or article else 200)
