"""A reader takes their data with them, and leaves.

What accounting law keeps stays: orders with the name and address on them, payments. Of the audit trail stays what was
done by which account, without what says whose that was. All else that says who somebody is goes; the account's row
stays without a name, since orders point to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F, Q, QuerySet
from oscar.apps.address.models import UserAddress
from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.wishlists.models import WishList

from catalog_sync.titles import moves
from marketplace.checkout import order_rows
from marketplace.checkout.models import Checkout, VoucherUse
from marketplace.foundation import audit, erasing
from marketplace.models import User
from marketplace.payments.models import LocalAccount, LocalUse, Receivable
from marketplace.readers import addresses, gift_cards, mails, orders
from marketplace.readers.forgetting import UNPLACED, WRITTEN
from marketplace.readers.models import Alert, SavedSearch, SecondFactorGrace, SignIn
from shops.models import Handout, PickupPoint, Reservation, Return, ReturnPhoto, ShopMember, ShopOrder
from shops.returns import photos
from shops.threads import forgetting as words

_OPEN = [ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED]


def reasons_to_stay(reader: User) -> list[str]:
    """Why the account cannot end yet: `order` (a shop still has to hand one over), `payment` (one is under way),
    `reservation`, `return`, `incident` (something is still wrong with an order), `works` (they act for a shop or the
    network), `local` (units of a local currency are theirs), `invoice` (an order by invoice is not settled, either
    way)."""
    found = {
        "order": ShopOrder.objects.filter(order__user=reader, status__in=_OPEN).exists(),
        "payment": Checkout.objects.filter(user=reader, state__in=[Checkout.State.PAYING, Checkout.State.PAID]).exists()
        or gift_cards.under_way(reader),
        "reservation": Reservation.objects.filter(user=reader, ended_at=None).exists(),
        "return": _returns(reader).filter(ended_at=None).exists(),
        "incident": words.has_open_incident(reader),
        "works": reader.is_staff or reader.is_superuser or _works_for_others(reader),
        "local": LocalAccount.objects.filter(user=reader, balance_minor__gt=0).exists(),
        "invoice": _receivables(reader).exclude(amount_minor=F("lowered_minor") + F("received_minor")).exists(),
    }
    return [reason for reason, holds in found.items() if holds]


def _works_for_others(reader: User) -> bool:
    return ShopMember.objects.filter(user=reader).exists() or PickupPoint.objects.filter(keepers=reader).exists()


def leave(reader: User, *, now: datetime) -> list[str]:
    """End the account for good, every session with it. Returns the reasons to stay, if any; then nothing was done."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=reader.pk)
        reasons = reasons_to_stay(reader)
        if reasons:
            return reasons
        reviewed = list(Product.objects.filter(reviews__user=reader).values_list("pk", flat=True))
        ProductReview.objects.filter(user=reader).delete()
        moves.rate(reviewed)
        for kept in (WishList.objects.filter(owner=reader), Basket.objects.filter(owner=reader, status=Basket.OPEN)):
            kept.delete()
        mails.of(reader).delete()  # unsent and parked ones too; these two know the account by its addresses
        words.forget(words.of(reader))
        gift_cards.forget(reader)
        known_as = _known_as(reader)
        for model in (UserAddress, EmailAddress, Authenticator, UserSession, SignIn, SecondFactorGrace):
            model.objects.filter(user=reader).delete()
        for model in (SavedSearch, Alert):
            model.objects.filter(reader=reader).delete()
        VoucherUse.objects.filter(_uses(reader)).update(reader="")
        Reservation.objects.filter(user=reader).update(user=None, email="", name="")
        photos.drop(ReturnPhoto.objects.filter(of__shop_order__order__user=reader))
        _returns(reader).update(note="")
        Checkout.objects.filter(user=reader, state__in=UNPLACED).update(**dict.fromkeys(WRITTEN, ""))
        # Only of a call of which nobody knows how it ended are they still there.
        LocalUse.objects.filter(checkout__user=reader).update(service_account="", service_code="")
        audit.record("reader.leave", reader, by=f"reader {reader.pk}")
        erasing.erase(reader, known_as, by=f"reader {reader.pk}")
        _forget(reader)
    return []


def _known_as(reader: User) -> set[str]:
    """Their addresses, and their name where it has more than one word: one alone is found in anything."""
    name = reader.get_full_name()
    addresses = EmailAddress.objects.filter(user=reader).values_list("email", flat=True)
    return {reader.email, *addresses, *([name] if " " in name else [])} - {""}


def _uses(reader: User) -> Q:
    """The uses of vouchers that are known by the account, or by its address."""
    return Q(checkout__user=reader) | Q(reader=reader.email.lower())


def _returns(reader: User) -> QuerySet[Return]:
    return Return.objects.filter(shop_order__order__user=reader)


def _forget(reader: User) -> None:
    """Without a password that can be used, every session of the account ends."""
    reader.email = reader.username = f"gone-{reader.pk}@invalid"
    reader.first_name = reader.last_name = ""
    reader.is_active = False
    reader.set_unusable_password()
    reader.save()


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
                "currency": account.currency.code,
                "balance_minor": account.balance_minor,
                "entries": list(account.entries.order_by("pk").values("kind", "amount_minor", "at")),
            }
            for account in LocalAccount.objects.filter(user=reader).select_related("currency")
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
