"""What a shop took along elsewhere comes in as history: once, checked, and touching nothing of this network."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone

from catalog_sync.reading import heads, unpacking
from marketplace.payments import ledger, settlements
from marketplace.readers import brought as customers
from marketplace.readers import consents
from shops.models import EarlierNetwork, EarlierOrder, EarlierStatement, Shop
from shops.onboarding import bringing, brought_files, leaving
from shops.onboarding.brought_files import FileError
from shops.portal import bringing_words
from tests import factories
from tests.shops.onboarding.brought import (
    MADE,
    OLD,
    about,
    bring,
    customer,
    elsewhere,
    export,
    jsonl,
    line,
    order,
    packed,
    statement,
    unpacked,
)

pytestmark = pytest.mark.django_db
BROUGHT = ("orders.jsonl", "settlements.jsonl", "customers.jsonl", "orders.csv", "statements.csv")
OURS = {"shops.EarlierNetwork", "shops.EarlierOrder", "shops.EarlierStatement", "shops.BroughtCustomer",
        "shops.Bringing", "foundation.AuditEntry", "marketplace.User"}  # fmt: skip


def counted(model: str) -> int:
    return apps.get_model(model)._base_manager.count()


def rows_of_all() -> dict[str, int]:
    return {model._meta.label: counted(model._meta.label) for model in apps.get_models() if model._meta.managed}


def traded(settings) -> Shop:
    """A shop with an order, a closed month and a customer, at another network."""
    shop, reader = factories.shop("Port"), factories.confirmed_user("lea@example.org", first_name="Léa")
    sold = factories.shop_order(shop, (factories.stock_record(shop), 2), placed=factories.order(reader))
    now = timezone.now() - timedelta(days=70)
    side = {"debit": "orders", "credit": ledger.shop_account(shop.pk), "currency": "CAD", "cause": "x", "now": now}
    ledger.post("earning", **side, amount_minor=1200, key=sold.number, shop_order=sold)
    assert settlements.close_months(timezone.now()) >= 1
    consents.give(reader, "shop", shop=shop, now=timezone.now())
    return shop


def taken_along(shop: Shop) -> dict[str, bytes]:
    return unpacked(leaving.export(shop, by=factories.user()))


def test_what_is_brought_in_is_taken_along_again_as_it_was(settings):
    """Export, bring in, export: the same rows, by way of two networks."""
    with elsewhere(settings, "https://one.example", "One"):
        first = traded(settings)
        content = leaving.export(first, by=factories.user())
    before = unpacked(content)
    with elsewhere(settings, "https://two.example", "Two"):
        second = factories.shop("Port again")
        bring(second, content, now=timezone.now())
        again = leaving.export(second, by=factories.user())
    third = factories.shop("Port once more")
    bring(third, again, now=timezone.now())
    for found in (unpacked(again), taken_along(third)):
        assert {name: found[name] for name in BROUGHT} == {name: before[name] for name in BROUGHT}
    assert all(before[name].count(b"\n") > 0 for name in BROUGHT)
    networks = json.loads(taken_along(third)["about.json"])["networks"]
    assert [row["name"] for row in networks] == ["Halles", "One", "Two"]  # the customers came along from there
    assert networks[1] == json.loads(before["about.json"])["networks"][0]


def test_nothing_of_this_network_is_touched():
    shop = factories.shop()
    before, balance = rows_of_all(), ledger.balance(ledger.shop_account(shop.pk), currency="CAD")
    report = bring(shop, export([order()], [statement()], [customer()]))
    after = rows_of_all()
    assert {name for name in after if after[name] != before[name]} == OURS
    assert ledger.balance(ledger.shop_account(shop.pk), currency="CAD") == balance
    assert report.counts == {name: {"new": 1} for name in brought_files.ROWS}
    row = EarlierOrder.objects.get()
    assert (row.network.name, row.network.until, row.number, row.total_minor) == (
        "Anciennes Halles", MADE, "100012-A", 2580
    )  # fmt: skip
    assert EarlierStatement.objects.get().lines == statement()["lines"]


def test_the_same_file_again_changes_nothing():
    shop, content = factories.shop(), export([order()], [statement()], [customer()])
    bring(shop, content)
    rows = [list(apps.get_model(name)._base_manager.values()) for name in sorted(OURS) if "Earlier" in name]
    report = bring(shop, content)
    assert rows == [list(apps.get_model(name)._base_manager.values()) for name in sorted(OURS) if "Earlier" in name]
    assert report.counts == {name: {"same": 1} for name in brought_files.ROWS}
    assert counted("shops.BroughtCustomer") == 1


def test_good_rows_go_in_and_the_others_are_told():
    shop = factories.shop()
    report = bring(
        shop,
        export(
            [
                order(),
                order(number="2-A", total_minor=1),
                "x",
                order(),
                order(number="3-A", network="https://b.example"),
            ],
            [statement(), statement(number=2), statement(number=1, begins_at="2025-12-01T05:00:00+00:00")],
            [customer(), customer(email="LEA@example.org"), customer(email="x")],
        ),
    )
    assert report.counts == {
        "orders.jsonl": {"new": 1, "refused": 4},
        "settlements.jsonl": {"new": 1, "refused": 2},
        "customers.jsonl": {"new": 1, "refused": 2},
    }
    assert [problem[:3] for problem in report.problems] == [
        ["orders.jsonl", 2, "order_sum"],
        ["orders.jsonl", 3, "not_json"],
        ["orders.jsonl", 4, "number_twice"],
        ["orders.jsonl", 5, "network_unknown"],
        ["settlements.jsonl", 2, "period_twice"],
        ["settlements.jsonl", 3, "number_twice"],
        ["customers.jsonl", 2, "email_twice"],
        ["customers.jsonl", 3, "email_wrong"],
    ]
    assert "example.org" not in json.dumps(report.problems)  # it names nobody


def test_younger_file_brings_orders_up_to_date_and_never_a_statement():
    shop, open_then = factories.shop(), order(status="accepted", handed_over_at=None, lines=[line(handed_over=0)])
    bring(shop, export([open_then], [statement()]))
    as_old = bring(shop, export([order()]))
    later = [{"site": OLD, "name": "Halles d’avant", "until": (MADE + timedelta(days=1)).isoformat()}]
    other = statement(opening_minor=1, closing_minor=1)
    report = bring(shop, export([order()], [other], networks=later))
    assert (as_old.counts["orders.jsonl"], as_old.problems[0][2]) == ({"refused": 1}, "order_differs")
    assert (report.counts["orders.jsonl"], report.counts["settlements.jsonl"]) == ({"changed": 1}, {"refused": 1})
    assert (EarlierOrder.objects.get().status, EarlierStatement.objects.get().opening_minor) == ("handed_over", 0)
    assert EarlierNetwork.objects.get().name == "Halles d’avant"


def test_what_ended_in_the_middle_is_begun_again(monkeypatch):
    """A younger file of which the orders came in, and then the database was gone."""
    shop, open_then = factories.shop(), order(status="accepted", handed_over_at=None, lines=[line(handed_over=0)])
    bring(shop, export([open_then, order(number="2-A", status="declined")]))
    later = [{"site": OLD, "name": "Later", "until": (MADE + timedelta(days=1)).isoformat()}]
    content = export([order(), order(number="2-A")], customers=[customer()], networks=later)
    with monkeypatch.context() as broken:
        broken.setattr(customers, "take", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bring(shop, content)
    assert (counted("shops.Bringing"), EarlierNetwork.objects.get().until) == (2, MADE)
    report = bring(shop, content)
    assert (report.counts["orders.jsonl"], counted("shops.Bringing")) == ({"changed": 2}, 2)
    assert (report.counts["customers.jsonl"], EarlierNetwork.objects.get().name) == ({"new": 1}, "Later")


def test_what_another_owner_takes_out_meanwhile_is_not_brought_in_again(monkeypatch):
    def meanwhile(place: str) -> None:
        if place == "bringing.after_commit" and (network := EarlierNetwork.objects.first()):
            bringing.remove(network, by=factories.user())

    monkeypatch.setattr(bringing, "failpoint", meanwhile)
    with pytest.raises(FileError, match="removed"):
        bring(factories.shop(), export([order()], customers=[customer()]))
    assert (counted("shops.EarlierOrder"), counted("shops.EarlierNetwork"), counted("shops.Bringing")) == (0, 0, 0)
    assert "a retiré entre-temps" in bringing_words.refused("removed")


def test_shop_that_comes_back_has_its_own_orders_still(settings):
    shop = traded(settings)
    report = bring(shop, leaving.export(shop, by=factories.user()), now=timezone.now())
    assert report.counts["orders.jsonl"] == {"here": 1}
    assert set(report.counts["settlements.jsonl"]) == {"here"}
    assert report.counts["customers.jsonl"] == {"same": 1}
    assert EarlierNetwork.objects.count() == 0


def test_two_networks_may_have_used_one_number():
    networks = [*about()["networks"], {"site": "https://b.example", "name": "B", "until": MADE.isoformat()}]
    shop = factories.shop()
    bring(shop, export([order(), order(network="https://b.example")], networks=networks))
    assert sorted(EarlierOrder.objects.values_list("network__name", flat=True)) == ["Anciennes Halles", "B"]


def test_first_version_of_an_export_is_read_too():
    """It named no network, and of statements no sums."""
    old = {name: value for name, value in order().items() if name != "network"}
    short = {name: statement()[name] for name in ("number", "begins_at", "ends_at", "currency", "closing_minor")}
    content = export([old], [short], halles_shop=1)
    report = bring(factories.shop(), content)
    assert (report.counts["orders.jsonl"], report.problems[0][2]) == ({"new": 1}, "number_wrong")
    assert (EarlierNetwork.objects.get().name, EarlierNetwork.objects.get().until) == ("", MADE)


def test_problems_are_told_up_to_a_number_and_counted_beyond(monkeypatch):
    monkeypatch.setattr(brought_files, "MOST_PROBLEMS", 2)
    monkeypatch.setattr("shops.onboarding.bringing_report.MOST_PROBLEMS", 2)
    report = bring(factories.shop(), export([1, 2, 3, order(name="Léa")]))
    assert (len(report.problems), report.more, report.counts["orders.jsonl"]) == (2, 2, {"new": 1, "refused": 3})


def test_shop_that_has_left_brings_nothing_in():
    shop = factories.shop(status="left")
    with pytest.raises(FileError, match="left"):
        bring(shop, export([order()]))
    assert EarlierOrder.objects.count() == 0


def locked() -> bytes:
    """As if its first member were encrypted: the flag in its own head and in the directory."""
    content = bytearray(export([order()]))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


def twice() -> bytes:
    return packed([("about.json", json.dumps(about()).encode()), ("orders.jsonl", b""), ("orders.jsonl", b"")])


ABOUT = json.dumps(about()).encode()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: b"not a zip", "damaged"),
        (lambda: export([order()])[:-40], "damaged"),
        (lambda: packed([("orders.jsonl", jsonl([order()]))]), "not_ours"),
        (lambda: packed([("../about.json", ABOUT)]), "not_ours"),
        (lambda: packed([("about.json", b'{"halles_shop": ' + b"[" * 100_000)]), "not_ours"),
        (lambda: packed([(f"{n}", b"") for n in range(101)]), "not_ours"),
        (lambda: export(networks=[]), "not_ours"),
        (lambda: export(networks=[{"site": "a\n", "name": "", "until": MADE.isoformat()}]), "not_ours"),
        (lambda: export(halles_shop=3), "newer"),
        (twice, "twice"),
        (locked, "locked"),
        (lambda: packed([("about.json", ABOUT), ("orders.jsonl", b" " * (5 << 20))]), "too_long"),
    ],
)
def test_hostile_file_is_refused_whole(content, code):
    with pytest.raises(FileError, match=f"^{code}$"):
        bring(factories.shop(), content())
    assert counted("shops.Bringing") == 0


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(brought_files, "MOST_UNPACKED", 100_000)
    bomb = packed([("about.json", ABOUT), ("orders.jsonl", b" \n" * 1_000_000)])
    assert len(bomb) < 10_000
    with pytest.raises(FileError, match="too_much"):
        bring(factories.shop(), bomb)
    monkeypatch.setattr("shops.onboarding.bringing.MOST_BYTES", 100)
    with pytest.raises(FileError, match="too_large"):
        bring(factories.shop(), bomb)


def test_names_that_lead_out_are_not_followed(tmp_path):
    content = packed([("about.json", ABOUT), ("../../orders.jsonl", jsonl([order()])), ("/etc/x", b"x")])
    assert bring(factories.shop(), content).counts["orders.jsonl"] == {}
    assert not (Path(tmp_path).parent / "orders.jsonl").exists()


def test_deep_rows_and_odd_ones_are_told():
    half = json.dumps(order(number="\ud83d")).encode()  # of a pair: no database holds it
    rows = b'{"lines":' + b"[" * 5000 + b"]" * 5000 + b"}\n" + b"\xff\xfe\n" + half
    report = bring(factories.shop(), packed([("about.json", ABOUT), ("orders.jsonl", rows)]))
    assert [problem[2] for problem in report.problems] == ["not_json", "not_json"]
    assert EarlierOrder.objects.get().number == "\ufffd"


def test_rows_are_written_by_the_hundred(django_assert_max_num_queries):
    shop, people = factories.shop(), [customer(email=f"{n}@a.org") for n in range(600)]
    content = export([order(number=f"{n}-A") for n in range(600)], customers=people)
    with django_assert_max_num_queries(65):
        bring(shop, content)
    assert EarlierOrder.objects.count() == 600


def test_customers_who_took_it_back_here_stay_away():
    shop, reader = factories.shop(), factories.confirmed_user("lea@example.org")
    held = consents.give(reader, "shop", shop=shop, now=timezone.now())
    consents.withdraw(held, now=timezone.now())
    report = bring(shop, export(customers=[customer()]))
    assert report.counts["customers.jsonl"] == {"ended": 1}
    assert customers.of_shop(shop).count() == 0


def test_export_of_the_shop_is_a_list_of_articles_too(tmp_path):
    """The same ZIP, sent as a list: its articles are read, whatever else is larger."""
    head = b'{"halles":1}\n'
    content = packed([("about.json", ABOUT), ("orders.jsonl", jsonl([order()] * 50)), ("catalogue.jsonl", head)])
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    assert unpacking.unpacked(path, tmp_path, most_bytes=1 << 20).read_bytes() == head
    assert heads._of_zip(path, tmp_path).read_bytes() == head
