"""What another shop has for a reader who does not come: reminded, sent back to the shop that sold it, paid back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.foundation import links
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments import carried_parcels, ledger, refunds
from marketplace.payments.models import Payment, RefundRequest
from marketplace.payments.refunds import Wanted
from marketplace.storefront import order_stations
from shops import invariants as shop_invariants
from shops.models import Parcel, ParcelRefund, Shop, ShopOrder, ShopOrderLine
from shops.orders import carrying, left_elsewhere
from shops.orders.fulfilment import FulfilmentError
from shops.orders.left_elsewhere import watch_kept_parcels
from tests import factories
from tests.payments import paying
from tests.payments.test_carried_parcels import WEEK, broken, owed, parcel, sent
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def there(now) -> Payment:
    """24.00 and 12.50 of A lie at C's counter."""
    payment, _ = sent(now)
    carrying.arrive(parcel(), by="c", now=now, shelf="B 3")
    return payment


def mailed(kind: str) -> list[str]:
    return list(MailMessage.objects.filter(kind=kind).order_by("pk").values_list("text", flat=True))


def uncollected(of: Parcel) -> None:
    assert watch_kept_parcels(of.keep_until - 2 * DAY) == 1  # the reminder
    assert watch_kept_parcels(of.keep_until + timedelta(minutes=1)) == 1


def test_reader_is_reminded_then_it_goes_back_and_the_goods_are_paid_back(there, now):
    of = parcel()
    assert of.keep_until.date() >= (now + of.shop_order.shop.kept_days * DAY).date()
    assert watch_kept_parcels(now + DAY) == 0
    counts = list(ShopOrderLine.objects.order_by("pk").values_list("quantity", "declined", "handed_over"))
    uncollected(of)
    assert [len(mailed(kind)) for kind in ("shop_order_waits_there", "shop_order_left_there")] == [1, 1]
    assert "K7M3QX" in mailed("shop_order_waits_there")[0]
    assert len(mailed("parcel_not_collected")) == 2  # both shops hear of it
    late = of.keep_until + timedelta(minutes=2)
    assert (watch_kept_parcels(late), carried_parcels.refund_lost(late)) == (0, 1)
    paying.work(late + WEEK)
    back = RefundRequest.objects.all()
    goods = sum(line.total_minor - line.delivery_minor for line in of.shop_order.lines.all())
    assert {row.kind for row in back} == {"line"}  # the way there was gone: the delivery stays paid
    assert (Payment.objects.get().refunded_minor, sum(row.amount_minor for row in back)) == (goods, goods)
    assert owed(of.shop_order.shop) <= 0  # nothing is earned of what came home
    assert owed(of.carried_to) == 0
    assert list(ShopOrderLine.objects.order_by("pk").values_list("quantity", "declined", "handed_over")) == counts
    assert broken() == {}
    assert shop_invariants.kept_elsewhere_without_end() == []
    assert ledger.balance(ledger.shop_account(of.carried_to_id), currency="CAD") == 0


def test_who_comes_too_late_gets_nothing_and_who_came_in_time_keeps_it(there, now):
    of = parcel()
    with pytest.raises(FulfilmentError):  # its time is not over
        left_elsewhere.take_back(of, by="a", now=now)
    uncollected(of)
    for late in (
        lambda: carrying.collect(parcel(), code="K7M3QX", by="c", now=of.keep_until),
        lambda: carrying.miss(parcel(), Parcel.Said.RECEIVER, by="c", now=of.keep_until),
        lambda: left_elsewhere.keep_longer(parcel(), by="a", now=of.keep_until),
    ):
        with pytest.raises(FulfilmentError):
            late()
    assert ParcelRefund.objects.count() == 1


def test_collected_in_time_nothing_goes_back(there, now):
    of = parcel()
    carrying.collect(of, code="K7M3QX", by="c", now=now)
    assert watch_kept_parcels(of.keep_until + DAY) == 0
    with pytest.raises(FulfilmentError):
        left_elsewhere.take_back(parcel(), by="a", now=of.keep_until + DAY)
    assert not ParcelRefund.objects.exists()


def test_shop_that_wants_to_be_asked_decides_itself(there, now):
    Shop.objects.filter(pk=parcel().shop_order.shop_id).update(uncollected=Shop.Uncollected.ASK)
    of = parcel()
    over = of.keep_until + timedelta(minutes=1)
    assert [watch_kept_parcels(of.keep_until - 2 * DAY), watch_kept_parcels(over)] == [1, 0]
    left_elsewhere.take_back(parcel(), by="a", now=over)
    assert parcel().uncollected_at == over


def test_kept_longer_the_reader_is_reminded_again(there, now):
    of = parcel()
    watch_kept_parcels(of.keep_until - 2 * DAY)
    left_elsewhere.keep_longer(parcel(), by="a", now=of.keep_until - DAY)
    longer = parcel()
    assert longer.keep_until >= of.keep_until + 6 * DAY
    with pytest.raises(FulfilmentError):  # said twice of the same day it counts once
        left_elsewhere.keep_longer(of, by="a", now=of.keep_until - DAY)
    assert [watch_kept_parcels(of.keep_until + timedelta(hours=1)), len(mailed("shop_order_waits_there"))] == [0, 1]
    uncollected(longer)


def test_missing_meanwhile_does_not_go_back_and_found_waits_anew(there, now):
    of = parcel()
    carrying.miss(of, Parcel.Said.RECEIVER, by="c", now=now)
    assert watch_kept_parcels(of.keep_until + DAY) == 0
    found = of.keep_until + DAY
    carrying.shelve(parcel(), "B 4", by="c", now=found)
    assert parcel().keep_until > found + (of.shop_order.shop.kept_days - 1) * DAY
    assert watch_kept_parcels(found + timedelta(minutes=1)) == 0


def test_what_went_back_by_hand_already_waits_for_a_person(there, now):
    of = parcel()
    line = of.lines.first().line
    refunds.ask(there, Wanted("line", of.shop_order, line, units=1), reason="x", by=None, once="h", now=now)
    uncollected(of)
    assert carried_parcels.refund_lost(of.keep_until + timedelta(hours=1)) == 0
    operator = signed_in(factories.user(is_staff=True, is_superuser=True))
    assert ParcelRefund.objects.get().parked_at
    assert of.shop_order.number in operator.get("/board/parcels/").content.decode()


def test_parcel_that_is_kept_without_end_is_noticed(there, now):
    """Negative control of the invariant."""
    Parcel.objects.update(keep_until=now - DAY)
    assert len(shop_invariants.kept_elsewhere_without_end()) == 1


def test_parcel_without_its_refund_is_noticed(there, now):
    """Negative control of the invariant."""
    Parcel.objects.update(uncollected_at=now)
    assert "parcels: what is lost is paid back once" in broken()


def test_both_shops_say_where_it_is_until_it_is_home(there, now):
    of = parcel()
    seller, receiver = of.shop_order.shop, of.carried_to
    a, c = (signed_in(factories.member(shop).user) for shop in (seller, receiver))
    page = f"/portal/{seller.slug}/orders/{of.shop_order.number}/"
    keep, home = (f"{page}parcels/{of.pk}/{deed}/" for deed in ("keep", "home"))
    assert keep in a.get(page).content.decode()
    assert a.post(keep).status_code == 302
    assert parcel().keep_until > of.keep_until
    assert a.post(home).status_code == 302  # nothing comes back
    assert parcel().home_at is None
    uncollected(parcel())
    at = f"/portal/{receiver.slug}/for-others/{of.pk}/send-back/"
    assert at in c.get(f"/portal/{receiver.slug}/for-others/").content.decode()
    assert (c.post(at).status_code, c.post(at).status_code) == (302, 409)
    assert a.post(home).status_code == 302
    assert bool(parcel().sent_back_at and parcel().home_at)
    deeds = AuditEntry.objects.filter(action__startswith="parcel.").values_list("action", flat=True)
    assert {"parcel.keep_longer", "parcel.take_back", "parcel.send_back", "parcel.come_home"} <= set(deeds)
    assert c.post(keep).status_code == 404  # the seller alone


def test_readers_page_says_how_long_it_waits_and_that_nobody_came(there, now):
    of, order = parcel(), ShopOrder.objects.get(pk=parcel().shop_order_id).order
    address = links.order_url(order).removeprefix("http://testserver")
    assert "K7M3QX" in Client().get(address).content.decode()
    uncollected(of)
    assert "K7M3QX" not in Client().get(address).content.decode()
    part = next(part for part in order_stations.parts(order) if part.shop_order.pk == of.shop_order_id)
    assert part.stations[-1].state == "off"
