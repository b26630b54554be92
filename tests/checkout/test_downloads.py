"""Downloads through the checkout: a part of their own, without delivery, handed out as soon as they are paid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, ending, freezing, invoicing, placing
from marketplace.checkout.models import Checkout
from marketplace.foundation.mail import written
from marketplace.foundation.models import MailMessage
from marketplace.payments import captures, refunds
from marketplace.payments.models import MoneyCall, Payment
from marketplace.payments.refunds import RefundError, Wanted
from shops.downloads import handing_out, providing
from shops.models import Download, Handout, LicenceCode, ShopOrder, Transmission
from shops.orders import fulfilment
from tests import factories
from tests.checkout.buying import shop_with_delivery
from tests.checkout.downloading import broken, e_book, freeze, mixed_basket, paid, placed, ready

KIND = refunds.Kind


def test_plan_keeps_downloads_apart_and_asks_for_no_delivery(db):
    checkout = ready(mixed_basket())
    plan = checkouts.plan_of(checkout, now=timezone.now())
    assert [(parcel.shop.name, parcel.is_download, parcel.delivery_minor) for parcel in plan.parcels] == [
        ("Librairie A", False, 0),
        ("Librairie A", True, 0),
        ("Librairie B", True, 0),
    ]
    assert (plan.undelivered, checkouts.next_step(checkout, plan), plan.short) == ([], "pay", [])
    # GST on all; QST on what is downloaded, at the reader's address
    assert plan.tax_by_rate == {("GST", 5000): 250, ("QST", 9975): 300}


def test_without_consent_nothing_is_frozen(db):
    """Directive 2011/83/EU, article 16 (m): prior and express."""
    checkout = ready(mixed_basket(), agreed=False)
    assert freeze(checkout) == freezing.Refusal("incomplete")
    checkouts.agree_to_download(checkout, now=timezone.now())
    assert freeze(checkout) is None


def test_paid_downloads_hand_themselves_out_while_the_rest_waits(db):
    basket = mixed_basket()
    checkout = placed(basket)
    paper, file, codes = ShopOrder.objects.order_by("pk")
    assert [(part.status, part.is_download, part.delivery_kind) for part in (paper, file, codes)] == [
        ("new", False, "pickup"),
        ("handed_over", True, "download"),
        ("handed_over", True, "download"),
    ]
    assert list(Transmission.objects.values_list("shop_order", flat=True)) == [paper.pk]
    assert list(Handout.objects.order_by("pk").values_list("kind", "content", "times_left")) == [
        ("file", "", handing_out.TIMES),
        ("codes", "K-1\nK-2", 0),
    ]
    assert Download.objects.get(kind="codes").codes_left == 1
    assert broken() == {}
    assert handing_out.hand_out(timezone.now()) == 0
    invoice = invoicing.invoice_of(file.pk, now=timezone.now())
    assert (invoice.total_minor, invoice.label.endswith("00001")) == (1150, True)
    mail = [written(row) for row in MailMessage.objects.filter(kind="download_ready").order_by("pk")]
    assert [(row.to, f"/downloads/{part.lines.get().pk}/" in row.text) for row, part in zip(mail, (file, codes))] == [
        ("lea@example.org", True),
        ("lea@example.org", True),
    ]
    assert ("K-1" in mail[1].text, "as long as you have neither downloaded" in mail[0].text) == (False, True)
    # The card is charged once the shop has answered for its paper book.
    assert captures.settle_answers(timezone.now()) == 0
    fulfilment.accept_all(paper, by="test", now=timezone.now())
    assert captures.settle_answers(timezone.now()) == 1
    assert MoneyCall.objects.get().amount_minor == checkout.total_minor


def test_order_that_changed_meanwhile_is_handed_out_anew(db, monkeypatch):
    """The reader cancels while the provider is asked."""
    checkout = paid(factories.basket((e_book(factories.shop(), "K-1\nK-2", "codes"), 2)))
    placing.place(checkout.pk, now=timezone.now())

    def asked(line, units):
        fresh = ShopOrder.objects.get().lines.get()
        if not fresh.cancelled:
            fulfilment.cancel(fresh, 1, by="reader", now=timezone.now())
        return providing.own(line, units)

    monkeypatch.setitem(providing.PROVIDERS, "own", asked)
    assert handing_out.hand_out(timezone.now()) == 0
    assert handing_out.hand_out(timezone.now() + timedelta(minutes=1)) == 1
    assert (Handout.objects.get().content, broken()) == ("K-1", {})


def test_provider_that_cannot_is_asked_again_or_parked(db, monkeypatch):
    checkout = paid(factories.basket((e_book(factories.shop(), "K-1", "codes"), 1)))
    placing.place(checkout.pk, now=timezone.now())

    def refuse(line, units):
        raise providing.ProvidingError("not today", permanent=True)

    monkeypatch.setitem(providing.PROVIDERS, "own", refuse)
    assert handing_out.hand_out(timezone.now()) == 0
    assert (Handout.objects.get().last_error, Handout.objects.get().parked_at is None) == ("not today", False)
    assert ShopOrder.objects.get().status == "new"


def test_download_that_nobody_foresaw_stops_no_other(db, monkeypatch):
    for _ in range(2):
        checkout = paid(factories.basket((e_book(factories.shop(), "K-1", "codes"), 1)))
        placing.place(checkout.pk, now=timezone.now())
    first = Handout.objects.order_by("pk").first()

    def own(line, units):
        if line.pk == first.line_id:
            raise KeyError("x")
        return providing.own(line, units)

    monkeypatch.setitem(providing.PROVIDERS, "own", own)
    assert handing_out.hand_out(timezone.now()) == 1
    first.refresh_from_db()
    assert (first.last_error, first.made_at) == ("KeyError: 'x'", None)


def test_order_of_downloads_alone_is_charged_at_once(db):
    a, *_ = shop_with_delivery("Librairie A")
    placed(factories.basket((e_book(a, "https://example.org/x", "link"), 1)))
    assert captures.settle_answers(timezone.now()) == 1
    assert broken() == {}


def test_last_code_is_held_while_it_is_paid_and_freed_if_not(db):
    record = e_book(factories.shop(), "K-1", "codes")
    first, second = ready(factories.basket((record, 1))), ready(factories.basket((record, 1)))
    assert (freeze(first), freeze(second).reason) == (None, "short")
    assert checkouts.units_held(first) == {record.pk: 1}
    assert ending.end(first, now=timezone.now())
    assert (freeze(second), broken()) == (None, {})


@pytest.mark.parametrize("gone", [False, True])
def test_late_payment_takes_another_code_or_goes_back(db, gone: bool):
    record = e_book(factories.shop(), "K-1" if gone else "K-1\nK-2", "codes")
    checkout = paid(factories.basket((record, 1)))
    LicenceCode.objects.filter(code="K-1").update(hold_key="checkout:0")  # its hold ended, another has the code
    order = placing.place(checkout.pk, now=timezone.now())
    assert (order is None, Checkout.objects.get(pk=checkout.pk).state) == (gone, "refunded" if gone else "placed")
    assert list(LicenceCode.objects.exclude(line=None).values_list("code", flat=True)) == ([] if gone else ["K-2"])


def test_paid_back_downloads_are_withdrawn(db):
    """A code that nobody saw is sold again; one that was seen is not. Money beside a download leaves it."""
    checkout = placed(mixed_basket())
    Payment.objects.update(state=Payment.State.CAPTURED, captured_minor=checkout.total_minor)
    _, file, codes = ShopOrder.objects.order_by("pk")
    line, now = codes.lines.get(), timezone.now()

    def ask(wanted: Wanted, once: str) -> None:
        refunds.ask(Payment.objects.get(), wanted, reason="x", by=None, once=once, now=now)

    def withdrawn() -> list[bool]:
        return [row.withdrawn_at is not None for row in Handout.objects.order_by("pk")]

    ask(Wanted(KIND.OTHER, codes, amount_minor=100), "goodwill")
    ask(Wanted(KIND.LINE, codes, line, units=1), "one of two")
    assert withdrawn() == [False, False]
    kept = Handout.objects.get(line=line)
    assert (kept.content, kept.download.codes_left, broken()) == ("K-1", 2, {})  # K-2 is sold again
    ask(Wanted(KIND.LINE, codes, line, units=1), "the other")
    assert (withdrawn(), Download.objects.get(kind="codes").codes_left, broken()) == ([False, True], 3, {})
    assert handing_out.fetch(file.lines.get().handout, now=now)
    ask(Wanted(KIND.OTHER, file, amount_minor=refunds.left(file).total_minor), "all of it")
    assert (withdrawn(), handing_out.fetch(file.lines.get().handout, now=now)) == ([True, True], False)
    with pytest.raises(RefundError):
        ask(Wanted(KIND.LINE, codes, line, units=1), "again")


def test_seen_codes_stay_with_the_reader(db):
    placed(factories.basket((e_book(factories.shop(), "K-1", "codes"), 1)))
    handout, now = Handout.objects.get(), timezone.now()
    assert (handing_out.show(handout, now=now), handing_out.withdraw([handout.line_id], now=now)) == (True, 1)
    assert (Download.objects.get().codes_left, LicenceCode.objects.get().line_id) == (0, handout.line_id)


def test_reader_who_cancels_first_gets_none(db):
    """Between the payment and the step."""
    checkout = paid(factories.basket((e_book(factories.shop(), "K-1\nK-2", "codes"), 2)))
    placing.place(checkout.pk, now=timezone.now())
    line = ShopOrder.objects.get().lines.get()
    fulfilment.cancel(line, 1, by="reader", now=timezone.now())
    assert handing_out.hand_out(timezone.now()) == 1
    assert (Handout.objects.get().content, Download.objects.get().codes_left) == ("K-1", 1)
    assert (ShopOrder.objects.get().status, broken()) == ("handed_over", {})
