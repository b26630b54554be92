"""What a reader takes back: how its copies end, who is told, and who wins against the shop."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import mail
from marketplace.foundation.models import MailMessage
from shops import absorbing, invariants, slots, stock
from shops.models import Allocation, Cancellation, ShopOrder, ShopOrderLine, SlotBooking, Transmission
from shops.orders import cancelling, changing, fulfilment, leaving, routing
from shops.orders.fulfilment import FulfilmentError
from tests import factories
from tests.shops.channels import scripted
from tests.shops.racing import at_once

Outcome = Transmission.Outcome


def placed(units: int = 1, *, channel: str = "email", have: int = 3, **shop: object) -> ShopOrderLine:
    """One line of a shop order that is to be sent."""
    seller = factories.shop(channel=channel, **shop)
    made = factories.shop_order(seller, (factories.stock_record(seller, units=have), units))
    Transmission.objects.create(shop_order=made, shop=seller, channel=channel, due_at=made.created_at)
    return made.lines.select_related("shop_order__shop").get()


def sent(units: int = 1, **columns: object) -> ShopOrderLine:
    line = placed(units, **columns)
    routing.transmit_orders(timezone.now())
    mail.send_mail(timezone.now())
    return line


def sellable(line: ShopOrderLine) -> int:
    return stock.sellable_now(stock.read([line.stock_record_id])[line.stock_record_id], now=timezone.now())


def cancel(line: ShopOrderLine, units: int = 1) -> Cancellation:
    line.refresh_from_db()
    return fulfilment.cancel(line, units, by="reader", now=timezone.now())


def broken() -> dict[str, list[str]]:
    return {name: found for name, test in invariants.INVARIANTS.items() if (found := test())}


@pytest.mark.django_db
class TestStock:
    def test_cancel_before_sending_frees_the_copies_and_sends_nothing(self):
        line = placed(2)
        assert cancel(line, 2).put_back_at is not None
        line.refresh_from_db()
        line.shop_order.refresh_from_db()
        assert (line.declined, line.cancelled, line.shop_order.status) == (2, 2, "declined")
        assert (sellable(line), routing.transmit_orders(timezone.now())) == (3, 0)
        assert cancelling.tell_cancellations(timezone.now()) == 0
        assert list(MailMessage.objects.values_list("kind", flat=True)) == ["shop_order_cancelled"]
        assert Transmission.objects.get().outcome == Outcome.WITHDRAWN

    def test_cancel_in_part_before_sending_sends_the_rest(self):
        line = placed(2)
        cancel(line)
        routing.transmit_orders(timezone.now())
        mail = MailMessage.objects.get(kind="shop_order_new")
        assert ("1 × " in mail.text, "2 × " in mail.text, "20,00" in mail.text) == (True, False, True)
        assert sellable(line) == 2

    def test_cancel_of_what_the_shop_has_ends_nothing_until_its_word(self):
        line = sent(2)
        cancel(line)
        assert sellable(line) == 1
        assert Allocation.objects.get(cause="cancelled").units == 1
        assert [name for name in broken() if "add up" not in name] == []
        assert fulfilment.put_back(line.shop_order, by="staff", now=timezone.now()) == 1
        assert sellable(line) == 2
        with pytest.raises(FulfilmentError, match="waits to be put back"):
            fulfilment.put_back(line.shop_order, by="staff", now=timezone.now())

    def test_cancel_released_at_once_would_sell_a_copy_twice(self, monkeypatch: pytest.MonkeyPatch):
        """Negative control: the shop rang up and packed the copy before it read of the cancellation."""
        line = sent(1, have=1)
        monkeypatch.setattr(leaving, "SENT", set())
        cancel(line)
        assert sellable(line) == 1

    def test_shops_number_ends_what_it_contains(self):
        """It reserves on acceptance: its next number has the copy off, and once it is put back, on again."""
        line = sent(1, have=2, reserves_on_accept=True)
        line.refresh_from_db()
        fulfilment.accept_all(line.shop_order, by="staff", now=timezone.now())
        line.shop_order.refresh_from_db()
        cancel(line)
        assert sellable(line) == 1
        record, now = line.stock_record, timezone.now() + timedelta(minutes=1)
        absorbing.write_number(record, 1, as_of=now, now=now)
        assert (Allocation.objects.get().ended_by, sellable(line)) == ("absorbed", 1)
        fulfilment.put_back(line.shop_order, by="staff", now=now)
        later = now + timedelta(minutes=1)
        absorbing.write_number(record, 2, as_of=later, now=later)
        assert sellable(line) == 2

    def test_what_stays_is_accepted_and_contained_as_before(self):
        """Of three copies two are accepted, one of them taken back, then the third is accepted too."""
        line = sent(3, have=3, reserves_on_accept=True)
        line.refresh_from_db()
        fulfilment.accept(line, 2, by="staff", now=timezone.now())
        line = ShopOrderLine.objects.select_related("shop_order").get()
        cancel(line, 1)  # the unanswered one goes first
        line = ShopOrderLine.objects.select_related("shop_order").get()
        cancel(line, 1)  # then an accepted one, which is in the shop's number
        line = ShopOrderLine.objects.select_related("shop_order").get()
        assert (line.accepted, line.declined, line.shop_order.status) == (1, 2, "accepted")
        apart = Allocation.objects.filter(cause="cancelled").order_by("pk")
        assert [row.reflected_at is not None for row in apart] == [False, True]
        assert [name for name in broken() if name.startswith("stock")] == []

    def test_packed_lines_are_not_cancelled(self):
        line = sent(1)
        fulfilment.accept_all(line.shop_order, by="staff", now=timezone.now())
        fulfilment.pack(line.shop_order, by="staff", now=timezone.now())
        with pytest.raises(FulfilmentError, match="packed or cancelled already"):
            cancel(ShopOrderLine.objects.select_related("shop_order").get())


@pytest.mark.django_db
class TestTelling:
    def test_shop_is_told_once_and_puts_back_itself_where_its_system_can(self, monkeypatch: pytest.MonkeyPatch):
        channel = scripted.install(monkeypatch)
        line = sent(2, channel="scripted")
        cancel(line)
        assert (cancelling.tell_cancellations(timezone.now()), sellable(line)) == (1, 2)
        assert (channel.back, Cancellation.objects.get().told_at is not None) == ([line.shop_order.number], True)
        assert cancelling.tell_cancellations(timezone.now()) == 0

    def test_an_unreachable_shop_is_told_later(self, monkeypatch: pytest.MonkeyPatch):
        channel = scripted.install(monkeypatch)
        line = sent(1, channel="scripted")
        row = cancel(line)
        channel.faults.append("down")
        assert (cancelling.tell_cancellations(timezone.now()), sellable(line)) == (0, 2)
        row.refresh_from_db()
        assert "cannot be reached" in row.last_error
        assert cancelling.tell_cancellations(timezone.now() + timedelta(hours=1)) == 1

    def test_an_order_of_unknown_outcome_is_settled_first(self, monkeypatch: pytest.MonkeyPatch):
        channel = scripted.install(monkeypatch)
        channel.faults.append("lost")
        line = sent(1, channel="scripted")
        cancel(line)
        assert (cancelling.tell_cancellations(timezone.now()), sellable(line)) == (0, 2)
        later = timezone.now() + timedelta(hours=1)
        assert routing.transmit_orders(later) + cancelling.tell_cancellations(later) == 2
        assert sellable(line) == 3

    def test_email_asks_for_it_back(self):
        line = sent(2)
        cancel(line)
        cancelling.tell_cancellations(timezone.now())
        mail = MailMessage.objects.get(kind="shop_order_taken_back")
        assert (mail.to, f"/portal/orders/{line.shop_order.number}/" in mail.text) == (line.shop_order.shop.email, True)


def race(line: ShopOrderLine) -> list[object]:
    """The reader cancels while the shop packs, both having seen the same order."""
    seen = [ShopOrder.objects.get(pk=line.shop_order_id), ShopOrder.objects.get(pk=line.shop_order_id)]
    line.shop_order = seen[1]

    def act(number: int) -> str:
        if number:
            fulfilment.cancel(line, 1, by="reader", now=timezone.now())
            return "cancelled"
        fulfilment.pack(seen[0], by="staff", now=timezone.now())
        return "packed"

    return at_once(act, 2)


def ready_to_pack() -> ShopOrderLine:
    line = sent(1)
    fulfilment.accept_all(line.shop_order, by="staff", now=timezone.now())
    return ShopOrderLine.objects.select_related("shop_order").get(pk=line.pk)


def test_of_pack_and_cancel_at_once_exactly_one_wins(committed_db):
    for _ in range(4):
        line = ready_to_pack()
        results = race(line)
        won = [result for result in results if isinstance(result, str)]
        assert [type(result) for result in results if not isinstance(result, str)] == [FulfilmentError]
        line.refresh_from_db()
        assert (line.packed, line.cancelled) == {"packed": (1, 0), "cancelled": (0, 1)}[won[0]]
    assert invariants.counters_that_differ() == []


def test_without_the_version_a_packed_copy_is_cancelled(committed_db, monkeypatch: pytest.MonkeyPatch):
    """Negative control: who comes second acts on what they saw."""
    monkeypatch.setattr(changing, "_claim_version", lambda shop_order, seen: True)
    line = ready_to_pack()
    ShopOrder.objects.filter(pk=line.shop_order_id).update(version=9)
    fulfilment.cancel(line, 1, by="reader", now=timezone.now())
    assert line.shop_order.status == "declined"


def test_sending_and_cancelling_at_once_never_frees_what_is_sent(committed_db, monkeypatch: pytest.MonkeyPatch):
    channel = scripted.install(monkeypatch)
    for _ in range(4):
        line = placed(1, channel="scripted")
        row = ShopOrderLine.objects.select_related("shop_order").get(pk=line.pk)

        def act(number: int, row: ShopOrderLine = row) -> object:
            return cancel(row) if number else routing.transmit_orders(timezone.now())

        results = at_once(act, 2)
        assert [result for result in results if isinstance(result, Exception)] == [], connection.vendor
        has_it = line.shop_order.number in channel.box
        # What was freed at once never reached the shop as a whole; what reached it is kept.
        assert sellable(line) == (2 if has_it else 3)


@pytest.mark.django_db
class TestOrdered:
    def ordered(self, supply: str) -> ShopOrderLine:
        """Two of what is on no shelf, accepted and packed; the shop has the order, by a courier with one place."""
        seller = factories.shop(channel="email", reserves_on_accept=True)
        option = factories.delivery_option(seller, kind="courier")
        slot = factories.slot(option, weekday=timezone.now().weekday())
        made = factories.shop_order(seller, (factories.stock_record(seller, units=2), 2), delivery_option=option)
        Allocation.objects.all().delete()
        StockRecord.objects.update(num_allocated=0)
        made.lines.update(supply=supply)
        Transmission.objects.create(shop_order=made, shop=seller, channel="email", due_at=made.created_at)
        routing.transmit_orders(timezone.now())
        assert slots.hold([(slot.pk, timezone.now().date())], key="k", now=timezone.now()) == []
        slots.promise("k", {seller.pk: made.pk})
        made.refresh_from_db()
        fulfilment.accept_all(made, by="staff", now=timezone.now())
        return made.lines.select_related("shop_order__shop").get()

    def test_preorder_is_taken_back_while_it_lies_packed_and_waits_for_no_shelf(self):
        line = self.ordered("preorder")
        fulfilment.pack(line.shop_order, by="staff", now=timezone.now())
        made = cancel(line, 1)
        assert (made.put_back_at is not None, made.due_at is not None, SlotBooking.objects.get().ended_at) == (
            True, True, None,
        )  # fmt: skip
        cancel(line, 1)
        line.refresh_from_db()
        line.shop_order.refresh_from_db()
        assert (line.declined, line.packed, line.shop_order.status) == (2, 0, "declined")
        assert (SlotBooking.objects.get().ended_at is not None, Allocation.objects.count()) == (True, 0)
        assert [cancelling.tell_cancellations(timezone.now()) for _ in range(3)] == [1, 1, 0]
        assert [name for name in broken() if "add up" not in name] == []

    def test_what_left_the_shop_or_is_packed_on_order_is_not_taken_back(self):
        line = self.ordered("preorder")
        fulfilment.hand_over(line.shop_order, by="staff", now=timezone.now())
        line.refresh_from_db()
        assert line.cancellable_units == 0
        special = self.ordered("order")
        fulfilment.pack(special.shop_order, by="staff", now=timezone.now())
        with pytest.raises(FulfilmentError, match="packed"):
            cancel(special)

    def test_shop_declines_what_it_was_to_order_without_any_stock(self):
        line = self.ordered("order")
        fulfilment.decline(line, 2, by="staff", reason="not_found", now=timezone.now())
        assert (Allocation.objects.count(), SlotBooking.objects.get().ended_at is not None) == (0, True)
        assert [name for name in broken() if "add up" not in name] == []
