"""A shop's program follows what readers send back, by the rules of the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops import order_keys
from shops.models import Return, ReturnRefund, ShopScope
from tests import factories
from tests.api.conftest import Program
from tests.api.test_document import misfits, operations
from tests.shops.returns.sending_back import ask, handed_over

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    return factories.shop("Librairie du Port", slug="port", language="en", return_days=30, returns_need_answer=True)


def program(shop, *scopes: str) -> Program:
    wanted = scopes or ShopScope.values
    return Program(order_keys.make(shop, label="till", scopes=wanted, by=factories.user(), now=timezone.now()))


@pytest.fixture
def till(shop) -> Program:
    return program(shop)


@pytest.fixture
def sent_back(shop) -> Return:
    """Two copies of one line, of which something is wrong."""
    return ask(handed_over(2, shop=shop), 2, reason="damaged", note="A corner is bent")


def change(till: Program, row: Return, deed: str, once: str = "", **said: object):
    headers = {"Idempotency-Key": once} if once else {}
    return till.post(f"shop/returns/{row.number}/{deed}", said, **headers)


def test_returns_are_read_agreed_to_received_and_checked_as_the_document_says(till, sent_back):
    document = till.get("openapi.json").json()
    known = operations(document)
    at, line = "/api/v1/shop/returns/{number}", sent_back.lines.get().line_id
    found = {"line": line, "good": 1, "worn": 1, "refunded": 1, "restocked": True}
    asked = [
        ("get", "/api/v1/shop/returns", till.get("shop/returns?state=asked&limit=1")),
        ("get", at, till.get(f"shop/returns/{sent_back.number}")),
        ("post", f"{at}/agree", change(till, sent_back, "agree", note="By post")),
        ("post", f"{at}/arrive", change(till, sent_back, "arrive")),
        ("post", f"{at}/check", change(till, sent_back, "check", lines=[found], note="One is torn")),
    ]
    for method, path, answer in asked:
        assert (path, answer.status_code, misfits(answer, known[method, path], document)) == (path, 200, [])
    told = till.get(f"shop/returns/{sent_back.number}").json()
    assert (told["state"], told["goes_to"], told["note"]) == ("checked", "port", "A corner is bent")
    assert [(row["units"], row["good"], row["worn"], row["refunded"]) for row in told["lines"]] == [(2, 1, 1, 1)]
    assert ReturnRefund.objects.get().of == sent_back
    done = AuditEntry.objects.filter(action__startswith="return.", actor_label="api: till")
    assert done.count() == 3


def test_refused_with_a_word_to_the_reader(till, sent_back):
    assert change(till, sent_back, "refuse", note="").status_code == 422
    answer = change(till, sent_back, "refuse", note="It left us whole")
    assert (answer.status_code, answer.json()["state"]) == (200, "refused")
    again = change(till, sent_back, "agree")
    assert (again.status_code, again.json()["error"]) == (409, "conflict")


def test_same_call_under_its_key_is_done_once(till, sent_back):
    first = change(till, sent_back, "agree", once="agree-0001")
    second = change(till, sent_back, "agree", once="agree-0001")
    assert (first.status_code, second.status_code, second.json()["state"]) == (200, 200, "agreed")
    assert change(till, sent_back, "agree", once="agree-0001", note="other").status_code == 409


@pytest.mark.parametrize("lines", [[], [{"line": 0, "refunded": 1}], "twice"])
def test_check_names_each_line_once(till, sent_back, lines):
    change(till, sent_back, "agree"), change(till, sent_back, "arrive")
    if lines == "twice":
        lines = [{"line": sent_back.lines.get().line_id, "good": 2, "refunded": 2}] * 2
    assert change(till, sent_back, "check", lines=lines).status_code == 422
    assert Return.objects.get().state == "arrived"


def test_shop_sees_its_own_alone_and_a_key_that_reads_changes_nothing(shop, sent_back):
    other = program(factories.shop("Mile End Pages"))
    assert other.get("shop/returns").json()["returns"] == []
    assert other.get(f"shop/returns/{sent_back.number}").status_code == 404
    assert change(other, sent_back, "agree").status_code == 404
    assert change(program(shop, ShopScope.READ), sent_back, "agree").status_code == 403
    assert program(shop, ShopScope.STATEMENTS).get("shop/returns").status_code == 403


def test_list_goes_on_and_readers_words_are_lost_sight_of(till, shop, sent_back, django_assert_max_num_queries):
    more = [ask(handed_over(1, shop=shop), 1, reason="damaged", once=str(count)) for count in range(2, 5)]
    page = till.get("shop/returns?limit=3").json()
    assert [row["number"] for row in page["returns"]] == [row.number for row in reversed(more)]
    rest = till.get("shop/returns", {"limit": 3, "cursor": page["next"]}).json()
    assert ([row["number"] for row in rest["returns"]], rest["next"]) == ([sent_back.number], None)
    with django_assert_max_num_queries(7):
        till.get("shop/returns")
    change(till, sent_back, "refuse", note="No")
    Return.objects.filter(pk=sent_back.pk).update(ended_at=timezone.now() - timedelta(days=400))
    assert till.get(f"shop/returns/{sent_back.number}").json()["note"] == ""
