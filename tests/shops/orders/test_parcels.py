"""Several parcels of one shop order: what leaves now, what later; the order is handed over with the last one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops import carriers
from shops.models import Allocation, Parcel, ShopOrder, ShopOrderLine
from shops.orders import fulfilment, held, uncollected
from shops.orders.fulfilment import FulfilmentError
from shops.orders.held import Deed, Press
from tests import factories
from tests.shops.orders.test_expiring import broken


def accepted(*units: int, kind: str = "post") -> ShopOrder:
    shop = factories.shop(booking_lag_minutes=0)
    option = factories.delivery_option(shop, kind)
    wanted = [(factories.stock_record(shop, units=5), number) for number in units]
    order = factories.shop_order(shop, *wanted, delivery_option=option)
    order.transmission = None
    fulfilment.accept_all(order, by="staff", now=timezone.now())
    return order


def keys(order: ShopOrder) -> list[int]:
    return list(order.lines.order_by("pk").values_list("pk", flat=True))


def counts(order: ShopOrder) -> list[tuple[int, ...]]:
    return list(order.lines.order_by("pk").values_list("accepted", "declined", "packed", "handed_over"))


def send(order: ShopOrder, parts: dict[int, int] | None = None, **sent: str) -> Parcel:
    return fulfilment.hand_over(order, by="staff", now=timezone.now(), parts=parts, **sent)


def wrong() -> dict[str, list[str]]:
    return {name: found for name, found in broken().items() if "goes to its shop" not in name}


@pytest.mark.django_db
class TestParts:
    def test_order_is_handed_over_with_its_last_parcel(self):
        order = accepted(3, 1)
        first, second = keys(order)
        parcel = send(order, {first: 2}, carrier="Purolator", tracking="ABC 1234")
        assert (order.status, order.handed_over_at) == ("accepted", None)
        assert (counts(order), wrong()) == ([(3, 0, 2, 2), (1, 0, 0, 0)], {})
        assert list(parcel.lines.values_list("line", "units")) == [(first, 2)]
        fulfilment.pack(order, by="staff", now=timezone.now())
        send(order, {first: 1, second: 0})
        assert (order.status, order.handed_over_at) == ("packed", None)
        last = send(order)
        assert (order.status, list(last.lines.values_list("line", "units"))) == ("handed_over", [(second, 1)])
        assert (order.handed_over_at, counts(order)) == (last.handed_over_at, [(3, 0, 3, 3), (1, 0, 1, 1)])
        assert wrong() == {}

    def test_each_parcel_is_told_with_what_is_in_it(self):
        order = accepted(2, 1)
        first, second = keys(order)
        send(order, {first: 2}, carrier="colissimo", tracking="8X12345678901")
        send(order, {second: 1})
        mails = MailMessage.objects.filter(kind="shop_order_handed_over").order_by("pk")
        one, other = (mail.text for mail in mails)
        title, last = (ShopOrderLine.objects.get(pk=pk).title for pk in (first, second))
        assert (f"2 × {title}" in one, last in one, "Le reste de votre commande" in one) == (True, False, True)
        assert "https://www.laposte.fr/outils/suivre-vos-envois?code=8X12345678901" in one
        assert (f"1 × {last}" in other, title in other, "Le reste" in other) == (True, False, False)
        assert [("facture" in text) for text in (one, other)] == [False, True]

    @pytest.mark.parametrize(("number", "words"), [(0, "how many copies"), (3, "So many copies"), (-1, "So many")])
    def test_only_what_is_here_leaves(self, number, words):
        order = accepted(2)
        with pytest.raises(FulfilmentError, match=words):
            send(order, {keys(order)[0]: number})
        assert (Parcel.objects.count(), counts(order)) == (0, [(2, 0, 0, 0)])

    def test_line_of_another_order_leaves_with_none(self):
        order, other = accepted(2), accepted(1)
        with pytest.raises(FulfilmentError, match="So many copies"):
            send(order, {keys(other)[0]: 1})

    def test_stock_counts_what_has_left(self):
        """The lag is none: with the next number the copies that left are in it, and no more of them."""
        order = accepted(3)
        send(order, {keys(order)[0]: 2})
        rows = Allocation.objects.filter(cause="line")
        assert sorted((row.units, row.reflected_at is None) for row in rows) == [(1, True), (2, False)]
        send(order)
        assert rows.filter(reflected_at=None).count() == 0

    def test_rest_that_is_not_found_ends_the_order(self):
        order = accepted(3)
        send(order, {keys(order)[0]: 2})
        line = order.lines.get()
        line.shop_order = order
        fulfilment.decline(line, 1, by="staff", reason="not_found", now=timezone.now())
        order.refresh_from_db()
        assert (order.status, order.handed_over_at is None, counts(order)) == ("handed_over", False, [(2, 1, 2, 2)])
        assert wrong() == {}

    def test_reader_takes_back_the_rest_that_is_not_packed(self):
        order = accepted(3)
        send(order, {keys(order)[0]: 2})
        line = order.lines.get()
        line.shop_order = order
        assert line.cancellable_units == 1
        fulfilment.cancel(line, 1, by="reader", now=timezone.now())
        order.refresh_from_db()
        assert (order.status, counts(order), wrong()) == ("handed_over", [(2, 1, 2, 2)], {})

    def test_rest_of_a_pick_up_goes_back_when_nobody_comes(self):
        order = accepted(3, kind="pickup")
        fulfilment.pack(order, by="staff", now=timezone.now())
        send(order, {keys(order)[0]: 2}, code=order.pickup_code)
        assert order.status == "packed"
        order.refresh_from_db()
        assert uncollected.watch_pickups(order.keep_until + timedelta(minutes=1)) == 1
        order.refresh_from_db()
        line = order.lines.get()
        assert (order.status, line.handed_over, line.uncollected, wrong()) == ("handed_over", 2, 1, {})

    def test_pressed_at_the_desk_it_is_shown_and_done_in_parts(self):
        order = accepted(3)
        pk, clerk, now = keys(order)[0], factories.member(order.shop).user, timezone.now()
        asked = {"parts": {str(pk): 2}}
        held.press(order, Press(Deed.HAND_OVER, order.version, "a", asked=asked), by=clerk, now=now)
        rest = Press(Deed.HAND_OVER, order.version + 1, "b", asked={"parts": {str(pk): 2}})
        with pytest.raises(FulfilmentError, match="So many copies"):
            held.press(order, rest, by=clerk, now=now)
        held.press(order, Press(Deed.HAND_OVER, order.version + 1, "c"), by=clerk, now=now)
        for seconds in (31, 32):
            held.do_desk_actions(now + timedelta(seconds=seconds))
        assert list(Parcel.objects.order_by("pk").values_list("lines__units", flat=True)) == [2, 1]
        assert ShopOrder.objects.get(pk=order.pk).status == "handed_over"

    def test_copies_left_can_be_picked_after_the_first_parcel(self):
        order = accepted(2)
        pk, clerk, now = keys(order)[0], factories.member(order.shop).user, timezone.now()
        send(order, {pk: 1})
        held.press(order, Press(Deed.PICK, order.version, "p", line_id=pk), by=clerk, now=now)
        assert order.lines.get().picked == 2
        with pytest.raises(FulfilmentError, match="are picked"):
            held.press(order, Press(Deed.PICK, order.version, "q", line_id=pk), by=clerk, now=now)


def test_carriers_are_known_by_what_people_write():
    known = carriers.tracking_url("postes CANADA", "7023 2104 0110 0000")
    assert known == "https://www.canadapost-postescanada.ca/track-reperage/fr#/search?searchFor=7023210401100000"
    assert carriers.tracking_url("Colis prive", "ABCD1234").endswith("numColis=ABCD1234")
    unknown = [("Le vélo de Paul", "1234"), ("UPS", "<a href=x>"), ("UPS", "")]
    assert [carriers.tracking_url(*said) for said in unknown] == ["", "", ""]
