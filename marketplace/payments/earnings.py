"""What shops have earned, be they paid by transfer or by bank: which shop orders are due, what is booked for one, and
what goes back of it when a reader is given money back afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from marketplace.foundation import money, network
from marketplace.payments import commission_tax, sales_tax
from marketplace.payments.models import BankEarning, Dispute, MoneyCall, PaidPart, Payment, Receivable, RefundRequest
from marketplace.payments.worth import COMMISSION_GIVEN_BACK, NOTHING, earning, returned, units_worth
from shops.models import Shop, ShopOrder, ShopOrderLine

Taxes = list[tuple[str, int]]


@dataclass(frozen=True)
class Share:
    """An amount of a shop order, divided: the shop's, the network's, and by place the tax on the network's; minor
    units. `total_minor` is without the tax that the network collects."""

    shop_minor: int
    kept_minor: int
    taxes: Taxes
    sales_taxes: Taxes = field(default_factory=list)  # of the price, which the network owes in the shop's place

    @property
    def total_minor(self) -> int:
        return self.shop_minor + self.kept_minor + sum(tax for _, tax in self.taxes)


def handed_over(now: datetime, *, pooled: bool = False) -> QuerySet[ShopOrder]:
    """What is still to be booked and whose delay is over, by the index `shop_order_to_book`. Mostly there is none, and
    a step asks that first: the statement of `due` takes ten times as long to put together."""
    over = now - timedelta(days=network.current().transfer_delay_days)
    return ShopOrder.objects.filter(booked_at=None, is_pooled=pooled, handed_over_at__lte=over)


def due(now: datetime, shops: QuerySet[Shop], *, pooled: bool = False) -> QuerySet[ShopOrder]:
    """Of these shops (`pooled`: sold by them for the solidarity pool), what was handed over and captured, whose delay
    is over and for which nothing is booked. An order whose payment is disputed waits until that is decided, a part of
    one by invoice until its institution's payments reach it; a shop whose tax nobody knows, until it is filled in."""
    disputed = Dispute.objects.filter(payment__checkout__order=OuterRef("order")).exclude(status__in=Dispute.CLOSED)
    # All but its own columns by EXISTS, so that a database begins with the few rows of the index `shop_order_to_book`.
    found = handed_over(now, pooled=pooled).filter(
        ~Exists(MoneyCall.objects.filter(shop_order=OuterRef("pk"), kind=MoneyCall.Kind.TRANSFER)),
        ~Exists(BankEarning.objects.filter(shop_order=OuterRef("pk"))),
        ~Exists(disputed),
        Exists(Payment.objects.filter(checkout__order=OuterRef("order"), state=Payment.State.CAPTURED)),
        Q(order__checkout__receivable=None) | Q(paid_part__isnull=False),
    )
    if pooled:  # the network's commission on its own sale is no service to a shop
        ready = found.filter(Exists(shops.filter(pk=OuterRef("shop"))))
    else:
        waiting = commission_tax.unknown_of(shops.filter(pk__in=found.values("shop")), now=now)
        ready = found.filter(Exists(shops.filter(pk=OuterRef("shop")).exclude(pk__in=waiting)))
    return (
        ready.select_related("shop", "order__checkout__payment")
        .prefetch_related("lines")
        .order_by("handed_over_at", "pk")
    )


def lock(shop_order: ShopOrder) -> Payment | None:
    """The payment, against a refund asked for at the same time; the shop, so that a debt is kept back once (its key
    stays free: rows that name it, written under the lock of its order, wait for nothing); of an order by invoice what
    is to be paid, against a payment that the bank takes back. None: it was booked in the meantime, by transfer or by
    bank, or its institution's payments reach it no longer."""
    payment = Payment.objects.select_for_update().get(pk=shop_order.order.checkout.payment.pk)
    Shop.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=shop_order.shop_id)
    return None if booked(shop_order) or not _is_reached(shop_order) else payment


def _is_reached(shop_order: ShopOrder) -> bool:
    """As `due` asks, under the lock of the receivable; before it the order's part, which whoever makes its invoice
    locks first, too."""
    owed = Receivable.objects.filter(checkout__order=shop_order.order_id)
    if not owed.exists():
        return True
    list(ShopOrder.objects.select_for_update(no_key=True, of=("self",)).filter(pk=shop_order.pk).values_list("pk"))
    list(owed.select_for_update(of=("self",)).values_list("pk"))
    return PaidPart.objects.filter(shop_order=shop_order.pk).exists()


def mark(shop_order: ShopOrder, *, now: datetime) -> None:
    """In the transaction that books it: no step looks at it again."""
    ShopOrder.objects.filter(pk=shop_order.pk).update(booked_at=now)


def of(shop_order: ShopOrder, *, now: datetime) -> Share:
    """What is to be booked for it; under its lock. What the network keeps is, with its tax, never more than was sold.
    Raises TaxUnknownError."""
    back = returned([shop_order.pk]).get(shop_order.pk, NOTHING)
    lines = list(shop_order.lines.all())
    found = earning(shop_order, lines, back)
    sold, kept = found.shop_minor + found.kept_minor, found.kept_minor
    if shop_order.is_pooled:
        return _for_pool(sold, kept, lines)
    collected = sales_tax.collected(lines, shop_order.refund_requests.order_by("pk"), most_minor=sold)
    sold -= sum(tax for _, tax in collected)
    kept = min(kept, sold)
    taxes = commission_tax.parts(shop_order.shop, kept, now.date())
    while kept and (over := kept + sum(tax for _, tax in taxes) - sold) > 0:
        kept = max(0, kept - over)
        taxes = commission_tax.parts(shop_order.shop, kept, now.date())
    return Share(sold - kept - sum(tax for _, tax in taxes), kept, taxes, collected)


def _for_pool(sold_minor: int, kept_minor: int, lines: Iterable[ShopOrderLine]) -> Share:
    """The network is the seller: of what was sold it owes the tax in the goods itself, as the lines froze it; what
    readers got back takes its part of that along, by largest remainder."""
    taxes: dict[str, int] = {}
    worth = 0
    for line in lines:
        worth += line.total_minor - units_worth(line.total_minor, line.declined, line.quantity)
        for part in line.tax_parts:
            minor, place = int(str(part["minor"])), str(part["of"])
            taxes[place] = taxes.get(place, 0) + minor - units_worth(minor, line.declined, line.quantity)
    net, *of_taxes = money.split(sold_minor, [worth - sum(taxes.values()), *taxes.values()])
    kept = min(kept_minor, net)
    return Share(net - kept, kept, [(place, tax) for place, tax in zip(taxes, of_taxes, strict=True) if tax])


def booked(shop_order: ShopOrder) -> Share | None:
    """What was booked for it, or is written to be."""
    row = BankEarning.objects.filter(shop_order=shop_order).first()
    if row:
        return Share(row.amount_minor, row.commission_minor, _pairs(row.commission_tax), _pairs(row.sales_tax))
    call = MoneyCall.objects.filter(shop_order=shop_order, kind=MoneyCall.Kind.TRANSFER).first()
    if call:
        earned = call.amount_minor + call.netted_minor - call.credit_minor
        return Share(earned, call.commission_minor, _pairs(call.commission_tax), _pairs(call.sales_tax))
    return None


def given_back(booked: Share, request: RefundRequest, earlier: Sequence[RefundRequest]) -> Share:
    """Who gives what of the worth of a request, which a reader gets back after it was booked: the tax in the price by
    the rates of what it is of; of the rest network and tax on its commission in proportion, rounded down together and
    shared by largest remainder; all of it when everything goes back. `earlier` are all requests of the same shop
    order before it."""
    since = [one for one in earlier if one.after_transfer]
    collected = _sales_tax_back(booked, request, earlier, since)
    amount = request.worth_minor - sum(tax for _, tax in collected)
    if not COMMISSION_GIVEN_BACK or not booked.total_minor:
        return Share(amount, 0, [], collected)
    before = kept_before = 0
    taxes = dict(booked.taxes)
    for one in since:
        before += one.worth_minor - sum(tax for _, tax in _pairs(one.sales_tax))
        kept_before += one.commission_minor
        for place, tax in _pairs(one.commission_tax):
            taxes[place] -= tax
    left = [booked.kept_minor - kept_before, *taxes.values()]
    after = min(before + amount, booked.total_minor)
    whole = booked.total_minor - booked.shop_minor
    now_back = whole * after // booked.total_minor - (whole - sum(left))
    if now_back <= 0:
        return Share(amount, 0, [], collected)
    kept, *of_taxes = money.split(now_back, left)
    parts = [(place, tax) for place, tax in zip(taxes, of_taxes, strict=True) if tax]
    return Share(amount - now_back, kept, parts, collected)


def _sales_tax_back(
    booked: Share, request: RefundRequest, earlier: Sequence[RefundRequest], since: Sequence[RefundRequest]
) -> Taxes:
    if not booked.sales_taxes:
        return []
    assert request.shop_order is not None
    left = dict(booked.sales_taxes)
    for one in since:
        for place, tax in _pairs(one.sales_tax):
            left[place] -= tax
    return sales_tax.taken_along(request, list(request.shop_order.lines.all()), earlier, left=left.items())


def _pairs(kept: Iterable[Iterable[object]]) -> Taxes:
    """As a row keeps them: [["CA", 12], ["CA-QC", 24]]."""
    return [(str(place), int(str(tax))) for place, tax in kept]
