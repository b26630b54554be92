"""Articles that a shop without any system types or scans: kept as rows of its feed of kind `manual`, each change sent
on through the door of pushes. What is typed is what was read, at the moment of typing, on our clock (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify
from oscar.apps.partner.models import StockRecord

from catalog_sync.doors import own_pushes, pushing, taking_off
from catalog_sync.doors.own_shelf import MeanwhileError, check, on_shelf, promised_of
from catalog_sync.identifiers import gtin_text
from catalog_sync.models import TYPED, Feed, OwnArticle, Push, SourceRecord
from marketplace.catalogue import cover_files
from marketplace.catalogue.models import OtherGtin, ProductFacts
from marketplace.foundation import audit, money, network
from marketplace.models import User
from search.text import isbn_query
from shops import absorbing, stock
from shops.models import Condition, Shop

MOST_UNITS = 10_000
# Changed by a button, a number is as old as what was on the page: what is handed over in the meantime, and recorded a
# moment later, is neither in it nor taken for being in it.
MARGIN = timedelta(seconds=30)
_TICK = timedelta(microseconds=1)
_HIGHEST_JUMP = 1000  # per cent: a person has just typed the price


class Typed(NamedTuple):
    """What a person typed of one article. `number`: the shop's own, where it has no GTIN; `photo`: a name of
    `cover_files.keep`, empty for none; `once`: of the form, which may be sent again; empty where that is none."""

    gtin: int | None
    number: str
    title: str
    author: str
    price_minor: int
    condition: str
    units: int
    photo: str = ""
    once: str = ""
    shelf: str = ""
    note: str = ""


def feed_of(shop: Shop) -> Feed | None:
    return Feed.objects.filter(shop=shop, kind=TYPED).order_by("pk").first()


def articles_of(shop: Shop, text: str = "") -> QuerySet[OwnArticle]:
    """The shop's, the last counted first; `text`: in the title, the author or the number."""
    found = OwnArticle.objects.filter(feed__shop=shop, feed__kind=TYPED).select_related("feed")
    if not text:
        return found
    number = Q(gtin=gtin) if (gtin := isbn_query(text)) is not None else Q()
    return found.filter(Q(title__icontains=text) | Q(author__icontains=text) | Q(sku__iexact=text) | number)


def known_title(gtin: int) -> tuple[str, bool] | None:
    """(title, whether it has a picture) of a number that the catalogue knows."""
    facts = ProductFacts.objects.filter(gtin=gtin).select_related("product").first()
    if facts is None:
        other = OtherGtin.objects.filter(gtin=gtin).select_related("product__facts").first()
        facts = getattr(other.product, "facts", None) if other else None
    if facts is None or facts.product.title in ("", gtin_text(gtin)):
        return None
    return str(facts.product.title), bool(facts.cover_source)


def titles_of(articles: Iterable[OwnArticle]) -> dict[int, str]:
    """{GTIN: title} of those whose title was not typed, as the catalogue has it. Two queries."""
    wanted = [each.gtin for each in articles if each.gtin is not None and not each.title]
    joined = OtherGtin.objects.filter(gtin__in=wanted).values_list("gtin", "product__title")
    own = ProductFacts.objects.filter(gtin__in=wanted).values_list("gtin", "product__title")
    return {gtin: title for gtin, title in [*joined, *own] if gtin is not None and title}


def put(
    shop: Shop,
    typed: Typed,
    *,
    article: OwnArticle | None = None,
    shown: int | None = None,
    by: User,
    now: datetime,
) -> OwnArticle:
    """A new article, `article` with what was typed anew, or the one that has the same number in the same condition.
    The number of copies counts from now on. `shown`: what the page said stood there, where it said so: left as it was,
    the number is what stands there by now; MeanwhileError where it was changed, and so was what stands there.
    The same form sent again (`once`) changes nothing. RefusedError: `check`."""
    feed = _feed(shop, by=by, now=now)
    names = ("gtin", "title", "author", "price_minor", "condition")
    values: dict[str, Any] = {name: getattr(typed, name) for name in names}
    if typed.photo:
        values["photo"] = typed.photo
    if typed.shelf or article:  # typed again as a new one, what is known of it stays
        values["shelf"] = typed.shelf
    if typed.note or article:
        values["note"] = typed.note
    with transaction.atomic():
        Feed.objects.select_for_update(no_key=True, of=("self",)).get(pk=feed.pk)  # one form after the other
        kept = OwnArticle.objects.select_for_update(of=("self",)).filter(feed=feed).select_related("feed__shop")
        found = kept.filter(pk=article.pk).first() if article else _same(kept, typed)
        if typed.once and Push.objects.filter(feed=feed, key=own_pushes.key_of(typed.once)).exists():
            if found is None:  # saved, and taken off the list since
                raise MeanwhileError(0)
            return found
        if typed.units and typed.units != shown:
            check(shop, gtin=typed.gtin, condition=typed.condition, sku=found.sku if found else "")
        units, as_of = (typed.units, now) if found is None or shown is None else _moved(found, shown, typed.units)
        values |= {"units": units, "counted_at": as_of}
        if found is None:
            found = OwnArticle.objects.create(feed=feed, sku=_free_sku(kept, typed), made_at=now, **values)
        else:
            for name, value in values.items():
                setattr(found, name, value)
            found.save()
            if shown is None or typed.units > shown:  # not by the number of before, where there are fewer
                taking_off.sell_again(feed.shop, [found.sku], by=by, now=now)
            _push_numbers(feed, [found], as_of=as_of)
        _push(feed, [found], as_of=as_of, once=typed.once)
    audit.record("own_article.put", feed, by=by, shop_id=shop.pk, sku=found.sku, units=units)
    return found


def change(article: OwnArticle, by_units: int, *, shown: int) -> int:
    """So many copies more or fewer than stand there now: one was sold at the counter, two came in. Returns how many
    stand there then. MeanwhileError where the page showed another number: pressed twice, it counts once."""
    with transaction.atomic():
        rows = OwnArticle.objects.select_for_update(of=("self",)).select_related("feed__shop")
        locked = rows.get(pk=article.pk)
        units, as_of = _moved(locked, shown, shown + by_units)
        _count(locked, units, as_of)
        if by_units > 0:  # there is one more than those that are promised
            taking_off.sell_again(locked.feed.shop, [locked.sku], by="shop", now=timezone.now())
        _push_numbers(locked.feed, [locked], as_of=as_of)
    return units


def _moved(locked: OwnArticle, shown: int, wanted: int) -> tuple[int, datetime]:
    """(copies, the age of that number) of an article whose page showed one number and whose person wants another."""
    now = timezone.now()
    there = on_shelf([locked], at=now)[locked.sku].units
    if wanted != shown and there != shown:
        raise MeanwhileError(there)
    as_of = max(now - MARGIN, locked.counted_at + _TICK)
    by_units = wanted - shown
    return min(MOST_UNITS, max(0, on_shelf([locked], at=as_of)[locked.sku].units + by_units)), as_of


def confirm(shop: Shop, *, by: User) -> int:
    """All that stands on the list stands on the shelf: each number is said again. Returns how many articles."""
    feed = feed_of(shop)
    if feed is None:
        return 0
    with transaction.atomic():
        articles = list(OwnArticle.objects.select_for_update().filter(feed=feed).order_by("pk"))
        latest = max((each.counted_at for each in articles), default=None)
        if latest is None:
            return 0
        as_of = max(timezone.now() - MARGIN, latest + _TICK)
        shelf = on_shelf(articles, at=as_of)
        for article in articles:
            _count(article, shelf[article.sku].units, as_of)
        for first in range(0, len(articles), pushing.MOST_ROWS):
            _push_numbers(feed, articles[first : first + pushing.MOST_ROWS], as_of=as_of)
    audit.record("own_article.confirm", feed, by=by, shop_id=shop.pk, articles=len(articles))
    return len(articles)


def remove(article: OwnArticle, *, by: User, now: datetime) -> bool:
    """The shop has it no more, and sells it no more. False: copies of it are promised. With those it stays listed and
    none is sold, also where a promise ends unsold: its number goes on to say what has left, and a list that brings it
    takes the promise over (`giving_way`), which else would be sold once more."""
    feed, sku = article.feed, article.sku
    offers = StockRecord.objects.filter(partner=feed.shop.partner_id, partner_sku=sku)
    with transaction.atomic():
        rows = OwnArticle.objects.select_for_update(of=("self",)).select_related("feed__shop")
        locked = rows.filter(pk=article.pk).first()
        if locked is None:
            return True  # it gave way, or somebody else was quicker
        as_of = max(timezone.now() - MARGIN, locked.counted_at + _TICK)
        with stock.locked(offers.values_list("pk", flat=True), now=now) as records:
            if promised := promised_of(locked, at=as_of):
                taking_off.keep_all(locked, records.values(), by=by, now=now)
                _count(locked, min(promised, on_shelf([locked], at=as_of)[sku].units), as_of)
                _push_numbers(feed, [locked], as_of=as_of)
            else:
                absorbing.distrust(records)  # nobody buys it before the push is applied
                taking_off.sell_again(feed.shop, [sku], by=by, now=now)  # whatever comes under its number later
                locked.delete()
                own_pushes.accept(feed, [], [sku], as_of=now, now=now)
        audit.record("own_article.remove", feed, by=by, shop_id=feed.shop_id, sku=sku, promised=promised)
    return not promised


def oldest(shop: Shop) -> datetime | None:
    """When the number that is oldest was typed: of those that grow too old to be sold."""
    return articles_of(shop).filter(units__gt=0).order_by("counted_at").values_list("counted_at", flat=True).first()


def as_json(article: OwnArticle) -> dict[str, Any]:
    """The article as our own schema says it (`canonical_json`)."""
    currency = article.feed.currency
    said: dict[str, Any] = {
        "sku": article.sku,
        "price": str(money.to_decimal(article.price_minor, currency)),
        "currency": currency,
        "quantity": article.units,
        "condition": article.condition,
    }
    if article.gtin is not None:
        said["gtin"] = article.gtin
    if article.title:
        said["title"] = article.title
    if article.author:
        said["contributors"] = [[article.author, "author"]]
    if article.shelf:
        said["shelf"] = article.shelf
    said |= {"note": article.note, "photo": article.photo}
    if article.photo and _wants_picture(article):
        said["cover"] = cover_files.own_address(article.photo)
    return said


def _wants_picture(article: OwnArticle) -> bool:
    """A photo of one's copy is the title's picture only where nobody else has one."""
    if article.gtin is None:
        return True
    facts = ProductFacts.objects.filter(gtin=article.gtin).first()
    return facts is None or not facts.cover_source or cover_files.own_name(facts.cover_source) != ""


def _same(kept: QuerySet[OwnArticle], typed: Typed) -> OwnArticle | None:
    """What is listed under the same number in the same condition, or came from the same form."""
    if typed.gtin is not None:
        return kept.filter(condition=typed.condition, gtin=typed.gtin).first()
    return kept.filter(condition=typed.condition, sku=_sku(typed) or _own_sku(typed)).first()


def _free_sku(kept: QuerySet[OwnArticle], typed: Typed) -> str:
    """Its number and condition, or one of our own where it has none, or an article of another condition has that."""
    sku, own = _sku(typed), _own_sku(typed)
    return f"{sku[:52]}-{own[2:]}" if kept.filter(sku=sku).exists() else sku or own


def _own_sku(typed: Typed) -> str:
    return f"M-{own_pushes.key_of(typed.once)[:10].upper()}"


def _sku(typed: Typed) -> str:
    """Empty: it has no number at all."""
    number = gtin_text(typed.gtin) if typed.gtin is not None else typed.number
    grade = "" if typed.condition == Condition.NEW else f"-{typed.condition}"
    return f"M-{number}{grade}"[:64] if number else ""


def _count(article: OwnArticle, units: int, as_of: datetime) -> None:
    article.units, article.counted_at = units, as_of
    OwnArticle.objects.filter(pk=article.pk).update(units=units, counted_at=as_of)


def _push(feed: Feed, articles: Sequence[OwnArticle], *, as_of: datetime, once: str = "") -> Push:
    """All that is said of them."""
    for article in articles:
        article.feed = feed
    rows = [as_json(article) for article in articles]
    return own_pushes.accept(feed, rows, [], as_of=as_of, now=timezone.now(), once=once)


def _push_numbers(feed: Feed, articles: Sequence[OwnArticle], *, as_of: datetime) -> None:
    """How many stand there, and no more, of what is on sale already: be its price kept back, its number is not."""
    said = SourceRecord.objects.filter(feed=feed, sku__in=[each.sku for each in articles])
    known = set(said.filter(retired_at=None, product_id__isnull=False).values_list("sku", flat=True))
    numbers = [own_pushes.number_row(each.sku, each.units) for each in articles if each.sku in known]
    if numbers:
        own_pushes.accept(feed, numbers, [], as_of=as_of, now=timezone.now())
    if new := [each for each in articles if each.sku not in known]:
        _push(feed, new, as_of=as_of)


def _feed(shop: Shop, *, by: User, now: datetime) -> Feed:
    """Made with the first article. A shop that has no other list counts its shelf: what it handed over is not on it."""
    found = feed_of(shop)
    if found is not None:
        return found
    values = {
        "kind": TYPED,
        "location": "",
        "mode": Feed.Mode.DELTA,
        "currency": network.current().currency,
        "language": shop.language,
        "price_jump": _HIGHEST_JUMP,
        "active": True,
    }
    with transaction.atomic():
        Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
        if (found := feed_of(shop)) is not None:
            return found
        alone = not Feed.objects.filter(shop=shop).exists()  # one that is being set up may go any day
        try:
            with transaction.atomic():
                made = Feed.objects.create(shop=shop, name=f"{slugify(shop.slug)[:50]}-typed", **values)
        except IntegrityError:  # a name that another feed has
            made = Feed.objects.create(shop=shop, name=f"{slugify(shop.slug)[:40]}-typed-{shop.pk}", **values)
        if alone:
            Shop.objects.filter(pk=shop.pk).update(booking_lag_minutes=0)
        audit.record("own_articles.begin", made, by=by, shop_id=shop.pk, alone=alone)
    return made
