"""What happens in the demo's shops, counted from the day on which it is built."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from marketplace.agenda.models import Event
from shops.models import Shop


class Happening(NamedTuple):
    """`hours`: (from, until) on the clock; None: all day, `lasts` days long."""

    uid: str
    shop_slug: str
    in_days: int
    hours: tuple[int, int] | None
    title: str
    text_fr: str
    text_en: str
    place: str = ""
    lasts: int = 1
    cancelled: bool = False


HAPPENINGS = (
    Happening(
        "demo-reading",
        "librairie-du-port",
        2,
        (18, 20),
        "Lecture au coin du poêle",
        "Trois voix lisent des nouvelles d'hiver. Thé offert, entrée libre.",
        "Three voices read winter stories, in French. Tea is on us, everyone is welcome.",
    ),
    Happening(
        "demo-club",
        "mile-end-pages",
        4,
        (19, 21),
        "Book club: a novel in one sitting",
        "Le club du mois, en anglais. Lisez le livre ou venez l'entendre raconter.",
        "This month's club. Read the book, or come and hear it told.",
    ),
    Happening(
        "demo-fair",
        "librairie-du-port",
        9,
        None,
        "Marché du livre d'occasion",
        "Deux jours de caisses à fouiller, au profit de la bibliothèque du quartier.",
        "Two days of crates to rummage through, for the benefit of the local library.",
        place="Place Jacques-Cartier, Montréal",
        lasts=2,
    ),
    Happening(
        "demo-signing",
        "mile-end-pages",
        12,
        (14, 16),
        "Signing: comics of the north",
        "Séance de dédicaces.",
        "Signing session.",
        cancelled=True,
    ),
    Happening(
        "demo-children",
        "librairie-du-port",
        23,
        (10, 11),
        "L'heure du conte",
        "Pour les trois à six ans, avec leurs grands.",
        "For ages three to six, with their grown-ups. In French.",
    ),
)


def write(shops: dict[str, Shop], now: datetime) -> None:
    """Each once, whenever it is called; those of shops that the demo has not are left out."""
    for told in HAPPENINGS:
        shop = shops.get(told.shop_slug)
        if shop is None:
            continue
        zone = ZoneInfo(shop.timezone)
        day = now.astimezone(zone).date() + timedelta(days=told.in_days)
        first, after = (told.hours[0], told.hours[1]) if told.hours else (0, 0)
        last = day if told.hours else day + timedelta(days=told.lasts)
        Event.objects.update_or_create(
            shop=shop,
            source=Event.Source.OWN,
            uid=told.uid,
            defaults={
                "title": told.title,
                "place": told.place,
                "begins": datetime.combine(day, time(first), zone).astimezone(UTC),
                "ends": datetime.combine(last, time(after), zone).astimezone(UTC),
                "all_day": told.hours is None,
                "text_fr": told.text_fr,
                "text_en": told.text_en,
                "cancelled": told.cancelled,
                "changed_at": now,
            },
        )
