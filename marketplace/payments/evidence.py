"""What a dispute is answered with: the order's history as it was recorded, in Stripe's own fields."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oscar.apps.order.models import Order

from marketplace.foundation import network
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.foundation.money import display
from marketplace.payments.models import Dispute
from shops.models import Parcel, ShopOrder, ShopOrderLine

# Stripe takes 150,000 characters in all and 20,000 of each field.
FIELD_LENGTH = 20_000
# Banks read English whatever the reader's language.
LANGUAGE = "en"


def compose(dispute: Dispute) -> dict[str, str]:
    """Only fields of which something is known; empty for a payment that is none of ours."""
    if dispute.payment is None or dispute.payment.checkout.order is None:
        return {}
    checkout, order = dispute.payment.checkout, dispute.payment.checkout.order
    shop_orders = list(order.shop_orders.select_related("shop").prefetch_related("lines", "parcels").order_by("pk"))
    parcels = [parcel for shop_order in shop_orders for parcel in shop_order.parcels.all()]
    sent = [parcel for parcel in parcels if parcel.carrier or parcel.tracking]
    street = [checkout.name, checkout.line1, checkout.line2, f"{checkout.postcode} {checkout.city}", checkout.country]
    fields = {
        "customer_name": checkout.name,
        "customer_email_address": checkout.email,
        "shipping_address": ", ".join(part.strip() for part in street if part.strip()) if checkout.line1 else "",
        "product_description": "\n".join(_goods(shop_orders, dispute.currency)),
        "service_date": order.date_placed.date().isoformat(),
        "shipping_carrier": ", ".join(dict.fromkeys(parcel.carrier for parcel in sent if parcel.carrier)),
        "shipping_tracking_number": ", ".join(parcel.tracking for parcel in sent if parcel.tracking),
        "shipping_date": ", ".join(dict.fromkeys(parcel.handed_over_at.date().isoformat() for parcel in sent)),
        "refund_policy_disclosure": "\n".join(
            f"{shop_order.shop.name}: returns within {shop_order.shop.return_days} days. "
            f"{shop_order.shop.return_terms_en}".strip()
            for shop_order in shop_orders
        ),
        "uncategorized_text": "\n".join(_history(order, shop_orders, parcels, dispute)),
    }
    return {name: text[:FIELD_LENGTH] for name, text in fields.items() if text}


def _goods(shop_orders: Iterable[ShopOrder], currency: str) -> Iterable[str]:
    for shop_order in shop_orders:
        for line in shop_order.lines.all():
            amount = display(line.total_minor, currency, LANGUAGE)
            yield f"{line.quantity} × {line.title}, {amount}, sold by {shop_order.shop.name}{_declined(line)}"


def _declined(line: ShopOrderLine) -> str:
    return f" ({line.declined} declined and not charged, or refunded)" if line.declined else ""


def _history(order: Order, shop_orders: list[ShopOrder], parcels: list[Parcel], dispute: Dispute) -> list[str]:
    """Everything that was recorded, in order of time (UTC)."""
    assert dispute.payment is not None
    happened = [(order.date_placed, f"Order {order.number} placed at {network.current().name}.")]
    if dispute.payment.paid_at:
        happened.append((dispute.payment.paid_at, "Payment authorised on Stripe's hosted page."))
    for parcel in parcels:
        to = f" to {parcel.handed_over_to}" if parcel.handed_over_to else ""
        by = f", {parcel.carrier} {parcel.tracking}".rstrip() if parcel.carrier or parcel.tracking else ""
        happened.append((parcel.handed_over_at, f"{parcel.shop_order.number} handed over{to} ({parcel.kind}{by})."))
    for entry in _audit(shop_orders):
        happened.append((entry.at, f"{entry.action} {entry.reason}".strip()))
    number = re.compile(rf"(?<!\d){re.escape(order.number)}(?!\d)")  # whatever else its reader was written is private
    for mail in MailMessage.objects.filter(to=dispute.payment.checkout.email, sent_at__gte=order.date_placed):
        if number.search(f"{mail.subject} {mail.text}"):
            happened.append((mail.sent_at, f"Mail sent to {mail.to}: {mail.subject}"))
    return [f"{at:%Y-%m-%d %H:%M} {text}" for at, text in sorted(happened)]


def _audit(shop_orders: list[ShopOrder]) -> Iterable[AuditEntry]:
    numbers = [str(shop_order.pk) for shop_order in shop_orders]
    return AuditEntry.objects.filter(subject_type=ShopOrder._meta.label_lower, subject_id__in=numbers)
