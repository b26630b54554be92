"""What the network keeps: its rules, most telling first. A rule is never changed once it is there: it ends, another
begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from marketplace.foundation.amount_field import AmountField
from marketplace.foundation.day_field import DayField
from marketplace.operations.access import operator_action, operator_page
from marketplace.operations.forms import PercentField
from marketplace.payments import commission
from marketplace.payments.models import CommissionRule

AMOUNTS = ["turnover_minor", "flat_minor", "floor_minor", "cap_minor"]


class RuleForm(forms.ModelForm):
    basis_points = PercentField(label=gettext_lazy("Per cent"), max_value=50, required=False)
    flat_minor = AmountField(label=gettext_lazy("Or so much for each copy"))
    floor_minor = AmountField(label=gettext_lazy("At least, for each copy"))
    cap_minor = AmountField(label=gettext_lazy("At most, for each copy"))
    partner_basis_points = PercentField(
        label=gettext_lazy("Of the goods, to the partner, per cent"), max_value=50, required=False,
        help_text=gettext_lazy("Out of what the network keeps, and never more than it."),
    )  # fmt: skip
    turnover_minor = AmountField(label=gettext_lazy("For shops that sold, the month before, at least"))
    begins_on = DayField(label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = DayField(label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = CommissionRule
        fields = ["label", "shop", "subject", "form", "channel", "partner", "turnover_minor", "basis_points"]
        fields += ["partner_basis_points", *AMOUNTS[1:]]
        labels = {
            "label": gettext_lazy("Name of the rule"),
            "shop": gettext_lazy("Shop"),
            "subject": gettext_lazy("Subject (Thema code or its beginning)"),
            "form": gettext_lazy("Kind of thing"),
            "channel": gettext_lazy("Where the sale came from"),
            "partner": gettext_lazy("Brought by"),
        }
        help_texts = dict.fromkeys(["shop", "subject", "form", "channel", "partner"], "")

    def clean_subject(self) -> str:
        return self.cleaned_data["subject"].strip().upper()

    def clean_partner_basis_points(self) -> int:
        return self.cleaned_data["partner_basis_points"] or 0

    def clean_turnover_minor(self) -> int:
        return self.cleaned_data["turnover_minor"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        rates = [cleaned.get(name) for name in ("basis_points", "flat_minor")]
        if not self.errors and rates.count(None) != 1:
            self.add_error("basis_points", _("Give either a rate or an amount for each copy."))
        floor, cap = cleaned.get("floor_minor"), cleaned.get("cap_minor")
        if floor is not None and cap is not None and floor > cap:
            self.add_error("cap_minor", _("The most is less than the least."))
        begins, ends = cleaned.get("begins_on"), cleaned.get("ends_on")
        if begins and begins < timezone.localdate():
            self.add_error("begins_on", _("What was sold stays as it was agreed: begin today or later."))
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("It would end before it begins."))
        return cleaned


@require_safe
@operator_page
def commission_rules(request: HttpRequest) -> HttpResponse:
    return _page(request, RuleForm())


@operator_action
def add_rule(request: HttpRequest) -> HttpResponse:
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    now = timezone.now()
    with transaction.atomic():
        rule = form.save(commit=False)
        begins, ends = form.cleaned_data["begins_on"], form.cleaned_data["ends_on"]
        rule.begins_at = max(now, _midnight(begins)) if begins else now
        rule.ends_at = _midnight(ends, after=True) if ends else None
        rule.save()
        audit.record("commission.add", rule, by=request.user, shop_id=rule.shop_id, label=rule.label)
    messages.success(request, _("The rule holds for what is sold from its first day on."))
    return redirect("operations:commission")


@operator_action
def end_rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    rule, now = get_object_or_404(CommissionRule, pk=rule_id), timezone.now()
    with transaction.atomic():
        open_still = CommissionRule.objects.filter(pk=rule_id).exclude(ends_at__lte=now)
        if open_still.update(ends_at=now):
            audit.record("commission.end", rule, by=request.user, shop_id=rule.shop_id, label=rule.label)
            messages.success(request, _("“%(label)s” has ended. What was sold keeps it.") % {"label": rule.label})
        else:
            messages.info(request, _("It had ended before."))
    return redirect("operations:commission")


def _page(request: HttpRequest, form: RuleForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    rules = CommissionRule.objects.select_related("shop", "partner")
    live = [rule for rule in rules if rule.ends_at is None or rule.ends_at > now]
    home = network.current()
    context = {
        "form": form,
        "rules": sorted(live, key=commission.specificity, reverse=True),
        "ended": [rule for rule in rules if rule.ends_at is not None and rule.ends_at <= now][:50],
        "now": now,
        "currency": home.currency,
        "otherwise": home.commission_basis_points,
    }
    return render(request, "operations/commission.html", context, status=status)


def _midnight(day: date, *, after: bool = False) -> datetime:
    """The start of a day in UTC, in which rules are dated; or its end."""
    moment = datetime.combine(day, time(), tzinfo=UTC)
    return moment + timedelta(days=after)
