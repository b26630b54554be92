"""What a shop says of its opening hours, with the audit entry of each change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

from django.db import transaction

from marketplace.foundation import audit
from shops.models import OpeningHours, Shop, SpecialHours
from shops.opening import Span


def say_week(shop: Shop, week: Sequence[Sequence[Span]], *, by: object) -> bool:
    """The spans of each weekday, Monday first. False: it was the same before."""
    wanted = [(weekday, *span) for weekday, spans in enumerate(week) for span in spans]
    with transaction.atomic():
        there = list(OpeningHours.objects.filter(shop=shop).order_by("weekday", "opens"))
        if [(row.weekday, row.opens, row.closes) for row in there] == sorted(wanted):
            return False
        for row in there:
            row.delete()
        for weekday, opens, closes in wanted:
            OpeningHours.objects.create(shop=shop, weekday=weekday, opens=opens, closes=closes)
        said = [[f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans] for spans in week]
        audit.record("shop.hours", shop, by=by, shop_id=shop.pk, week=said)
    return True


def say_days(shop: Shop, days: tuple[date, date], spans: Sequence[Span], *, notes: tuple[str, str], by: object) -> None:
    """On these days, both included, the shop is open in these spans; in none: closed. What it said of exactly these
    days before no longer counts. `notes`: in French and in English."""
    hours: list[tuple[time | None, time | None]] = [(span.opens, span.closes) for span in spans] or [(None, None)]
    with transaction.atomic():
        _forget(shop, days)
        for opens, closes in hours:
            SpecialHours.objects.create(
                shop=shop,
                first_day=days[0],
                last_day=days[1],
                opens=opens,
                closes=closes,
                note_fr=notes[0],
                note_en=notes[1],
            )
        said = [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans]
        audit.record("shop.days", shop, by=by, shop_id=shop.pk, days=_told(days), hours=said)


def take_back_days(shop: Shop, days: tuple[date, date], *, by: object) -> bool:
    """The week's hours count again. False: nothing was said of exactly these days."""
    with transaction.atomic():
        if not _forget(shop, days):
            return False
        audit.record("shop.days_taken_back", shop, by=by, shop_id=shop.pk, days=_told(days))
    return True


def _forget(shop: Shop, days: tuple[date, date]) -> int:
    rows = SpecialHours.objects.filter(shop=shop, first_day=days[0], last_day=days[1])
    for row in rows:
        row.delete()  # one by one: the directory hears of it
    return len(rows)


def _told(days: tuple[date, date]) -> dict[str, str]:
    return {"first": days[0].isoformat(), "last": days[1].isoformat()}
