"""Connections as they are stored: opened for whoever calls a system, and their tokens exchanged.

Of a system whose refresh token changes at each use, the new one is stored before anything is called with it: a process
that dies afterwards has lost nothing. One process exchanges at a time; a token used twice would end the connection."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import translation

from marketplace.foundation import audit, leases, links, network
from marketplace.foundation.secrets import SecretError
from marketplace.models import User
from shops import mailing
from shops.models import Shop, ShopSystem, Transmission
from shops.systems import SYSTEMS
from shops.systems.access import Access
from shops.systems.calling import SystemCallError, Trouble, refuse_prices, understood, within, words

EVERY = timedelta(minutes=5)  # how often a system that takes orders is asked what became of them
PAUSED_AFTER = timedelta(hours=2)  # of failing; what is for a person, at once
A_DAY = 24 * 60  # minutes
PAUSED_EVERY = timedelta(hours=1)
FOUND = "found"  # among the options: what the first call found, for people
CHECK_SECONDS, PLACES_SECONDS = 180.0, 30.0
RENEWING = timedelta(minutes=2)  # longer than the call of an exchange can take
SOON_SECONDS = 5  # until another process has exchanged its tokens, or called it for the first time


def connection_of(shop_id: int, kind: str) -> ShopSystem | None:
    return ShopSystem.objects.select_related("shop").filter(shop=shop_id, kind=kind).first()


def keep(shop_id: int, access: Access, *, now: datetime) -> ShopSystem:
    """Store a connection, or another one in its place: it is called with this from now on."""
    values = {"address": access.address, "options": access.options}
    healthy: dict[str, object] = {
        "failing_since": None,
        "paused_at": None,
        "trouble": {},
        "parked_at": None,
        "renewing_until": None,
    }
    with transaction.atomic():
        connection, _made = ShopSystem.objects.update_or_create(
            shop_id=shop_id,
            kind=access.kind,
            defaults={**values, **healthy},
            create_defaults={**values, "made_at": now},
        )
        connection.sealed_secrets = connection.sealed(access.secrets)
        connection.save(update_fields=["sealed_secrets"])
    return connection


def _go_on(connection: ShopSystem, now: datetime) -> None:
    """It can be called, again or at all: the orders that wait for that, or for a person because of it, are sent, and
    what is read from it is read soon."""
    waiting = Transmission.objects.filter(shop=connection.shop_id, channel=connection.kind)
    leases.unpark(list(waiting.exclude(parked_at=None)), now=now)
    waiting.filter(due_at__gt=now).update(due_at=now)
    for feed in connection.shop.feeds.filter(kind=connection.kind, active=True).select_related("stock_lane"):
        for row in (feed, getattr(feed, "stock_lane", None)):
            if row is not None:
                type(row).objects.filter(pk=row.pk, due_at__gt=now).update(due_at=now)


def take_orders(connection: ShopSystem, *, by: User, now: datetime) -> None:
    """The shop's orders go into its system from now on. Its number is then the one that orders are taken off, and it
    knows of an order as soon as it has answered."""
    with transaction.atomic():
        number = {"stock_kind": Shop.StockKind.AVAILABLE, "booking_lag_minutes": 0}
        Shop.objects.filter(pk=connection.shop_id).update(channel=connection.kind, **number)
        call_soon(connection, now=now, heard_at=None)
        audit.record("shop_system.take_orders", connection, by=by, shop_id=connection.shop_id, kind=connection.kind)


def call_soon(connection: ShopSystem, *, now: datetime, **changes: object) -> None:
    """The step calls it within seconds, also where it is being called: that call loses its lease, for it knows nothing
    of what was said meanwhile. `changes`: to its other columns."""
    again = {"due_at": now, "attempts": 0, "lease_until": None, "lease_token": ""}
    ShopSystem.objects.filter(pk=connection.pk).update(**again, **changes)


def take_no_more_orders(shop_id: int) -> None:
    """Before a shop's orders go elsewhere than into its system: what the system booked at once a person rings up from
    now on, or another program, and that may take a day (DESIGN §5) until the shop says otherwise."""
    Shop.objects.filter(pk=shop_id, channel__in=SYSTEMS).update(booking_lag_minutes=A_DAY)


def is_called_first(shop_id: int, kind: str) -> bool:
    """Whether what was entered is still to be called for the first time, before anything is read or sent by it: only
    that call finds the place, the customer and the rest of what its numbers and our orders are of."""
    return ShopSystem.objects.filter(shop=shop_id, kind=kind).exclude(options__has_key=FOUND).exists()


def access_of(shop_id: int, kind: str, *, now: datetime) -> Access:
    """As `access_to` gives it. Raises SystemCallError where there is no connection, or it was not called yet, too."""
    connection = connection_of(shop_id, kind)
    if connection is None:
        raise SystemCallError(Trouble.MISSING, str(SYSTEMS[kind].label))
    if FOUND not in connection.options:
        raise SystemCallError(Trouble.NEW, str(SYSTEMS[kind].label), later_seconds=SOON_SECONDS)
    return access_to(connection, now=now)


def access_to(connection: ShopSystem, *, now: datetime) -> Access:
    """What its client needs, with tokens that are good now. Raises SystemCallError."""
    system = SYSTEMS[connection.kind]
    access = _stored(connection)
    if not system.renews or not system.client_class.needs_renewal(access, now):
        return access
    return _renewed(connection, now)


def check(connection: ShopSystem, *, now: datetime) -> None:
    """Call it for the first time with what was entered, and keep what is found. Raises SystemCallError."""
    access = access_to(connection, now=now)
    with within(CHECK_SECONDS), _understood(access):
        found = SYSTEMS[connection.kind].client_for(access).check()
    refuse_prices(str(SYSTEMS[connection.kind].label), found.with_tax, shown=network.current().tax_included)
    told = {name: getattr(found, name) for name in ("name", "articles", "currency", "takes_orders")}
    connection.options = {**connection.options, **found.options, FOUND: told}
    # What was entered anew meanwhile is sealed anew: of that nothing was found yet, and the step is due for it.
    called = ShopSystem.objects.filter(pk=connection.pk, sealed_secrets=connection.sealed_secrets)
    with transaction.atomic():
        if called.update(options=connection.options):
            _go_on(connection, now)


def follow_places(connection: ShopSystem, *, now: datetime) -> None:
    """Ask again whether its orders may be taken from another place than the one whose copies are counted, for one may
    be opened or closed at any time. What is sent from then on is acted on accordingly (`SystemChannel.books_here`), and
    its shop is told. Raises SystemCallError."""
    access = access_to(connection, now=now)
    client = SYSTEMS[connection.kind].client_for(access)
    if not hasattr(client, "is_elsewhere"):
        return
    with within(PLACES_SECONDS), _understood(access):
        found = client.is_elsewhere()
    if found == bool(connection.options.get("elsewhere")):
        return
    connection.options = {**connection.options, "elsewhere": found}
    with transaction.atomic():
        same = ShopSystem.objects.filter(pk=connection.pk, sealed_secrets=connection.sealed_secrets)
        if same.update(options=connection.options):
            audit.record("shop_system.places", connection, shop_id=connection.shop_id, elsewhere=found)
            _tell(connection, "elsewhere" if found else "here", now)


def worked(connection: ShopSystem, *, now: datetime) -> None:
    """A call was answered well: a connection that was paused wakes, and with it what waits for it."""
    ShopSystem.objects.filter(pk=connection.pk).update(worked_at=now)
    values: dict[str, object] = {"failing_since": None, "paused_at": None, "trouble": {}}
    with transaction.atomic():
        if ShopSystem.objects.filter(pk=connection.pk, paused_at__isnull=False).update(**values):
            _go_on(connection, now)
            audit.record("shop_system.wake", connection, shop_id=connection.shop_id)
            _tell(connection, "works", now)
        else:
            ShopSystem.objects.filter(pk=connection.pk, failing_since__isnull=False).update(**values)


def failed(connection: ShopSystem, trouble: dict[str, Any], *, now: datetime) -> timedelta:
    """A call failed (`trouble` as `SystemCallError.told`): the connection is paused once it has for long, or a person
    has to act, and the shop is told. How long to wait before the next call."""
    if trouble["code"] == Trouble.NEW:  # nothing was called
        return timedelta(seconds=trouble["later_seconds"])
    rows = ShopSystem.objects.filter(pk=connection.pk)
    rows.filter(failing_since=None).update(failing_since=now)
    rows.update(trouble={"code": trouble["code"], "values": trouble["values"]})
    since, paused_at = rows.values_list("failing_since", "paused_at").get()
    if paused_at is None and (trouble["permanent"] or now - (since or now) >= PAUSED_AFTER):
        with transaction.atomic():
            if rows.filter(paused_at=None).update(paused_at=now):
                audit.record("shop_system.pause", connection, shop_id=connection.shop_id, reason=trouble["code"])
                _tell(connection, "paused", now, trouble)
        paused_at = now
    return max(PAUSED_EVERY if paused_at else EVERY, timedelta(seconds=trouble["later_seconds"]))


def _tell(connection: ShopSystem, what: str, now: datetime, trouble: dict[str, Any] | None = None) -> None:
    shop = connection.shop
    with translation.override(shop.language):
        said = words(trouble["code"], trouble["values"]) if trouble else ""
    mailing.post(
        "shop_system",
        shop,
        mailing.About.FEEDS,
        dedupe_key=f"shop_system:{connection.pk}:{what}:{now.isoformat()}",
        context={
            "shop": shop,
            "system": str(SYSTEMS[connection.kind].label),
            "what": what,
            "trouble": said,
            "url": links.absolute(f"/portal/{shop.slug}/systems/"),
        },
        now=now,
    )


def _understood(access: Access) -> AbstractContextManager[None]:
    return understood(str(SYSTEMS[access.kind].label), access.secrets.values())


def _stored(connection: ShopSystem) -> Access:
    try:
        secrets = connection.secrets
    except SecretError:
        raise SystemCallError(Trouble.KEY, str(SYSTEMS[connection.kind].label)) from None
    return Access(connection.kind, connection.address, connection.options, secrets)


def _renewed(connection: ShopSystem, now: datetime) -> Access:
    system, label = SYSTEMS[connection.kind], str(SYSTEMS[connection.kind].label)
    free = Q(renewing_until=None) | Q(renewing_until__lt=now)
    if not ShopSystem.objects.filter(free, pk=connection.pk).update(renewing_until=now + RENEWING):
        raise SystemCallError(Trouble.BUSY, label, later_seconds=SOON_SECONDS)
    try:
        connection.refresh_from_db()
        access = _stored(connection)
        if not system.client_class.needs_renewal(access, now):  # the one before us has just done it
            return access
        with _understood(access):
            secrets = system.client_class.renew(access)
        same = ShopSystem.objects.filter(pk=connection.pk, sealed_secrets=connection.sealed_secrets)  # none was entered
        same.update(sealed_secrets=connection.sealed(secrets))
    finally:
        ShopSystem.objects.filter(pk=connection.pk).update(renewing_until=None)
    connection.refresh_from_db()
    return _stored(connection)
