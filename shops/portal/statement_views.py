"""A shop's statements: a closed month, or the one that runs; on screen, as PDF, as CSV."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.foundation import network
from marketplace.payments import settlements, statement_files
from marketplace.payments.models import Settlement
from marketplace.payments.settlements import Statement
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.queries import settlements_for

RUNNING = 0  # the number of what is not closed: from the last closed month's end until now


@require_safe
@portal_page
def statement(request: StaffRequest, workplace: Workplace, number: int) -> HttpResponse:
    settlement, found = _statement(request, workplace, number)
    of_order = statement_files.articles(found)
    context = {
        "settlement": settlement,
        "statement": found,
        "sums": found.sums,
        "lines": [
            (line, statement_files.said(line), of_order.get(line.shop_order.pk, []) if line.shop_order else [])
            for line in found.lines
        ],
    }
    return page(request, workplace, "portal/statement.html", context)


@require_safe
@portal_page
def statement_file(request: StaffRequest, workplace: Workplace, number: int, form: str) -> HttpResponse:
    if form not in {"pdf", "csv"}:
        raise Http404
    settlement, found = _statement(request, workplace, number)
    name = f"{workplace.shop.slug}-{found.month.astimezone(ZoneInfo(workplace.shop.timezone)):%Y-%m}.{form}"
    if form == "csv":
        answer: HttpResponse = StreamingHttpResponse(  # type: ignore[assignment]  # both are responses
            list(statement_files.csv_lines(found)), content_type="text/csv; charset=utf-8"
        )
    else:
        answer = HttpResponse(statement_files.pdf(found, settlement), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _statement(request: StaffRequest, workplace: Workplace, number: int) -> tuple[Settlement | None, Statement]:
    closed = settlements_for(request.user).filter(shop=workplace.shop)
    if number != RUNNING:
        settlement = get_object_or_404(closed, number=number)
        return settlement, settlements.statement_of(settlement)
    currency, now = network.current().currency, timezone.now()
    last = closed.filter(currency=currency).first()
    begins = last.ends_at if last else workplace.shop.joined_at
    if begins > now:
        raise Http404
    return None, settlements.statement(workplace.shop, begins, now, currency=currency)
