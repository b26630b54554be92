"""What one shop lacks another supplies: the reader pays no more, the difference is borne by whom the network named."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connections
from django.db.models import F
from django.utils import timezone

from marketplace.catalogue.models import ProductFacts
from marketplace.checkout import freezing, invariants, placing, rerouting
from marketplace.checkout.checkouts import plan_of
from marketplace.checkout.models import Checkout
from marketplace.foundation import leases, network
from marketplace.foundation.models import MailMessage
from marketplace.payments import calls, captures, events, sessions, transfers
from marketplace.payments import invariants as money_invariants
from marketplace.payments.models import LedgerEntry, MoneyCall, MoneyIncident, Payment, RefundRequest
from shops import book_law
from shops import invariants as shop_invariants
from shops.models import Allocation, Rerouting, Shop, ShopOrder, ShopOrderLine, Transmission
from shops.orders import expiring, fulfilment
from tests import factories
from tests.checkout.buying import ready, shop_with_delivery, two_shop_basket
from tests.checkout.test_crashes import dies_at
from tests.payments import paying

URLS = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}


def placed(**agreed) -> Payment:
    """The basket of two shops, paid at the stand-in and placed; A sends 2 titles at 12.90 and a mug at 8.00 by post."""
    now = timezone.now()
    checkout = ready(two_shop_basket(), now=now)
    Checkout.objects.filter(pk=checkout.pk).update(**{"agrees_other_shop": True} | agreed)
    seen = plan_of(Checkout.objects.get(pk=checkout.pk), now=now).fingerprint()
    payment = freezing.pay(Checkout.objects.get(pk=checkout.pk), seen=seen, now=now, **URLS)
    assert isinstance(payment, Payment), payment
    paying.pay(payment)
    sessions.refresh(payment, now=now)
    assert placing.place(checkout.pk, now=now)
    return Payment.objects.get(pk=payment.pk)


def third(price: str = "8.00", units: int = 3, **columns) -> Shop:
    """A shop C that has the mug too, and sends by post."""
    shop, *_ = shop_with_delivery("Librairie C", **columns)
    mug = ShopOrderLine.objects.get(title="Mug").product
    factories.stock_record(shop, mug, price=price, units=units)
    return shop


def rule(bearer: str, most_minor: int = 1000) -> None:
    of = network.current()
    of.reroute_borne_by, of.reroute_most_minor = bearer, most_minor
    of.save()
    network.forget()


def lack(title: str = "Mug", units: int = 1, *, of: str = "A") -> None:
    line = ShopOrderLine.objects.get(title=title, shop_order__shop__name=f"Librairie {of}")
    fulfilment.decline(line, units, by="shop", reason="not_found", now=timezone.now())


def told() -> None:
    """Every shop has its order."""
    Transmission.objects.update(outcome="sent", due_at=None)


def answer_all() -> None:
    for part in ShopOrder.objects.filter(status=ShopOrder.Status.NEW):
        fulfilment.accept_all(part, by="shop", now=timezone.now())


def work(later: timedelta = timedelta()) -> None:
    """Every step until nothing is due."""
    now = timezone.now() + later
    for _ in range(8):
        done = rerouting.reroute(now) + events.deliver_fake_events(now) + events.apply_events(now)
        done += captures.settle_answers(now) + transfers.due_transfers(now) + calls.move_money(now)
        if not done:
            return


def hand_over_all() -> None:
    for part in ShopOrder.objects.filter(status=ShopOrder.Status.ACCEPTED):
        paying.connect(part.shop)
        fulfilment.pack(part, by="shop", now=timezone.now())
        fulfilment.hand_over(part, by="shop", now=timezone.now(), code=part.pickup_code)
    work(timedelta(days=8))


def broken() -> list[str]:
    parts = (invariants, money_invariants, shop_invariants)
    return [found for part in parts for check in part.INVARIANTS.values() for found in check()]


def paid(payment: Payment) -> int:
    found = Payment.objects.get(pk=payment.pk)
    return found.captured_minor - found.refunded_minor


def borne() -> list[tuple]:
    return list(LedgerEntry.objects.filter(kind="borne").values_list("debit", "amount_minor"))


def mails() -> list[str]:
    return [kind for kind in MailMessage.objects.order_by("pk").values_list("kind", flat=True) if "shop_order" in kind]


@pytest.mark.django_db
@pytest.mark.parametrize(("bearer", "account"), [("network", "promotions"), ("shop", "shop:{A}")])
def test_dearer_third_shop_supplies_and_the_difference_is_borne(bearer, account):
    payment, c = placed(), third("9.50")
    rule(bearer)
    a = Shop.objects.get(name="Librairie A")
    lack()
    assert captures.settle(payment.pk, now=timezone.now()) is False  # nothing moves while a shop is looked for
    work()
    made = ShopOrder.objects.get(instead_of__isnull=False)
    line = made.lines.get()
    agreed = ShopOrderLine.objects.get(title="Mug", shop_order__shop=a).total_minor
    assert (made.shop, made.number[-1], line.quantity, line.paid_minor) == (c, "C", 1, agreed)
    assert (made.total_minor - agreed, line.borne_minor) == (line.borne_minor, made.total_minor - agreed)
    assert Transmission.objects.filter(shop_order=made, due_at__isnull=False).count() == 1
    assert Allocation.objects.filter(line=line, ended_at=None).count() == 1
    assert mails()[-1] == "shop_order_rerouted"
    answer_all(), work()
    assert paid(payment) == payment.amount_minor  # as agreed, to the cent
    hand_over_all()
    assert borne() == [(account.format(A=a.pk), line.borne_minor)]
    earned = LedgerEntry.objects.filter(credit=f"shop:{c.pk}", kind="earning").get().amount_minor
    kept = LedgerEntry.objects.filter(shop_order=made, kind__startswith="commission")
    assert earned + sum(kept.values_list("amount_minor", flat=True)) == made.total_minor
    assert broken() == []


@pytest.mark.django_db
def test_cheaper_third_shop_lowers_what_is_paid():
    payment, _ = placed(), third("3.00")  # with its own postage
    lack(), work(), answer_all(), work()
    made, was = ShopOrder.objects.get(instead_of__isnull=False).lines.get(), ShopOrderLine.objects.get(declined=1)
    assert made.total_minor < was.total_minor
    assert paid(payment) == payment.amount_minor - was.total_minor + made.total_minor
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("agreed", "price", "bearer", "most"),
    [
        ({}, "9.50", "nobody", 1000),  # dearer, and nobody bears it
        ({}, "19.50", "network", 1000),  # beyond the limit
        ({"agrees_other_shop": False}, "8.00", "network", 1000),  # the reader wants no other shop
    ],
)
def test_no_other_shop_and_it_is_not_paid(agreed, price, bearer, most):
    payment, _ = placed(**agreed), third(price)
    rule(bearer, most)
    lack(), answer_all(), work()
    declined = ShopOrderLine.objects.get(declined=1)
    assert not ShopOrder.objects.filter(instead_of__isnull=False).exists()
    assert paid(payment) == payment.amount_minor - declined.total_minor
    assert (mails().count("shop_order_declined"), broken()) == (1, [])


@pytest.mark.django_db
@pytest.mark.parametrize("is_law", [True, False])
def test_nobody_pays_so_much_of_a_delivery_that_less_than_the_law_asks_is_left(monkeypatch, is_law):
    """Post of 4.20, of which the reader agreed to 0.99: 3.21 would be borne, and 3.00 must be theirs."""
    row = book_law.DeliveryMinimum("CA", date(2020, 1, 1), "CAD", 3500, 300 if is_law else 0, 1, "x", "x")
    monkeypatch.setattr(book_law, "DELIVERY_MINIMUMS", (row,))
    fixed = book_law.DiscountLimit("CA", date(2020, 1, 1), 0, 0, "x")
    monkeypatch.setattr(book_law, "DISCOUNT_LIMITS", (fixed,))
    payment, shop = placed(), third()
    ProductFacts.objects.filter(product__stockrecords__partner__shop=shop).update(is_book=True)
    rule("network")
    lack(), answer_all(), work()
    moved = ShopOrder.objects.filter(instead_of__isnull=False)
    assert (moved.exists(), [minor < 420 for _, minor in borne()], broken()) == (not is_law, [], [])
    assert paid(payment) <= payment.amount_minor


@pytest.mark.django_db
def test_after_the_capture_the_money_stays_and_the_reader_may_say_no():
    payment, _ = placed(), third("9.50")
    rule("network")
    answer_all(), work()
    assert paid(payment) == payment.amount_minor
    lack(), work()
    assert (paid(payment), MoneyCall.objects.filter(kind="refund").count()) == (payment.amount_minor, 0)
    line = ShopOrderLine.objects.get(shop_order__instead_of__isnull=False)
    fulfilment.cancel(line, 1, by="reader", now=timezone.now())
    work(), hand_over_all()
    assert paid(payment) == payment.amount_minor - line.paid_minor
    assert (borne(), Rerouting.objects.count(), broken()) == ([], 1, [])  # what the reader took back goes nowhere else


@pytest.mark.django_db
def test_shop_that_took_over_lacks_it_too():
    payment, _ = placed(), third("9.50")
    rule("shop")
    lack(), work()
    lack(of="C"), answer_all(), work()
    assert [row.outcome for row in Rerouting.objects.order_by("pk")] == ["moved", "nobody"]
    gone = ShopOrderLine.objects.get(title="Mug", shop_order__instead_of=None)
    assert (paid(payment), broken()) == (payment.amount_minor - gone.total_minor, [])


@pytest.mark.django_db
def test_whole_or_nothing_moves_whole_or_not():
    payment, c = placed(agrees_in_part=False), third("8.00")
    rule("network", 5000)
    lack(), work()  # C has no title of the other line
    assert not ShopOrder.objects.filter(instead_of__isnull=False).exists()
    assert mails() == ["shop_order_declined"]
    assert (c.shop_orders.count(), broken()) == (0, [])
    assert payment.amount_minor > 0


@pytest.mark.django_db
def test_authorisation_that_ends_soon_waits_for_nobody():
    payment, _ = placed(), third("8.00")
    lack(), answer_all()
    soon = Payment.objects.get().capture_before - timedelta(hours=12)
    captures.settle_answers(soon)
    assert Rerouting.objects.get().outcome == "nobody"
    assert rerouting.reroute(soon) == 0
    assert MoneyCall.objects.get(kind="capture").amount_minor < payment.amount_minor


def authorised_for(hours: float) -> Payment:
    """Its card is, from now on; a simulated day would make the shops' numbers old."""
    Payment.objects.update(capture_before=timezone.now() + timedelta(hours=hours))
    return Payment.objects.get()


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [24, 27.9])
def test_no_other_shop_is_asked_once_the_payment_cannot_wait(hours):
    _, c = placed(), third("8.00")
    rule("network")
    authorised_for(hours)
    lack()
    rerouting.reroute(timezone.now())
    assert (Rerouting.objects.get().outcome, c.shop_orders.count(), mails()) == ("nobody", 0, ["shop_order_declined"])


@pytest.mark.django_db
def test_another_shop_answers_while_the_payment_waits():
    _, c = placed(), third("8.00")
    rule("network")
    payment = authorised_for(28.5)
    lack()
    rerouting.reroute(timezone.now())
    assert c.shop_orders.get().answer_due_at == payment.capture_before - captures.MARGIN
    assert broken() == []


@pytest.mark.django_db
def test_shop_that_is_asked_too_late_is_noticed(monkeypatch):
    """Negative control of the invariant."""
    placed(), third("8.00")
    rule("network")
    authorised_for(3)
    lack()
    with monkeypatch.context() as patched:
        patched.setattr(captures, "waits_until", lambda payment: None)
        rerouting.reroute(timezone.now())
    assert [text.split(": ")[1] for text in broken()] == ["another shop took over too late"]


@pytest.mark.django_db
def test_silence_moves_to_another_shop_then_back_to_the_reader():
    """A answers nothing: C takes over what it has, and is silent too; B answers. The reader pays B's part alone."""
    payment, c = placed(), third("8.00", units=1)
    told(), rule("network")
    a, b = ShopOrder.objects.order_by("pk")
    assert a.waits_until == payment.capture_before - captures.MARGIN - captures.FOR_ANOTHER
    fulfilment.accept_all(b, by="shop", now=timezone.now())
    ago = timedelta(hours=49)
    moved = {name: F(name) - ago for name in ("created_at", "answer_due_at", "watch_at")}
    ShopOrder.objects.filter(pk=a.pk).update(**moved)
    for hours in (24, 36, 48):
        expiring.follow_answers(a.created_at - ago + timedelta(hours=hours))
    work()
    taken = ShopOrder.objects.get(instead_of=a)
    assert (taken.shop, taken.lines.get().quantity) == (c, 1)
    assert sorted(mails()) == [
        "shop_order_accepted", "shop_order_late", "shop_order_reminder", "shop_order_rerouted", "shop_order_unanswered",
    ]  # fmt: skip
    with pytest.raises(fulfilment.FulfilmentError, match="Librairie C"):
        fulfilment.accept_all(a, by="shop", now=timezone.now())
    told()
    expiring.follow_answers(taken.answer_due_at)
    work(timedelta(hours=100))
    assert (paid(payment), broken()) == (b.total_minor, [])


@pytest.mark.django_db
def test_who_agreed_to_later_waits_once_more():
    payment = placed(agrees_later=True, agrees_other_shop=False)
    told()
    a = ShopOrder.objects.order_by("pk").first()
    hours = timedelta(hours=1)
    followed = [expiring.follow_answers(a.created_at + at * hours) for at in (24, 36, 48, 95, 96)]
    assert (followed, mails().count("shop_order_late")) == ([2, 2, 0, 0, 2], 2)
    a.refresh_from_db()
    assert (a.answer_due_at, a.expired_at) == (a.created_at + 96 * hours, a.created_at + 96 * hours)
    assert "may come later than said" in MailMessage.objects.filter(kind="shop_order_late")[0].text
    work(96 * hours)
    assert (paid(payment), broken()) == (0, [])


@pytest.mark.django_db
@pytest.mark.parametrize("captured_before", [False, True])
def test_what_cannot_be_decided_holds_no_money_for_ever(monkeypatch, captured_before):
    def fail(*_):
        raise ValueError("odd")

    payment, _ = placed(), third("8.00")
    if captured_before:
        answer_all(), work()
    lack(), answer_all()
    with monkeypatch.context() as patch:
        patch.setattr(rerouting, "_may_move", fail)
        for hours in range(0, 60, 6):
            assert Rerouting.objects.get().parked_at is None
            rerouting.reroute(timezone.now() + timedelta(hours=hours))
    assert Rerouting.objects.get().parked_at
    work()
    gone = ShopOrderLine.objects.get(declined=1)
    assert paid(payment) == payment.amount_minor - gone.total_minor
    assert (Rerouting.objects.get().outcome, mails().count("shop_order_declined")) == ("nobody", 1)
    assert "ValueError: odd" in MoneyIncident.objects.get().text
    leases.unpark(Rerouting.objects.all(), now=timezone.now())
    work()
    assert (ShopOrder.objects.filter(instead_of__isnull=False).count(), broken()) == (0, [])


@pytest.mark.django_db
def test_copies_gone_meanwhile_go_to_the_next_shop():
    placed()
    rule("network")
    third("8.00", units=0), third("8.00")
    lack(), work()
    assert ShopOrder.objects.get(instead_of__isnull=False).shop == Shop.objects.order_by("pk").last()


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("failpoint", ["rerouting.before_commit", "rerouting.after_commit"])
def test_death_on_the_way_ends_as_if_nobody_had_died(failpoint):
    payment, _ = placed(), third("9.50")
    rule("network")
    lack()
    assert dies_at(failpoint, lambda: rerouting.reroute(timezone.now()))
    connections.close_all()
    work(timedelta(minutes=5)), answer_all(), work()
    made = ShopOrder.objects.get(instead_of__isnull=False)
    assert (made.lines.count(), Allocation.objects.filter(line__shop_order=made).count()) == (1, 1)
    assert (mails().count("shop_order_rerouted"), paid(payment)) == (1, payment.amount_minor)
    assert broken() == []


@pytest.mark.django_db
def test_whole_payment_given_back_is_supplied_by_nobody():
    placed()
    third()
    rule("network")
    lack()
    answer_all()
    payment = Payment.objects.get()
    RefundRequest.objects.create(
        payment=payment, kind="other", amount_minor=1, reason="x", once="1", asked_at=timezone.now()
    )
    rerouting.reroute(timezone.now())
    assert not ShopOrder.objects.exclude(instead_of=None).exists()
