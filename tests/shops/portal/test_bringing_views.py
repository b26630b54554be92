"""An owner brings a file in by the portal, reads what became of it, and finds what was brought."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from marketplace.readers import brought
from shops.models import BroughtCustomer, EarlierOrder, EarlierStatement, ShopMember, ShopOrder
from shops.onboarding import bringing, brought_files, brought_rows
from shops.portal import bringing_words
from tests import factories
from tests.shops.onboarding.brought import customer, export, line, order, statement
from tests.shops.portal.conftest import Stall, signed_in


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def owner(ours: Stall) -> Client:
    return signed_in(factories.member(ours.shop, role=ShopMember.Role.OWNER).user)


def at(stall: Stall, path: str) -> str:
    return f"/portal/{stall.shop.slug}/{path}"


def send(client: Client, stall: Stall, content: bytes):
    sent = SimpleUploadedFile("port.zip", content, "application/zip")
    return client.post(at(stall, "data/brought/bring/"), {"file": sent}, follow=True)


def text_of(client: Client, where: str, **said: object) -> str:
    answer = client.get(where, said)
    assert answer.status_code == 200
    return answer.content.decode()


def test_owner_brings_a_file_in_and_is_told(ours, theirs, owner):
    rows = [order(), order(number="2-A", total_minor=1)]
    page = send(owner, ours, export(rows, [statement(goods_minor=1)], [customer()])).content.decode()
    said = ["Brought in 1 · Not taken 1", "Its lines add up to $25.80, its total is $0.01.", "orders.jsonl, row 2",
            "Goods and delivery: its lines add up to $25.80, it says $0.01.", "1 reader, by your own word",
            "Ask the network that made the file"]  # fmt: skip
    assert [text for text in said if text not in page] == []
    assert AuditEntry.objects.get(action="shop.bring").shop_id == ours.shop.pk
    assert "example.org" not in str(AuditEntry.objects.get(action="shop.bring").facts)
    assert "Anciennes Halles" not in theirs.client.get(at(theirs, "data/brought/")).content.decode()


def test_file_that_is_none_of_ours_is_told_beside_the_field(ours, owner):
    answer = send(owner, ours, b"x" * 1000)
    assert answer.status_code == 422
    assert "The ZIP is damaged" in answer.content.decode()
    assert owner.post(at(ours, "data/brought/bring/")).status_code == 422


def test_only_so_many_files_a_minute(ours, owner):
    assert [send(owner, ours, b"x").status_code for _ in range(4)] == [422, 422, 422, 429]


def test_orders_are_found_and_look_like_none_to_be_worked_on(ours, owner):
    send(owner, ours, export([order(), order(number="9-B", status="new", lines=[line(title="Œuvres")])]))
    desk = text_of(ours.client, at(ours, ""))
    assert "100012-A" not in desk
    assert "2 orders from an earlier network" in text_of(ours.client, at(ours, "orders/"))
    for typed, found in {
        "étranger": 1, "ETRANGER": 1, "978-2-07-036002-4": 2, "2-07-036002-4": 2, "100012-a": 1, "oeuvres": 1,
        "nothing": 0, "%": 0,
    }.items():  # fmt: skip
        answer = ours.client.get(at(ours, "earlier/"), {"q": typed})
        assert (typed, len(answer.context["rows"])) == (typed, found)
    assert "1 order from an earlier network" in text_of(ours.client, at(ours, "orders/"), q="étranger")
    row = EarlierOrder.objects.get(number="9-B")
    page = text_of(ours.client, at(ours, f"earlier/{row.pk}/"))
    assert "From an earlier network: Anciennes Halles, up to" in page
    assert "open when it was saved" in page
    assert f'action="{at(ours, "orders/")}' not in page
    assert ShopOrder.objects.filter(shop=ours.shop).count() == 1


def test_statement_stands_beside_ours_to_the_cent(ours, owner):
    send(owner, ours, export([], [statement()]))
    row = EarlierStatement.objects.get()
    assert at(ours, f"earlier/statements/{row.pk}/") in text_of(ours.client, at(ours, "money/"))
    page = text_of(ours.client, at(ours, f"earlier/statements/{row.pk}/"))
    assert [word for word in ("$25.80", "$2.06", "$0.31", "$23.43", "Transfer to you") if word not in page] == []


def test_list_of_statements_does_not_read_their_lines(ours, owner):
    send(owner, ours, export([], [statement()]))
    with CaptureQueriesContext(connection) as asked:
        text_of(ours.client, at(ours, "money/"))
    assert [row["sql"] for row in asked if "earlierstatement" in row["sql"] and '"lines"' in row["sql"]] == []


def test_file_cannot_write_into_a_page(ours, owner):
    evil = "<script>x</script>"
    send(owner, ours, export([order(lines=[line(title=evil, sku=evil)])], networks=[
        {"site": "javascript:x", "name": evil, "until": "2026-01-01T00:00:00+00:00"}]))  # fmt: skip
    for where in ("data/brought/", "earlier/", "money/"):
        page = text_of(owner, at(ours, where))
        assert (evil in page, 'href="javascript' in page) == (False, False)


def test_owner_takes_it_out_again(ours, theirs, owner):
    """Another shop's file, say. Who took it back stays away."""
    gone = [customer(), customer(email="max@example.org")]
    send(owner, ours, export([order()], [statement()], gone))
    brought.forget_address(ours.shop, "max@example.org", now=timezone.now())
    network = EarlierOrder.objects.get().network
    assert theirs.client.post(at(theirs, f"data/brought/{network.pk}/remove/")).status_code == 403
    others = signed_in(factories.member(theirs.shop, role=ShopMember.Role.OWNER).user)
    assert others.post(at(theirs, f"data/brought/{network.pk}/remove/")).status_code == 404
    assert owner.post(at(ours, f"data/brought/{network.pk}/remove/")).status_code == 302
    assert [model.objects.count() for model in (EarlierOrder, EarlierStatement, BroughtCustomer)] == [0, 0, 1]
    facts = AuditEntry.objects.get(action="shop.bring_remove").facts
    assert (facts["orders"], facts["statements"], facts["customers"]) == (1, 1, 1)


def test_owner_forgets_a_customer(ours, owner):
    send(owner, ours, export(customers=[customer()]))
    answer = owner.post(at(ours, "data/brought/forget/"), {"email": "lea@example.org"}, follow=True)
    assert "Forgotten." in answer.content.decode()
    assert brought.of_shop(ours.shop).count() == 0
    assert owner.post(at(ours, "data/brought/forget/"), {"email": "x"}).status_code == 422


def test_every_code_has_its_words():
    sources = [brought_files.__file__, brought_rows.__file__, bringing.__file__]
    said = "\n".join(Path(name).read_text() for name in sources)
    rows = set(re.findall(r'RowError\("(\w+)"', said)) | set(re.findall(r'_note\(\w+, \w+, "(\w+)"', said))
    rows |= set(re.findall(r'\("(\w+_twice)"', said))
    files = set(re.findall(r'FileError\("(\w+)"', said)) | {"damaged"}
    assert rows == set(bringing_words._WRONG)
    assert files == set(bringing_words._REFUSED)
    known = {"column": "x", "said": 1, "found": 2, "currency": "CAD", "number": "1-A", "count": 2}
    assert all(bringing_words.wrong(code, known)[0] for code in rows)
