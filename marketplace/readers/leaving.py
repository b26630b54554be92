"""A reader takes their data with them, and leaves.

What accounting law keeps stays: orders, payments, without saying who it was; invoices as they were made. Of the audit
trail stays what was done by which account, without what says whose that was. The account's row stays without a name,
since orders point to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.wishlists.models import WishList

from marketplace.checkout import order_rows
from marketplace.checkout.models import Checkout, VoucherUse
from marketplace.foundation import audit
from marketplace.foundation import erasing as trail
from marketplace.foundation.people import as_reader
from marketplace.models import User
from marketplace.payments.models import LocalAccount, Receivable
from marketplace.readers import account, addresses, brought, erasing, gift_cards, mails, orders
from marketplace.readers.confirmed import addresses_of
from marketplace.readers.erasing import WRITTEN
from marketplace.readers.models import Alert, Consent, SavedSearch, SignIn
from shops.models import Handout, PickupPoint, Reservation, Return, ShopMember
from shops.threads import forgetting as words


def reasons_to_stay(reader: User) -> list[str]:
    """Why the account cannot end yet: what `erasing.reasons_to_wait` says, and `incident` (something is still wrong
    with an order), `works` (they act for a shop or the network), `local` (units of a local currency are theirs)."""
    found = {
        "payment": gift_cards.under_way(reader),
        "incident": words.has_open_incident(reader),
        "works": reader.is_staff or reader.is_superuser or _works_for_others(reader),
        "local": LocalAccount.objects.filter(user=reader, balance_minor__gt=0).exists(),
    }
    reasons = erasing.reasons_to_wait(erasing.of_reader(reader))
    return list(dict.fromkeys([*reasons, *(reason for reason, holds in found.items() if holds)]))


def _works_for_others(reader: User) -> bool:
    return ShopMember.objects.filter(user=reader).exists() or PickupPoint.objects.filter(keepers=reader).exists()


def leave(reader: User, *, now: datetime) -> list[str]:
    """End the account for good, every session with it. Returns the reasons to stay, if any; then nothing was done."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=reader.pk)
        reasons = reasons_to_stay(reader)
        if reasons:
            return reasons
        known_as = _known_as(reader)
        mails.of(reader).delete()  # unsent and parked ones too; these three know the account by its addresses
        words.forget(words.of(reader))
        gift_cards.forget(reader)
        account.forget_applications(reader)
        VoucherUse.objects.filter(_uses(reader)).update(reader="")
        erasing.erase(erasing.of_reader(reader))
        account.forget(reader)
        audit.record("reader.leave", reader, by=as_reader(reader.pk))
        trail.erase(reader, known_as, by=as_reader(reader.pk))
    return []


def _known_as(reader: User) -> set[str]:
    """Their addresses that they confirmed, and their name where it has more than one word: one alone is found in
    anything."""
    name = reader.get_full_name()
    return {*addresses_of(reader), *([name] if " " in name else [])} - {""}


def _uses(reader: User) -> Q:
    """The uses of vouchers that are known by the account, or by its address."""
    return Q(checkout__user=reader) | Q(reader__in=addresses_of(reader))


def _returns(reader: User) -> QuerySet[Return]:
    return Return.objects.filter(shop_order__order__user=reader)


def _vouchers(reader: User) -> list[dict[str, Any]]:
    used = VoucherUse.objects.filter(_uses(reader)).select_related("voucher", "checkout__order")
    return [
        {
            "code": use.voucher.code,
            "label": use.voucher.label,
            "order": use.checkout.order and use.checkout.order.number,
        }
        for use in used
    ]


def export(reader: User) -> dict[str, Any]:
    """Everything that is kept of the reader, in plain values; times are ISO 8601 in UTC, amounts in minor units."""
    placed = orders.of(reader).select_related("checkout", "shipping_address")
    return {
        "account": {"email": reader.email, "name": reader.get_full_name(), "since": reader.date_joined.isoformat()},
        "addresses": [order_rows.fields_of(row) for row in addresses.of(reader)],
        "orders": [_order(row) for row in placed.prefetch_related("shop_orders__shop", "shop_orders__lines")],
        "reservations": [
            {
                "title": row.title,
                "units": row.units,
                "shop": row.shop.name,
                "at": row.created_at.isoformat(),
                "state": row.state,
            }
            for row in Reservation.objects.filter(user=reader).select_related("shop")
        ],
        "lists": [
            {"name": row.name, "titles": list(row.lines.values_list("title", flat=True))}
            for row in WishList.objects.filter(owner=reader)
        ],
        "searches": list(SavedSearch.objects.filter(reader=reader).values("name", "parameters")),
        "alerts": list(Alert.objects.filter(reader=reader).values("product__title", "where", "place", "most_minor")),
        "reviews": list(ProductReview.objects.filter(user=reader).values("product__title", "score", "title", "body")),
        "sign_ins": list(SignIn.objects.filter(user=reader).values("at", "outcome", "how", "address", "browser")),
        "consents": list(
            Consent.objects.filter(user=reader).values("purpose", "shop__name", "words", "given_at", "withdrawn_at")
        ),
        "brought_by_shops": brought.export(reader),
        "mails": list(mails.of(reader).values("subject", "sent_at")),
        "checkouts": [
            {"state": row.state, "at": row.created_at.isoformat(), "given": _given(row)}
            for row in Checkout.objects.filter(user=reader, order=None).order_by("pk")
        ],
        "vouchers": _vouchers(reader),
        "returns": list(
            _returns(reader).order_by("pk").values("number", "basis", "reason", "note", "state", "asked_at", "tracking")
        ),
        "words": words.export(reader),
        "gift_cards": gift_cards.export(reader),
        "downloads": list(
            Handout.objects.filter(line__shop_order__order__user=reader).values(
                "line__title", "kind", "content", "made_at", "shown_at", "times_left", "expires_at", "withdrawn_at"
            )
        ),
        "local": [
            {
                "currency": kept.currency.code,
                "balance_minor": kept.balance_minor,
                "entries": list(kept.entries.order_by("pk").values("kind", "amount_minor", "at")),
            }
            for kept in LocalAccount.objects.filter(user=reader).select_related("currency")
        ],
        "receivables": list(
            _receivables(reader)
            .order_by("pk")
            .values("reference", "currency", "amount_minor", "lowered_minor", "received_minor", "due_on")
        ),
    }


def _given(checkout: Checkout) -> dict[str, str]:
    return {name: value for name in WRITTEN if (value := getattr(checkout, name))}


def _receivables(reader: User) -> QuerySet[Receivable]:
    return Receivable.objects.filter(terms__institution__user=reader)


def _order(row: Any) -> dict[str, Any]:
    checkout = getattr(row, "checkout", None)
    return {
        "number": row.number,
        "at": row.date_placed.isoformat(),
        "currency": row.currency,
        "given": _given(checkout) if checkout else {},
        "shops": [
            {
                "number": part.number,
                "shop": part.shop.name,
                "status": part.status,
                "total_minor": part.total_minor,
                "lines": [
                    {"title": line.title, "gtin": line.gtin, "units": line.quantity, "declined": line.declined}
                    for line in part.lines.all()
                ],
            }
            for part in row.shop_orders.all()
        ],
    }
