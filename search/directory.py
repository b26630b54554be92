"""The shops as every page needs them: name, place, hours, delivery. Kept for a few seconds per process, since they
hardly ever change; nothing here says what a shop has (that is read from SQL each time)."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, time
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import get_language

from shops import load, opening
from shops.models import DeliveryOption, OpeningHours, Shop, SpecialHours
from shops.models_delivery import COLLECTED

_KEPT_SECONDS = 5.0
_TOWN_DIGITS = 2  # of a degree: about a kilometre
_kept: tuple[float, Mapping[int, ShopCard]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDays:
    """Days, both included, on which the shop is closed (no `opens`) or open otherwise."""

    first_day: date
    last_day: date
    opens: time | None
    closes: time | None
    note_fr: str
    note_en: str

    @property
    def note(self) -> str:
        """In the reader's language, else in the other."""
        said = (self.note_en, self.note_fr) if (get_language() or "").startswith("en") else (self.note_fr, self.note_en)
        return next(filter(None, said), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery option; prices in minor units of the network's currency. `local`: to some postcodes only."""

    kind: str
    name_fr: str
    name_en: str
    price_minor: int
    free_above_minor: int | None
    days_min: int
    days_max: int
    local: bool

    @property
    def name(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_fr

    @property
    def is_pickup(self) -> bool:
        return self.kind == DeliveryOption.Kind.PICKUP


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells, and how a reader can give back what they bought."""

    legal_name: str
    registration: str
    is_professional: bool
    return_days: int
    return_terms_fr: str
    return_terms_en: str

    @property
    def return_terms(self) -> str:
        return self.return_terms_en if (get_language() or "").startswith("en") else self.return_terms_fr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShopCard:
    """One shop on sale, in plain values. While they stay the same it stays the same object, also when read again, and
    is compared as such: what was worked out of it can be kept beside it."""

    pk: int
    slug: str
    address: str  # of its page, worked out once: a list of offers names it in every row
    name: str
    line1: str  # empty, as the postcode and the telephone are, of a private person whom nobody collects from
    phone: str
    city: str
    region: str
    postcode: str
    position: tuple[float, float] | None
    kind: str
    goods: tuple[str, ...]
    services: tuple[str, ...]
    zone: ZoneInfo
    hours: tuple[Hours, ...]
    special_days: tuple[SpecialDays, ...]
    deliveries: tuple[Delivery, ...]
    kept_share: float
    reserve_hours: int
    seller: Seller
    logo: str  # the address of its picture, and its colours as #rrggbb: empty where it has none of its own
    colour: str
    colour_dark: str
    preparation_minutes: int
    full_days: int  # that its orders of today fill: so much later is the next one ready
    refuses: bool  # it takes no more orders today
    kept_back: tuple[str, ...] = ()  # what `shops.sharing` is asked of

    @property
    def kind_name(self) -> str:
        return str(dict(Shop.Kind.choices).get(self.kind, ""))

    @property
    def when_open(self) -> opening.Hours:
        return opening.Hours(self.hours, self.special_days)

    @property
    def pickup(self) -> Delivery | None:
        return next((option for option in self.deliveries if option.is_pickup), None)

    @property
    def cheapest_delivery(self) -> Delivery | None:
        """The cheapest that goes everywhere; a local one only where there is no other."""
        sent = [option for option in self.deliveries if option.kind not in COLLECTED]
        return min(sent, key=lambda option: (option.local, option.price_minor), default=None)


_VALUES = attrgetter(*(field.name for field in fields(ShopCard)))


def active() -> Mapping[int, ShopCard]:
    """The shops on sale, by id, in the order of their names. At most three queries every five seconds."""
    global _kept
    if _kept and clock.monotonic() - _kept[0] < _KEPT_SECONDS:
        return _kept[1]
    shops = (
        Shop.objects.filter(status=Shop.Status.ACTIVE)
        .select_related("load")
        .prefetch_related(
            Prefetch("delivery_options", queryset=DeliveryOption.objects.filter(active=True)),
        )
    )
    before = _kept[1] if _kept else {}
    said = opening.of_shops((shop.pk for shop in shops), now=timezone.now())
    cards = {shop.pk: _same_or_new(before.get(shop.pk), _card(shop, *said[shop.pk])) for shop in shops}
    _kept = (clock.monotonic(), cards)
    return cards


def card_of(shop: Shop) -> ShopCard:
    """Of one that need not be on sale: as its own people see it before."""
    return _card(shop, *opening.of_shops([shop.pk], now=timezone.now())[shop.pk])


def by_slug(slug: str) -> ShopCard | None:
    return next((card for card in active().values() if card.slug == slug), None)


def forget(**_: object) -> None:
    """Drop what is kept: after a shop, its hours or its delivery was saved."""
    global _kept
    _kept = None


def _same_or_new(before: ShopCard | None, card: ShopCard) -> ShopCard:
    return before if before is not None and _VALUES(before) == _VALUES(card) else card


def _position(shop: Shop, digits: int | None) -> tuple[float, float] | None:
    if shop.latitude is None or shop.longitude is None:
        return None
    here = (shop.latitude, shop.longitude)
    return here if digits is None else (round(here[0], digits), round(here[1], digits))


def _card(shop: Shop, week: list[opening.WeeklySpan], days: list[opening.NamedDays]) -> ShopCard:
    at_home = shop.is_at_home
    return ShopCard(
        pk=shop.pk,
        slug=shop.slug,
        address=shop.get_absolute_url(),
        name=shop.name,
        line1="" if at_home else shop.line1,
        phone="" if at_home else shop.phone,
        city=shop.city,
        region=shop.region,
        postcode="" if at_home else shop.postcode,
        position=_position(shop, _TOWN_DIGITS if at_home else None),
        kind=shop.kind,
        goods=tuple(shop.goods),
        services=tuple(shop.services),
        zone=ZoneInfo(shop.timezone),
        hours=tuple(Hours(**span._asdict()) for span in week),
        special_days=tuple(SpecialDays(**row._asdict()) for row in days),
        deliveries=tuple(
            Delivery(
                kind=option.kind,
                name_fr=option.name_fr,
                name_en=option.name_en,
                price_minor=option.price_minor,
                free_above_minor=option.free_above_minor,
                days_min=option.days_min,
                days_max=option.days_max,
                local=bool(option.postcode_prefixes),
            )
            for option in shop.delivery_options.all()
        ),
        kept_share=shop.kept_share,
        reserve_hours=shop.reserve_hours,
        seller=Seller(
            legal_name=shop.legal_name or shop.name,
            registration=shop.registration,
            is_professional=shop.is_professional,
            return_days=shop.return_days,
            return_terms_fr=shop.return_terms_fr,
            return_terms_en=shop.return_terms_en,
        ),
        logo=shop.logo.url if shop.logo else "",
        colour=shop.colour,
        colour_dark=shop.colour_dark,
        preparation_minutes=shop.preparation_minutes,
        full_days=(full := load.full_days(shop)),
        refuses=bool(full and shop.refuses_when_full),
        kept_back=tuple(shop.kept_back),
    )


for _model in (Shop, OpeningHours, SpecialHours, DeliveryOption):
    for _signal in (post_save, post_delete):
        _signal.connect(forget, sender=_model, dispatch_uid=f"search.directory.{_model.__name__}")
