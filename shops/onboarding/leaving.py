"""A shop leaves: nothing is for sale at once; then what is open is finished, money settled, its data taken along."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.checkout.models import Checkout, CheckoutParcel
from marketplace.foundation import audit, links, mail, network
from marketplace.foundation.models import AuditEntry
from marketplace.models import User
from marketplace.payments import ledger
from marketplace.payments.models import MoneyCall
from shops import lifecycle
from shops.models import Parcel, Reservation, Return, Shop, ShopOrder, ShopWebhook
from shops.onboarding import exported_tables, exporting, standing

_OPEN = [ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED]
EXPORTED = "shop.export"


class Left(NamedTuple):
    """One thing that must be done before; `code` says where."""

    code: str
    text: str | Promise
    is_done: bool


def points(shop: Shop) -> list[Left]:
    """What is being paid is asked for before the orders: what becomes one in between is seen there."""
    holds: dict[str, tuple[str | Promise, Callable[[], bool]]] = {
        "reservations": (_("Nothing is set aside for readers any more"), lambda: not _reservations(shop)),
        "orders": (_("Every open order is handed over or declined"), lambda: not _open_orders(shop)),
        "parcels": (
            _("What one shop hands over for another is collected, or back where it came from"),
            lambda: not _parcels(shop),
        ),
        "returns": (_("What readers send back is paid or refused, and handed on"), lambda: not _returns(shop)),
        "money": (_("All money is settled, either way"), lambda: _is_settled(shop)),
        "export": (_("Its data is taken along"), lambda: _is_exported(shop)),
    }
    return [Left(code, text, found()) for code, (text, found) in holds.items()]


def ask(shop: Shop, *, reason: str, by: User, now: datetime) -> bool:
    """Told to the network and to every owner. False: it is leaving already, or has left."""
    with transaction.atomic():
        if not lifecycle.ask_to_leave(shop, reason=reason, by=by, now=now):
            return False
        current = network.current()
        to, said = current.sender_email, {"shop": shop, "url": links.absolute(f"/board/shops/{shop.pk}/")}
        key = f"shop_leaving:{shop.pk}:{to}:{now.isoformat()}"
        mail.post("shop_leaving", to=to, language=current.default_language, dedupe_key=key, context=said, now=now)
        _tell_owners(shop, "shop_leaving", now)
    return True


def finish(now: datetime) -> int:
    """Step: shops for which all is done are gone, and their owners told. Returns how many."""
    done = 0
    for shop in Shop.objects.filter(status=Shop.Status.LEAVING).order_by("pk"):
        if all(point.is_done for point in points(shop)):
            done += leave(shop, by=None, now=now)
    return done


def leave(shop: Shop, *, by: User | None, now: datetime) -> bool:
    """False: somebody was faster, or more than the export is left to do."""
    with transaction.atomic():
        # What is placed at this moment, or begins, names the shop, and waits for this.
        Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
        if not all(point.is_done for point in points(shop) if point.code != "export"):
            return False
        if not lifecycle.leave(shop, by=by, now=now):
            return False
        _forget_keys(shop, by)
        _tell_owners(shop, "shop_left", now)
    return True


def _forget_keys(shop: Shop, by: User | None) -> None:
    """Nobody has to call its system, its folders or its servers any more."""
    for connection in shop.systems.all():
        audit.record("shop_system.end", connection, by=by, shop_id=shop.pk, kind=connection.kind)
        connection.delete()
    for setup in ShopWebhook.objects.filter(shop=shop):
        audit.record("order_webhook.end", setup, by=by, shop_id=shop.pk, address=setup.address)
        setup.delete()
    # With whatever its order files were left by; nobody reads answers there any more either.
    Shop.objects.filter(pk=shop.pk).update(channel="email", channel_options={})
    for feed in shop.feeds.select_related("sftp"):
        feed.keep_password("")
        if hasattr(feed, "sftp"):
            feed.sftp.keep_private_key("")
            feed.sftp.save(update_fields=["sealed_key"])


def export(shop: Shop, *, by: User) -> bytes:
    """A ZIP of what `exporting` writes, and its stock, its orders, its statements for a table program. No reader is
    named but those who let the shop keep them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        exporting.write(shop, archive, now=timezone.now())
        exported_tables.write(shop, archive)
    audit.record(EXPORTED, shop, by=by, shop_id=shop.pk)
    return packed.getvalue()


def _open_orders(shop: Shop) -> bool:
    return ShopOrder.objects.filter(shop=shop, status__in=_OPEN).exists()


def _reservations(shop: Shop) -> bool:
    """Or somebody is paying: it may be an order in a moment, be there a copy of it or not."""
    paying = [Checkout.State.PAYING, Checkout.State.PAID]
    if CheckoutParcel.objects.filter(shop=shop, checkout__state__in=paying).exists():
        return True
    return Reservation.objects.filter(shop=shop, ended_at=None).exists()


def _parcels(shop: Shop) -> bool:
    """What others sell and its counter hands over, and what it sold and another's does: until it is collected, or given
    up as lost and the money back, or sent once more. What nobody collected is sent back by the one, and is home and
    paid back for the other."""
    lost = Q(missing_ended_at__isnull=False)
    waits = Q(collected_at=None, uncollected_at=None) & Q(replaced_by=None) & (~lost | Q(refund__made_at=None))
    goes_back = Q(uncollected_at__isnull=False, sent_back_at=None, home_at=None)
    comes_home = Q(uncollected_at__isnull=False) & (Q(home_at=None) | Q(refund__made_at=None))
    received, sold = Q(carried_to=shop) & (waits | goes_back), Q(shop_order__shop=shop) & (waits | comes_home)
    return Parcel.objects.filter(received | sold).exclude(carried_to=None).exists()


def _returns(shop: Shop) -> bool:
    """Of what it sold, until they are over; of what it receives for others, until its seller has it or, of those that
    are over, it is sent on."""
    sold = Q(shop_order__shop=shop)
    lies_here = Q(arrived_at__isnull=False, forwarded_at=None)
    received = Q(goes_to=shop, home_at=None) & (Q(ended_at=None) | lies_here) & ~sold
    return Return.objects.filter(sold & Q(ended_at=None) | received).exists()


def _is_settled(shop: Shop) -> bool:
    """What it handed over is booked, no transfer is on its way, and its account stands at nothing."""
    if ShopOrder.objects.filter(shop=shop, status=ShopOrder.Status.HANDED_OVER, booked_at=None).exists():
        return False
    handed_over = Parcel.objects.filter(collected_at__isnull=False, fee_booked_at=None, carried_to__isnull=False)
    if handed_over.filter(Q(carried_to=shop) | Q(shop_order__shop=shop)).exists():
        return False
    if MoneyCall.objects.filter(shop_order__shop=shop, done_at=None, refused_at=None).exists():
        return False
    return ledger.balance(ledger.shop_account(shop.pk), currency=network.current().currency) == 0


def _is_exported(shop: Shop) -> bool:
    """Since it asked to leave: what was taken along before lacks the last orders."""
    taken = AuditEntry.objects.filter(shop_id=shop.pk, action=EXPORTED)
    return shop.status_since is not None and taken.filter(at__gte=shop.status_since).exists()


def _tell_owners(shop: Shop, kind: str, now: datetime) -> None:
    standing.tell_owners(shop, kind, f"/portal/{shop.slug}/leaving/", now=now)
