"""Parcels between two shops: what the one gets that hands them over, and what becomes of the money of lost ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone, translation

from marketplace.foundation.models import MailMessage
from marketplace.payments import carried_parcels, debts, invariants, large_refunds, ledger, refunds, settlements
from marketplace.payments.models import LedgerEntry, MoneyCall, MoneyIncident, Payment, ProposedRefund, RefundRequest
from marketplace.payments.refunds import RefundError, Wanted
from shops.models import DeliveryOption, Parcel, ParcelRefund, Shop, ShopAddress, ShopOrder
from shops.orders import carrying, fulfilment, splitting
from shops.orders.fulfilment import FulfilmentError
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.payments import paying
from tests.shops.racing import at_once

WEEK = timedelta(days=7)
Kind, Said = RefundRequest.Kind, Parcel.Said


def sent(now: datetime, *, fee_minor: int = 150, paid_out: bool = False) -> tuple[Payment, Parcel]:
    """A's part, 24.00 and 12.50, is on its way to a third shop's counter."""
    payment = paying.captured(now)
    ShopOrder.objects.update(status="accepted", answered_at=now)
    for shop_order in paying.parts_of(payment):
        paying.connect(shop_order.shop)
    part = paying.parts_of(payment)[0]
    other = factories.shop("Librairie C", receives_for_others=True)
    option = factories.delivery_option(part.shop, DeliveryOption.Kind.OTHER_SHOP, receiving_shop=other)
    columns = {"delivery_option": option, "delivery_kind": option.kind, "pickup_code": "K7M3QX"}
    ShopOrder.objects.filter(pk=part.pk).update(handover_fee_minor=fee_minor, **columns)
    fulfilment.hand_over(ShopOrder.objects.get(pk=part.pk), by="a", now=now)
    if paid_out:
        paying.work(now + WEEK)
    return payment, parcel()


def parcel() -> Parcel:
    return Parcel.objects.select_related("shop_order__shop", "shop_order__order", "carried_to").get()


def handed(now: datetime) -> None:
    carrying.arrive(parcel(), by="c", now=now, shelf="B 3")
    carrying.collect(parcel(), code="K7M3QX", by="c", now=now)


def lost(now: datetime, borne_by: str = "shop") -> None:
    carrying.miss(parcel(), Said.RECEIVER, by="c", now=now)
    carrying.give_up(parcel(), borne_by=borne_by, by="operator", now=now)


def owed(shop: Shop) -> int:
    """What the network owes the shop; below zero the other way."""
    return -ledger.balance(ledger.shop_account(shop.pk), currency="CAD")


def broken() -> dict[str, list[str]]:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


@pytest.mark.django_db
class TestHandingOver:
    def test_share_goes_from_the_shop_that_sold_it_to_the_one_that_handed_it_over(self):
        now = timezone.now()
        _payment, of = sent(now)
        assert carried_parcels.book_handovers(now) == 0
        handed(now)
        assert [carried_parcels.book_handovers(now), carried_parcels.book_handovers(now)] == [1, 0]
        seller, receiver = of.shop_order.shop, of.carried_to
        assert (owed(seller), owed(receiver), broken()) == (-150, 150, {})
        assert (debts.debt(seller.pk, currency="CAD"), debts.credit(receiver.pk, currency="CAD")) == (150, 150)
        paying.work(now + WEEK)
        assert (owed(seller), broken()) == (0, {})  # kept back from its next transfer
        for shop, amount in ((seller, -150), (receiver, 150)):
            said = settlements.statement(shop, now - WEEK, now + 2 * WEEK, currency="CAD")
            assert [line.other_minor for line in said.lines if line.kind == "handover"] == [amount]

    def test_nothing_is_booked_where_nothing_was_agreed(self):
        now = timezone.now()
        sent(now, fee_minor=0), handed(now)
        assert (carried_parcels.book_handovers(now), LedgerEntry.objects.filter(kind="handover").count()) == (1, 0)
        assert broken() == {}

    def test_rule_is_fixed_with_the_sale_and_only_for_another_shops_counter(self):
        factories.network(handover_fee_minor=200)
        options = [DeliveryOption(kind=kind) for kind in ("other_shop", "post", "pickup")]
        assert [splitting._handover_fee(option) for option in [*options, None]] == [200, 0, 0, 0]

    def test_share_booked_otherwise_is_noticed(self):
        """Negative control of the invariant."""
        now = timezone.now()
        sent(now), handed(now), carried_parcels.book_handovers(now)
        LedgerEntry.objects.filter(kind="handover").update(amount_minor=149)
        assert "parcels: what another shop hands over is booked once" in broken()


@pytest.mark.django_db
class TestMissing:
    def test_it_is_said_to_whom_a_shop_named_for_its_orders_and_after_its_quiet_hours(self):
        now = timezone.now()
        sent(now)
        seller = parcel().shop_order.shop
        quiet = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_until": (now + timedelta(hours=1)).time()}
        Shop.objects.filter(pk=seller.pk).update(timezone="UTC", **quiet)
        ShopAddress.objects.create(shop=seller, kind=ShopAddress.Kind.ORDERS, email="orders@example.org")
        carrying.miss(parcel(), Said.SENDER, by="a", now=now)
        told = MailMessage.objects.get(kind="parcel_missing", to="orders@example.org")
        assert told.due_at > now
        assert MailMessage.objects.exclude(pk=told.pk).get(kind="parcel_missing").due_at == now

    def test_both_shops_are_told_and_it_may_turn_up(self):
        now = timezone.now()
        sent(now)
        carrying.miss(parcel(), Said.SENDER, by="a", now=now)
        with pytest.raises(FulfilmentError):
            carrying.miss(parcel(), Said.RECEIVER, by="c", now=now)
        told = MailMessage.objects.filter(kind="parcel_missing").values_list("to", flat=True)
        assert sorted(told) == sorted([parcel().shop_order.shop.email, parcel().carried_to.email])
        assert [carried_parcels.report_missing(now), carried_parcels.report_missing(now)] == [1, 0]
        assert "is missing" in MoneyIncident.objects.get().text
        handed(now)
        row = parcel()
        assert (row.missing_at, row.shelf, bool(row.collected_at), row.is_missing) == (None, "B 3", True, False)
        with translation.override("en"), pytest.raises(FulfilmentError, match="not missing any more"):
            carrying.give_up(row, borne_by="shop", by="operator", now=now)

    def test_silence_of_both_is_missing_after_the_networks_days(self):
        now = timezone.now()
        sent(now)
        assert [carrying.watch_parcels(now + timedelta(days=days)) for days in (9, 10, 10)] == [0, 1, 0]
        assert parcel().missing_said == Said.NOBODY

    def test_what_arrived_in_time_is_not(self):
        now = timezone.now()
        sent(now)
        carrying.arrive(parcel(), by="c", now=now)
        assert carrying.watch_parcels(now + 4 * WEEK) == 0

    def test_lost_on_its_shelf_it_may_be_found_there(self):
        now = timezone.now()
        sent(now)
        carrying.arrive(parcel(), by="c", now=now)
        carrying.miss(parcel(), Said.RECEIVER, by="c", now=now)
        carrying.shelve(parcel(), "under the counter", by="c", now=now)
        assert (parcel().is_missing, parcel().shelf) == (False, "under the counter")


@pytest.mark.django_db
class TestLost:
    @pytest.mark.parametrize("paid_out", [False, True])
    @pytest.mark.parametrize("borne_by", ["shop", "network"])
    def test_reader_gets_all_of_it_back_once_at_the_cost_of_whom_the_operator_said(self, borne_by, paid_out):
        now = timezone.now()
        payment, of = sent(now, paid_out=paid_out)
        now += WEEK if paid_out else timedelta()
        lost(now, borne_by)
        assert [carried_parcels.refund_lost(now), carried_parcels.refund_lost(now)] == [1, 0]
        for days in (0, 8):
            paying.work(now + timedelta(days=days))
        asked = RefundRequest.objects.order_by("pk")
        assert list(asked.values_list("kind", "amount_minor")) == [("line", 2100), ("line", 1050), ("delivery", 500)]
        assert {row.borne_by for row in asked} == {borne_by}
        payment.refresh_from_db()
        assert (payment.refunded_minor, ParcelRefund.objects.get().amount_minor, broken()) == (3650, 3650, {})
        # Made or not: where the network bears it its own balance must first reach for the transfer.
        written = MoneyCall.objects.filter(shop_order=of.shop_order).exclude(kind="refund")
        paid = sum(row.amount_minor * (1 if row.kind == "transfer" else -1) for row in written)
        assert (paid > 0) == (borne_by == "network")
        with translation.override("en"), pytest.raises(FulfilmentError, match="money back"):
            carrying.arrive(parcel(), by="c", now=now)

    def test_part_that_a_person_gave_back_meanwhile_is_looked_at(self):
        now = timezone.now()
        payment, of = sent(now)
        carrying.miss(parcel(), Said.RECEIVER, by="c", now=now)
        line = of.shop_order.lines.order_by("pk")[0]
        wanted = Wanted(Kind.LINE, of.shop_order, line, units=1)
        refunds.ask(payment, wanted, reason="x", by=None, once="hand", now=now)
        carrying.give_up(parcel(), borne_by="shop", by="operator", now=now)
        assert carried_parcels.refund_lost(now) == 0
        assert (ParcelRefund.objects.get().parked_at, RefundRequest.objects.count(), broken()) == (now, 1, {})

    def test_given_up_without_a_refund_is_noticed(self):
        """Negative control of the invariant."""
        now = timezone.now()
        sent(now), lost(now)
        ParcelRefund.objects.all().delete()
        assert "parcels: what is lost is paid back once" in broken()


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("where", ["parcel_refund.before_commit", "parcel_refund.after_commit"])
def test_death_around_the_refund_gives_back_once(where):
    now = timezone.now()
    sent(now), lost(now)
    assert dies_at(where, lambda: carried_parcels.refund_lost(now))
    connections.close_all()
    done = where.endswith("after_commit")
    assert carried_parcels.refund_lost(now + timedelta(minutes=30)) == (0 if done else 1)
    assert (RefundRequest.objects.count(), broken()) == (3, {})


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("where", ["handover.before_commit", "handover.after_commit"])
def test_death_around_the_booking_books_once(where):
    now = timezone.now()
    sent(now), handed(now)
    assert dies_at(where, lambda: carried_parcels.book_handovers(now))
    connections.close_all()
    carried_parcels.book_handovers(now)
    assert (LedgerEntry.objects.filter(kind="handover").count(), broken()) == (1, {})


@pytest.mark.usefixtures("committed_db")
def test_parcel_that_turns_up_as_it_is_given_up_has_one_end():
    now = timezone.now()
    sent(now)
    carrying.miss(parcel(), Said.RECEIVER, by="c", now=now)

    def act(number: int) -> str:
        if number:
            carrying.give_up(parcel(), borne_by="shop", by="operator", now=now)
            return "lost"
        carrying.arrive(parcel(), by="c", now=now)
        return "here"

    found = at_once(act, 2)
    won = [one for one in found if isinstance(one, str)]
    assert [type(one) for one in found if not isinstance(one, str)] == [FulfilmentError]
    assert [bool(parcel().arrived_at), ParcelRefund.objects.count()] == [won == ["here"], won.count("lost")]
    assert broken() == {}


@pytest.mark.django_db
class TestPaidBackByHand:
    def test_amount_given_back_before_it_was_missing_waits_for_a_person_who_ends_it(self):
        """The reader complains first; ten days later the parcel is missing, and given up."""
        now, by = timezone.now(), factories.user()
        payment, row = sent(now)
        wanted = Wanted(Kind.OTHER, row.shop_order, amount_minor=2400)
        refunds.ask(payment, wanted, reason="late", by=by, once="hand", now=now + timedelta(days=3))
        lost(now + timedelta(days=11))
        carried_parcels.refund_lost(now + timedelta(days=11))
        waits = ParcelRefund.objects.get()
        assert (waits.made_at, bool(waits.parked_at), RefundRequest.objects.count()) == (None, True, 1)
        assert carried_parcels.settle_by_hand(parcel(), by=by, now=now)
        assert not carried_parcels.settle_by_hand(parcel(), by=by, now=now)
        assert (ParcelRefund.objects.get().parked_at, RefundRequest.objects.count()) == (None, 1)

    def test_large_one_asks_two_operators(self):
        payment, row = sent(timezone.now())
        assert not carried_parcels.needs_two(row, payment)
        factories.network(refund_two_above_minor=1000)
        assert carried_parcels.needs_two(row, payment)

    @pytest.mark.parametrize("parcel_first", [True, False])
    def test_limit_counts_what_else_goes_back_of_the_payment(self, parcel_first):
        now, by = timezone.now(), factories.operator()
        payment, row = sent(now)
        carrying.miss(row, Said.RECEIVER, by="c", now=now)
        factories.network(refund_two_above_minor=carried_parcels._worth(row) + 500)

        def give_up() -> None:
            carried_parcels.give_up(parcel(), borne_by="shop", by=by, now=now)

        def by_hand() -> object:
            wanted = Wanted(Kind.OTHER, paying.parts_of(payment)[1], amount_minor=600)
            return large_refunds.ask(payment, wanted, large_refunds.Said("late", "shop", "hand"), by=by, now=now)

        if parcel_first:
            give_up()
            assert isinstance(by_hand(), ProposedRefund)
        else:
            assert isinstance(by_hand(), RefundRequest)
            with pytest.raises(RefundError):
                give_up()
            assert not ParcelRefund.objects.exists()
