"""What a reader of the demo has bought, and sends back in part: one order, so that its pages are not empty."""

from __future__ import annotations

from datetime import datetime

from oscar.apps.basket.models import Basket
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, freezing, placing
from marketplace.checkout.models import Checkout
from marketplace.models import User
from marketplace.payments import sessions
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import Payment
from shops import stock
from shops.models import DeliveryOption, Parcel, Return, Shop, ShopOrder
from shops.orders import fulfilment
from shops.returns import asking

READER = "lectrice@example.org"
WHERE = {
    "line1": "412, rue Saint-Antoine Est",
    "line2": "",
    "city": "Montréal",
    "region": "QC",
    "postcode": "H2Y 1A5",
    "country": "CA",
}
HOSTED = {"success_url": "http://localhost/ok/", "cancel_url": "http://localhost/back/"}
NOTE = "La page 41 est déchirée; le reste est parfait."


def write(shop: Shop, *, now: datetime) -> None:
    """Once: two titles by post, of which one came torn."""
    reader = User.objects.get(email=READER)
    if Order.objects.filter(user=reader).exists():
        return
    if (checkout := _checkout(shop, reader, now)) is None:
        return
    seen = freezing.shown(checkouts.plan_of(checkout, now=now), 0)
    payment = freezing.pay(checkout, seen=seen, now=now, **HOSTED)
    if not isinstance(payment, Payment):
        return  # the lists of the demo changed: it does without
    hosted.pay(DatabaseStore(), payment.session_id, int(now.timestamp()), approved=True)
    sessions.refresh(payment, now=now)
    placing.place_paid(now)
    part = ShopOrder.objects.get(order__user=reader)
    clerk = shop.members.order_by("pk")[0].user
    fulfilment.accept_all(part, by=clerk, now=now)
    fulfilment.pack(part, by=clerk, now=now)
    fulfilment.hand_over(part, by=clerk, now=now, carrier="Postes Canada", tracking="DEMO 0001 2345 6789")
    _send_back(ShopOrder.objects.select_related("shop", "order", "delivery_option").get(pk=part.pk), reader, now)


def _checkout(shop: Shop, reader: User, now: datetime) -> Checkout | None:
    """Ready to be paid; None where the shop has no two books."""
    records = StockRecord.objects.filter(
        partner=shop.partner, num_in_stock__gte=3, price__gte=10, product__facts__is_book=True
    )
    there = stock.read(records.order_by("pk").values_list("pk", flat=True)[:20]).values()
    books = [record for record in there if stock.sellable_now(record, now=now)][:2]
    post = DeliveryOption.objects.filter(shop=shop, kind=DeliveryOption.Kind.POST, active=True).first()
    if len(books) < 2 or post is None:
        return None
    basket = Basket.objects.create(owner=reader)
    for record in books:
        basket.lines.create(
            line_reference=f"{record.product_id}_{record.pk}",
            product=record.product,
            stockrecord=record,
            quantity=1,
            price_currency=record.price_currency,
        )
    checkout = checkouts.start(basket, reader, language="fr", now=now)
    checkouts.set_person(checkout, email=reader.email, name=reader.get_full_name())
    checkouts.set_address(checkout, WHERE)
    checkouts.choose_delivery(checkout, {shop.pk: post.pk})
    return checkout


def _send_back(part: ShopOrder, reader: User, now: datetime) -> None:
    line = part.lines.order_by("pk")[0]
    case = asking.case_of(part, list(Parcel.objects.filter(shop_order=part)), is_consumer=True, now=now)
    wanted = asking.Wanted({line.pk: 1}, Return.Reason.DAMAGED, part.shop, note=NOTE)
    asking.ask(part, wanted, case=case, kept={line.pk: 1}, once="demo", by=reader, now=now)
