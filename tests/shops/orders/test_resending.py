"""Other copies for what is lost on its way: off the shelf, told to the reader, once, and never beside the money."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.foundation.models import MailMessage
from marketplace.payments import invariants_parcels
from shops import absorbing, stock
from shops.models import Parcel, Shop
from shops.orders import carrying, resending
from shops.orders.changing import FulfilmentError
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.shops.orders.test_parcels import accepted, send, wrong
from tests.shops.portal.conftest import signed_in


def sent(units: int = 2, kind: str = "post") -> Parcel:
    return send(accepted(units, kind=kind), carrier="Poste", tracking="A1")


def sellable() -> int:
    record = StockRecord.objects.get()
    return stock.sellable_now(stock.read([record.pk])[record.pk], now=timezone.now())


def all_is_well() -> bool:
    checks = invariants_parcels.INVARIANTS.values()
    return wrong() == {} and not [found for check in checks for found in check()]


@pytest.mark.django_db
class TestSendingAgain:
    def test_all_of_it_leaves_once_more_off_the_shelf(self):
        lost = sent()
        before = sellable()
        made = resending.send_again(lost, by="staff", now=timezone.now(), carrier="UPS", tracking="B2")
        lost.refresh_from_db()
        assert (made.instead_of, made.tracking, list(made.lines.values_list("units", flat=True))) == (lost, "B2", [2])
        assert (lost.missing_said, lost.missing_ended_at is not None) == ("sender", True)
        assert sellable() == before - 2
        mail = MailMessage.objects.get(kind="shop_order_sent_again")
        assert "B2" in mail.text
        assert all_is_well()

    @pytest.mark.parametrize(
        "not_sold", [{"status": "paused"}, {"status": "suspended"}, {"status": "leaving"}, {"fresh_until": None}]
    )
    def test_shop_that_sells_nothing_to_new_readers_finishes_what_is_open(self, not_sold):
        """Its people look at the shelf, however old its number is."""
        lost = sent()
        Shop.objects.update(**not_sold)
        lost = Parcel.objects.get(pk=lost.pk)
        assert sellable() == 0
        resending.send_again(lost, by="staff", now=timezone.now())
        assert StockRecord.objects.get().num_allocated == 4  # the two of the order, and two more
        assert all_is_well()

    def test_till_that_books_our_orders_alone_is_not_believed_before_it_is_rung_up(self):
        """Its number is read every few minutes, and nobody has told it of the other copies."""
        lost = sent()
        Shop.objects.update(channel="square")
        lost = Parcel.objects.select_related("shop_order__shop").get(pk=lost.pk)
        now = timezone.now()
        absorbing.write_number(StockRecord.objects.get(), 3, as_of=now, now=now)
        resending.send_again(lost, by="staff", now=now)
        for hours, left in ((1, 1), (25, 3)):
            then = now + timedelta(hours=hours)
            absorbing.write_number(StockRecord.objects.get(), 3, as_of=then, now=then)
            assert sellable() == left

    def test_nor_of_an_order_that_it_never_got(self):
        """It was away, and staff answered and handed over by the portal."""
        order = accepted(2)
        Shop.objects.update(channel="square")
        order.shop.refresh_from_db()
        now = timezone.now()
        send(order)
        for hours, left in ((1, 3), (25, 5)):
            then = now + timedelta(hours=hours)
            absorbing.write_number(StockRecord.objects.get(), 5, as_of=then, now=then)
            assert sellable() == left

    def test_once_and_not_where_it_cannot_be(self):
        lost = sent()
        resending.send_again(lost, by="staff", now=timezone.now())
        for parcel in (lost, Parcel.objects.get(pk=lost.pk)):  # as an old page has it, and as it is
            with pytest.raises(FulfilmentError, match="look again"):
                resending.send_again(parcel, by="staff", now=timezone.now())
        assert Parcel.objects.count() == 2

    def test_without_other_copies_nothing_is_changed(self):
        lost = sent(units=3)  # of five
        with pytest.raises(FulfilmentError, match="no other copy"):
            resending.send_again(lost, by="staff", now=timezone.now())
        lost.refresh_from_db()
        assert (lost.missing_at, Parcel.objects.count()) == (None, 1)

    def test_what_another_shop_hands_over_must_be_missing_first(self):
        lost, other = sent(), factories.shop("Ailleurs")
        Parcel.objects.update(carried_to=other)
        lost = Parcel.objects.get()
        with pytest.raises(FulfilmentError):
            resending.send_again(lost, by="staff", now=timezone.now())
        carrying.miss(lost, Parcel.Said.SENDER, by="staff", now=timezone.now())
        made = resending.send_again(Parcel.objects.get(), by="staff", now=timezone.now())
        assert made.carried_to == other
        for late in (carrying.arrive, lambda *a, **k: carrying.give_up(*a, borne_by="shop", **k)):
            with pytest.raises(FulfilmentError):
                late(lost, by="staff", now=timezone.now())
        carrying.arrive(made, by="staff", now=timezone.now())
        assert all_is_well()

    def test_desk_has_the_button_and_says_what_was_done(self):
        lost = sent()
        order = lost.shop_order
        client = signed_in(factories.member(order.shop).user)
        page = f"/portal/{order.shop.slug}/orders/{order.number}/"
        where = f"{page}parcels/{lost.pk}/again/"
        assert where in client.get(page).content.decode()
        assert client.post(where, {"carrier": "UPS"}).status_code == 302
        assert client.post(where, {"carrier": "UPS"}).status_code == 302  # pressed twice: once
        assert Parcel.objects.count() == 2
        assert where not in client.get(page).content.decode()


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("failpoint", ["parcel_again.before_commit", "parcel_again.after_commit"])
def test_killed_on_the_way_it_is_sent_once_or_not_at_all(failpoint):
    lost = sent()
    assert dies_at(failpoint, lambda: resending.send_again(lost, by="staff", now=timezone.now()))
    connections.close_all()
    made = int(failpoint.endswith("after_commit"))
    assert (Parcel.objects.count(), MailMessage.objects.filter(kind="shop_order_sent_again").count()) == (
        1 + made,
        made,
    )
    assert all_is_well()
