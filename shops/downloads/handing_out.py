"""A paid download hands itself out: the step that gets it from its provider, what the reader fetches of it, and how it
is withdrawn when the reader has the money back."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from marketplace.foundation import audit, leases
from shops.downloads import codes
from shops.downloads.providing import PROVIDERS, Provided, ProvidingError
from shops.models import Download, Handout, ShopOrderLine
from shops.orders import fulfilment

logger = logging.getLogger("halles.downloads")
Kind = Download.Kind

TIMES = 5
"""How often a file may be fetched: a phone, a reading device, a computer, and two that broke off."""
DAYS = 90
"""How long it may be fetched. Whoever has it keeps it; the shop need not keep old files for ever."""
WITHDRAWAL_DAYS = 14
"""Directive 2011/83/EU, article 9: as long as it was not fetched (article 16 (m))."""
BATCH = 50


def due(lines: Iterable[ShopOrderLine], *, now: datetime) -> None:
    """In the placing transaction: these lines are to be handed out at once."""
    Handout.objects.bulk_create(
        Handout(line=line, download=line.stock_record.download, kind=line.stock_record.download.kind, due_at=now)
        for line in lines
        if line.stock_record
    )


def hand_out(now: datetime) -> int:
    """Step: get what was sold from its provider, and hand it over."""
    done = 0
    for row in leases.claim(Handout, now=now, limit=BATCH):
        line = ShopOrderLine.objects.select_related("shop_order").get(pk=row.line_id)
        units = line.left_units - line.handed_over
        try:
            provided = PROVIDERS[row.download.provider](line, units) if units else None
            done += _record(row, line, units, provided, now)
        except ProvidingError as error:
            leases.postpone(row, error=str(error), now=now, permanent=error.permanent)
        except fulfilment.FulfilmentError as error:  # the order changed a moment ago; with its counts anew
            leases.postpone(row, error=str(error), now=now)
        except Exception as error:  # one that nobody foresaw must not stop the others; it shows on the board
            logger.exception("The download of line %s cannot be handed out.", row.line_id)
            leases.postpone(row, error=f"{type(error).__name__}: {error}", now=now)
    return done


def _record(row: Handout, line: ShopOrderLine, units: int, provided: Provided | None, now: datetime) -> bool:
    """Nothing is provided where the reader took all of it back before."""
    with transaction.atomic():
        codes.free_unseen(line, but=units)
        if provided is None:
            return leases.finish(row, withdrawn_at=now)
        values = {"kind": provided.kind, "content": provided.content, "made_at": now}
        times = TIMES if provided.kind == Kind.FILE else 0
        fulfilment.deliver(line, by="system", now=now)
        if not leases.finish(row, **values, times_left=times, expires_at=now + timedelta(days=DAYS)):
            transaction.set_rollback(True)
            return False
    return True


def fetch(handout: Handout, *, now: datetime) -> bool:
    """Count one fetching of a file. False: it may not be fetched (any more)."""
    may = Handout.objects.filter(pk=handout.pk, kind=Kind.FILE, withdrawn_at=None, expires_at__gt=now, times_left__gt=0)
    return bool(may.update(times_left=F("times_left") - 1, shown_at=Coalesce("shown_at", Value(now))))


def show(handout: Handout, *, now: datetime) -> bool:
    """The reader looks at a link or at codes: from now on they are the reader's. False: they may not."""
    may = Handout.objects.filter(pk=handout.pk, withdrawn_at=None).exclude(made_at=None).exclude(kind=Kind.FILE)
    return bool(may.update(shown_at=Coalesce("shown_at", Value(now))))


def can_take_back(handout: Handout, *, now: datetime) -> bool:
    """Whether its reader may still withdraw from it: not fetched, within the days of the law."""
    unseen = handout.made_at is not None and handout.shown_at is None and handout.withdrawn_at is None
    return unseen and handout.made_at is not None and now < handout.made_at + timedelta(days=WITHDRAWAL_DAYS)


def take_back(handout: Handout, *, now: datetime) -> bool:
    """The reader withdraws from what nobody fetched. False: it was fetched, or withdrawn, meanwhile."""
    unseen = Handout.objects.filter(pk=handout.pk, shown_at=None, withdrawn_at=None).exclude(made_at=None)
    if not unseen.update(withdrawn_at=now):
        return False
    codes.free_unseen(handout.line)
    return True


def keep(line: ShopOrderLine, units: int) -> None:
    """Some of a line was paid back: of codes that nobody saw the first `units` stay with the reader, the others are
    sold again. What was seen stays; a file or a link is one for all."""
    with transaction.atomic():
        row = Handout.objects.select_for_update().filter(line=line, kind=Kind.CODES, shown_at=None).first()
        if row is None or row.withdrawn_at is not None or row.made_at is None:
            return
        codes.free_unseen(line, but=units)
        Handout.objects.filter(pk=row.pk).update(content="\n".join(row.content.splitlines()[:units]))


def withdraw(line_ids: Iterable[int], *, now: datetime) -> int:
    """What was paid back can be fetched no more. A link or a code that the reader has seen stays with the reader: that
    nobody can take back; codes not seen are sold again. Returns handouts."""
    ended = 0
    with transaction.atomic():
        rows = Handout.objects.select_for_update(of=("self",)).select_related("line").filter(withdrawn_at=None)
        for row in rows.filter(line__in=list(line_ids)).order_by("pk"):
            Handout.objects.filter(pk=row.pk).update(withdrawn_at=now, due_at=None)
            if row.shown_at is None:
                codes.free_unseen(row.line)
            audit.record("download.withdraw", row.line, shown=row.shown_at is not None)
            ended += 1
    return ended
