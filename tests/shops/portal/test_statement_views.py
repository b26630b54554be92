"""A shop's statements on screen and as files: its own alone, closed or running."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from marketplace.payments import ledger, settlements


def earn(part, minor: int, at) -> None:
    side = {"debit": "orders", "credit": ledger.shop_account(part.shop_id)}
    ledger.post(
        "earning", **side, amount_minor=minor, currency="CAD", key=f"{part} {at}", cause="x", now=at, shop_order=part
    )


def test_statements_are_listed_shown_and_handed_out(ours, theirs):
    now = timezone.now()
    earn(ours.order, 1200, now - timedelta(days=70))
    earn(theirs.order, 777, now - timedelta(days=70))
    settlements.close_months(now)
    earn(ours.order, 500, now)
    desk = f"/portal/{ours.shop.slug}/money/"
    assert [row.closing_minor for row in ours.client.get(desk).context["statements"]] == [1200]
    shown = [ours.client.get(f"{desk}statements/{number}/").context["statement"] for number in (0, 1)]
    assert [(row.opening_minor, row.closing_minor) for row in shown] == [(1200, 1700), (0, 1200)]
    assert ours.client.get(f"{desk}statements/2/").status_code == 404
    files = [ours.client.get(f"{desk}statements/1/statement.{form}") for form in ("pdf", "csv", "xls")]
    assert [(answer.status_code, answer.headers["Content-Type"]) for answer in files[:2]] == [
        (200, "application/pdf"),
        (200, "text/csv; charset=utf-8"),
    ]
    assert files[2].status_code == 404
