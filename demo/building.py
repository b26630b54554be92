"""Builds the demo's network from its data: shops, people, feeds, titles, index, home page. Running it again changes
only what differs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from oscar.apps.address.models import Country
from oscar.apps.partner.models import Partner, StockRecord

from catalog_sync import sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SyncRun
from catalog_sync.titles import works
from demo import accounts, editorial, happenings, purchases
from demo.generating import WrittenFeed, write_feeds
from demo.shop_records import DemoShop
from demo.shops import CURRENCY, NETWORK_NAME, SHOPS, TIMEZONE
from marketplace.catalogue.models import ProductFacts
from marketplace.cms import legal
from marketplace.cms.building import build_home
from marketplace.foundation import network
from marketplace.foundation.models import Network
from marketplace.models import User
from marketplace.payments import accounts as stripe_accounts
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from search import indexing, queries
from shops.models import DeliveryOption, OpeningHours, Shop, ShopMember, SpecialHours

Say = Callable[[str], None]
LISTS_KEPT = timedelta(hours=6)


def build(*, now: datetime, say: Say) -> dict[str, int]:
    """Build or bring up to date; the counts of what is there: shops, products, offers, indexed, refused."""
    say("Network, shops and people …")
    with transaction.atomic():
        _network()
        shops = {record.slug: _shop(record) for record in SHOPS}
        _people(shops)
    _stripe(shops, now)
    say("Feeds of eleven shops …")
    feeds = [_feed(written, shops[written.shop]) for written in write_feeds(feeds_folder(), sent_at=_sent_at(now))]
    runs = [_sync(feed, now, say) for feed in feeds]
    say("A purchase …")
    purchases.write(shops["librairie-du-port"], now=now)
    say("Index …")
    while works.group_works(now):
        pass
    indexed = _index(now)
    with transaction.atomic():
        build_home(editorial.HOME, editorial.SHELVES, editorial.PICKS)
        legal.create()
        happenings.write(shops, now)
    return {
        "shops": len(shops),
        "products": ProductFacts.objects.count(),
        "offers": StockRecord.objects.count(),
        "indexed": indexed,
        "refused": sum(run.refused for run in runs),
    }


def _sent_at(now: datetime) -> datetime | None:
    """When the shops sent their lists: a demo that is started again within some hours keeps them as they are."""
    stamps = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in feeds_folder().glob("*.*")]
    return max((stamp for stamp in stamps if now - stamp < LISTS_KEPT), default=None)


def _network() -> None:
    Network.objects.update_or_create(
        pk=1,
        defaults={
            "name": NETWORK_NAME,
            "tagline_fr": editorial.HOME.title_fr,
            "tagline_en": editorial.HOME.title_en,
            "country": "CA",
            "currency": CURRENCY,
            "languages": ["fr", "en"],
            "sender_name": NETWORK_NAME,
            "legal_name": "Coopérative Halles (démonstration)",
            "legal_address": "1318, rue Saint-Paul Est, Montréal",
        },
    )
    network.forget()
    Country.objects.get_or_create(
        iso_3166_1_a2="CA", defaults={"printable_name": "Canada", "name": "Canada", "is_shipping_country": True}
    )


def _shop(record: DemoShop) -> Shop:
    partner, _ = Partner.objects.get_or_create(code=record.slug, defaults={"name": record.name})
    shop, _ = Shop.objects.update_or_create(
        slug=record.slug,
        defaults={
            "partner": partner,
            "name": record.name,
            "status": Shop.Status.ACTIVE,
            "email": record.email,
            "phone": record.phone,
            "line1": record.line1,
            "city": record.city,
            "region": record.region,
            "postcode": record.postcode,
            "country": record.country,
            "latitude": record.latitude,
            "longitude": record.longitude,
            "kind": record.kind,
            "goods": list(record.goods),
            "services": list(record.services),
            "timezone": TIMEZONE,
            "language": record.language,
            "description_fr": record.description_fr,
            "description_en": record.description_en,
            "stock_kind": record.stock_kind,
            "buffer": record.buffer,
            "tax_registered": record.tax_registered,
            "vouched_at": timezone.now(),
        },
    )
    _hours(shop, record)
    for position, delivery in enumerate(record.delivery):
        columns = delivery._asdict() | {
            "countries": list(delivery.countries),
            "postcode_prefixes": list(delivery.postcode_prefixes),
        }
        kind = columns.pop("kind")
        DeliveryOption.objects.update_or_create(shop=shop, kind=kind, defaults={**columns, "position": position})
    return shop


def _hours(shop: Shop, record: DemoShop) -> None:
    OpeningHours.objects.filter(shop=shop).delete()
    spans = [
        OpeningHours(
            shop=shop, weekday=weekday, opens=time.fromisoformat(span[:5]), closes=time.fromisoformat(span[6:])
        )
        for weekday, day in enumerate(record.hours)
        for span in day.split()
    ]
    OpeningHours.objects.bulk_create(spans)
    SpecialHours.objects.filter(shop=shop).delete()
    year = timezone.now().year
    for day, note_fr, note_en in (
        (date(year, 12, 25), "Noël", "Christmas"),
        (date(year + 1, 1, 1), "Jour de l’An", "New Year’s Day"),
    ):
        SpecialHours.objects.create(shop=shop, first_day=day, last_day=day, note_fr=note_fr, note_en=note_en)


def _people(shops: dict[str, Shop]) -> None:
    for account in accounts.ACCOUNTS:
        user = User.objects.filter(email=account.email).first()
        if user is None:
            user = User(email=account.email, first_name=account.first_name, last_name=account.last_name)
            user.is_staff = user.is_superuser = account.door == "operator"
            user.set_password(accounts.PASSWORD)
            user.save()
        if account.door == "editor":
            user.groups.add(Group.objects.get(name="Editors"))
        if account.door == "shop":
            ShopMember.objects.update_or_create(
                shop=shops[account.shop_slug], user=user, defaults={"role": account.member_role}
            )


def _stripe(shops: dict[str, Shop], now: datetime) -> None:
    """Every shop of the demo has finished onboarding at the stand-in."""
    for shop in shops.values():
        if shop.stripe_account_ready:
            continue
        stripe_accounts.connect(shop, now=now)
        hosted.activate_account(DatabaseStore(), shop.stripe_account)
        stripe_accounts.refresh(shop, now=now)


def _feed(written: WrittenFeed, shop: Shop) -> Feed:
    feed, _ = Feed.objects.update_or_create(
        name=written.shop,
        defaults={
            "shop": shop,
            "kind": written.kind,
            "location": written.path.name,
            "options": {**written.options, "synthetic": True},  # its title pages say that facts are made up
            "encoding": written.encoding,
            "currency": CURRENCY,
            "language": shop.language,
            "every_minutes": 60,
        },
    )
    return feed


def _sync(feed: Feed, now: datetime, say: Say) -> SyncRun:
    run = sync.run(feed, now=now)
    say(f"  {feed.shop.name}: {run.read} read, {run.new} new, {run.changed} changed, {run.refused} refused")
    return run


def _index(now: datetime) -> int:
    """Write what has changed; all of it when the index is new. How many titles it holds then."""
    status = queries.engine().status()
    if not status.healthy or not status.documents:
        return indexing.rebuild(now)
    while indexing.index_titles(now):
        pass
    return queries.engine().status().documents
