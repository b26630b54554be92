"""Copies kept for the counter: of all articles (`Shop.buffer`), by rule, or as typed for one article, which wins. Rules
are resolved into `StockTerms.buffer` by a step, so that the statement that sells compares with one number (DESIGN §5).

A change has effect within seconds; what a feed brings new, or at another price, is looked at every ten minutes."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Coalesce
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import changes
from marketplace.foundation import audit, leases, money, network
from shops import stock
from shops.models import BufferRule, BufferTask, Shop, StockTerms

MOST_KEPT = 100
MOST_RULES = 50
AGAIN = timedelta(minutes=10)
_SLICE = 500
_LEASE_SECONDS = 900
_NONE = -1  # no number of its own: the shop's counts


def keep_of_all(shop: Shop, keep: int, *, by: object, now: datetime) -> bool:
    """So many of each article. False: it was so already."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        before = stored.buffer
        if before == keep:
            return False
        Shop.objects.filter(pk=shop.pk).update(buffer=keep)
        changes.mark(_crossing(shop, *sorted((before, keep))))
        audit.record("shop.buffer", shop, by=by, shop_id=shop.pk, kept=keep, before=before)
        _due(shop, now)
    return True


def add_rule(shop: Shop, kind: str, *, subject: str, price_minor: int, keep: int, by: object, now: datetime) -> None:
    """Of the same subject or price the last word counts."""
    with transaction.atomic():
        rule, _ = BufferRule.objects.update_or_create(
            shop=shop, kind=kind, subject=subject, price_minor=price_minor, defaults={"keep": keep}
        )
        _said(rule, keep, by)
        _due(shop, now)


def remove_rule(rule: BufferRule, *, by: object, now: datetime) -> None:
    """What it named is sold as before it came."""
    with transaction.atomic():
        _said(rule, None, by)
        rule.delete()
        _due(rule.shop, now)


def _said(rule: BufferRule, keep: int | None, by: object) -> None:
    names: dict[str, Any] = {"kind": rule.kind, "code": rule.subject, "price_minor": rule.price_minor}
    audit.record("shop.buffer_rule", rule, by=by, shop_id=rule.shop_id, kept=keep, **names)


def keep_of_article(record: StockRecord, keep: int | None, *, by: object, now: datetime) -> None:
    """So many of one article, whatever the rules say; None: the rules count again. At once."""
    with stock.locked([record.pk], now=now) as records:
        shop = records[record.pk].partner.shop
        StockTerms.objects.bulk_create([StockTerms(stock_record=record)], ignore_conflicts=True)
        StockTerms.objects.filter(pk=record.pk).update(own_buffer=keep)
        _write(list(_differing(shop).filter(pk=record.pk).values_list("pk", "wanted")))
        audit.record("shop.buffer_article", record, by=by, shop_id=shop.pk, sku=record.partner_sku, kept=keep)


def resolve_buffers(now: datetime) -> int:
    """Step: the rules of each shop whose turn it is. Returns how many articles keep another number."""
    done = 0
    for task in leases.claim(BufferTask, now=now, limit=5, lease_seconds=_LEASE_SECONDS):
        done += _resolve(task.shop, now)
        more = BufferRule.objects.filter(shop_id=task.shop_id).exists()
        leases.finish(task, due_at=now + AGAIN if more else None, attempts=0)
    return done


def _due(shop: Shop, now: datetime) -> None:
    """At once, also where a process is at it: that one then knows that it has lost its lease."""
    due = {"due_at": now, "lease_until": None, "lease_token": "", "parked_at": None}
    BufferTask.objects.update_or_create(shop=shop, defaults=due)


def _resolve(shop: Shop, now: datetime) -> int:
    """In slices, each in a transaction of its own; titles that are sold now and were not, or the reverse, are marked
    for the index by `stock.locked`. Which number counts is read once the records are locked: while that was waited for
    somebody may have typed one, or changed a rule."""
    done, last = 0, 0
    while pks := list(_differing(shop).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_SLICE]):
        last = pks[-1]
        with stock.locked(pks, now=now):
            wanted = list(_differing(shop).filter(pk__in=pks).values_list("pk", "wanted"))
            _write(wanted)
        done += len(wanted)
    return done


def _differing(shop: Shop) -> QuerySet[StockRecord]:
    """The shop's stock records whose number is another than that `wanted`; -1: none of its own."""
    own = When(terms__own_buffer__isnull=False, then=F("terms__own_buffer"))
    rules = sorted(shop.buffer_rules.all(), key=lambda rule: -rule.keep)  # the one that keeps most counts
    kept = Shop.objects.values_list("buffer", flat=True).get(pk=shop.pk)
    by_rule = [When(_named(rule), then=Value(max(rule.keep, kept))) for rule in rules]
    wanted = Case(own, *by_rule, default=Value(_NONE), output_field=IntegerField())
    records = StockRecord.objects.filter(partner_id=shop.partner_id)
    records = records.annotate(codes=Cast("product__facts__subject_codes", TextField()))
    return records.annotate(wanted=wanted, kept=Coalesce("terms__buffer", _NONE)).exclude(kept=F("wanted"))


def _named(rule: BufferRule) -> Q:
    """The articles of a rule, whichever of a title's subjects it names. `codes`: '["FBA", "YFB"]'."""
    if rule.kind == BufferRule.Kind.SUBJECT:
        return Q(codes__contains=f'"{rule.subject}')
    return Q(price__gte=money.to_decimal(rule.price_minor, network.current().currency))


def _write(wanted: list[tuple[int, int]]) -> None:
    """Of records that are locked."""
    StockTerms.objects.bulk_create([StockTerms(stock_record_id=pk) for pk, _ in wanted], ignore_conflicts=True)
    by_number: dict[int, list[int]] = defaultdict(list)
    for pk, number in wanted:
        by_number[number].append(pk)
    for number, pks in by_number.items():
        StockTerms.objects.filter(pk__in=pks).update(buffer=None if number == _NONE else number)


def _crossing(shop: Shop, fewer: int, more: int) -> list[int]:
    """Titles that are sold with the one number kept and not with the other, of articles without one of their own."""
    left = F("num_in_stock") - Coalesce("num_allocated", 0)
    records = StockRecord.objects.filter(partner_id=shop.partner_id, terms__buffer=None).annotate(left=left)
    return list(records.filter(left__gt=fewer, left__lte=more).values_list("product_id", flat=True))
