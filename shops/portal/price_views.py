"""What a shop sells for where that is not what its list says: the rules, and what each does to real articles."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import price_setting
from catalog_sync.models import PriceRule
from marketplace.catalogue import subjects
from marketplace.foundation import network
from marketplace.foundation.money import display, to_minor
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.price_forms import PriceRuleForm

SHOWN = 50


@require_safe
@portal_page
def prices(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace, PriceRuleForm(shop=workplace.shop))


@portal_action
def preview(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Nothing is saved: the page with what the rule would do, and the button that saves it."""
    form = PriceRuleForm(request.POST, shop=workplace.shop)
    if not _is_right(form, workplace):
        return _page(request, workplace, form, status=422)
    rule = form.rule()
    shown: dict[str, Any] = {"preview": price_setting.preview(rule, now=timezone.now()), "tried": _words(rule)}
    return _page(request, workplace, form, **shown)


@portal_action
def save(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = PriceRuleForm(request.POST, shop=workplace.shop)
    if not _is_right(form, workplace):
        return _page(request, workplace, form, status=422)
    price_setting.add(form.rule(), by=request.user, now=timezone.now())
    messages.success(request, _("Saved. It counts within a minute."))
    return redirect("portal:prices", slug=workplace.shop.slug)


@portal_action
def remove(request: StaffRequest, workplace: Workplace, rule_id: int) -> HttpResponse:
    rule = get_object_or_404(PriceRule.objects.select_related("shop"), shop=workplace.shop, pk=rule_id)
    price_setting.remove(rule, by=request.user, now=timezone.now())
    messages.success(request, _("The rule is gone: within a minute its articles have their lists’ prices."))
    return redirect("portal:prices", slug=workplace.shop.slug)


@portal_action
def move_up(request: StaffRequest, workplace: Workplace, rule_id: int) -> HttpResponse:
    rule = get_object_or_404(PriceRule.objects.select_related("shop"), shop=workplace.shop, pk=rule_id)
    price_setting.move_up(rule, by=request.user, now=timezone.now())
    return redirect("portal:prices", slug=workplace.shop.slug)


def _is_right(form: PriceRuleForm, workplace: Workplace) -> bool:
    if form.is_valid() and PriceRule.objects.filter(shop=workplace.shop).count() >= price_setting.MOST_RULES:
        form.add_error(None, _("More than thirty rules cannot be kept: take some back first."))
    return form.is_valid()


def _words(rule: PriceRule) -> tuple[str, str]:
    """Which articles, and what becomes of their price, as a person says it."""
    language, currency = get_language() or "fr", network.current().currency
    named = [
        rule.subject and f"{subjects.label(rule.subject, language)} ({rule.subject})",
        rule.publisher,
        rule.worn and str(PriceRule.Worn(rule.worn).label),
        rule.feed and str(rule.feed),
    ]
    percent = number_format(abs(rule.change_bp) / 100, decimal_pos=2 if rule.change_bp % 100 else 0)
    amount, floor = display(abs(rule.change_minor), currency, language), display(rule.floor_minor, currency, language)
    cheaper = rule.change_bp < 0 or rule.change_minor < 0
    done = [
        rule.change_bp and _("%(percent)s %%") % {"percent": percent},
        rule.change_minor and amount,
    ]
    change = " + ".join(str(one) for one in done if one)
    effects = [
        change and (_("%(change)s cheaper") if cheaper else _("%(change)s dearer")) % {"change": change},
        rule.rounding and str(PriceRule.Rounding(rule.rounding).label),
        rule.floor_minor and _("never for less than %(amount)s") % {"amount": floor},
    ]
    return " · ".join(str(one) for one in named if one) or _("All"), " · ".join(str(one) for one in effects if one)


def _page(
    request: StaffRequest, workplace: Workplace, form: PriceRuleForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    rules = PriceRule.objects.filter(shop=workplace.shop).select_related("feed")
    articles, currency = price_setting.ruled(workplace.shop), network.current().currency
    context = {
        "rules": [(rule, *_words(rule)) for rule in rules],
        "articles": [
            (row, to_minor(row.terms.listed_price, currency), to_minor(row.price, currency)) for row in articles[:SHOWN]
        ],
        "articles_count": articles.count(),
        "currency": currency,
        "form": form,
        **more,
    }
    return page(request, workplace, "portal/prices.html", context, status=status)
