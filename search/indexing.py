"""From SQL to the index: one document per title. The index is a view; this module can make it again at any time."""

from __future__ import annotations

import fcntl
import html
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache, partial
from itertools import chain
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models.expressions import RawSQL
from django.utils.html import strip_tags
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import Form, Subject, TitleChange
from marketplace.catalogue.sanitising import TAGS
from marketplace.foundation import bulk, money, network
from marketplace.foundation.failpoints import failpoint
from search import names, queries
from search.ahead import made_ahead
from search.documents import TitleDocument
from shops.models import Availability, Condition, Shop
from shops.sellable import annotate_sellable

BATCH = 1000
_READ_AHEAD_FROM = 20_000  # titles; a second process takes some 50 ms
_CHANGES_AT_ONCE = 5000  # a commit for each 2000 took a quarter more of the engine's time
_LOCK = 7_041_777  # any number that nothing else of ours locks on PostgreSQL
_ORDERABLE = {Availability.ORDERABLE, Availability.PREORDER}


def index_titles(now: datetime) -> int:
    """Step: write the titles marked as changed; returns how many. The marks are read first and removed last, so that a
    crash between writes them again; one process at a time, so that no older document follows a newer one."""
    with _alone() as alone, bulk.rarely_collecting():
        if not alone:
            return 0
        marks = list(TitleChange.objects.order_by("pk").values_list("pk", "product_id")[:_CHANGES_AT_ONCE])
        if not marks:
            return 0
        product_ids = sorted({product_id for _, product_id in marks})
        if not queries.engine().ready() and Product.objects.exclude(pk__in=product_ids).exists():
            return 0  # it is `heal_index` that builds: an index of these titles alone would look whole
        gone = set(product_ids)
        failpoint("index.before_write")
        read = names.noting(_read(product_ids, now), now.date(), changed=True)
        queries.engine().write(_without(gone, read))
        if gone:
            queries.engine().remove(gone)
        failpoint("index.after_write")
        among, keys = bulk.among([key for key, _ in marks])
        bulk.execute(_WRITTEN.format(among=among), keys)
    return len(product_ids)


_WRITTEN = "DELETE FROM titles_titlechange WHERE id {among}"


def heal_index(now: datetime) -> int:
    """Step: an index that is lost is built anew; until then search answers from SQL. One whose server does not answer
    just now is not lost."""
    with _alone() as alone:
        if not alone or not queries.engine().status().lost:
            return 0
        return max(rebuild(now), 1)


def rebuild(now: datetime, *, said: Callable[[int], None] | None = None) -> int:
    """Build the whole index anew beside the live one; returns the number of titles. `said` hears how many are read."""
    with bulk.rarely_collecting():
        return queries.engine().rebuild(names.noting(_all_documents(now, said), now.date(), changed=False))


def documents(product_ids: Sequence[int], *, now: datetime) -> list[TitleDocument]:
    """Documents of those products that readers may see. Four queries for up to `BATCH` titles, then again."""
    return list(_read(product_ids, now))


def _read(product_ids: Sequence[int], now: datetime) -> Iterator[TitleDocument]:
    for start in range(0, len(product_ids), BATCH):
        yield from _batch(product_ids[start : start + BATCH], now)


def _without(gone: set[int], found: Iterable[TitleDocument]) -> Iterator[TitleDocument]:
    """The documents as they are read; each title that has one is taken out of `gone`."""
    for document in found:
        gone.discard(document.product_id)
        yield document


def _all_documents(now: datetime, said: Callable[[int], None] | None) -> Iterator[TitleDocument]:
    """Of a large catalogue they are read by a second process, which sees what is committed."""
    reading = partial(_all_batches, now)
    documents = (
        made_ahead(reading)
        if Product.objects.order_by().count() >= _READ_AHEAD_FROM
        else chain.from_iterable(reading())
    )
    read = 0
    for read, document in enumerate(documents, 1):
        yield document
        if said and not read % BATCH:
            said(read)
    if said and read % BATCH:
        said(read)


def _all_batches(now: datetime) -> Iterator[list[TitleDocument]]:
    last = 0
    while keys := list(Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield _batch(keys, now)
        last = keys[-1]


def _batch(product_ids: Sequence[int], now: datetime) -> list[TitleDocument]:
    stock = _stock(product_ids, now)
    sold = _sold(product_ids)
    among, ids = bulk.among(product_ids)
    titles = bulk.rows(_TITLES.format(among=among), ids)
    paths = [subject_path(codes, path) if codes else () for *_, codes, path in titles]
    labels = _subject_labels(set().union(*paths))
    found = []
    for title, path in zip(titles, paths, strict=True):
        product_id = title[0]
        found.append(_document(title, stock.get(product_id, ()), path, labels, sold.get(product_id, 0)))
    return found


# Plain values: a model's object of product and facts takes longer to make than the document, and so does Django's
# reading of each value. All but the first three are None where a title has no facts.
_TITLES = """
SELECT p.id, p.title, p.date_created, f.gtin, f.subtitle, f.contributors, f.series, f.series_number, f.publisher,
    f.description, f.language, f.form, f.audience, f.picked, f.publication_date, f.subject_codes, f.subject_path
FROM catalogue_product p LEFT JOIN titles_productfacts f ON f.product_id = p.id
WHERE p.is_public AND p.id {among} ORDER BY p.id
"""


@lru_cache(maxsize=1 << 13)
def subject_path(codes: str, path: str) -> tuple[str, ...]:
    """All codes of a title with everything above them, the root first: in Thema each character is one level. Takes
    `ProductFacts.subject_codes` and `subject_path` as they are stored."""
    found = dict.fromkeys(json.loads(path))
    for code in json.loads(codes):
        found.update(dict.fromkeys(code[:length] for length in range(1, len(code) + 1)))
    return tuple(sorted(found, key=lambda code: (len(code), code)))


@lru_cache(maxsize=1 << 13)
def _names(contributors: str) -> tuple[str, ...]:
    return tuple(person["name"] for person in json.loads(contributors) if person.get("name"))


class _Offer(NamedTuple):
    """What a shop has of a title."""

    shop: int
    price_minor: int
    sellable: int
    condition: str
    word: str  # of Availability


def _document(
    title: tuple[Any, ...], offers: Sequence[_Offer], subjects: Sequence[str], labels: dict[str, str], sold: int
) -> TitleDocument:
    offered = [offer for offer in offers if offer.sellable > 0 or offer.word in _ORDERABLE]
    (product_id, name, created, gtin, subtitle, contributors, series, series_number, publisher, description, language,
     form, audience, picked, published, _codes, _path) = title  # fmt: skip
    on_shelf = {
        offer.shop
        for offer in offered
        if offer.sellable > 0 and form != Form.EBOOK and offer.word != Availability.DIGITAL
    }
    named = [code for code in subjects if code in labels] if subjects else ()
    return TitleDocument(
        product_id=product_id,
        title=name,
        gtin=gtin,
        subtitle=subtitle or "",
        contributors=_names(contributors) if contributors else (),
        series=series or "",
        series_number=series_number or "",
        publisher=publisher or "",
        subjects=tuple(named),
        subject_labels=" ".join([labels[code] for code in named]),
        description=_plain(description) if description else "",
        language=language or "",
        form=form or "",
        audience=audience or "",
        picked=bool(picked),
        conditions=tuple(sorted({offer.condition for offer in offered})),
        shops_in_stock=tuple(sorted({offer.shop for offer in offered if offer.sellable > 0})),
        shops_on_shelf=tuple(sorted(on_shelf)),
        shops_orderable=tuple(sorted({offer.shop for offer in offered if not offer.sellable})),
        price_new_minor=_cheapest([offer.price_minor for offer in offered if offer.condition == Condition.NEW]),
        price_used_minor=_cheapest([offer.price_minor for offer in offered if offer.condition != Condition.NEW]),
        publication_ordinal=_ordinal(published),
        popularity=sold + len({offer.shop for offer in offered}),
        added_ordinal=_ordinal(created),
    )


_TAG = re.compile(f"</?(?:{'|'.join(sorted(TAGS))})>")
_UNUSUAL = re.compile("<|&(?!(?:amp|lt|gt|quot|nbsp|#x27);)")
_USUAL = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\u00a0", "&#x27;": "'", "&amp;": "&"}  # & is the last


def _plain(description: str) -> str:
    """Without markup. What `sanitise` writes has few tags and entities, and is read without a parser."""
    bare = _TAG.sub("", description)
    if _UNUSUAL.search(bare):
        return html.unescape(strip_tags(description) if "<" in description else description)
    if "&" in bare:
        for entity, character in _USUAL.items():
            bare = bare.replace(entity, character)
    return bare


def _stock(product_ids: Sequence[int], now: datetime) -> dict[int, list[_Offer]]:
    """By product, what each shop on sale has of it. Prices in another currency than the network's are left out."""
    found: dict[int, list[_Offer]] = defaultdict(list)
    currency = network.current().currency
    # One value: Django would prepare a list number by number, which takes longer than the query.
    these = (
        RawSQL("SELECT unnest(%s::bigint[])", [list(product_ids)])
        if bulk.is_postgres()
        else RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(product_ids))])
    )
    records = annotate_sellable(
        StockRecord.objects.filter(
            product_id__in=these, partner__shop__status=Shop.Status.ACTIVE, price_currency=currency
        )
        .exclude(price=None)
        .exclude(terms__retired_at__isnull=False),
        now=now,
    )
    columns = ("product_id", "partner__shop__pk", "price", "sellable", "terms__condition", "terms__availability")
    for product_id, shop_id, price, sellable, condition, word in records.values_list(*columns):
        price_minor = money.to_minor(price, currency)
        found[product_id].append(
            _Offer(shop_id, price_minor, sellable, condition or Condition.NEW, word or Availability.IN_STOCK)
        )
    return found


_SOLD = "SELECT product_id, SUM(quantity) FROM shops_shoporderline WHERE product_id {among} GROUP BY product_id"


def _sold(product_ids: Sequence[int]) -> dict[int, int]:
    """Units that readers have ordered, by product."""
    among, ids = bulk.among(product_ids)
    return dict(bulk.rows(_SOLD.format(among=among), ids))  # type: ignore[arg-type]


def _subject_labels(codes: Iterable[str]) -> dict[str, str]:
    """Names in every language, by code; codes nobody has named are left out."""
    named = Subject.objects.filter(scheme="thema", code__in=sorted(codes))
    return {code: f"{french} {english}" for code, french, english in named.values_list("code", "label_fr", "label_en")}


def _cheapest(prices_minor: list[int]) -> int | None:
    return min(prices_minor) if prices_minor else None


def _ordinal(day: date | str | None) -> int | None:
    """A date or time as a number, `yyyymmdd`; SQLite gives both as text."""
    if not day:
        return None
    return int(day[:10].replace("-", "")) if isinstance(day, str) else day.year * 10_000 + day.month * 100 + day.day


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process indexes now: a lock that ends with its process, on either database."""
    if connection.vendor == "postgresql":
        # Of the session, not of a transaction: a rebuild takes minutes, and commits meanwhile.
        taken = bool(bulk.rows("SELECT pg_try_advisory_lock(%s)", [_LOCK])[0][0])
        try:
            yield taken
        finally:
            if taken:
                bulk.rows("SELECT pg_advisory_unlock(%s)", [_LOCK])
        return
    settings.SEARCH_INDEX_PATH.mkdir(parents=True, exist_ok=True)
    with (settings.SEARCH_INDEX_PATH / "indexing.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
