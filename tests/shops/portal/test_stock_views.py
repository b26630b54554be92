"""Copies that were not found, and records that promise more than there is."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops import withholding
from shops.models import StockIncident
from tests import factories


def page(stall) -> str:
    return reverse("portal:stock", args=[stall.shop.slug])


def till_is_right(stall) -> str:
    return reverse("portal:till-is-right", args=[stall.shop.slug, stall.withheld.stock_record_id])


def test_withheld_copies_are_listed_with_their_button(ours):
    response = ours.client.get(page(ours))
    assert list(response.context["pages"]) == [ours.withheld]
    assert f'action="{till_is_right(ours)}"' in response.content.decode()


def test_what_was_taken_out_of_an_order_in_its_system_waits_for_an_answer_and_for_no_till(ours):
    key = f"taken_out:{ours.order.lines.first().pk}"
    type(ours.withheld).objects.filter(pk=ours.withheld.pk).update(hold_key=key)
    shown = ours.client.get(page(ours)).content.decode()
    orders = f"{reverse('portal:orders', args=[ours.shop.slug])}?q={quote(ours.withheld.stock_record.partner_sku)}"
    assert (f'action="{till_is_right(ours)}"' in shown, orders in shown) == (False, True)


def test_till_is_right_is_said_once_and_audited(ours):
    client = ours.client
    for _ in range(2):
        assert client.post(till_is_right(ours)).url == page(ours)
    ours.withheld.refresh_from_db()
    assert ours.withheld.reflected_at is not None
    assert AuditEntry.objects.filter(action="stock.till_right", actor=ours.staff).count() == 1
    shown = client.get(page(ours)).content.decode()
    assert f'action="{till_is_right(ours)}"' not in shown  # it waits for the next list


def test_incident_says_what_is_promised_now(ours):
    record = factories.stock_record(ours.shop, units=1)
    factories.shop_order(ours.shop, (record, 1))
    StockIncident.objects.create(stock_record=record, opened_at=timezone.now(), in_stock=0, allocated=9)
    found = ours.client.get(page(ours)).context["incidents"]
    assert [(row.now_promised, row.now_in_stock) for row in found] == [(1, 1)]


def test_closed_incident_is_not_listed(ours):
    record = ours.withheld.stock_record
    now = timezone.now()
    StockIncident.objects.create(
        stock_record=record, opened_at=now - timedelta(days=1), closed_at=now, in_stock=0, allocated=1
    )
    assert list(ours.client.get(page(ours)).context["incidents"]) == []


def test_page_asks_the_same_number_of_queries_however_many_rows(
    ours, django_assert_num_queries, django_assert_max_num_queries
):
    client = ours.client
    StockIncident.objects.create(
        stock_record=ours.withheld.stock_record, opened_at=timezone.now(), in_stock=0, allocated=1
    )
    client.get(page(ours))
    with django_assert_max_num_queries(10) as asked:
        client.get(page(ours))
    for _ in range(29):
        record = factories.stock_record(ours.shop)
        withholding.withhold(record, 1, now=timezone.now(), by="test")
        StockIncident.objects.create(stock_record=record, opened_at=timezone.now(), in_stock=0, allocated=1)
    with django_assert_num_queries(len(asked)):
        client.get(page(ours))
