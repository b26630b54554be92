"""What a shop's own system said of a line, at the desk: shown in words, and answered with one press."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from marketplace.foundation.models import MailMessage
from shops.channels.base import Answer
from shops.models import Alternative, DeskAction, ShopOrderLine, Supply
from shops.orders import fulfilment, held, sayings
from shops.orders.sayings import Saying
from shops.portal.queue import queue
from tests import factories
from tests.checkout.test_alternatives import another
from tests.checkout.test_rerouting import placed
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
ISBN = 9782070360024


@pytest.fixture
def line() -> ShopOrderLine:
    placed(agrees_other_shop=False)
    return ShopOrderLine.objects.select_related("shop_order__shop").get(title="Mug")


@pytest.fixture
def staff(line: ShopOrderLine) -> Client:
    return signed_in(factories.member(line.shop_order.shop).user)


def says(line: ShopOrderLine, *said: Saying, now: datetime | None = None) -> None:
    sayings.keep(line, said, by="Odoo", now=now or timezone.now())


def page_of(line: ShopOrderLine, beyond: str = "") -> str:
    return f"/portal/{line.shop_order.shop.slug}/orders/{line.shop_order.number}/{beyond}"


def shown(staff: Client, line: ShopOrderLine, beyond: str = "", **asked: str) -> str:
    return staff.get(page_of(line, beyond), asked, headers={"Accept-Language": "en"}).content.decode()


def offering(line: ShopOrderLine) -> str:
    return f"lines/{line.pk}/offer/"


def soon(days: int = 9) -> date:
    return timezone.localdate() + timedelta(days=days)


def test_back_order_for_a_day_is_offered_to_the_reader_with_one_press(line, staff):
    says(line, Saying(Answer.BACK_ORDERED, 1, "by the publisher", on=soon()))
    page = staff.get(page_of(line), headers={"Accept-Language": "en"})
    html = page.content.decode()
    assert "1 copy only later: on " in html
    assert "“by the publisher”" in html
    assert f'<input type="hidden" name="on" value="{soon().isoformat()}">' in html
    assert not MailMessage.objects.filter(kind__contains="offer").exists()  # nothing of it reaches the reader yet
    pressed = {"version": page.context["order"].version, "after": 0, "once": "x"}
    pressed |= {"kind": "later", "units": 1, "on": soon().isoformat(), "hours": 24}
    assert staff.post(page_of(line, offering(line)), pressed).status_code == 302
    assert held.do_desk_actions(timezone.now() + timedelta(minutes=1)) == 1
    offered = Alternative.objects.get()
    assert (offered.kind, offered.expected_on, offered.units) == ("later", soon(), 1)
    assert "only later" not in shown(staff, line)  # it is answered


def test_other_article_is_named_found_and_filled_in(line, staff):
    cup = another()
    says(line, Saying(Answer.SUBSTITUTED, 1, article=cup.partner_sku))
    assert f"In its place it offers “Cup” ({cup.partner_sku})." in shown(staff, line)
    html = shown(staff, line, offering(line))
    assert f'name="record" value="{cup.pk}" required checked' in html
    form = staff.get(page_of(line, offering(line))).context["other"]
    assert (form["units"].value(), form["reason"].value()) == (1, "sold")
    assert f'value="{cup.pk}"' not in shown(staff, line, offering(line), q="")  # another one is looked for


def test_article_that_the_shop_has_not_is_told_by_its_number(line, staff):
    says(line, Saying(Answer.SUBSTITUTED, article=str(ISBN)))
    assert f"In its place it offers another article: {ISBN}." in shown(staff, line)
    says(line, Saying(Answer.SUBSTITUTED))
    assert "In its place it offers another article." in shown(staff, line)
    says(line, Saying(Answer.CHANGED, detail="<b>twice</b>"))
    html = shown(staff, line)
    assert "It is not taken as it was ordered" in html
    assert "&lt;b&gt;twice&lt;/b&gt;" in html


def test_decline_is_filled_in_by_what_the_system_has_not_got(line, staff):
    ShopOrderLine.objects.filter(pk=line.pk).update(quantity=3)
    says(line, Saying(Answer.BACK_ORDERED, 2))
    rows = {row.line.pk: row for row in staff.get(page_of(line)).context["rows"]}
    form = rows[line.pk].decline
    assert (form["units"].value(), form["reason"].value()) == (2, "sold")
    others = [row.decline["reason"].value() for pk, row in rows.items() if pk != line.pk]
    assert others == [""]


def test_what_is_taken_out_of_its_order_is_shown_and_fills_in_the_decline(line, staff):
    ShopOrderLine.objects.filter(pk=line.pk).update(quantity=3)
    says(line, Saying(Answer.TAKEN_OUT, 2))
    assert "2 copies are not in the order there any more." in shown(staff, line)
    form = {row.line.pk: row for row in staff.get(page_of(line)).context["rows"]}[line.pk].decline
    assert (form["units"].value(), form["reason"].value()) == (2, "other")


@pytest.mark.parametrize(("supply", "told", "on", "acts"), [
    (Supply.STOCK, None, None, "asks_day"),
    (Supply.STOCK, None, -1, ""),  # that day is over
    (Supply.ORDER, 12, 9, ""),  # before the reader expects it
    (Supply.ORDER, 5, 9, "on"),
    (Supply.ORDER, 5, None, ""),
])  # fmt: skip
def test_day_is_offered_only_where_it_is_news_to_the_reader(supply, told, on, acts, line, staff):
    ShopOrderLine.objects.filter(pk=line.pk).update(supply=supply, expected_on=told and soon(told))
    says(line, Saying(Answer.BACK_ORDERED, 1, on=soon(on) if on else None))
    rows = {row.line.pk: row.said for row in staff.get(page_of(line)).context["rows"]}
    [said] = rows[line.pk].rows
    assert [name for name in ("on", "asks_day", "article") if getattr(said, name)] == ([acts] if acts else [])


def test_who_only_looks_reads_it_and_presses_nothing(line):
    says(line, Saying(Answer.BACK_ORDERED, 1, on=soon()))
    html = shown(signed_in(factories.member(line.shop_order.shop, role="accounts").user), line)
    assert ("only later: on" in html, 'name="kind"' in html) == (True, False)


def test_queue_says_it_until_somebody_has_answered_and_asks_nothing_more(line, django_assert_num_queries):
    order, member = line.shop_order, factories.member(line.shop_order.shop)
    now = timezone.now()

    def said() -> list[str]:
        with translation.override("en"):
            return [row.said for group in queue(member.user, order.shop, now=now) for row in group.rows]

    with django_assert_num_queries(3):
        queue(member.user, order.shop, now=now)
    says(line, Saying(Answer.BACK_ORDERED, 1))
    with django_assert_num_queries(3):
        assert said() == ["Odoo: only later"]
    order.refresh_from_db()
    fulfilment.accept_all(order, by="staff", now=now + timedelta(seconds=1))
    assert said() == [""]
    says(line, Saying(Answer.SUBSTITUTED, 1), now=now + timedelta(minutes=5))  # it thought otherwise
    assert said() == ["Odoo: another article"]
    order.refresh_from_db()
    fulfilment.pack(order, by="staff", now=now + timedelta(minutes=6))
    fulfilment.hand_over(order, by="staff", now=now + timedelta(minutes=7))
    assert said() == [""]


def test_what_was_pressed_and_waits_is_an_answer(line, staff):
    says(line, Saying(Answer.BACK_ORDERED, 1))
    order = line.shop_order
    sent = {"version": order.version, "after": 0, "once": "y", "units": 1}
    assert staff.post(page_of(line, f"lines/{line.pk}/accept/"), sent).status_code == 302
    assert DeskAction.objects.filter(due_at__isnull=False).count() == 1
    html = shown(staff, line)
    assert ("noted for later" in html, "Offer it for a day" in html) == (True, False)
