"""The network writes to its shops: in the portal until each person has read it, by mail too where it is important."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from marketplace.foundation import audit, links
from marketplace.models import User
from shops import mailing
from shops.models import Announcement, AnnouncementRead, Shop

SAID_TWICE = timedelta(days=1)
SHOWN_FOR = timedelta(days=60)  # to who has not read it: whoever joins later need not read what is old
KEPT_SECONDS = 20.0
_kept: tuple[float, list[Announcement]] | None = None
_GONE = [Shop.Status.LEFT]


def announce(
    words: Mapping[str, str], *, shop: Shop | None, is_important: bool, by: User, now: datetime
) -> Announcement:
    """To one shop, or to all. `words`: subject_fr, subject_en, text_fr, text_en. The same words again within the day
    are the form sent twice."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)
        made = Announcement.objects.filter(**words, shop=shop, by=by, is_important=is_important, ended_at=None)
        if said := made.filter(at__gt=now - SAID_TWICE).first():
            return said
        row = Announcement.objects.create(**words, shop=shop, is_important=is_important, by=by, at=now)
        told = [shop] if shop else list(Shop.objects.exclude(status__in=_GONE).order_by("pk"))
        for one in told if is_important else []:
            _mail(row, one, now)
        audit.record("announcement.make", row, by=by, shop_id=shop.pk if shop else None, important=is_important)
    forget()
    return row


def _mail(row: Announcement, shop: Shop, now: datetime) -> None:
    subject, text = in_language(row, shop.language)
    mailing.post(
        "announcement",
        shop,
        None,
        dedupe_key=f"announcement:{row.pk}:{shop.pk}",
        context={
            "subject": subject,
            "text": text,
            "shop": shop,
            "url": links.absolute(reverse("portal:announcements", args=[shop.slug])),
        },
        now=now,
    )


def in_language(row: Announcement, language: str) -> tuple[str, str]:
    """Subject and text."""
    if language == "en":
        return row.subject_en, row.text_en
    return row.subject_fr, row.text_fr


def of_shop(shop: Shop) -> QuerySet[Announcement]:
    """All that it can read, the newest first."""
    return Announcement.objects.filter(Q(shop=None) | Q(shop=shop), ended_at=None).order_by("-at", "-pk")


def recent(shop: Shop, *, now: datetime) -> list[Announcement]:
    """Those that whoever has not read them is shown, the oldest first; from a list that is kept for some seconds, since
    every page of the portal asks."""
    global _kept
    kept = _kept  # another thread may forget it meanwhile
    if kept is None or time.monotonic() - kept[0] > KEPT_SECONDS:
        rows = Announcement.objects.filter(ended_at=None, at__gt=now - SHOWN_FOR).order_by("at", "pk")
        kept = _kept = time.monotonic(), list(rows)
    return [row for row in kept[1] if row.shop_id in {None, shop.pk}]


def forget() -> None:
    """Drop the kept list: after it was changed, and between tests."""
    global _kept
    _kept = None


def read_by(person: User, rows: Iterable[Announcement]) -> set[int]:
    """The numbers of those that the person has read."""
    read = AnnouncementRead.objects.filter(user=person, announcement__in=[row.pk for row in rows])
    return set(read.values_list("announcement", flat=True))


def unread(person: User, shop: Shop, *, now: datetime) -> QuerySet[Announcement]:
    """The oldest first: that is how they are read."""
    read = AnnouncementRead.objects.filter(user=person).values("announcement")
    return of_shop(shop).filter(at__gt=now - SHOWN_FOR).exclude(pk__in=read).order_by("at", "pk")


def read(row: Announcement, person: User, *, now: datetime) -> None:
    AnnouncementRead.objects.get_or_create(announcement=row, user=person, defaults={"at": now})


def end(row: Announcement, *, by: User, now: datetime) -> bool:
    """Nobody sees it any more. False: it was over already."""
    with transaction.atomic():
        if not Announcement.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now):
            return False
        audit.record("announcement.end", row, by=by, shop_id=row.shop_id)
    forget()
    return True
