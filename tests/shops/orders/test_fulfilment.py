from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout.models import Checkout
from marketplace.foundation.models import AuditEntry, MailMessage
from shops import invariants, stock
from shops.models import Allocation, DeliveryOption, Parcel, ShopOrder, ShopOrderLine
from shops.orders import changing, fulfilment
from shops.orders.fulfilment import FulfilmentError, status_of
from tests import factories

pytestmark = pytest.mark.django_db

Status = ShopOrder.Status


@pytest.fixture
def shop():
    return factories.shop("Librairie du Port")


@pytest.fixture
def placed(shop) -> ShopOrder:
    """Two copies of one title and one of another, to be picked up."""
    two, one = factories.stock_record(shop, units=3), factories.stock_record(shop, units=1)
    return factories.shop_order(shop, (two, 2), (one, 1))


def lines_of(shop_order: ShopOrder) -> list[ShopOrderLine]:
    return list(shop_order.lines.order_by("pk"))


def mails() -> list[str]:
    return list(MailMessage.objects.order_by("pk").values_list("kind", flat=True))


def counts(line: ShopOrderLine) -> tuple[int, int, int, int]:
    line.refresh_from_db()
    return line.accepted, line.declined, line.packed, line.handed_over


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([(2, 0, 0, 0, 0)], Status.NEW),
        ([(2, 1, 0, 0, 0)], Status.NEW),
        ([(2, 1, 1, 0, 0)], Status.ACCEPTED),
        ([(2, 0, 2, 0, 0)], Status.DECLINED),
        ([(2, 2, 0, 2, 0), (1, 0, 1, 0, 0)], Status.PACKED),
        ([(2, 2, 0, 2, 0), (1, 1, 0, 0, 0)], Status.ACCEPTED),
        ([(2, 2, 0, 2, 2), (1, 0, 1, 0, 0)], Status.HANDED_OVER),
        ([(2, 2, 0, 2, 2), (1, 0, 0, 0, 0)], Status.NEW),
    ],
)
def test_status_of_counts(lines, status):
    names = ("quantity", "accepted", "declined", "packed", "handed_over")
    assert status_of([ShopOrderLine(**dict(zip(names, line, strict=True))) for line in lines]) == status


def test_accept_line_by_line_tells_the_reader_once(placed):
    now, staff = timezone.now(), factories.user()
    first, second = placed.lines.order_by("pk")
    fulfilment.accept(first, 2, by=staff, now=now)
    assert (ShopOrder.objects.get().status, mails()) == (Status.NEW, [])
    fulfilment.accept(second, 1, by=staff, now=now)
    row = ShopOrder.objects.get()
    assert (row.status, row.answered_at, row.version, mails()) == (Status.ACCEPTED, now, 2, ["shop_order_accepted"])
    audit = AuditEntry.objects.filter(action="shop_order.accept").order_by("pk")
    assert [(entry.actor, entry.shop, entry.facts) for entry in audit] == [
        (staff, placed.shop, {"line": first.pk, "units": 2}),
        (staff, placed.shop, {"line": second.pk, "units": 1}),
    ]


def test_accept_all(placed):
    fulfilment.accept(lines_of(placed)[0], 1, by="staff", now=timezone.now())
    placed.refresh_from_db()
    fulfilment.accept_all(placed, by="staff", now=timezone.now())
    assert [counts(line)[0] for line in lines_of(placed)] == [2, 1]
    assert (placed.status, placed.version, mails()) == (Status.ACCEPTED, 2, ["shop_order_accepted"])
    with pytest.raises(FulfilmentError, match="answered already"):
        fulfilment.accept_all(placed, by="staff", now=timezone.now())


@pytest.mark.parametrize("units", [0, -1, 3])
def test_accept_refuses_units_that_the_line_does_not_have(placed, units):
    with pytest.raises(FulfilmentError, match="from 1 to 2 copies"):
        fulfilment.accept(lines_of(placed)[0], units, by="staff", now=timezone.now())
    assert ShopOrder.objects.get().version == 0


def test_decline_gives_the_units_back(placed):
    now = timezone.now()
    line = lines_of(placed)[0]
    fulfilment.decline(line, 1, by="staff", reason="wrong_price", note="Misprint", now=now)
    line.refresh_from_db()
    assert (counts(line), line.decline_reason, line.decline_note) == ((0, 1, 0, 0), "wrong_price", "Misprint")
    assert sellable(line) == 2
    assert mails() == ["shop_order_declined"]
    assert "Misprint" in MailMessage.objects.get().text


def sellable(line: ShopOrderLine) -> int:
    return stock.sellable_now(stock.read([line.stock_record_id])[line.stock_record_id], now=timezone.now())


@pytest.mark.parametrize(("reason", "is_reflected"), [("not_found", False), ("damaged", False), ("sold", True)])
def test_decline_withholds_what_is_not_there(placed, reason, is_reflected):
    now = timezone.now()
    line = lines_of(placed)[1]
    fulfilment.decline(line, 1, by="staff", reason=reason, now=now)
    row = Allocation.objects.get(cause=Allocation.Cause.NOT_FOUND)
    assert (row.units, row.ended_at, row.reflected_at) == (1, None, now if is_reflected else None)
    assert sellable(line) == 0


def test_decline_with_a_count_of_the_shelf_withholds_the_difference(placed):
    """The number is 3, two are promised; one is on the shelf, and goes to the reader."""
    now = timezone.now()
    line = lines_of(placed)[0]
    fulfilment.accept(line, 1, by="staff", now=now)
    fulfilment.decline(line, 1, by="staff", reason="not_found", left=1, now=now)
    assert Allocation.objects.get(cause=Allocation.Cause.NOT_FOUND).units == 2
    assert sellable(line) == 0


def test_decline_takes_accepted_units_back_until_they_leave(placed):
    now = timezone.now()
    fulfilment.accept_all(placed, by="staff", now=now)
    fulfilment.pack(placed, by="staff", now=now)
    line = lines_of(placed)[0]
    fulfilment.decline(line, 1, by="staff", reason="damaged", now=now)
    assert (counts(line), ShopOrder.objects.get().status) == ((1, 1, 1, 0), Status.PACKED)
    placed.refresh_from_db()
    fulfilment.hand_over(placed, by="staff", now=now, code="K7M3QX")
    line = lines_of(placed)[0]
    with pytest.raises(FulfilmentError, match="answered already"):
        fulfilment.decline(line, 1, by="staff", reason="damaged", now=now)


def test_decline_of_everything(placed):
    now = timezone.now()
    for line in lines_of(placed):
        fulfilment.decline(line, line.quantity, by="staff", reason="other", now=now)
    row = ShopOrder.objects.get()
    assert (row.status, row.answered_at, mails()) == (Status.DECLINED, now, ["shop_order_declined"] * 2)
    with pytest.raises(FulfilmentError, match="Every line of this order was declined"):
        fulfilment.pack(row, by="staff", now=now)


def test_a_reader_who_wanted_all_or_nothing_gets_nothing_of_a_part_with_a_copy_missing(placed):
    """Of the line itself and of the others: what was accepted too. Only what is not there is withheld."""
    now = timezone.now()
    factories.payment(placed.order, checkout={"agrees_in_part": False})
    first, second = lines_of(placed)
    fulfilment.accept(second, 1, by="staff", now=now)
    first.shop_order.refresh_from_db()
    fulfilment.decline(first, 1, by="staff", reason="not_found", note="Sorry", now=now)
    assert [counts(line) for line in lines_of(placed)] == [(0, 2, 0, 0), (0, 1, 0, 0)]
    assert [line.decline_reason for line in lines_of(placed)] == ["not_found", "incomplete"]
    assert [sellable(line) for line in lines_of(placed)] == [2, 1]
    assert ShopOrder.objects.get().status == Status.DECLINED
    assert mails() == ["shop_order_declined"]
    mail = MailMessage.objects.get()
    assert "en entier ou pas du tout" in mail.text
    assert "en entier ou pas du tout" in mail.html
    assert AuditEntry.objects.filter(action="shop_order.decline").count() == 3


def test_what_has_left_the_shop_is_not_declined_with_the_rest(placed):
    factories.payment(placed.order, checkout={"agrees_in_part": False})
    first, second = lines_of(placed)
    ShopOrderLine.objects.filter(pk=second.pk).update(accepted=1, packed=1, handed_over=1)
    fulfilment.decline(first, 2, by="staff", reason="sold", now=timezone.now())
    assert [counts(line) for line in lines_of(placed)] == [(0, 2, 0, 0), (1, 0, 1, 1)]


def test_staff_cannot_give_the_rules_own_reason(placed):
    with pytest.raises(FulfilmentError, match="Say why"):
        fulfilment.decline(lines_of(placed)[0], 1, by="staff", reason="incomplete", now=timezone.now())


def test_decline_needs_a_reason_and_a_possible_count(placed):
    line = lines_of(placed)[0]
    with pytest.raises(FulfilmentError, match="Say why"):
        fulfilment.decline(line, 1, by="staff", reason="", now=timezone.now())
    with pytest.raises(FulfilmentError, match="fewer than none"):
        fulfilment.decline(line, 1, by="staff", reason="not_found", left=-1, now=timezone.now())


def test_pack_needs_every_line_answered(placed):
    now = timezone.now()
    with pytest.raises(FulfilmentError, match="Answer every line first"):
        fulfilment.pack(placed, by="staff", now=now)
    fulfilment.accept_all(placed, by="staff", now=now)
    fulfilment.pack(placed, by="staff", now=now)
    assert (placed.status, mails()[-1]) == (Status.PACKED, "shop_order_ready")
    assert "K7M3QX" in MailMessage.objects.get(kind="shop_order_ready").text
    with pytest.raises(FulfilmentError, match="packed already"):
        fulfilment.pack(placed, by="staff", now=now)


def test_hand_over_needs_the_pickup_code(placed):
    now = timezone.now()
    fulfilment.accept_all(placed, by="staff", now=now)
    with pytest.raises(FulfilmentError, match="Ask the reader for the pick-up code"):
        fulfilment.hand_over(placed, by="staff", now=now)
    with pytest.raises(FulfilmentError, match=f"not the pick-up code of order {placed.number}"):
        fulfilment.hand_over(placed, by="staff", now=now, code="K7M3QY")
    parcel = fulfilment.hand_over(placed, by="staff", now=now, code=" k7m 3qx ")
    assert [(row.line_id, row.units) for row in parcel.lines.order_by("pk")] == [
        (line.pk, line.quantity) for line in lines_of(placed)
    ]
    assert (placed.status, placed.handed_over_at) == (Status.HANDED_OVER, now)
    assert [counts(line) for line in lines_of(placed)] == [(2, 0, 2, 2), (1, 0, 1, 1)]
    with pytest.raises(FulfilmentError, match="handed over already"):
        fulfilment.hand_over(placed, by="staff", now=now, code="K7M3QX")


def test_hand_over_to_a_carrier_tells_the_tracking_number(shop):
    now = timezone.now()
    post = factories.delivery_option(shop, DeliveryOption.Kind.POST)
    sent = factories.shop_order(shop, (factories.stock_record(shop), 1), delivery_option=post)
    fulfilment.accept_all(sent, by="staff", now=now)
    fulfilment.hand_over(sent, by="staff", now=now, carrier="Postes Canada", tracking="RN123")
    parcel = Parcel.objects.get()
    assert (parcel.kind, parcel.carrier, parcel.tracking) == ("post", "Postes Canada", "RN123")
    text = MailMessage.objects.get(kind="shop_order_handed_over").text
    assert ("Postes Canada" in text, "RN123" in text) == (True, True)


def reflections() -> list[object]:
    return list(Allocation.objects.order_by("pk").values_list("reflected_at", flat=True))


def test_reflection_waits_for_hand_over_where_acceptance_reserves_nothing():
    now, shop = timezone.now(), factories.shop(booking_lag_minutes=60)
    placed = factories.shop_order(shop, (factories.stock_record(shop), 1))
    fulfilment.accept_all(placed, by="staff", now=now)
    assert reflections() == [None]
    fulfilment.hand_over(placed, by="staff", now=now, code="K7M3QX")
    assert reflections() == [now + timedelta(hours=1)]


def test_reflection_comes_with_acceptance_where_that_reserves():
    """One of two copies accepted: its allocation is divided, the other waits for its answer."""
    now, shop = timezone.now(), factories.shop(reserves_on_accept=True)
    placed = factories.shop_order(shop, (factories.stock_record(shop), 2))
    fulfilment.accept(lines_of(placed)[0], 1, by="staff", now=now)
    assert reflections() == [None, now]
    placed.refresh_from_db()
    fulfilment.accept_all(placed, by="staff", now=now + timedelta(minutes=5))
    assert reflections() == [now + timedelta(minutes=5), now]
    fulfilment.hand_over(placed, by="staff", now=now + timedelta(hours=2), code="K7M3QX")
    assert reflections() == [now + timedelta(minutes=5), now]


def test_mail_speaks_the_readers_language_and_answers_go_to_the_shop(placed):
    factories.network(default_language="en")
    fulfilment.accept_all(placed, by="staff", now=timezone.now())
    mail = MailMessage.objects.get()
    assert (mail.to, mail.language, mail.reply_to) == ("lea@example.org", "en", placed.shop.email)
    assert mail.subject == "Librairie du Port prepares your order"


def test_mail_speaks_the_language_of_the_checkout(placed):
    factories.network(default_language="fr")
    Checkout.objects.create(token="t", currency="CAD", language="en", created_at=timezone.now(), order=placed.order)
    fulfilment.accept_all(placed, by="staff", now=timezone.now())
    assert MailMessage.objects.get().language == "en"


def test_mail_goes_to_the_account_of_a_signed_in_reader(shop):
    person = factories.user("max@example.org")
    placed = factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order(person))
    fulfilment.accept_all(placed, by="staff", now=timezone.now())
    assert MailMessage.objects.get().to == "max@example.org"


def test_everything_leaves_the_invariants_whole(placed):
    now = timezone.now()
    first, second = lines_of(placed)
    fulfilment.accept(first, 1, by="staff", now=now)
    fulfilment.decline(first, 1, by="staff", reason="not_found", now=now)
    second = lines_of(ShopOrder.objects.get())[1]
    fulfilment.accept(second, 1, by="staff", now=now)
    fulfilment.hand_over(ShopOrder.objects.get(), by="staff", now=now, code="K7M3QX")
    stock_checks = [check for name, check in invariants.INVARIANTS.items() if name.startswith("stock")]
    assert [violation for check in stock_checks for violation in check()] == []


def test_stale_answer_is_refused(placed):
    now = timezone.now()
    seen_by_two = [ShopOrder.objects.get(), ShopOrder.objects.get()]
    fulfilment.accept_all(seen_by_two[0], by="staff", now=now)
    with pytest.raises(FulfilmentError, match="Someone changed this order"):
        fulfilment.decline(seen_by_two[1].lines.first(), 1, by="staff", reason="sold", now=now)
    assert ShopOrder.objects.get().version == 1


def test_without_the_compare_and_set_the_second_answer_undoes_the_first(placed, monkeypatch: pytest.MonkeyPatch):
    """Negative control: a colleague's decline takes back what was just accepted, and nobody is told."""
    monkeypatch.setattr(changing, "_claim_version", lambda shop_order, seen: True)
    seen_by_two = [ShopOrder.objects.get(), ShopOrder.objects.get()]
    line = seen_by_two[1].lines.order_by("pk")[1]
    fulfilment.accept_all(seen_by_two[0], by="one", now=timezone.now())
    fulfilment.decline(line, 1, by="other", reason="sold", now=timezone.now())
    assert counts(line) == (0, 1, 0, 0)
