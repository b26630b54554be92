"""What is kept of people, for how long, and who agreed to the network's news."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from marketplace.operations.access import operator_action, operator_page
from marketplace.readers import consents, register, retention


@require_safe
@operator_page
def privacy(request: HttpRequest) -> HttpResponse:
    rules = [(rule, retention.days_of(rule)) for rule in retention.RULES]
    news = consents.readers_of_news().count()
    return render(
        request, "operations/privacy.html", {"rows": list(register.rows()), "rules": rules, "readers_of_news": news}
    )


@require_safe
@operator_page
def register_file(request: HttpRequest) -> HttpResponse:
    return _csv(register.as_csv(), "register.csv")


@operator_action
def news_file(request: HttpRequest) -> HttpResponse:
    """POST: who took the addresses is noted. Only those that agree now: made anew for each mailing."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("email", "since", "version"))
    rows = list(consents.readers_of_news())
    writer.writerows((row.user.email if row.user else "", row.given_at.isoformat(), row.version) for row in rows)
    audit.record("network.take_addresses", network.current(), by=request.user, count=len(rows))
    return _csv(text.getvalue(), f"news-{timezone.localdate().isoformat()}.csv")


def _csv(text: str, name: str) -> HttpResponse:
    answer = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
