"""A paid order on the stand-in, for tests of what money does afterwards: two shops, three lines, 61.40 CAD."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone
from oscar.apps.order.models import Line, Order

from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.foundation.money import to_decimal
from marketplace.payments import calls, captures, events, gateway, gift_cards, means, sessions, transfers, worth
from marketplace.payments.fake_stripe import balance, faults, hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import GiftCard, GiftCardUse, Payment
from shops.models import ReroutedUnits, Rerouting, Shop, ShopOrder, ShopOrderLine
from tests import factories

# (units, net for the line, tax, delivery share) of the lines of shops A and B
LINES = {"A": [(2, 2000, 100, 300), (1, 1000, 50, 200)], "B": [(3, 2281, 114, 95)]}


def gst(minor: int) -> list[dict]:
    """5 % on the goods; the delivery shares are taken to be without tax."""
    return [{"code": "GST", "of": "CA", "rate_milli": 5000, "minor": minor, "delivery_minor": 0}]


def checkout(now: datetime | None = None) -> Checkout:
    """Frozen and waiting for its payment."""
    now = now or timezone.now()
    made = Checkout.objects.create(
        token=f"t{timezone.now().timestamp()}",
        state=Checkout.State.PAYING,
        email="reader@example.org",
        currency="CAD",
        language="fr",
        created_at=now,
        frozen_at=now,
        expires_at=now + timedelta(minutes=31),
        total_minor=sum(net + tax + share for lines in LINES.values() for _, net, tax, share in lines),
    )
    for name, lines in LINES.items():
        shop = factories.shop(f"Librairie {name}")
        option = factories.delivery_option(shop, kind="post", price_minor=500)
        parcel = CheckoutParcel.objects.create(checkout=made, shop=shop, delivery_option=option)
        for units, net, tax, share in lines:
            record = factories.stock_record(shop)
            CheckoutLine.objects.create(
                parcel=parcel,
                stock_record=record,
                product=record.product,
                title=record.product.title,
                quantity=units,
                unit_price_minor=net // units,
                net_minor=net,
                tax_minor=tax,
                tax_rate_milli=5000,
                tax_parts=gst(tax),
                delivery_share_minor=share,
                total_minor=net + tax + share,
            )
    return made


def use(made: Checkout, card: GiftCard, now: datetime) -> None:
    """The card pays as much of a frozen checkout as it holds."""
    uses = [GiftCardUse.objects.create(checkout=made, card=card)]
    made.gift_minor = min(card.balance_minor, made.total_minor)
    assert gift_cards.hold([(uses[0], made.gift_minor)], now=now)
    made.save(update_fields=["gift_minor"])


def opened(made: Checkout, now: datetime | None = None) -> Payment:
    urls = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}
    return sessions.open_session(made, now=now or timezone.now(), **urls)


def pay(payment: Payment, *, approved: bool = True, now: datetime | None = None) -> None:
    """What the reader does on the hosted page."""
    hosted.pay(DatabaseStore(), payment.session_id, int((now or timezone.now()).timestamp()), approved=approved)


def fault(kind: str, times: int = 1) -> None:
    """The next calls that change something meet this fault."""
    faults.plan(DatabaseStore(), faults.Fault(kind, on="POST", times=times))


def placed(now: datetime | None = None, *, made: Checkout | None = None, card: GiftCard | None = None) -> Payment:
    """Authorised, with its order and shop orders (made plainly here: placing has tests of its own)."""
    now = now or timezone.now()
    made = made or checkout(now)
    if card:
        use(made, card, now)
    if made.by_invoice or made.gift_minor == made.total_minor:
        payment = sessions.pay_without_page(made, now=now)
    else:
        payment = opened(made, now)
        pay(payment, now=now)
        sessions.refresh(payment, now=now)
    total = to_decimal(made.total_minor, "CAD")
    amounts = {"total_incl_tax": total, "total_excl_tax": total}
    order = Order.objects.create(number=str(100000 + made.pk), currency="CAD", date_placed=now, **amounts)
    Checkout.objects.filter(pk=made.pk).update(order=order, state=Checkout.State.PLACED)
    for letter, parcel in zip("AB", made.parcels.order_by("pk"), strict=True):
        _shop_order(order, parcel, letter, now)
    means.spend(made, order_id=order.pk, now=now)
    return Payment.objects.get(pk=payment.pk)


def _shop_order(order: Order, parcel: CheckoutParcel, letter: str, now: datetime) -> ShopOrder:
    lines = list(parcel.lines.order_by("pk"))
    shop_order = ShopOrder.objects.create(
        order=order,
        shop=parcel.shop,
        number=f"{order.number}-{letter}",
        delivery_option=parcel.delivery_option,
        currency="CAD",
        goods_minor=sum(line.net_minor for line in lines),
        delivery_minor=sum(line.delivery_share_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        total_minor=sum(line.total_minor for line in lines),
        created_at=now,
        answer_due_at=now + timedelta(hours=48),
    )
    for line in lines:
        zero = {"line_price_incl_tax": 0, "line_price_excl_tax": 0}
        zero |= {"line_price_before_discounts_incl_tax": 0, "line_price_before_discounts_excl_tax": 0}
        oscar_line = Line.objects.create(
            order=order, title=line.title, partner_sku="s", quantity=line.quantity, num_allocated=0, **zero
        )
        ShopOrderLine.objects.create(
            shop_order=shop_order,
            order_line=oscar_line,
            title=line.title,
            sku="s",
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            goods_minor=line.net_minor,
            tax_minor=line.tax_minor,
            tax_rate_milli=line.tax_rate_milli,
            tax_parts=line.tax_parts,
            delivery_minor=line.delivery_share_minor,
            total_minor=line.total_minor,
        )
    return shop_order


def take_over(
    line: ShopOrderLine, units: int, total_minor: int, *, shop: Shop, bearer: Shop | None, now: datetime
) -> ShopOrder:
    """`shop` supplies `units` that the line's shop declines now, for `total_minor`."""
    before = worth.units_worth(line.paid_minor, line.declined, line.quantity)
    line.accepted = min(line.accepted, line.quantity - line.declined - units)
    line.declined += units
    line.save()
    agreed = worth.units_worth(line.paid_minor, line.declined, line.quantity) - before
    declined = line.shop_order
    found = Rerouting.objects.create(
        shop_order=declined, spoken_of=line, declined_at=now, decided_at=now, outcome=Rerouting.Outcome.MOVED
    )
    number = f"{declined.order.number}-{chr(65 + declined.order.shop_orders.count())}"
    columns = {"instead_of": declined, "bearer": bearer, "number": number, "created_at": now}
    record = factories.stock_record(shop, as_of=now)
    made = factories.shop_order(shop, (record, units), placed=declined.order, **columns)
    made.lines.update(
        goods_minor=total_minor, total_minor=total_minor, borne_minor=max(0, total_minor - agreed), product=line.product
    )
    ShopOrder.objects.filter(pk=made.pk).update(goods_minor=total_minor, total_minor=total_minor)
    moved_to = made.lines.get()
    ReroutedUnits.objects.create(rerouting=found, line=line, units=units, agreed_minor=agreed, moved_to=moved_to)
    return made


def answer(payment: Payment, *declined: int) -> None:
    """The shops answer every line; `declined` units by line, in order."""
    for line, units in zip(lines_of(payment), declined, strict=True):
        ShopOrderLine.objects.filter(pk=line.pk).update(declined=units, accepted=line.quantity - units)


def lines_of(payment: Payment) -> list[ShopOrderLine]:
    return list(ShopOrderLine.objects.filter(shop_order__order__checkout__payment=payment).order_by("pk"))


def work(now: datetime) -> None:
    """Every money step until nothing is due."""
    for _ in range(12):
        done = events.deliver_fake_events(now) + events.apply_events(now)
        done += captures.settle_answers(now) + transfers.due_transfers(now) + calls.move_money(now)
        if not done:
            return


def connect(shop: Shop) -> None:
    """An account at the stand-in that can receive."""
    if not shop.stripe_account:
        names = {"country": "CA", "currency": "CAD", "email": shop.email, "display_name": shop.name}
        made = gateway.create_account(metadata={}, idempotency_key=f"test:{shop.pk}", **names)
        hosted.activate_account(DatabaseStore(), made.id)
        Shop.objects.filter(pk=shop.pk).update(stripe_account=made.id, stripe_account_ready=True)


def captured(now: datetime) -> Payment:
    """Every line accepted, and captured."""
    payment = placed(now)
    answer(payment, 0, 0, 0)
    work(now)
    return Payment.objects.get(pk=payment.pk)


def handed_over(payment: Payment, now: datetime, *letters: str) -> None:
    """The shop orders A and B, or those named, are handed over; their shops can receive."""
    for part in parts_of(payment):
        connect(part.shop)
        if not letters or part.number[-1] in letters:
            part.lines.update(packed=F("accepted"), handed_over=F("accepted"))
            ShopOrder.objects.filter(pk=part.pk).update(status="handed_over", handed_over_at=now)


def parts_of(payment: Payment) -> list[ShopOrder]:
    return list(ShopOrder.objects.filter(order__checkout__payment=payment).select_related("shop").order_by("pk"))


def at_stripe(shop: Shop) -> int:
    """The shop's balance at the stand-in."""
    shop.refresh_from_db()
    return balance.available(DatabaseStore(), "cad", account=shop.stripe_account)
