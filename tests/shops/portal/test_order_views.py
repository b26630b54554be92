"""Answers of staff: each is one POST, says which version it answers, and acts once, half a minute later."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from marketplace.foundation.models import AuditEntry, MailMessage
from shops.models import Allocation, DeliveryOption, Parcel, ShopOrder
from shops.orders import expiring, fulfilment, held
from shops.portal import order_views
from tests import factories
from tests.shops.portal.conftest import OF_WALLS, Stall, stall


def address(of: Stall, name: str, *more: object, order: ShopOrder | None = None) -> str:
    return reverse(f"portal:{name}", args=[of.shop.slug, (order or of.order).number, *more])


def seen(of: Stall, client=None) -> dict[str, str]:
    """What the open page puts into each of its forms."""
    page = (client or of.client).get(address(of, "order"))
    return {"version": str(page.context["order"].version), "once": page.context["once"]}


def worked() -> None:
    """Half a minute has gone by."""
    held.do_desk_actions(timezone.now() + held.UNDO_FOR + timedelta(seconds=1))


def counts(of: Stall) -> list[tuple[int, int, int, int]]:
    worked()
    return list(of.order.lines.values_list("accepted", "declined", "packed", "handed_over"))


def status(of: Stall) -> str:
    worked()
    return ShopOrder.objects.get(pk=of.order.pk).status


def accept_everything(of: Stall) -> None:
    fulfilment.accept_all(of.order, by=of.staff, now=timezone.now())


def test_accept_all_takes_every_line(ours):
    response = ours.client.post(address(ours, "accept-all"), seen(ours))
    assert response.url == address(ours, "order")
    assert (status(ours), counts(ours)) == ("accepted", [(2, 0, 0, 0), (1, 0, 0, 0)])


def test_accept_takes_so_many_copies_of_one_line(ours):
    line = ours.order.lines.first()
    ours.client.post(address(ours, "accept", line.pk), seen(ours) | {"units": "1"})
    assert (status(ours), counts(ours)) == ("new", [(1, 0, 0, 0), (0, 0, 0, 0)])


def test_decline_says_why_and_tells_the_reader(ours):
    line = ours.order.lines.last()
    answer = {"units": "1", "reason": "damaged", "note": "Tombé dans l’eau."}
    ours.client.post(address(ours, "decline", line.pk), seen(ours) | answer)
    worked()
    line.refresh_from_db()
    assert (line.declined, line.decline_reason, line.decline_note) == (1, "damaged", "Tombé dans l’eau.")
    assert MailMessage.objects.filter(kind="shop_order_declined", text__contains="Tombé dans l’eau.").count() == 1


def test_page_says_what_the_reader_pays_and_who_bears_the_rest(ours):
    line = ours.order.lines.first()
    ours.order.lines.filter(pk=line.pk).update(borne_minor=150)
    page = ours.client.get(address(ours, "order"))
    assert (page.context["paid_minor"], page.context["borne_minor"]) == (ours.order.total_minor - 150, 150)
    assert "1,50" in page.content.decode()


def test_not_found_asks_how_many_are_left(ours):
    line = ours.order.lines.last()
    answer = {"units": "1", "reason": "not_found"}
    response = ours.client.post(address(ours, "decline", line.pk), seen(ours) | answer)
    assert response.status_code == 422
    form = next(row.decline for row in response.context["rows"] if row.line.pk == line.pk)
    assert list(form.errors) == ["left"]
    assert counts(ours) == [(0, 0, 0, 0), (0, 0, 0, 0)]


def test_not_found_withholds_what_is_not_on_the_shelf(ours):
    line = ours.order.lines.last()
    answer = {"units": "1", "reason": "not_found", "left": "2"}
    ours.client.post(address(ours, "decline", line.pk), seen(ours) | answer)
    worked()
    withheld = Allocation.objects.get(stock_record=line.stock_record, cause="not_found", ended_at=None)
    assert withheld.units == 3  # five on the list, two on the shelf


def test_count_is_asked_of_copies_that_were_not_found_alone(ours):
    line = ours.order.lines.last()
    answer = {"units": "1", "reason": "wrong_price", "left": "0"}
    ours.client.post(address(ours, "decline", line.pk), seen(ours) | answer)
    worked()
    assert not Allocation.objects.filter(stock_record=line.stock_record, cause="not_found").exists()


def test_pack_then_hand_over_at_the_counter(ours):
    accept_everything(ours)
    ours.client.post(address(ours, "pack"), seen(ours))
    assert status(ours) == "packed"
    ours.client.post(address(ours, "hand-over"), seen(ours) | {"code": " k7m 3qx"})
    assert (status(ours), counts(ours)) == ("handed_over", [(2, 0, 2, 2), (1, 0, 1, 1)])


def test_wrong_pickup_code_hands_nothing_over(ours):
    accept_everything(ours)
    response = ours.client.post(address(ours, "hand-over"), seen(ours) | {"code": "AAAAAA"})
    assert response.status_code == 409
    assert ours.order.number in response.context["failed"].problem
    assert (status(ours), Parcel.objects.count()) == ("accepted", 0)


def test_parcel_goes_with_carrier_and_tracking(ours):
    post = factories.delivery_option(ours.shop, DeliveryOption.Kind.POST)
    record = factories.stock_record(ours.shop)
    order = factories.shop_order(ours.shop, (record, 1), delivery_option=post)
    fulfilment.accept_all(order, by=ours.staff, now=timezone.now())
    sent = {"version": str(order.version), "carrier": "Postes Canada", "tracking": "7023 2100"}
    ours.client.post(address(ours, "hand-over", order=order), sent)
    worked()
    assert list(order.parcels.values_list("kind", "carrier", "tracking")) == [("post", "Postes Canada", "7023 2100")]


STALE = [
    ("accept-all", {}),
    ("accept", {"units": "1"}),
    ("decline", {"units": "1", "reason": "sold"}),
    ("pack", {}),
    ("hand-over", {"code": "K7M3QX"}),
]


@pytest.mark.parametrize(("name", "answer"), STALE)
def test_answer_to_an_older_version_changes_nothing_and_says_so(name, answer, ours):
    old = seen(ours)
    accept_everything(ours)
    before = counts(ours)
    line = [ours.order.lines.first().pk] if name in {"accept", "decline"} else []
    response = ours.client.post(address(ours, name, *line), old | answer, headers={"Accept-Language": "en"})
    assert response.status_code == 409
    assert "Someone changed this order meanwhile" in response.content.decode()
    assert (counts(ours), status(ours)) == (before, "accepted")


@pytest.mark.parametrize("version", ["", "-1", "x", None])
def test_answer_without_a_version_changes_nothing(version, ours):
    answer = {} if version is None else {"version": version}
    response = ours.client.post(address(ours, "accept-all"), answer)
    assert response.status_code == 422
    assert response.context["failed"].problem
    assert counts(ours) == [(0, 0, 0, 0), (0, 0, 0, 0)]


@pytest.mark.parametrize("units", ["0", "-1", "4", "1.5", "", "99999999999999999999"])
@pytest.mark.parametrize(("name", "more"), [("accept", {}), ("decline", {"reason": "sold"})])
def test_impossible_number_of_copies_is_refused_at_its_line(name, more, units, ours):
    line = ours.order.lines.first()
    response = ours.client.post(address(ours, name, line.pk), seen(ours) | more | {"units": units})
    assert response.status_code in {409, 422}
    assert response.context["failed"].line_id == line.pk
    assert counts(ours) == [(0, 0, 0, 0), (0, 0, 0, 0)]


@pytest.mark.parametrize("reason", ["", "nonsense"])
def test_decline_without_a_reason_is_refused(reason, ours):
    line = ours.order.lines.first()
    response = ours.client.post(address(ours, "decline", line.pk), seen(ours) | {"units": "1", "reason": reason})
    assert response.status_code == 422
    assert counts(ours) == [(0, 0, 0, 0), (0, 0, 0, 0)]


def test_page_shown_after_a_refusal_can_be_sent_again(ours):
    line = ours.order.lines.first()
    old = seen(ours)
    fulfilment.accept(_bound(ours, line), 1, by=ours.staff, now=timezone.now())
    refused = ours.client.post(address(ours, "accept", line.pk), old | {"units": "1"})
    again = {"version": refused.context["order"].version, "once": refused.context["once"], "units": "1"}
    assert ours.client.post(address(ours, "accept", line.pk), again).status_code == 302
    assert counts(ours)[0] == (2, 0, 0, 0)


def _bound(of: Stall, line):
    line.shop_order = of.order
    return line


@pytest.mark.parametrize(
    ("name", "answer"), [("accept", {"units": "1"}), ("decline", {"units": "1", "reason": "other"}), ("accept-all", {})]
)
def test_form_sent_twice_acts_once_and_answers_alike(name, answer, ours):
    client = ours.client
    line = [ours.order.lines.first().pk] if name != "accept-all" else []
    sent = seen(ours, client) | answer
    first = client.post(address(ours, name, *line), sent)
    acted, entries, mails = counts(ours), AuditEntry.objects.count(), MailMessage.objects.count()
    second = client.post(address(ours, name, *line), sent)
    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert (counts(ours), AuditEntry.objects.count(), MailMessage.objects.count()) == (acted, entries, mails)


def test_same_token_in_another_persons_hands_is_just_an_old_page(ours):
    sent = seen(ours)
    ours.client.post(address(ours, "accept-all"), sent)
    other = factories.member(ours.shop).user
    client = type(ours.client)()
    client.force_login(other)
    assert client.post(address(ours, "accept-all"), sent).status_code == 409


@pytest.mark.usefixtures("committed_db")
def test_double_click_in_two_requests_at_once_acts_once():
    ours = stall("Librairie du Port")
    client = ours.client
    line = ours.order.lines.first()
    sent = seen(ours, client) | {"units": "1"}
    start, answers = threading.Barrier(2), []

    def click() -> None:
        own = type(client)()
        own.cookies = client.cookies
        start.wait()
        try:
            answers.append(own.post(address(ours, "accept", line.pk), sent).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302, 302]
    assert counts(ours) == [(1, 0, 0, 0), (0, 0, 0, 0)]


def test_order_page_asks_the_same_number_of_queries_however_many_lines(
    ours, django_assert_num_queries, django_assert_max_num_queries
):
    client = ours.client
    short = factories.shop_order(ours.shop, (factories.stock_record(ours.shop), 1))
    records = [(factories.stock_record(ours.shop), 1) for _ in range(30)]
    long = factories.shop_order(ours.shop, *records)
    client.get(address(ours, "order", order=short))
    with django_assert_max_num_queries(25 + OF_WALLS) as asked:
        client.get(address(ours, "order", order=short))
    with django_assert_num_queries(len(asked)):
        client.get(address(ours, "order", order=long))


@pytest.mark.parametrize(
    ("prepare", "keys"),
    [([], {"a", "d"}), (["accept_all"], {"p", "h"}), (["accept_all", "pack"], {"h"})],
)
def test_actions_are_those_that_can_be_done_now(prepare, keys, ours):
    for step in prepare:
        getattr(fulfilment, step)(ours.order, by=ours.staff, now=timezone.now())
    shown = ours.client.get(address(ours, "order")).content.decode()
    assert {key for key in "adph" if f'data-key="{key}"' in shown} == keys


def test_history_says_who_did_what(ours):
    accept_everything(ours)
    shown = ours.client.get(address(ours, "order"), headers={"Accept-Language": "en"})
    with translation.override("en"):
        history = [(entry["who"], str(entry["deed"])) for entry in shown.context["history"]]
    assert history == [(ours.staff.email, "accepted")]


def test_slip_names_the_copies_that_leave_and_no_pickup_code(ours):
    line = ours.order.lines.last()
    fulfilment.decline(_bound(ours, line), 1, by=ours.staff, reason="other", now=timezone.now())
    response = ours.client.get(address(ours, "slip"))
    assert [row.title for row in response.context["slip"]["lines"]] == ["Le titre de Librairie du Port"]
    assert ours.order.pickup_code not in response.content.decode()


def test_slips_of_all_that_waits_are_printed_at_once(ours, monkeypatch):
    where = reverse("portal:slips", args=[ours.shop.slug])
    assert ours.client.get(where).context["slips"] == []
    accept_everything(ours)
    shown = ours.client.get(where)
    assert [slip["order"].number for slip in shown.context["slips"]] == [ours.order.number]
    assert ours.order.pickup_code not in shown.content.decode()
    monkeypatch.setattr(order_views, "AT_ONCE", 0)
    assert ours.client.get(where).context["beyond"] == 1


@pytest.mark.parametrize("name", ["order", "order-pick-list", "slip"])
def test_pickup_code_is_the_readers_secret(name, ours):
    assert ours.order.pickup_code not in ours.client.get(address(ours, name)).content.decode()


@pytest.mark.parametrize(
    ("agreed", "said"),
    [
        ({"agrees_in_part": False}, ["whole or not at all"]),
        ({"agrees_in_part": True, "agrees_later": True}, ["the rest even if one copy is missing", "later than said"]),
    ],
)
def test_order_says_what_the_reader_agreed_to(agreed, said, ours, settings):
    settings.LANGUAGE_CODE = "en"
    factories.payment(ours.order.order, checkout=agreed)
    assert ours.client.get(address(ours, "order")).context["recipient"]["agreed"] == said


def test_late_answer_is_told_what_became_of_the_order(ours):
    answer = seen(ours)
    ours.order.refresh_from_db()
    assert expiring.expire(ours.order, now=ours.order.answer_due_at)
    with translation.override("fr"):
        response = ours.client.post(address(ours, "accept-all"), answer)
    assert (response.status_code, status(ours)) == (409, "declined")
    assert "Personne n’a répondu à temps" in response.content.decode()
    page = ours.client.get(address(ours, "order")).content.decode()
    assert "Personne n’a répondu à temps" in page
    assert "Sans réponse à temps" in page


def test_a_part_leaves_now_and_the_rest_later(ours):
    accept_everything(ours)
    first, second = ours.order.lines.order_by("pk")
    said = seen(ours) | {f"part-{first.pk}": "1", f"part-{second.pk}": "0", "carrier": "UPS", "tracking": "1Z999"}
    code = {"code": ours.order.pickup_code}
    assert ours.client.post(address(ours, "hand-over"), said | code).status_code == 302
    assert (status(ours), counts(ours)) == ("accepted", [(2, 0, 1, 1), (1, 0, 0, 0)])
    page = ours.client.get(address(ours, "order")).content.decode()
    assert (f"1 × {first.title}" in page, f"part-{second.pk}" in page) == (True, True)
    refused = ours.client.post(address(ours, "hand-over"), seen(ours) | code | {f"part-{first.pk}": "x"})
    assert refused.status_code == 422


def test_what_nobody_came_for_is_kept_longer_or_put_back(ours):
    accept_everything(ours)
    now = timezone.now()
    ours.order.refresh_from_db()
    fulfilment.pack(ours.order, by=ours.staff, now=now)
    until = ShopOrder.objects.get(pk=ours.order.pk).keep_until
    early = ours.client.post(address(ours, "take-back"), seen(ours))
    assert (early.status_code, status(ours)) == (409, "packed")
    page, kept = ours.client.get(address(ours, "order")).content.decode(), {"kept_until": until.isoformat()}
    assert f'name="kept_until" value="{until.isoformat()}"' in page
    assert "data-held" not in page.partition('/keep-longer/">')[2].partition("</form>")[0]  # sent now or not at all
    answers = [ours.client.post(address(ours, "keep-longer"), seen(ours) | kept).status_code for _ in range(2)]
    longer = ShopOrder.objects.get(pk=ours.order.pk).keep_until
    assert (answers, timedelta(days=6) < longer - until < timedelta(days=9)) == ([302, 409], True)
    ShopOrder.objects.filter(pk=ours.order.pk).update(keep_until=now - timedelta(hours=1))
    assert ours.client.get(address(ours, "order")).context["kept_too_long"]
    ours.client.post(address(ours, "take-back"), seen(ours))
    apart = Allocation.objects.filter(cause="cancelled", ended_at=None)
    assert (status(ours), apart.count()) == ("declined", 0)
    assert ours.client.post(address(ours, "take-back"), {}).status_code == 422
