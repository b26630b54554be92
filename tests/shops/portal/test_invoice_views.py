"""A shop sees its own documents alone, in as many queries for 30 as for one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.payments import issuing
from tests import factories

pytestmark = pytest.mark.django_db
SAID = {"title": "Facture", "seller": ["Port"], "buyer": ["Léa"], "to": "", "colour": "#0d6b4c", "notes": []}
SAID |= {"facts": [], "columns": [""] * 5, "rows": [], "sums": [], "total": ["", ""]}


def document(of, **about):
    how = {"issuer": issuing.issuer_of(of), "language": "fr", "currency": "CAD", "now": factories.NOON}
    return issuing.issue("credit_note", of, {}, SAID, **how, **about)


def test_documents_are_those_of_the_shop(ours, theirs):
    mine, other = document(ours.shop, shop_order=ours.order), document(theirs.shop)
    where = f"/portal/{ours.shop.slug}/money/invoices/"
    page = ours.client.get(where).content.decode()
    assert (page.count("WC2026-00001"), f"{other.pk}.pdf" in page) == (1, False)
    assert [ours.client.get(f"{where}{row.pk}.pdf").status_code for row in (mine, other)] == [200, 404]
    assert mine.label in ours.client.get(f"/portal/{ours.shop.slug}/orders/{ours.order.number}/").content.decode()


def test_list_takes_the_same_queries_for_any_number(ours):
    counts, client = [], ours.client
    client.get(f"/portal/{ours.shop.slug}/money/invoices/")  # what a process reads once
    for more in (1, 29):
        for _ in range(more):
            document(ours.shop, shop_order=ours.order)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/portal/{ours.shop.slug}/money/invoices/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
