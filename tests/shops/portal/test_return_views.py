"""Returns at the desk, of the shop that sold it and of one that receives for another."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops.models import Return, ReturnPhoto, ReturnRefund, Shop, ShopMember
from shops.returns import moving
from tests import factories
from tests.shops.portal.conftest import signed_in
from tests.shops.returns.sending_back import ask, check, handed_over, picture, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


def address(row: Return, shop: Shop, *deed: str) -> str:
    return reverse("portal:return-act" if deed else "portal:return", args=[shop.slug, row.pk, *deed])


def test_return_is_in_the_queue_until_it_is_answered(ours):
    row = ask(handed_over(1, shop=ours.shop), 1, reason="faulty", note="page 7 is missing", pictures=[picture()])
    desk = reverse("portal:desk", args=[ours.shop.slug])
    assert f'href="{address(row, ours.shop)}"' in shown(ours.client.get(desk))
    page = shown(ours.client.get(address(row, ours.shop)))
    assert [word for word in ("page 7 is missing", "It has a fault", "You bear it") if word not in page] == []
    ours.client.post(address(row, ours.shop, "agree"), {"note": "sorry"})
    row.refresh_from_db()
    assert (row.state, row.desk_note) == ("agreed", "sorry")
    assert row.number not in shown(ours.client.get(desk))


def test_number_on_the_parcel_opens_it(ours, theirs):
    row = ask(handed_over(1, shop=ours.shop), 1, reason="faulty")
    scan = {"q": row.number.lower()}
    found = ours.client.get(reverse("portal:orders", args=[ours.shop.slug]), scan)
    assert found.url == address(row, ours.shop)
    assert theirs.client.get(reverse("portal:orders", args=[theirs.shop.slug]), scan).status_code == 200


def test_copies_are_looked_at_and_paid(ours):
    row = ask(handed_over(2, shop=ours.shop, to="FR"), 2)
    ours.client.post(address(row, ours.shop, "arrive"))
    line = row.lines.get()
    page = shown(ours.client.get(address(row, ours.shop)))
    assert "Nothing is added to your stock here" in page
    sent = {f"good_{line.pk}": 1, f"worn_{line.pk}": 1, f"paid_{line.pk}": 1, f"shelf_{line.pk}": "on"}
    answer = ours.client.post(address(row, ours.shop, "check"), sent)
    assert (answer.status_code, ReturnRefund.objects.count()) == (409, 0)
    assert "Not all of it is paid back: say why" in shown(answer)
    assert ours.client.post(address(row, ours.shop, "check"), {**sent, "note": "torn"}).status_code == 302
    line.refresh_from_db()
    assert (line.good, line.worn, line.refunded, line.restocked) == (1, 1, 1, True)
    assert ReturnRefund.objects.get().by == ours.staff


def test_copy_on_the_shelf_again_leads_to_its_number_where_that_is_typed(ours):
    row = ask(handed_over(1, shop=ours.shop, to="FR"), 1)
    moving.arrive(row, by="port", now=timezone.now())
    check(row, 1)
    assert "your next number counts it" not in shown(ours.client.get(address(row, ours.shop)))
    row.lines.update(restocked=True)
    assert "your next number counts it" in shown(ours.client.get(address(row, ours.shop)))
    article = factories.own_article(ours.shop, sku=row.lines.get().line.sku)
    page = shown(ours.client.get(address(row, ours.shop)))
    assert reverse("portal:own-article", args=[ours.shop.slug, article.pk]) in page
    assert "your next number counts it" not in page


@pytest.mark.parametrize("sent", [{}, {"good": "x"}, {"good": "3"}, {"worn": "-1"}])
def test_counts_that_are_no_counts_change_nothing(ours, sent):
    row = ask(handed_over(2, shop=ours.shop, to="FR"), 2)
    moving.arrive(row, by="port", now=timezone.now())
    line = row.lines.get().pk
    counts = {f"{name}_{line}": value for name, value in sent.items()}
    assert ours.client.post(address(row, ours.shop, "check"), {"note": "x", **counts}).status_code == 422
    row.refresh_from_db()
    assert row.state == "arrived"


def test_withdrawal_is_refused_by_an_exception_alone(ours):
    row = ask(handed_over(1, shop=ours.shop, to="FR"), 1)
    where = address(row, ours.shop, "refuse")
    assert ours.client.post(where, {"note": "no", "excepted": ""}).status_code == 409
    assert ours.client.post(where, {"note": "no", "excepted": "z"}).status_code == 422
    assert ours.client.post(where, {"note": "cheese", "excepted": "d"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.excepted) == ("refused", "d")


def test_two_answers_one_counts(ours):
    row = ask(handed_over(1, shop=ours.shop), 1, reason="faulty")
    ours.client.post(address(row, ours.shop, "agree"))
    answer = ours.client.post(address(row, ours.shop, "refuse"), {"note": "no"})
    assert answer.status_code == 409
    assert f"“Agreed, not sent yet” meanwhile: {ours.staff.email}" in shown(answer)


def test_no_address_goes_from_one_shop_to_the_other_nor_the_readers_to_the_place(ours, theirs):
    Shop.objects.filter(pk=theirs.shop.pk).update(receives_returns=True)
    part = handed_over(1, shop=ours.shop)
    row = ask(part, 1, goes_to=theirs.shop, reason="faulty", by=(reader := factories.user("lea@example.org")))
    ours.client.post(address(row, ours.shop, "agree"))
    theirs.client.post(address(row, theirs.shop, "arrive"), {"note": ""})
    theirs.client.post(address(row, theirs.shop, "forward"))
    to_place, to_seller = (shown(one.client.get(address(row, one.shop))) for one in (theirs, ours))
    assert [who for who in (ours.staff.email, reader.email) if who in to_place] == []
    assert (theirs.staff.email in to_seller, ours.staff.email in to_seller) == (False, True)
    late = ask(handed_over(1, shop=ours.shop, to="FR"), 1, goes_to=theirs.shop)
    moving.call_off(late, by=reader, now=timezone.now())
    answer = shown(theirs.client.post(address(late, theirs.shop, "arrive"), {"note": ""}))
    assert ("the reader did that" in answer, reader.email in answer) == (True, False)


def test_other_shop_receives_it_and_learns_no_more_than_it_needs(ours, theirs):
    Shop.objects.filter(pk=theirs.shop.pk).update(receives_returns=True)
    part = handed_over(1, shop=ours.shop, to="FR")
    row = ask(part, 1, goes_to=theirs.shop, note="a private word", by=factories.user("lea@example.org"))
    page = shown(theirs.client.get(address(row, theirs.shop)))
    assert part.lines.get().title in page
    assert [word for word in ("a private word", "lea@example.org", "Léa") if word in page] == []
    picture = reverse("portal:return-photo", args=[theirs.shop.slug, row.pk, ReturnPhoto.objects.create(of=row).pk])
    assert theirs.client.get(picture).status_code == 404
    assert picture not in shown(theirs.client.get(address(row, theirs.shop)))
    for deed in ("agree", "refuse", "check", "come-home"):
        assert theirs.client.post(address(row, theirs.shop, deed), {"note": "x"}).status_code == 404
    theirs.client.post(address(row, theirs.shop, "arrive"), {"note": "like new"})
    assert "like new" in shown(ours.client.get(address(row, ours.shop)))
    theirs.client.post(address(row, theirs.shop, "forward"))
    ours.client.post(address(row, ours.shop, "come-home"))
    row.refresh_from_db()
    assert (row.state, bool(row.forwarded_at), bool(row.home_at)) == ("arrived", True, True)


def test_who_only_looks_changes_nothing(ours):
    row = ask(handed_over(1, shop=ours.shop), 1, reason="faulty")
    looker = signed_in(factories.member(ours.shop, role=ShopMember.Role.READER).user)
    page = looker.get(address(row, ours.shop))
    assert (page.status_code, "<form" in shown(page).partition("<main")[2]) == (200, False)
    assert looker.post(address(row, ours.shop, "agree")).status_code == 403


def test_terms_are_said_by_the_shop(ours):
    where = reverse("portal:return-terms", args=[ours.shop.slug])
    terms = {"return_days": "30", "return_terms_fr": "", "return_terms_en": "Unread.", "receives_returns": "on"}
    assert ours.client.post(where, terms).status_code == 302
    ours.shop.refresh_from_db()
    assert (ours.shop.return_days, ours.shop.return_terms_en, ours.shop.receives_returns) == (30, "Unread.", True)
    assert ours.shop.returns_need_answer is False
    assert ours.client.post(where, {**terms, "return_days": "400"}).status_code == 422


@pytest.mark.parametrize("number", [1, 6])
def test_pages_cost_the_same_with_one_and_with_many(ours, number, django_assert_max_num_queries):
    for _ in range(number):
        ask(handed_over(1, shop=ours.shop), 1, reason="faulty", once=f"{_}{number}")
    client = ours.client
    with django_assert_max_num_queries(14):
        client.get(reverse("portal:returns", args=[ours.shop.slug]))
    with django_assert_max_num_queries(16):
        client.get(reverse("portal:desk", args=[ours.shop.slug]))


@pytest.mark.parametrize("sent", [True, False])
def test_seller_says_that_it_is_here_though_it_was_to_go_elsewhere(ours, theirs, sent):
    Shop.objects.filter(pk=theirs.shop.pk).update(receives_returns=True)
    row = ask(handed_over(1, shop=ours.shop, to="FR"), 1, goes_to=theirs.shop)
    if sent:
        moving.send(row, by="reader 1", now=timezone.now())
    assert address(row, ours.shop, "arrive") in shown(ours.client.get(address(row, ours.shop)))
    assert ours.client.post(address(row, ours.shop, "arrive")).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.home_at, row.place_note) == ("arrived", row.arrived_at, "")
    assert row.number not in shown(theirs.client.get(reverse("portal:desk", args=[theirs.shop.slug])))
    assert theirs.client.post(address(row, theirs.shop, "arrive")).status_code == 409
    assert ours.shop.name in MailMessage.objects.filter(kind="return_reader").last().text
