"""The board counts what its lists show, and only what a person must do is red."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog_sync.models import Feed, SyncRun
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.operations import parked
from marketplace.operations.listings import LISTINGS
from marketplace.payments.models import Payment
from shops.models import Return, Shop, ShopOrder, Transmission
from tests import factories
from tests.shops.returns.sending_back import ask, handed_over

DAY = timedelta(days=1)


def figures(board) -> dict[str, dict[str, tuple[int, bool]]]:
    """{list: {address's last word: (count, urgent)}}"""
    groups = board.get(reverse("operations:board")).context["groups"]
    return {
        group["name"]: {
            figure["url"].rpartition("=")[2]: (figure["count"], figure["urgent"]) for figure in group["figures"]
        }
        for group in groups
    }


def mail(**columns) -> MailMessage:
    columns = {"to": "a@example.org", "language": "fr", "kind": "k", "subject": "s", "text": "t", "html": "h"} | columns
    return MailMessage.objects.create(dedupe_key=f"key-{MailMessage.objects.count()}", **columns)


def feed(shop, state: str = "", **columns) -> Feed:
    made = Feed.objects.create(shop=shop, name=f"feed-{Feed.objects.count()}", kind="onix", location="x", **columns)
    if state:
        SyncRun.objects.create(feed=made, state=state, started_at=timezone.now())
    return made


def test_quiet_board_has_nothing_red(board):
    assert [
        (name, key) for name, group in figures(board).items() for key, (count, red) in group.items() if red or count
    ] == []
    assert board.get(reverse("operations:board")).context["parked"] == 0


def test_shops_by_status_and_those_whose_stock_is_old(board):
    now = timezone.now()
    factories.shop(stripe_account_ready=False)
    factories.shop(complete_as_of=now - DAY - timedelta(minutes=1))
    factories.shop(status=Shop.Status.PAUSED, complete_as_of=None)
    shops = figures(board)["shops"]
    assert (shops["active"], shops["paused"], shops["stale"], shops["unpaid"]) == (
        (2, False), (1, False), (1, True), (1, False),
    )  # fmt: skip


def test_feeds_by_their_last_run(board):
    shop, now = factories.shop(), timezone.now()
    healed = feed(shop, "failed")
    SyncRun.objects.create(feed=healed, state="done", started_at=now)
    feed(shop, "failed")
    feed(shop, "awaiting")
    feed(shop, "done", due_at=now - timedelta(hours=1))
    feed(shop, "failed", active=False, due_at=now - timedelta(hours=1))
    counts = figures(board)["feeds"]
    assert {key: counts[key] for key in ("active", "failed", "awaiting", "late", "paused")} == {
        "active": (4, False),
        "failed": (1, True),
        "awaiting": (1, True),
        "late": (1, True),
        "paused": (1, False),
    }


def test_orders_by_state_and_overdue_answers(board):
    shop, now = factories.shop(), timezone.now()
    record = factories.stock_record(shop, units=9)
    factories.shop_order(shop, (record, 1))
    factories.shop_order(shop, (record, 1), answer_due_at=now - timedelta(minutes=1))
    old = factories.shop_order(shop, (record, 1))
    ShopOrder.objects.filter(pk=old.pk).update(status="handed_over", handed_over_at=now - 8 * DAY)
    orders = figures(board)["orders"]
    assert (orders["overdue"], orders["new"], orders["handed_over"]) == ((1, True), (2, False), (0, False))


def test_accepted_orders_that_are_late_are_counted_and_red_after_two_days(board):
    shop, now = factories.shop(), timezone.now()
    record = factories.stock_record(shop, units=9)
    made = [factories.shop_order(shop, (record, 1)) for _ in range(5)]
    for row, columns in zip(
        made,
        [
            {"status": "accepted", "late_at": now - timedelta(hours=1)},
            {"status": "packed", "late_at": now - 3 * DAY},
            {"status": "handed_over", "late_at": now - 3 * DAY},
            {"status": "accepted", "ready_by": now - DAY},  # its reader was not told: they do not wait yet
            {"status": "accepted"},
        ],
        strict=True,
    ):
        ShopOrder.objects.filter(pk=row.pk).update(**columns)
    made[4].lines.update(supply="order", accepted=1, expected_on=now.date() - 3 * DAY)
    orders = figures(board)["orders"]
    assert (orders["late"], orders["late_long"]) == ((3, False), (2, True))


def test_orders_of_which_their_shop_has_not_heard_are_red(board):
    shop, now = factories.shop(), timezone.now()
    record, hour = factories.stock_record(shop, units=9), now - timedelta(hours=1)
    for sold_at, state in [
        (now, {"due_at": now}),
        (hour, {"due_at": now}),
        (now, {"due_at": now, "parked_at": now}),
        (hour, {"fell_back_at": now, "outcome": "sent"}),
        (hour, {"outcome": "sent"}),
    ]:
        placed = factories.shop_order(shop, (record, 1), created_at=sold_at)
        Transmission.objects.create(shop_order=placed, shop=shop, channel="webhook", **state)
    assert figures(board)["orders"]["unheard"] == (3, True)
    ShopOrder.objects.update(status="accepted")
    assert figures(board)["orders"]["unheard"] == (0, False)


def test_order_whose_mail_is_refused_is_red_with_its_reason_and_sent_again(board):
    shop, now = factories.shop(unreachable="dead@example.org"), timezone.now()
    orders = [factories.shop_order(shop, (factories.stock_record(shop), 1)) for _each in range(2)]
    for order, sent_at in zip(orders, (None, now), strict=True):
        Transmission.objects.create(shop_order=order, shop=shop, channel="email", outcome="sent", sent_at=now)
        parked = {} if sent_at else {"parked_at": now, "last_error": "The mail server refused it: 550"}
        key = f"shop_order_new:{order.number}"
        MailMessage.objects.create(
            dedupe_key=key, to="dead@example.org", language="fr", kind="shop_order_new", sent_at=sent_at, **parked
        )
    counts = figures(board)
    assert (counts["orders"]["unheard"], counts["shops"]["unreachable"]) == ((1, True), (1, True))
    page = board.get(reverse("operations:list", args=["orders"]), {"show": "unheard"})
    (cells,) = page.context["rows"]
    assert "dead@example.org" in str(cells[6].text)
    assert "refused it: 550" in str(cells[6].text)
    assert (cells[8].posts, cells[8].url) == (
        orders[0].number,
        reverse("operations:order-again", args=[orders[0].number]),
    )
    board.post(cells[8].url)
    row = MailMessage.objects.get(dedupe_key=f"shop_order_new:{orders[0].number}")
    assert (row.parked_at, row.due_at is not None) == (None, True)
    assert figures(board)["orders"]["unheard"][0] == 0
    assert AuditEntry.objects.filter(action="transmission.again").count() == 1
    board.post(reverse("operations:order-again", args=[orders[1].number]))
    assert AuditEntry.objects.filter(action="transmission.again").count() == 1


def test_authorisation_that_ends_within_a_day_is_red(board):
    now = timezone.now()
    for hours in (-1, 23, 48):
        factories.payment(
            factories.order(), state=Payment.State.AUTHORISED, capture_before=now + timedelta(hours=hours)
        )
    factories.payment(factories.order(), capture_before=now)  # captured in time
    payments = figures(board)["payments"]
    assert (payments["ending"], payments["authorised"]) == ((2, True), (3, False))


def test_mail_that_is_late_or_parked_is_red(board):
    now = timezone.now()
    mail(due_at=now - timedelta(minutes=16))
    mail(due_at=now)
    mail(parked_at=now)
    mail(sent_at=now)
    counts = figures(board)["mail"]
    assert counts == {"late": (1, True), "waiting": (2, False), "parked": (1, True), "sent": (1, False)}


@pytest.mark.parametrize("name", LISTINGS)
def test_figure_counts_the_rows_of_its_list(name, board):
    shop, now = factories.shop(), timezone.now()
    factories.shop_order(shop, (factories.stock_record(shop), 1), answer_due_at=now - DAY)
    feed(shop, "failed")
    mail(parked_at=now)
    factories.payment(factories.order(), state=Payment.State.AUTHORISED, capture_before=now)
    listing = LISTINGS[name]
    counts = listing.counts(now)
    for key in listing.choices:
        response = board.get(reverse("operations:list", args=[name]), {"show": key})
        assert (response.status_code, key, len(response.context["rows"])) == (200, key, counts[key])
        assert {len(cells) for cells in response.context["rows"]} <= {len(listing.columns)}


def test_unknown_list_is_not_found(board):
    assert board.get(reverse("operations:list", args=["nonsense"])).status_code == 404


@pytest.mark.parametrize("name", ["board", "shops", "feeds", "orders", "payments", "mail", "audit", "parked"])
def test_page_asks_the_same_number_of_queries_however_many_rows(
    name, board, django_assert_num_queries, django_assert_max_num_queries
):
    def fill(times: int) -> None:
        for _ in range(times):
            shop = factories.shop()
            feed(shop, "failed", parked_at=timezone.now())
            factories.shop_order(shop, (factories.stock_record(shop), 1))
            factories.payment(factories.order(), state=Payment.State.AUTHORISED)
            mail(parked_at=timezone.now())

    known = {"board": reverse("operations:board"), "parked": reverse("operations:parked")}
    where = known.get(name) or reverse("operations:list", args=[name])
    fill(1)
    board.get(where)
    with django_assert_max_num_queries(54) as asked:  # PostgreSQL is asked for its clock, too
        board.get(where)
    fill(29)
    with django_assert_num_queries(len(asked)):
        board.get(where)


def test_parked_rows_of_every_kind_of_work_are_listed(board):
    labels = {"foundation.mailmessage", "catalog_sync.feed", "shops.transmission", "payments.payment"}
    assert labels <= set(parked.models())
    row = mail(parked_at=timezone.now(), last_error="550 no such user")
    response = board.get(reverse("operations:parked"))
    assert [(group.label, group.rows, group.total) for group in response.context["groups"]] == [
        ("foundation.mailmessage", [row], 1)
    ]
    assert "550 no such user" in response.content.decode()


def test_parked_shows_the_oldest_and_counts_all(board):
    now = timezone.now()
    rows = [mail(parked_at=now - timedelta(minutes=n)) for n in range(parked.SHOWN + 3)]
    group = board.get(reverse("operations:parked")).context["groups"][0]
    assert (group.rows[0], len(group.rows), group.total) == (rows[-1], parked.SHOWN, parked.SHOWN + 3)


def test_retry_makes_a_row_due_once_and_is_audited(board, operator):
    row = mail(parked_at=timezone.now(), attempts=10, last_error="550 no such user")
    where = reverse("operations:retry", args=["foundation.mailmessage", row.pk])
    for _ in range(2):
        assert board.post(where).url == reverse("operations:parked")
    row.refresh_from_db()
    assert (row.parked_at, row.attempts, row.due_at is not None) == (None, 0, True)
    entry = AuditEntry.objects.get(action="due_row.retry")
    assert (entry.actor, entry.subject_id, entry.reason) == (operator, str(row.pk), "550 no such user")


@pytest.mark.parametrize(("label", "row_id"), [("shops.shop", 1), ("nonsense", 1), ("foundation.mailmessage", 999_999)])
def test_only_parked_work_can_be_retried(label, row_id, board):
    assert board.post(reverse("operations:retry", args=[label, row_id])).status_code == 404
    assert board.get(reverse("operations:retry", args=[label, row_id])).status_code == 405


def test_verify_explains_then_checks(board):
    where = reverse("operations:verify")
    assert "stock: counters are the sum of open allocations" in board.get(where).context["names"]
    context = board.post(where).context
    assert (context["broken"], len(context["found"])) == (0, len(board.get(where).context["names"]))


def test_verify_shows_what_is_violated(board):
    record = factories.stock_record(factories.shop())
    type(record).objects.filter(pk=record.pk).update(num_allocated=7)
    context = board.post(reverse("operations:verify")).context
    broken = {name: texts for name, texts, count in context["found"] if count}
    assert list(broken) == ["stock: counters are the sum of open allocations"]
    assert str(record.pk) in broken["stock: counters are the sum of open allocations"][0]


def test_returns_that_are_late_are_red(board):
    now, part = timezone.now(), handed_over(9)
    for number, columns in enumerate(
        (
            {"refund_by": now - DAY},
            {"refund_by": now + DAY},
            {"state": "checked", "checked_at": now - 2 * DAY},
            {"state": "refunded", "ended_at": now, "checked_at": now - 2 * DAY},
        )
    ):
        row = ask(part, 1, reason="faulty", once=str(number))
        type(row).objects.filter(pk=row.pk).update(**columns)
    Return.objects.filter(refund_by__gt=now).update(asked_at=now - 5 * DAY)
    counts = figures(board)["returns"]
    assert (counts["late"], counts["unpaid"], counts["unanswered"]) == ((1, True), (1, True), (1, True))
    assert (counts["open"], counts["ended"]) == ((3, False), (1, False))
