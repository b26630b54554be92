"""From SQL to the index: one document per title. The index is a view; this module can make it again at any time."""

from __future__ import annotations

import fcntl
import html
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils.html import strip_tags
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import ProductFacts, Subject, TitleChange
from marketplace.foundation import money, network
from marketplace.foundation.failpoints import failpoint
from search import queries
from search.documents import TitleDocument
from shops.models import Availability, Condition, Shop, ShopOrderLine
from shops.sellable import annotate_sellable

BATCH = 1000
_CHANGES_AT_ONCE = 2000
_LOCK = 7_041_777  # any number that nothing else of ours locks on PostgreSQL
_ORDERABLE = {Availability.ORDERABLE, Availability.PREORDER}


def index_titles(now: datetime) -> int:
    """Step: write the titles marked as changed; returns how many. The marks are read first and removed last, so that a
    crash between writes them again; one process at a time, so that no older document follows a newer one."""
    with _alone() as alone:
        if not alone:
            return 0
        marks = list(TitleChange.objects.order_by("pk").values_list("pk", "product_id")[:_CHANGES_AT_ONCE])
        if not marks:
            return 0
        product_ids = sorted({product_id for _, product_id in marks})
        written = documents(product_ids, now=now)
        failpoint("index.before_write")
        gone = set(product_ids) - {document.product_id for document in written}
        if written:
            queries.engine().write(written)
        if gone:
            queries.engine().remove(gone)
        failpoint("index.after_write")
        keys = [key for key, _ in marks]
        for start in range(0, len(keys), BATCH):
            TitleChange.objects.filter(pk__in=keys[start : start + BATCH]).delete()
    return len(product_ids)


def heal_index(now: datetime) -> int:
    """Step: an index that is missing or broken is built anew; until then search answers from SQL."""
    with _alone() as alone:
        if not alone or queries.engine().status().healthy:
            return 0
        return max(rebuild(now), 1)


def rebuild(now: datetime, *, said: Callable[[int], None] | None = None) -> int:
    """Build the whole index anew beside the live one; returns the number of titles. `said` hears how many are read."""
    return queries.engine().rebuild(_all_documents(now, said))


def documents(product_ids: Sequence[int], *, now: datetime) -> list[TitleDocument]:
    """Documents of those products that readers may see. Four queries for up to `BATCH` titles, then again."""
    found: list[TitleDocument] = []
    for start in range(0, len(product_ids), BATCH):
        found += _batch(product_ids[start : start + BATCH], now)
    return found


def _all_documents(now: datetime, said: Callable[[int], None] | None) -> Iterator[TitleDocument]:
    last, read = 0, 0
    while keys := list(Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield from _batch(keys, now)
        last, read = keys[-1], read + len(keys)
        if said:
            said(read)


def _batch(product_ids: Sequence[int], now: datetime) -> list[TitleDocument]:
    stock = _stock(product_ids, now)
    sold = _sold(product_ids)
    known = _titles(product_ids)
    paths = {product_id: subject_path(facts) for product_id, _, _, facts in known if facts}
    labels = _subject_labels({code for codes in paths.values() for code in codes})
    return [
        _document(title, stock[title[0]], paths.get(title[0], ()), labels, sold.get(title[0], 0)) for title in known
    ]


class _Facts(NamedTuple):
    """Of ProductFacts, what a document says."""

    gtin: int | None
    subtitle: str
    contributors: list[dict[str, str]]
    series: str
    series_number: str
    publisher: str
    subject_codes: list[str]
    subject_path: list[str]
    description: str
    language: str
    form: str
    publication_date: date | None


_Title = tuple[int, str, datetime, _Facts | None]  # product, title, when it was made, facts


def _titles(product_ids: Sequence[int]) -> list[_Title]:
    """Plain values: a model's object of product and facts takes longer to make than the document."""
    shown = Product.objects.filter(pk__in=product_ids, is_public=True).order_by("pk")
    columns = [f"facts__{name}" for name in _Facts._fields]
    return [
        (product_id, title, created, _Facts(*facts) if has_facts else None)
        for product_id, title, created, has_facts, *facts in shown.values_list(
            "pk", "title", "date_created", "facts__pk", *columns
        )
    ]


def subject_path(facts: ProductFacts | _Facts) -> tuple[str, ...]:
    """All codes of a title with everything above them, the root first: in Thema each character is one level."""
    found = dict.fromkeys(facts.subject_path)
    for code in facts.subject_codes:
        found.update(dict.fromkeys(code[:length] for length in range(1, len(code) + 1)))
    return tuple(sorted(found, key=lambda code: (len(code), code)))


def _document(
    title: _Title,
    records: Sequence[dict[str, Any]],
    subjects: Sequence[str],
    labels: dict[str, str],
    sold: int,
) -> TitleDocument:
    offered = [record for record in records if record["sellable"] > 0 or record["word"] in _ORDERABLE]
    product_id, name, created, facts = title
    known: dict[str, Any] = {}
    if facts:
        known = {
            "gtin": facts.gtin,
            "subtitle": facts.subtitle,
            "contributors": tuple(person["name"] for person in facts.contributors if person.get("name")),
            "series": facts.series,
            "series_number": facts.series_number,
            "publisher": facts.publisher,
            "subjects": tuple(code for code in subjects if code in labels),
            "subject_labels": " ".join(labels[code] for code in subjects if code in labels),
            "description": _plain(facts.description),
            "language": facts.language,
            "form": facts.form,
            "publication_ordinal": _ordinal(facts.publication_date),
        }
    return TitleDocument(
        product_id=product_id,
        title=name,
        conditions=tuple(sorted({record["condition"] for record in offered})),
        shops_in_stock=tuple(sorted({record["shop"] for record in records if record["sellable"] > 0})),
        shops_orderable=tuple(sorted({record["shop"] for record in offered if not record["sellable"]})),
        price_new_minor=_cheapest(record for record in offered if record["condition"] == Condition.NEW),
        price_used_minor=_cheapest(record for record in offered if record["condition"] != Condition.NEW),
        popularity=sold + len({record["shop"] for record in offered}),
        added_ordinal=_ordinal(created.date()),
        **known,
    )


def _plain(description: str) -> str:
    return html.unescape(strip_tags(description) if "<" in description else description)


def _stock(product_ids: Sequence[int], now: datetime) -> dict[int, list[dict[str, Any]]]:
    """By product, what each shop on sale has of it. Prices in another currency than the network's are left out."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    currency = network.current().currency
    records = annotate_sellable(
        StockRecord.objects.filter(
            product_id__in=product_ids, partner__shop__status=Shop.Status.ACTIVE, price_currency=currency
        )
        .exclude(price=None)
        .exclude(terms__retired_at__isnull=False),
        now=now,
    )
    columns = ("product_id", "partner__shop__pk", "price", "sellable", "terms__condition", "terms__availability")
    for product_id, shop_id, price, sellable, condition, word in records.values_list(*columns):
        found[product_id].append(
            {
                "shop": shop_id,
                "price_minor": money.to_minor(price, currency),
                "sellable": sellable,
                "condition": condition or Condition.NEW,
                "word": word or Availability.IN_STOCK,
            }
        )
    return found


def _sold(product_ids: Sequence[int]) -> dict[int, int]:
    """Units that readers have ordered, by product."""
    ordered = ShopOrderLine.objects.filter(product_id__in=product_ids).order_by()
    return dict(ordered.values_list("product_id").annotate(units=Sum("quantity")))


def _subject_labels(codes: Iterable[str]) -> dict[str, str]:
    """Names in every language, by code; codes nobody has named are left out."""
    named = Subject.objects.filter(scheme="thema", code__in=sorted(codes))
    return {code: f"{french} {english}" for code, french, english in named.values_list("code", "label_fr", "label_en")}


def _cheapest(records: Iterable[dict[str, Any]]) -> int | None:
    return min((record["price_minor"] for record in records), default=None)


def _ordinal(day: date | None) -> int | None:
    return day.year * 10_000 + day.month * 100 + day.day if day else None


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process indexes now: a lock that ends with its process, on either database."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            yield bool(cursor.fetchone()[0])
        return
    settings.SEARCH_INDEX_PATH.mkdir(parents=True, exist_ok=True)
    with (settings.SEARCH_INDEX_PATH / "indexing.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
