"""The guard: what a list may do by itself, what a person must approve, and what happens without the guard."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from oscar.apps.partner.models import StockRecord

from catalog_sync import decisions, guarding
from catalog_sync.decisions import Approval
from catalog_sync.models import Feed, SyncRun
from catalog_sync.reasons import feed_error
from marketplace.foundation.models import AuditEntry
from shops.models import StockTerms
from tests import factories
from tests.catalog_sync.memory import NOON, article, chunk, codes, feed, refused, shelve, sync_now

pytestmark = pytest.mark.usefixtures("_memory")
LATER = NOON + timedelta(days=1)


def shelf(count: int = 20, **columns: object) -> list:
    return [article(f"s{n:02}", **columns) for n in range(count)]


@pytest.fixture
def books(db) -> Feed:
    """A feed whose twenty articles are in: 2 copies each, 20.00 $."""
    made = feed()
    shelve(made, *shelf())
    sync_now(made)
    return made


def on_sale() -> int:
    there = StockRecord.objects.filter(terms__retired_at=None, num_in_stock__gt=0)
    return there.exclude(terms__availability="unknown").count()


def prices() -> set[Decimal]:
    return set(StockRecord.objects.values_list("price", flat=True))


def test_drop_of_more_than_the_limit_awaits_approval(books):
    shelve(books, *shelf(8), article("new"), at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, codes(run), run.gone, run.written) == ("awaiting", ["run_drop"], 12, 0)
    assert "12" in run.notes[0]["text"]
    assert (on_sale(), StockRecord.objects.count()) == (20, 20)


def test_drop_without_the_guard_empties_the_shop(books, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(guarding, "objections", lambda feed, plan: [])
    shelve(books, *shelf(8), at=LATER)
    assert sync_now(books, LATER).state == "done"
    assert on_sale() == 8


def test_drop_within_the_limit_goes_in(books):
    shelve(books, *shelf(16), at=LATER)
    assert (sync_now(books, LATER).state, on_sale()) == ("done", 16)


def test_cut_list_retires_nothing_and_its_good_rows_go_in(books):
    shelve(books, *shelf(5, price=2200), at=LATER, complete=False)
    run = sync_now(books, LATER)
    assert (run.state, run.complete, run.changed, run.gone) == ("done", False, 5, 0)
    assert on_sale() == 20
    assert StockRecord.objects.filter(price=22).count() == 5


def test_reading_that_breaks_off_keeps_what_was_read(books):
    shelve(books, *shelf(5, quantity=9), at=LATER, more=(feed_error("file_damaged", permanent=False, detail="cut"),))
    run = sync_now(books, LATER)
    assert (run.state, run.complete, codes(run)) == ("done", False, ["run_broken_off"])
    assert (on_sale(), StockRecord.objects.filter(num_in_stock=9).count()) == (20, 5)


def test_single_jump_of_a_price_is_kept_back(books):
    shelve(books, *shelf(19), article("s19", price=200000, quantity=1), at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, run.quarantined, run.changed) == ("done", 1, 0)
    record = StockRecord.objects.get(partner_sku="s19")
    assert (record.price, record.num_in_stock) == (Decimal("20.00"), 2)
    assert (record.terms.follows_runs, record.terms.as_of) == (False, NOON)
    issue = run.issues.get()
    assert (issue.kind, issue.code, issue.sku) == ("quarantined", "price_jumped", "s19")


def test_single_jump_is_said_again_without_writing_and_heals(books):
    for day, price in ((1, 200000), (2, 200000), (3, 2100)):
        at = NOON + timedelta(days=day)
        shelve(books, *shelf(19), article("s19", price=price), at=at)
        run = sync_now(books, at)
        assert (run.quarantined, run.written) == ((1, 2), (1, 0), (0, 3))[day - 1]
    record = StockRecord.objects.get(partner_sku="s19")
    assert (record.price, record.terms.follows_runs) == (Decimal("21.00"), True)


def approved(run: SyncRun, *, by) -> SyncRun:
    """The shop approves, the operator where two are needed, and the step carries it out."""
    soon = LATER + timedelta(minutes=59)
    two = decisions.needs_two(run)
    assert decisions.approve(run, by=by, now=soon) is (Approval.HALF if two else Approval.GIVEN)
    if two:
        assert decisions.follow_decisions(soon) == 0
        assert decisions.approve(run, by=factories.user(), now=soon, as_operator=True) is Approval.GIVEN
    assert decisions.approve(run, by=by, now=soon) is Approval.NOT_ASKED
    assert decisions.follow_decisions(LATER + timedelta(hours=1)) == 1
    run.refresh_from_db()
    assert run.approved_at is None
    return run


@pytest.mark.parametrize(("left", "two"), [(14, False), (13, True)])
def test_two_must_agree_where_more_than_thirty_percent_is_touched(books, left, two):
    shelve(books, *shelf(left), at=LATER)
    assert decisions.needs_two(sync_now(books, LATER)) is two


def test_operator_alone_is_not_enough_and_the_only_person_signs_in_again(books):
    shelve(books, *shelf(8), at=LATER)
    run = sync_now(books, LATER)
    for _ in range(2):
        assert decisions.approve(run, by=factories.user(), now=LATER, as_operator=True) is Approval.HALF
    assert decisions.follow_decisions(LATER) == 0
    assert decisions.approve(run, by=factories.user(), now=LATER, signed_in_again=True) is Approval.GIVEN


def test_approved_jump_goes_in(books):
    shelve(books, *shelf(19), article("s19", price=200000), at=LATER)
    run = sync_now(books, LATER)
    person = factories.user()
    again = approved(run, by=person)
    assert (again.pk, again.quarantined, again.changed, again.approved_by) == (run.pk, 0, 1, person)
    assert StockRecord.objects.get(partner_sku="s19").price == Decimal("2000.00")


@pytest.mark.parametrize("factor", [100, 0.01, 1.5])
def test_many_jumps_await_approval(books, factor):
    shelve(books, *shelf(17), *(article(f"s{n}", price=int(2000 * factor)) for n in (17, 18, 19)), at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, codes(run), prices()) == ("awaiting", ["run_prices_jumped"], {Decimal("20.00")})


def test_slipped_decimal_mark_jumps_whatever_the_limit(books):
    Feed.objects.update(price_jump=30_000)
    shelve(books, *shelf(19), article("s19", price=200000), at=LATER)
    assert sync_now(books, LATER).quarantined == 1


def test_lost_prices_await_approval(books):
    shelve(books, *shelf(price=None), at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, codes(run), prices()) == ("awaiting", ["run_prices_missing"], {Decimal("20.00")})


@pytest.mark.parametrize("quantity", [0, None])
def test_most_quantities_at_zero_or_unknown_await_approval(books, quantity):
    shelve(books, *shelf(11, quantity=quantity), *shelf()[11:], at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, codes(run), on_sale()) == ("awaiting", ["run_stock_fell"], 20)


def test_half_of_quantities_at_zero_go_in(books):
    shelve(books, *shelf(10, quantity=0), *shelf()[10:], at=LATER)
    assert (sync_now(books, LATER).state, on_sale()) == ("done", 10)


def test_approval_applies_and_is_audited(books):
    shelve(books, *shelf(8), at=LATER)
    run = sync_now(books, LATER)
    person = factories.user()
    again = approved(run, by=person)
    assert (again.pk, again.state, again.gone, on_sale()) == (run.pk, "done", 12, 8)
    assert codes(again) == ["run_approved"]
    entry = AuditEntry.objects.earliest("pk")
    assert (entry.action, entry.actor, entry.shop_id) == ("sync_run.approve", person, books.shop_id)


def test_what_awaits_approval_shows_some_of_each_change(books):
    changed = [article("s01", price=2100), article("s02", quantity=7), article("s03", title="Autre")]
    shelve(books, article("s00"), *changed, *(article(f"n{n}", price=900) for n in range(9)), at=LATER)
    run = sync_now(books, LATER)
    run.refresh_from_db()
    assert run.state == "awaiting"
    assert {kind: len(articles) for kind, articles in run.sample.items()} == {
        "new": 5, "price": 1, "number": 1, "title": 1, "gone": 5,
    }  # fmt: skip
    (price,), (number,), (title,) = (run.sample[kind] for kind in ("price", "number", "title"))
    assert price == {"sku": "s01", "title": "Title s01", "before": 2000, "after": 2100, "currency": "CAD"}
    assert (number["sku"], number["before"], number["after"]) == ("s02", 2, 7)
    assert (title["before"], title["after"]) == ("Title s03", "Autre")
    assert [row["sku"] for row in run.sample["gone"]] == ["s04", "s05", "s06", "s07", "s08"]
    shelve(books, *shelf(), at=LATER + timedelta(hours=1))
    assert sync_now(books, LATER + timedelta(hours=1)).sample == {}


def test_rejected_run_changes_nothing(books):
    shelve(books, *shelf(8), at=LATER)
    run = sync_now(books, LATER)
    assert decisions.reject(run, by=factories.user())
    run.refresh_from_db()
    assert (run.state, on_sale()) == ("rejected", 20)
    assert not decisions.reject(run, by=factories.user())


def test_next_credible_list_ends_the_wait(books):
    shelve(books, *shelf(8), at=LATER)
    waiting = sync_now(books, LATER)
    shelve(books, *shelf(), at=LATER + timedelta(hours=1))
    assert sync_now(books, LATER + timedelta(hours=1)).state == "done"
    waiting.refresh_from_db()
    assert waiting.state == SyncRun.State.REJECTED


def test_refused_article_is_neither_retired_nor_refreshed(books):
    shelve(books, *shelf(19), refused=(refused("s19"),), at=LATER)
    run = sync_now(books, LATER)
    assert (run.read, run.refused, run.gone) == (20, 1, 0)
    terms = StockTerms.objects.get()
    assert (terms.stock_record.partner_sku, terms.retired_at) == ("s19", None)
    assert (terms.follows_runs, terms.as_of) == (False, NOON)
    issue = run.issues.get()
    assert (issue.kind, issue.code, issue.sku, issue.position) == ("refused", "record_unreadable", "s19", "7")
    shelve(books, *shelf(), at=LATER + timedelta(days=1))
    assert sync_now(books, LATER + timedelta(days=1)).changed == 1
    terms.refresh_from_db()
    assert terms.follows_runs


def test_unreadable_line_may_be_what_is_missing(books):
    shelve(books, *shelf(19), refused=(refused(),), at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, run.gone, codes(run)) == ("done", 1, ["run_not_vouched"])
    terms = StockTerms.objects.get()
    assert (terms.stock_record.partner_sku, terms.retired_at, terms.follows_runs) == ("s19", None, False)


def test_list_without_articles_changes_nothing(books):
    shelve(books, at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, on_sale()) == ("awaiting", 20)


def test_several_chunks_are_one_list(books):
    shelve(books, *shelf(9), at=LATER, complete=False, more=(chunk(tuple(shelf()[9:]), at=LATER),))
    assert (sync_now(books, LATER).state, on_sale()) == ("done", 20)


def test_more_refused_rows_than_are_kept_are_counted(books):
    shelve(books, *shelf(), refused=tuple(refused(f"r{n}") for n in range(2500)), at=LATER)
    run = sync_now(books, LATER)
    assert (run.refused, run.issues.count()) == (2500, 2000)


def test_another_currency_awaits_approval(books):
    shelve(books, *shelf(2, currency="EUR"), *shelf()[2:], at=LATER)
    assert sync_now(books, LATER).state == "done"  # two of twenty: told, row by row
    shelve(books, *shelf(20, currency="EUR"), at=LATER + timedelta(days=1))
    run = sync_now(books, LATER + timedelta(days=1))
    assert (run.state, codes(run)) == ("awaiting", ["run_currency_changed"])
    assert on_sale() == 20


def test_other_numbers_for_the_same_articles_await_approval(db):
    """As when a column has moved."""
    books = feed()
    numbers = [9782070360024 + 10 * n for n in range(40)]
    shelve(books, *(article(f"s{n:02}", gtin=number) for n, number in enumerate(numbers)))
    sync_now(books)
    moved = [*numbers[1:4], numbers[0], *numbers[4:]]
    shelve(books, *(article(f"s{n:02}", gtin=number) for n, number in enumerate(moved)), at=LATER)
    run = sync_now(books, LATER)
    assert (run.state, codes(run)) == ("awaiting", ["run_gtins_changed"])


ISBN = 9782070360024


def others_ask(*amounts: int) -> None:
    """Other shops sell the title new at these prices."""
    for amount in amounts:
        other = feed()
        shelve(other, article("x", gtin=ISBN, price=amount))
        sync_now(other)


def price_of(books: Feed, sku: str = "a") -> Decimal | None:
    return StockRecord.objects.get(partner=books.shop.partner, partner_sku=sku).price


@pytest.mark.parametrize(
    ("asked", "taken"), [(899, False), (900, True), (1790, True), (3600, True), (3601, False), (180, False)]
)
def test_new_copy_far_from_the_other_shops_prices_is_not_taken(db, asked, taken):
    """Of 12, 18 and 60 dollars the middle one is the measure: half to double of it."""
    others_ask(1200, 1800, 6000)
    books = feed()
    shelve(books, article("a", gtin=ISBN, price=asked))
    run = sync_now(books)
    assert run.state == "done"
    assert price_of(books) == (Decimal(asked) / 100 if taken else None)
    assert [issue.code for issue in run.issues.all()] == ([] if taken else ["price_far"])
    assert run.quarantined == (not taken)
    assert sync_now(books, NOON + timedelta(hours=1)).written == 0


@pytest.mark.parametrize(("columns", "shops"), [({"condition": "good"}, 3), ({}, 2)])
def test_used_copies_and_few_shops_have_no_band(db, columns, shops):
    others_ask(*(1800 for _ in range(shops)))
    books = feed()
    shelve(books, article("a", gtin=ISBN, price=300, **columns))
    assert (sync_now(books).quarantined, price_of(books)) == (0, Decimal("3.00"))


def test_price_out_of_the_band_keeps_the_old_one_until_a_person_vouches(db):
    others_ask(1800, 1800, 1900)
    books = feed(price_jump=500)
    shelve(books, article("a", gtin=ISBN, price=1700))
    sync_now(books)
    shelve(books, article("a", gtin=ISBN, price=5000), at=LATER)
    run = sync_now(books, LATER)
    assert (run.quarantined, price_of(books)) == (1, Decimal("17.00"))
    assert run.issues.get().text.count("18") == 1
    assert approved(run, by=factories.user()).quarantined == 0
    assert price_of(books) == Decimal("50.00")


def test_price_below_the_floor_is_not_taken(db):
    books = feed(price_floor_minor=100)
    shelve(books, article("a", price=99), article("b", price=100))
    run = sync_now(books)
    assert (price_of(books, "a"), price_of(books, "b")) == (None, Decimal("1.00"))
    assert [(issue.sku, issue.code, issue.kind) for issue in run.issues.all()] == [("a", "price_low", "quarantined")]


def fixed_at(amount: int) -> Feed:
    """A publisher's message that fixes the price."""
    publisher = feed(name="publisher")
    shelve(publisher, article("p", gtin=ISBN, price=amount, price_kind="fixed", quantity=None))
    sync_now(publisher)
    return publisher


@pytest.mark.parametrize(
    ("asked", "condition", "taken"),
    [(1999, "new", False), (2000, "new", True), (2100, "new", True), (900, "good", True)],
)
def test_new_book_below_its_fixed_price_is_an_error_and_no_bargain(db, asked, condition, taken):
    fixed_at(2000)
    books = feed()
    shelve(books, article("a", gtin=ISBN, price=asked, condition=condition))
    run = sync_now(books)
    assert price_of(books) == (Decimal(asked) / 100 if taken else None)
    assert [issue.code for issue in run.issues.all()] == ([] if taken else ["price_fixed"])


def test_withdrawn_message_fixes_nothing(db):
    publisher = fixed_at(2000)
    shelve(publisher, complete=False, gone=("p",), at=NOON + timedelta(hours=1))
    sync_now(publisher, NOON + timedelta(hours=1))
    books = feed()
    shelve(books, article("a", gtin=ISBN, price=1500), at=LATER)
    assert (sync_now(books, LATER).quarantined, price_of(books)) == (0, Decimal("15.00"))
