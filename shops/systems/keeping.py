"""Connections as they are stored: opened for whoever calls a system, and their tokens exchanged.

Of a system whose refresh token changes at each use, the new one is stored before anything is called with it: a process
that dies afterwards has lost nothing. One process exchanges at a time; a token used twice would end the connection."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.secrets import SecretError
from shops.models import ShopSystem
from shops.systems import SYSTEMS
from shops.systems.access import Access
from shops.systems.calling import SystemCallError, Trouble

RENEWING = timedelta(minutes=2)  # longer than the call of an exchange can take
SOON_SECONDS = 5  # until the other process that exchanges is done


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


def access_of(shop_id: int, kind: str, *, now: datetime) -> Access:
    """As `access_to` gives it. Raises SystemCallError where there is no connection, too."""
    connection = connection_of(shop_id, kind)
    if connection is None:
        raise SystemCallError(Trouble.MISSING, str(SYSTEMS[kind].label))
    return access_to(connection, now=now)


def access_to(connection: ShopSystem, *, now: datetime) -> Access:
    """What its client needs, with tokens that are good now. Raises SystemCallError."""
    system = SYSTEMS[connection.kind]
    access = _stored(connection)
    if not system.renews or not system.client_class.needs_renewal(access, now):
        return access
    return _renewed(connection, now)


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
        secrets = system.client_class.renew(access)
        ShopSystem.objects.filter(pk=connection.pk).update(sealed_secrets=connection.sealed(secrets))
        failpoint("system.after_renewal")
    finally:
        ShopSystem.objects.filter(pk=connection.pk).update(renewing_until=None)
    connection.refresh_from_db()
    return _stored(connection)
