"""The one scan field: a book is a copy picked, a pick-up code an order handed over, the rest is looked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from shops.models import DeskAction, Parcel, ShopOrder
from shops.orders import carrying, fulfilment
from shops.portal import order_search
from tests import factories
from tests.payments.test_carried_parcels import parcel, sent
from tests.shops.portal.conftest import Stall, signed_in
from tests.shops.portal.test_desk_views import place
from tests.shops.portal.test_order_views import accept_everything, address, status, worked

ISBN = "9782070360024"


@pytest.fixture
def stall(ours: Stall) -> Stall:
    """Two copies of a book and one of something without a number."""
    ours.order.lines.filter(quantity=2).update(gtin=int(ISBN))
    return ours


def scan(of: Stall, text: str, *, order: str | None = None, **more):
    sent = {"q": text, "order": of.order.number if order is None else order}
    return of.client.post(reverse("portal:scan", args=[of.shop.slug]), sent | more)


def said(of: Stall, text: str) -> str:
    """The page that follows a scan in the open order."""
    sent = {"q": text, "order": of.order.number}
    return of.client.post(reverse("portal:scan", args=[of.shop.slug]), sent, follow=True).content.decode()


def picked(of: Stall) -> list[int]:
    return list(of.order.lines.values_list("picked", flat=True))


@pytest.mark.parametrize("typed", [ISBN, "978-2-07-036002-4", "2070360024"])
def test_book_scanned_in_an_open_order_is_one_copy_picked(typed, stall):
    accept_everything(stall)
    assert scan(stall, typed).url == address(stall, "order")
    assert picked(stall) == [1, 0]
    assert "1/2" in stall.client.get(address(stall, "order")).content.decode()


def test_no_more_than_accepted_are_picked(stall):
    accept_everything(stall)
    for _ in range(3):
        scan(stall, ISBN)
    assert picked(stall) == [2, 0]


def test_same_scan_sent_twice_is_one(stall):
    accept_everything(stall)
    scan(stall, ISBN, once="a"), scan(stall, ISBN, once="a")
    assert picked(stall) == [1, 0]


@pytest.mark.parametrize("text", [ISBN, "K7M3QX"])
def test_what_was_scanned_without_a_line_and_is_refused_stands_on_the_desk(text, stall):
    if text == ISBN:  # all of it is picked; a code comes before the answer
        accept_everything(stall)
        scan(stall, text), scan(stall, text)
    for _ in range(2):
        scan(stall, text, once="queued", queued="1")
    (back,) = stall.client.get(reverse("portal:desk", args=[stall.shop.slug])).context["back"]
    assert back.number == stall.order.number


@pytest.mark.parametrize("text", ["ABC346", ISBN, "9780141439518"])
def test_what_was_scanned_without_a_line_and_finds_nothing_stands_on_the_desk(text, stall):
    """A code with a slip, a copy that nobody has accepted, one of no line: the book may have left the shop."""
    for _ in range(2):
        assert scan(stall, text, once="queued", queued="1").status_code == 302
    (back,) = stall.client.get(reverse("portal:desk", args=[stall.shop.slug])).context["back"]
    assert (back.number, picked(stall)) == (stall.order.number, [0, 0])


def test_scan_of_no_order_that_comes_late_is_refused_and_so_kept_by_the_browser(stall):
    answer = scan(stall, "ABC346", order="", once="queued", queued="1")
    assert (answer.status_code, answer.has_header("Halles-Desk")) == (409, False)
    assert not DeskAction.objects.exists()


def test_copy_picked_right_after_accepting_waits_for_it(stall):
    stall.client.post(address(stall, "accept-all"), {"version": "0"})
    scan(stall, ISBN)
    assert (picked(stall), stall.client.get(address(stall, "order")).context["rows"][0].line.picked) == ([0, 0], 1)
    worked(), worked()
    assert picked(stall) == [1, 0]


@pytest.mark.parametrize("typed", [ISBN, "9780141439518"])
def test_what_is_not_accepted_or_not_in_the_order_is_said(typed, stall):
    assert "message warning" in said(stall, typed)
    assert picked(stall) == [0, 0]


def test_copy_declined_is_not_picked_any_more(stall):
    accept_everything(stall)
    scan(stall, ISBN), scan(stall, ISBN)
    line = stall.order.lines.first()
    line.shop_order = ShopOrder.objects.get(pk=stall.order.pk)
    fulfilment.decline(line, 1, by="staff", reason="damaged", now=timezone.now())
    assert picked(stall) == [1, 0]


@pytest.mark.parametrize("order", ["", None])
def test_pickup_code_hands_its_order_over(order, stall):
    accept_everything(stall)
    assert scan(stall, " k7m 3qx", order=order).url == address(stall, "order")
    assert DeskAction.objects.get().asked == {}  # the code is the reader's
    assert status(stall) == "handed_over"


def test_pickup_code_of_what_is_not_answered_says_so(stall):
    assert "message warning" in said(stall, "K7M3QX")
    assert not DeskAction.objects.exists()


def test_code_of_two_orders_hands_over_the_open_one_alone(stall):
    accept_everything(stall)
    other = factories.shop_order(stall.shop, (factories.stock_record(stall.shop), 1))
    assert "/orders/?q=" in scan(stall, "K7M3QX", order="").url
    assert scan(stall, "K7M3QX", order=stall.order.number).url == address(stall, "order")
    assert status(stall) == "handed_over"
    other.refresh_from_db()
    assert other.status == "new"


def test_code_of_another_shop_is_nothing_here(ours, theirs):
    accept_everything(theirs)
    ShopOrder.objects.filter(pk=ours.order.pk).update(pickup_code="AAAAAA")
    assert "/orders/?q=" in scan(ours, "K7M3QX").url
    assert status(theirs) == "accepted"


def here_for_another() -> tuple[Client, str]:
    """Of another shop's order something lies at the counter; the address of the scan field there."""
    sent(timezone.now())
    carrying.arrive(parcel(), by="c", now=timezone.now())
    shop = parcel().carried_to
    return signed_in(factories.member(shop).user), reverse("portal:scan", args=[shop.slug])


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["K7M3QX", "k7m 3qx"])
def test_code_of_what_another_shop_brought_here_hands_it_over(typed):
    client, where = here_for_another()
    for _ in range(2):
        answer = client.post(where, {"q": typed, "once": "abcdefgh1"})
    assert parcel().collected_at
    assert "/orders/?q=" in answer.url  # there is nothing left to hand over


@pytest.mark.django_db
def test_code_of_what_has_not_arrived_here_leads_to_where_that_is_said():
    client, where = here_for_another()
    Parcel.objects.update(arrived_at=None)
    answer = client.post(where, {"q": "K7M3QX"}, follow=True)
    assert "for-others" in answer.redirect_chain[-1][0]
    assert parcel().shop_order.number in answer.content.decode()
    assert parcel().collected_at is None
    assert client.post(where, {"q": "K7M3QX", "queued": "1"}).status_code == 409  # it stays with who scanned it


@pytest.mark.django_db
def test_code_that_an_order_of_the_shop_has_too_hands_over_neither():
    client, where = here_for_another()
    shop = parcel().carried_to
    own = factories.shop_order(shop, (factories.stock_record(shop), 1))
    ShopOrder.objects.filter(pk=own.pk).update(
        status="packed", delivery_kind="pickup", pickup_code=parcel().shop_order.pickup_code
    )
    assert "/orders/?q=" in client.post(where, {"q": "K7M3QX"}).url
    assert (parcel().collected_at, DeskAction.objects.exists()) == (None, False)


@pytest.mark.parametrize("typed", ["", "\x00", "100012-A", "bonheur", "9" * 99, "é" * 100])
def test_anything_else_is_looked_for(typed, stall):
    assert "/orders/?q=" in scan(stall, typed, order="").url


def test_with_a_script_what_leads_elsewhere_is_followed_there(stall):
    where = reverse("portal:scan", args=[stall.shop.slug])
    answer = stall.client.post(where, {"q": "bonheur"}, headers={"HX-Request": "true"})
    assert (answer.status_code, "/orders/?q=bonheur" in answer["HX-Redirect"]) == (204, True)


def waiting(of: Stall, *, units: int = 1, due_in_hours: float = 24) -> ShopOrder:
    """Another order with that book, accepted."""
    order = place(of, units=units)
    order.lines.update(gtin=int(ISBN))
    fulfilment.accept_all(order, by="staff", now=timezone.now())
    ShopOrder.objects.filter(pk=order.pk).update(ready_by=timezone.now() + timedelta(hours=due_in_hours))
    return order


def test_book_scanned_without_an_open_order_is_picked_in_the_one_that_waits_for_it(stall):
    order = waiting(stall)
    waiting(stall)
    scan(stall, ISBN, order=order.number)
    answer = scan(stall, ISBN, order="")
    last = ShopOrder.objects.latest("pk")
    assert answer.url == reverse("portal:order", args=[stall.shop.slug, last.number])
    assert (last.lines.get().picked, picked(stall)) == (1, [0, 0])


def test_copy_of_an_order_just_accepted_is_picked_too(stall):
    stall.client.post(address(stall, "accept-all"), {"version": "0"})
    assert scan(stall, ISBN, order="").url == address(stall, "order")
    worked(), worked()
    assert picked(stall) == [1, 0]


def test_of_several_orders_that_wait_for_a_book_a_person_chooses(stall):
    later, sooner = waiting(stall, due_in_hours=48), waiting(stall, due_in_hours=2)
    answer = scan(stall, ISBN, order="")
    shown = stall.client.get(answer.url)
    assert [row.number for row in shown.context["rows"]] == [sooner.number, later.number]
    assert f'name="order" value="{later.number}"' in shown.content.decode()
    assert scan(stall, ISBN, order=later.number).url.endswith(f"/orders/{later.number}/")
    assert [later.lines.get().picked, sooner.lines.get().picked] == [1, 0]


def test_order_that_waits_is_found_behind_many_that_have_their_copy(stall, monkeypatch):
    """The day a book appears: those due first are picked, and not packed yet."""
    monkeypatch.setattr(order_search, "MOST_TO_PICK", 1)
    done, late = waiting(stall, due_in_hours=2), waiting(stall, due_in_hours=48)
    scan(stall, ISBN, order=done.number)
    assert scan(stall, ISBN, order="").url.endswith(f"/orders/{late.number}/")
    assert [done.lines.get().picked, late.lines.get().picked] == [1, 1]


def test_book_that_no_order_waits_for_is_said(stall, theirs):
    waiting(theirs)
    page = stall.client.post(reverse("portal:scan", args=[stall.shop.slug]), {"q": ISBN}, follow=True)
    assert "message warning" in page.content.decode()
    assert picked(stall) == [0, 0]  # its order is not accepted yet; it opens as the only one with that book
    assert page.redirect_chain[-1][0] == address(stall, "order")


def test_book_scanned_without_a_line_is_picked_where_one_order_alone_waits(stall):
    first = waiting(stall)
    for _ in range(2):
        scan(stall, ISBN, order="", once="late", queued="1")
    assert first.lines.get().picked == 1
    waiting(stall), waiting(stall)
    assert scan(stall, ISBN, order="", once="later", queued="1").status_code == 409
