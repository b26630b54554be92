"""What was sold in a period: by month, day, shop, subject or rate of tax."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.catalogue import subjects
from marketplace.foundation import network
from marketplace.foundation.day_field import DayField
from marketplace.operations.access import operator_page
from marketplace.payments import sales
from shops.models import Shop

BY = [
    ("month", gettext_lazy("Month")),
    ("day", gettext_lazy("Day")),
    ("shop", gettext_lazy("Shop")),
    ("subject", gettext_lazy("Subject")),
    ("tax", gettext_lazy("Rate of tax")),
]


class ReportForm(forms.Form):
    by = forms.ChoiceField(label=gettext_lazy("Summed by"), choices=BY)
    begins_on = DayField(label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = DayField(label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    shop = forms.ModelChoiceField(label=gettext_lazy("Of one shop"), queryset=Shop.objects.all(), required=False)
    subject = forms.CharField(label=gettext_lazy("Of one subject (Thema code)"), required=False, max_length=2)


@require_safe
@operator_page
def reports(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    first: dict[str, object] = {"by": "month", "begins_on": today - timedelta(days=365), "ends_on": today}
    form = ReportForm(request.GET or first)
    rows: list[sales.ReportRow] = []
    if form.is_valid():
        asked = form.cleaned_data
        shop = asked["shop"]
        rows = sales.report(
            asked["by"],
            asked["begins_on"],
            asked["ends_on"],
            currency=network.current().currency,
            shop_id=shop.pk if shop else None,
            subject=asked["subject"].upper(),
        )
    by = form.cleaned_data.get("by", "month")
    context = {
        "form": form,
        "by": dict(BY).get(by, ""),
        "rows": [(_named(by, row.group), row) for row in rows],
        "sums": {name: sum(getattr(row, name) for row in rows) for name in sales.SUMMED},
        "currency": network.current().currency,
    }
    return render(request, "operations/reports.html", context, status=422 if form.errors else 200)


def _named(by: str, group: object) -> str:
    if isinstance(group, date):
        return date_format(group, "F Y" if by == "month" else "SHORT_DATE_FORMAT")
    if by == "tax" and isinstance(group, int):
        return f"{Decimal(group) / 1000} %"
    if by == "subject":
        return f"{group} {subjects.label(str(group), get_language() or 'en')}" if group else _("without a subject")
    return str(group)
