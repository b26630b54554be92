"""What shops' systems say of orders: one whose words are none stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog_sync.doors import connecting
from marketplace.foundation.models import AuditEntry, MailMessage
from shops.channels.base import Answer, LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.tryton import TrytonChannel
from shops.models import DeliveryOption, ShopOrder, ShopOrderLine, ShopSystem, Transmission
from shops.orders import fulfilment, hearing, held, sayings
from shops.orders.held import Deed, Press
from shops.orders.sayings import Saying
from shops.systems import keeping
from shops.systems.access import Access
from shops.systems.calling import SystemCallError, Trouble
from tests import factories
from tests.factories import NOON
from tests.systems import scripted
from tests.systems.scripted import Scripted


def connected(**shop: object) -> ShopSystem:
    made = keeping.keep(
        factories.shop(**shop).pk, Access(scripted.KIND, "https://a.example", {}, {"key": scripted.GOOD}), now=NOON
    )
    ShopSystem.objects.filter(pk=made.pk).update(due_at=NOON)
    return made


@pytest.mark.django_db
def test_system_that_says_what_nobody_expects_stops_no_other(monkeypatch):
    scripted.install(monkeypatch)
    monkeypatch.setattr(TrytonChannel, "changed", lambda *asked: [{}["reference"]])
    first, second = connected(channel=scripted.KIND), connected()
    assert hearing.hear_systems(NOON) == 1
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.due_at, first.heard_at, first.lease_until) == (NOON + keeping.EVERY, None, None)
    assert "KeyError" in first.last_error
    assert keeping.FOUND in second.options
    assert hearing.hear_systems(NOON + timedelta(seconds=10)) == 0


@pytest.mark.django_db
def test_what_its_owner_says_while_it_is_called_is_not_forgotten(monkeypatch):
    """Another key, or that orders go there: the call that runs knows neither, and must not call it done."""
    scripted.install(monkeypatch)
    row, owner, check = connected(), factories.user(), Scripted.check
    access = Access(scripted.KIND, "https://b.example", {}, {"key": scripted.GOOD})
    for said in (
        lambda: connecting.connect(row.shop, access, by=owner, now=NOON),
        lambda: keeping.take_orders(row, by=owner, now=NOON),
    ):
        ShopSystem.objects.update(due_at=NOON, options={}, lease_until=None)
        monkeypatch.setattr(Scripted, "check", lambda client, said=said: (said(), check(client))[1])
        hearing.hear_systems(NOON)
        assert ShopSystem.objects.get().due_at == NOON


def ordered(units: int = 2) -> ShopOrderLine:
    """Accepted, with the shop's system."""
    shop = factories.shop()
    order = factories.shop_order(shop, (factories.stock_record(shop, sku="A", units=5), units))
    there = {"shop": shop, "channel": "square", "outcome": "sent", "sent_at": NOON}
    Transmission.objects.update_or_create(shop_order=order, defaults=there)
    hearing.take_lines(order, [LineSaid("A", Answer.ACCEPTED, units)], by="Square", now=NOON)
    return ShopOrderLine.objects.get(shop_order=order)


def counts(line: ShopOrderLine) -> tuple[int, int, int]:
    """(accepted, declined by the shop, taken back by the reader)"""
    line = ShopOrderLine.objects.get(pk=line.pk)
    return line.accepted, line.declined - line.cancelled, line.cancelled


@pytest.mark.django_db
class TestDeclined:
    def test_what_staff_take_out_because_the_reader_took_it_back_is_no_decline(self):
        line = ordered(2)
        fulfilment.cancel(line, 1, by="reader", now=NOON)
        for said in (
            [LineSaid("A", Answer.ACCEPTED, 2)],
            [LineSaid("A", Answer.ACCEPTED, 1), LineSaid("A", Answer.DECLINED, 1)],
        ):
            hearing.take_lines(line.shop_order, said, by="Square", now=NOON)
            assert counts(line) == (1, 0, 1)
        hearing.take_lines(line.shop_order, [LineSaid("A", Answer.DECLINED, 2)], by="Square", now=NOON)
        assert counts(line) == (0, 1, 1)

    def test_what_was_declined_before_it_was_entered_is_not_what_its_system_gives_up(self):
        """Staff declined one while the system was away; it got the other one, and cancels that."""
        line = ordered(2)
        fulfilment.decline(line, 1, by="staff", reason="sold", now=NOON)
        hearing.take_lines(line.shop_order, [LineSaid("A", Answer.DECLINED, 1)], by="Square", now=NOON)
        assert counts(line) == (0, 2, 0)

    def test_what_staff_declined_here_and_took_out_there_counts_once(self):
        line = ordered(2)
        fulfilment.decline(line, 1, by="staff", reason="sold", now=NOON)
        said = [LineSaid("A", Answer.ACCEPTED, 1), LineSaid("A", Answer.DECLINED, 1)]
        hearing.take_lines(line.shop_order, said, by="Square", now=NOON)
        assert counts(line) == (1, 1, 0)


class System:
    """What the shop's system has, by our number; `changed` are those that it tells of by itself, once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scripted.install(monkeypatch)
        self.orders: dict[str, OrderState] = {}
        self.changed: set[str] = set()
        self.asked: list[str] = []
        self.fails: dict[str, Exception] = {}
        monkeypatch.setattr(TrytonChannel, "changed", lambda *asked: self._changed())
        monkeypatch.setattr(TrytonChannel, "find", lambda channel, client, number: self._found(number))
        monkeypatch.setattr(TrytonChannel, "said", lambda channel, client, order: order)
        monkeypatch.setattr(TrytonChannel, "number", lambda channel, client, order: order.number)
        self.row = connected(channel=scripted.KIND)
        post = factories.delivery_option(self.row.shop, kind=DeliveryOption.Kind.POST)
        records = [factories.stock_record(self.row.shop, sku=sku, units=9) for sku in "AB"]
        self.order = factories.shop_order(self.row.shop, (records[0], 2), (records[1], 2), delivery_option=post)
        self.now = NOON

    def says(self, *lines: LineSaid, parcels: tuple[ParcelSaid, ...] = (), order: ShopOrder | None = None) -> None:
        number = (order or self.order).number
        self.orders[number] = OrderState(number, Receipt(lines=lines), parcels)
        self.changed.add(number)

    def heard(self) -> None:
        self.now += timedelta(minutes=30)
        self.asked.clear()
        ShopSystem.objects.update(due_at=self.now)
        assert hearing.hear_systems(self.now) == 1

    def line(self, sku: str) -> ShopOrderLine:
        return ShopOrderLine.objects.select_related("shop_order").get(shop_order=self.order, sku=sku)

    @property
    def again(self) -> list[str]:
        return ShopSystem.objects.get().again

    def _changed(self) -> list[OrderState]:
        told, self.changed = self.changed, set()
        return [self.orders[number] for number in sorted(told)]

    def _found(self, number: str) -> OrderState | None:
        self.asked.append(number)
        if error := self.fails.get(number):
            raise error
        return self.orders.get(number)


@pytest.fixture
def system(monkeypatch) -> System:
    return System(monkeypatch)


def pressed(line: ShopOrderLine, now) -> None:
    order = ShopOrder.objects.get(pk=line.shop_order_id)
    staff = factories.member(order.shop).user
    held.press(order, Press(Deed.ACCEPT, order.version, "x", line.pk, asked={"units": 1}), by=staff, now=now)


@pytest.mark.django_db
class TestHeardAgain:
    def test_parcel_that_left_before_all_was_answered_is_handed_over_once_it_is(self, system):
        """Nothing moves in the system any more when the other line is answered here."""
        both = [LineSaid("A", Answer.ACCEPTED, 2), LineSaid("B", Answer.BACK_ORDERED, 2)]
        system.says(*both, parcels=(ParcelSaid("1", {"A": 2}, tracking="1Z"),))
        system.heard()
        assert (system.line("A").handed_over, system.again) == (0, [system.order.number])
        fulfilment.decline(system.line("B"), 2, by="staff", reason="sold", now=system.now)
        system.heard()
        assert (system.line("A").handed_over, system.again) == (2, [])
        system.heard()
        assert (system.asked, system.order.parcels.get().tracking) == ([], "1Z")

    def test_what_is_said_while_staff_answer_is_heard_after_it(self, system):
        pressed(system.line("A"), NOON + timedelta(minutes=30))
        system.says(LineSaid("A", Answer.DECLINED, 2), LineSaid("B", Answer.ACCEPTED, 2))
        system.heard()
        assert (counts(system.line("A")), counts(system.line("B"))) == ((0, 0, 0), (0, 0, 0))
        assert held.do_desk_actions(system.now + timedelta(minutes=1)) == 1  # and is not told that somebody was quicker
        assert counts(system.line("A")) == (1, 0, 0)
        system.heard()
        assert (counts(system.line("A")), counts(system.line("B"))) == ((0, 2, 0), (2, 0, 0))
        assert system.again == []

    def test_order_that_cannot_be_taken_stops_no_other_of_its_shop_and_is_tried_again(self, system, monkeypatch):
        other = factories.shop_order(system.row.shop, (factories.stock_record(system.row.shop, sku="C", units=9), 1))
        system.says(LineSaid("A", Answer.ACCEPTED, 2), LineSaid("B", Answer.ACCEPTED, 2))
        system.says(LineSaid("C", Answer.ACCEPTED, 1), order=other)
        with monkeypatch.context() as patched:
            patched.setattr(hearing, "take_lines", failing(hearing.take_lines, system.order))
            system.heard()
        row = ShopSystem.objects.get()
        assert (row.again, system.order.number in row.last_error) == ([system.order.number], True)
        assert other.lines.get().accepted == 1
        system.heard()
        assert (counts(system.line("A")), system.again, ShopSystem.objects.get().last_error) == ((2, 0, 0), [], "")

    @pytest.mark.parametrize(
        "error",
        [SystemCallError(Trouble.REFUSED, "scripted", "no right to it"), KeyError("reference")],
        ids=["refused", "odd"],
    )
    def test_order_that_cannot_be_asked_for_keeps_nothing_else_from_being_heard(self, system, error):
        other = factories.shop_order(system.row.shop, (factories.stock_record(system.row.shop, sku="C", units=9), 1))
        third = factories.shop_order(system.row.shop, (factories.stock_record(system.row.shop, sku="D", units=9), 1))
        ShopSystem.objects.update(again=[system.order.number, third.number], heard_at=NOON)
        system.fails = {system.order.number: error}
        system.says(LineSaid("C", Answer.ACCEPTED, 1), order=other)
        system.says(LineSaid("D", Answer.ACCEPTED, 1), order=third)
        system.changed.remove(third.number)
        system.heard()
        row = ShopSystem.objects.get()
        assert (row.heard_at, row.again, row.paused_at) == (system.now, [system.order.number], None)
        assert (other.lines.get().accepted, third.lines.get().accepted) == (1, 1)

    def test_order_that_cannot_be_read_keeps_no_other_from_being_heard_and_is_for_a_person(self, system, monkeypatch):
        other = factories.shop_order(system.row.shop, (factories.stock_record(system.row.shop, sku="C", units=9), 1))
        for order, line in (
            (system.order, LineSaid("A", Answer.ACCEPTED, 2)),
            (other, LineSaid("C", Answer.ACCEPTED, 1)),
        ):
            system.says(line, order=order)
        with monkeypatch.context() as patched:
            patched.setattr(TrytonChannel, "said", unread(system.order))
            system.heard()
            row = ShopSystem.objects.get()
            assert (row.heard_at, row.again, other.lines.get().accepted) == (system.now, [system.order.number], 1)
            assert (system.order.number in row.last_error, sayings.of(system.line("A"))) == (True, None)
            system.heard()
            (said,) = sayings.of(system.line("A")).sayings
            assert (said.answer, bool(said.detail)) == (Answer.CHANGED, True)
        system.heard()
        assert (counts(system.line("A")), sayings.of(system.line("A")), system.again) == ((2, 0, 0), None, [])

    def test_order_of_which_nothing_is_left_is_asked_for_no_more(self, system):
        ShopSystem.objects.update(again=[system.order.number], heard_at=NOON)
        for sku in "AB":
            fulfilment.decline(system.line(sku), 2, by="staff", reason="sold", now=NOON)
        system.heard()
        assert (system.asked, system.again) == ([], [])

    def test_of_many_some_are_asked_for_each_time_and_none_is_left_out(self, system, monkeypatch):
        monkeypatch.setattr(hearing, "MOST_AGAIN", 2)
        more = [
            factories.shop_order(system.row.shop, (factories.stock_record(system.row.shop, units=9), 1))
            for _ in range(4)
        ]
        numbers = [system.order.number, *(order.number for order in more)]
        ShopSystem.objects.update(again=numbers, heard_at=NOON)
        met = []
        for _turn in range(3):
            system.heard()
            met += system.asked
        assert (set(met), len(met), set(system.again)) == (set(numbers), 6, set(numbers))


def failing(real, order: ShopOrder):
    def take(shop_order: ShopOrder, *rest, **more):
        if shop_order.pk == order.pk:
            raise KeyError("units")
        return real(shop_order, *rest, **more)

    return take


def unread(order: ShopOrder):
    def said(channel, client, state: OrderState) -> OrderState:
        if state.number == order.number:
            raise TypeError("no number")
        return state

    return said


@pytest.mark.django_db
class TestTakenOut:
    """What a shop takes out of an order in its own system."""

    @pytest.fixture(autouse=True)
    def _sent(self, system):
        there = {"shop": system.row.shop, "channel": scripted.KIND, "outcome": "sent", "sent_at": NOON}
        Transmission.objects.create(shop_order=system.order, **there)
        system.says(LineSaid("A", Answer.ACCEPTED, 2), LineSaid("B", Answer.ACCEPTED, 2))
        system.heard()

    def taken_out(self, system, sku: str) -> int:
        said = sayings.to_answer(system.line(sku), system.line(sku).shop_order)
        return sum(each.units for each in said.sayings if each.answer == Answer.TAKEN_OUT) if said else 0

    def test_is_for_a_person_until_it_is_declined(self, system):
        system.says(LineSaid("A", Answer.ACCEPTED, 1))
        for _again in range(2):
            system.heard()
        assert (self.taken_out(system, "A"), self.taken_out(system, "B")) == (1, 2)
        assert (counts(system.line("A")), system.again) == ((2, 0, 0), [system.order.number])
        for sku, units in (("A", 1), ("B", 2)):
            fulfilment.decline(system.line(sku), units, by="staff", reason="other", now=system.now)
        system.heard()
        assert (system.again, sayings.of(system.line("A")), sayings.of(system.line("B"))) == ([], None, None)

    def test_is_gone_when_it_is_put_back_there(self, system):
        system.says(LineSaid("A", Answer.ACCEPTED, 2))
        system.heard()
        assert self.taken_out(system, "B") == 2
        system.says(LineSaid("A", Answer.ACCEPTED, 2), LineSaid("B", Answer.ACCEPTED, 2))
        system.heard()
        assert (self.taken_out(system, "B"), system.again) == (0, [])

    def test_is_nothing_that_the_reader_took_back_or_that_left_the_shop(self, system):
        fulfilment.cancel(system.line("A"), 1, by="reader", now=system.now)
        fulfilment.hand_over(system.line("B").shop_order, by="staff", parts={system.line("B").pk: 1}, now=system.now)
        system.says(LineSaid("A", Answer.ACCEPTED, 1), LineSaid("B", Answer.ACCEPTED, 1))
        system.heard()
        assert (self.taken_out(system, "A"), self.taken_out(system, "B")) == (0, 1)

    def test_is_not_what_went_by_mail_or_what_is_only_begun_there(self, system):
        system.says(LineSaid("A", Answer.BACK_ORDERED, 1))
        system.heard()
        assert [self.taken_out(system, sku) for sku in "AB"] == [0, 0]
        Transmission.objects.update(unbooked=["B"])
        system.says(LineSaid("A", Answer.ACCEPTED, 2))
        system.heard()
        assert ([self.taken_out(system, sku) for sku in "AB"], system.again) == ([0, 0], [])
        Transmission.objects.update(unbooked=[], channel="email")
        system.says(LineSaid("A", Answer.ACCEPTED, 2))
        system.heard()
        assert self.taken_out(system, "B") == 0

    def test_is_of_what_came_by_mail_what_its_shop_enters_and_takes_out_beyond_what_is_gone_here(self, system):
        """Staff enter it there, and take out of it what the reader took back or they declined here."""
        Transmission.objects.update(fell_back_from=scripted.KIND, channel="email")
        fulfilment.cancel(system.line("A"), 1, by="reader", now=system.now)
        fulfilment.decline(system.line("B"), 1, by="staff", reason="other", now=system.now)
        gone = [LineSaid(sku, answer, 1) for sku in "AB" for answer in (Answer.ACCEPTED, Answer.DECLINED)]
        system.says(*gone)
        system.heard()
        assert [self.taken_out(system, sku) for sku in "AB"] == [0, 0]
        system.says(gone[0], gone[1], LineSaid("B", Answer.DECLINED, 2))
        system.heard()
        assert [self.taken_out(system, sku) for sku in "AB"] == [0, 1]
        assert counts(system.line("B")) == (1, 1, 0)
        system.says(*gone)
        system.heard()
        assert [self.taken_out(system, sku) for sku in "AB"] == [0, 0]

    def test_is_all_of_an_order_that_is_emptied_there(self, system):
        system.orders[system.order.number] = OrderState(system.order.number, Receipt(is_booked=True))
        system.changed.add(system.order.number)
        system.heard()
        assert [self.taken_out(system, sku) for sku in "AB"] == [2, 2]


@pytest.mark.django_db
class TestForAPerson:
    def test_what_it_says_of_a_line_stands_there_once_and_changes_nothing(self, system):
        said = [LineSaid("A", Answer.SUBSTITUTED, 1, "new edition", article="9782070360024"),
                LineSaid("A", Answer.BACK_ORDERED, 1, on=NOON.date() + timedelta(days=9)),
                LineSaid("B", Answer.BACK_ORDERED, 2)]  # fmt: skip
        for _again in range(2):
            system.says(*said)
            system.heard()
        assert sayings.of(system.line("A")) == sayings.Said(
            "Scripted",
            NOON + timedelta(minutes=30),
            (
                Saying(Answer.SUBSTITUTED, 1, "new edition", "9782070360024"),
                Saying(Answer.BACK_ORDERED, 1, on=NOON.date() + timedelta(days=9)),
            ),
        )
        told = AuditEntry.objects.filter(subject_id=str(system.order.pk), action__startswith="shop_order.")
        assert sorted(told.values_list("action", "facts__line")) == [
            ("shop_order.back_order", system.line("A").pk),
            ("shop_order.back_order", system.line("B").pk),
            ("shop_order.substitute", system.line("A").pk),
        ]
        assert (counts(system.line("A")), ShopOrder.objects.get(pk=system.order.pk).status) == ((0, 0, 0), "new")
        assert not MailMessage.objects.filter(kind__startswith="shop_order").exists()

    def test_what_it_says_no_more_is_gone(self, system):
        system.says(LineSaid("A", Answer.BACK_ORDERED, 2))
        system.heard()
        system.says(LineSaid("A", Answer.ACCEPTED, 2))
        system.heard()
        assert (sayings.of(system.line("A")), counts(system.line("A"))) == (None, (2, 0, 0))

    def test_it_is_to_answer_until_somebody_has_and_again_when_it_changes(self, system):
        system.says(LineSaid("A", Answer.BACK_ORDERED, 1))
        system.heard()
        assert sayings.to_answer(system.line("A"), system.line("A").shop_order)
        system.order.refresh_from_db()
        fulfilment.accept_all(system.order, by="staff", now=system.now)
        assert sayings.to_answer(system.line("A"), system.line("A").shop_order) is None
        system.says(LineSaid("A", Answer.BACK_ORDERED, 2))
        system.heard()
        assert sayings.to_answer(system.line("A"), system.line("A").shop_order)
