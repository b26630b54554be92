"""What belongs to a title and follows it to another one, with what is needed to put it back.

Joining, parting and undoing stand on this. Everything is found after the locks are taken, in the order that everybody
keeps: baskets, their lines, checkouts, shop orders, stock records by key. A slice of a sync shares one more lock with
its like, so that no article goes on sale under a title that is being emptied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.partner.models import StockRecord
from oscar.apps.wishlists.models import Line as WishListLine

from catalog_sync.banding import PLAN
from catalog_sync.models import SourceRecord
from marketplace.catalogue.models import CoverFetch, OtherGtin, ProductFacts, ProductRedirect
from marketplace.foundation import bulk

_BATCH = 5000
_LOCK = 7_041_778  # any number that nothing else of ours locks on PostgreSQL


class Follow(NamedTuple):
    """A column that names a title, and follows it. `once`: with it the title is there once; what the other title has
    already stays where it is."""

    model: str
    column: str = "product_id"
    once: str = ""

    @property
    def key(self) -> str:
        return f"{self.model}:{self.column}"

    @property
    def rows(self) -> Any:
        """The model's manager."""
        return apps.get_model(self.model)._default_manager


STOCK, RECOMMENDED = "partner.StockRecord", "catalogue.ProductRecommendation"
FOLLOWS = (
    Follow(STOCK),
    Follow("order.Line"),
    Follow("shops.ShopOrderLine"),
    Follow("shops.Alternative"),
    Follow("placing.CheckoutLine"),
    Follow("shops.Reservation"),
    Follow("shops.Thread"),
    Follow("catalogue.Product", "parent_id"),
    Follow("catalogue.ProductImage"),
    Follow("catalogue.ProductCategory", once="category_id"),
    Follow("catalogue.ProductAttributeValue", once="attribute_id"),
    Follow("catalogue.Product_product_options", once="option_id"),
    Follow(RECOMMENDED, "primary_id", once="recommendation_id"),
    Follow(RECOMMENDED, "recommendation_id", once="primary_id"),
    Follow("offer.RangeProduct", once="range_id"),
    Follow("offer.Range_excluded_products", once="range_id"),
    Follow("titles.FactEdit", once="fact"),
    Follow("customer.ProductAlert"),
    Follow("readers.Alert"),
    Follow("analytics.UserProductView"),
)
# Those of which two may have to become one, or change places; `carry` knows how.
MERGED = ("basket.Line", "wishlists.Line", "reviews.ProductReview")
# A title's own: its facts are folded anew, its numbers are counted anew.
OWN = (
    *("titles.ProductFacts", "titles.CoverFetch", "titles.OtherGtin", "titles.ProductRedirect"),
    *("titles.Moderation", "catalog_sync.Lookup", "analytics.ProductRecord"),
)
# Of these the rows of one offer go along when it is parted from its title: {model: the column of the stock record}
OF_AN_OFFER = {"order.Line": "stockrecord_id", "shops.ShopOrderLine": "stock_record_id"}
OF_AN_OFFER |= dict.fromkeys(["placing.CheckoutLine", "shops.Reservation", "shops.Alternative"], "stock_record_id")


def share_lock() -> None:
    """For a transaction that writes matches: no titles are joined or parted until it ends. Taken first."""
    if bulk.is_postgres():
        bulk.rows(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")


def lock(product_ids: Collection[int]) -> None:
    """For the transaction of a move: nothing of these titles changes beside it. SQLite has one writer at a time."""
    if not bulk.is_postgres():
        return
    among, words = bulk.among(product_ids)
    bulk.rows(f"SELECT pg_advisory_xact_lock({_LOCK})")
    for statement in _LOCKS:
        bulk.rows(statement.format(these=f"product_id {among}"), words)


_LOCKS = (
    "SELECT id FROM basket_basket WHERE id IN (SELECT basket_id FROM basket_line WHERE {these})"
    " ORDER BY id FOR NO KEY UPDATE",
    "SELECT id FROM basket_line WHERE {these} ORDER BY id FOR UPDATE",
    "SELECT id FROM placing_checkout WHERE order_id IS NULL AND id IN (SELECT p.checkout_id FROM placing_checkoutline l"
    " JOIN placing_checkoutparcel p ON p.id = l.parcel_id WHERE l.{these}) ORDER BY id FOR NO KEY UPDATE",
    "SELECT id FROM shops_shoporder WHERE id IN (SELECT shop_order_id FROM shops_shoporderline WHERE {these})"
    " ORDER BY id FOR NO KEY UPDATE",
    "SELECT id FROM partner_stockrecord WHERE {these} ORDER BY id FOR NO KEY UPDATE",
)


def follow_in_plan(feed_id: int, low: int, high: int, *, since: datetime) -> None:
    """What was joined or parted since a run made its plan, put into a slice of the plan. Usually nothing was."""
    words = {"feed": feed_id, "low": low, "high": high, "since": bulk.moment(since)}
    if bulk.rows(_MOVED_SINCE, words):
        for statement in _IN_PLAN:
            bulk.execute(statement, words)


_SINCE = "(m.at >= %(since)s OR m.undone_at >= %(since)s)"
_MOVED_SINCE = f"SELECT 1 FROM catalog_sync_titlemove m WHERE {_SINCE} LIMIT 1"
_SLICE = f"{PLAN}.n BETWEEN %(low)s AND %(high)s"
_IN_PLAN = (
    # A known article is what its record says now; a new one has its GTIN's title.
    f"UPDATE {PLAN} SET product_id = r.product_id FROM catalog_sync_sourcerecord r WHERE r.feed_id = %(feed)s"
    f" AND r.sku = {PLAN}.sku AND {_SLICE} AND r.product_id <> {PLAN}.product_id AND EXISTS (SELECT 1"
    f" FROM catalog_sync_titlemove m WHERE {_SINCE} AND {PLAN}.product_id IN (m.from_product_id, m.to_product_id))",
    f"UPDATE {PLAN} SET product_id = f.product_id FROM titles_productfacts f WHERE f.gtin = {PLAN}.gtin"
    f" AND {PLAN}.is_new AND {PLAN}.stock_record_id IS NULL AND {_SLICE}",
    f"UPDATE {PLAN} SET product_id = d.product_id FROM titles_productredirect d"
    f" WHERE d.old_id = {PLAN}.product_id AND {_SLICE}",
)


def carry(old: int, new: int) -> dict[str, Any]:
    """Everything of the title `old` becomes `new`'s. Returns what `put_back` needs, as JSON."""
    before: dict[str, Any] = {"moved": {}, "merged": []}
    for follow in FOLLOWS:
        rows = follow.rows.filter(**{follow.column: old})
        if follow.once:
            there = follow.rows.filter(**{follow.column: new}).values(follow.once)
            rows = rows.exclude(**{f"{follow.once}__in": there})
        if follow.model == RECOMMENDED:
            rows = rows.exclude(**{follow.once: new})  # nothing recommends itself
        before["moved"][follow.key] = move(follow, list(rows.values_list("pk", flat=True)), new)
    articles = SourceRecord.objects.filter(product_id=old)
    before["articles"] = [list(key) for key in articles.order_by("feed_id", "sku").values_list("feed_id", "sku")]
    articles.update(product_id=new)
    before["baskets"] = carry_basket_lines(BasketLine.objects.filter(product_id=old), new, before["merged"])
    before["wishes"] = _carry_wishes(old, new, before["merged"])
    before["reviews"] = _carry_reviews(old, new)
    return before


def move(follow: Follow, keys: Sequence[Any], new: int, *, still: int | None = None) -> list[Any]:
    """Make these rows the title `new`'s: where they are `still` another's, if that is given. Returns their keys."""
    moved: list[Any] = []
    for start in range(0, len(keys), _BATCH):
        rows = follow.rows.filter(pk__in=keys[start : start + _BATCH])
        if still is not None:
            rows = rows.filter(**{follow.column: still})
        found = sorted(rows.values_list("pk", flat=True))
        follow.rows.filter(pk__in=found).update(**{follow.column: new})
        moved += found
    return moved


def carry_basket_lines(lines: models.QuerySet[BasketLine], new: int, merged: list[dict[str, Any]]) -> list[Any]:
    """Lines of baskets become the title `new`'s; their references name title and stock record. Where a basket has the
    same stock record under both, one line keeps the copies of both. Returns [key, title and reference before]."""
    before = []
    for line in lines.order_by("pk"):
        reference = f"{new}_{line.stockrecord_id}"
        twin = BasketLine.objects.filter(basket_id=line.basket_id, line_reference=reference).exclude(pk=line.pk).first()
        if twin is not None:
            merged.append(_merge(line, twin))
            continue
        before.append([line.pk, line.product_id, line.line_reference])
        BasketLine.objects.filter(pk=line.pk).update(product_id=new, line_reference=reference)
    return before


def _carry_wishes(old: int, new: int, merged: list[dict[str, Any]]) -> list[int]:
    twins = {line.wishlist_id: line for line in WishListLine.objects.filter(product_id=new)}
    moved = []
    for line in WishListLine.objects.filter(product_id=old).order_by("pk"):
        if line.wishlist_id in twins:
            merged.append(_merge(line, twins[line.wishlist_id]))
        else:
            moved.append(line.pk)
    WishListLine.objects.filter(pk__in=moved).update(product_id=new)
    return moved


def _merge(line: Any, twin: Any) -> dict[str, Any]:
    """The copies of `line` go to `twin`; what both were."""
    both = twin.quantity + line.quantity
    type(line).objects.filter(pk=twin.pk).update(quantity=both)
    type(line).objects.filter(pk=line.pk).delete()
    row = image(line)
    return {"model": line._meta.label, "row": row, "into": twin.pk, "quantity": twin.quantity, "both": both}


def _carry_reviews(old: int, new: int) -> list[list[int]]:
    """A person has one review of a title: the older one counts, and the younger stays with the emptied title. Returns
    [key of the one that came, key of the one that left or 0]."""
    twins = {row.user_id: row for row in ProductReview.objects.filter(product_id=new) if row.user_id}
    moved = []
    for review in ProductReview.objects.filter(product_id=old).order_by("pk"):
        twin = twins.get(review.user_id) if review.user_id else None
        if twin is None or (review.date_created, review.pk) < (twin.date_created, twin.pk):
            exchange(review.pk, new, twin.pk if twin else 0, old)
            moved.append([review.pk, twin.pk if twin else 0])
    rate([old, new])
    return moved


def exchange(review: int, to: int, other: int, back: int) -> None:
    """Put a review under the title `to`; the `other` one, if any, leaves it for `back`."""
    if other:
        ProductReview.objects.filter(pk=other).update(product_id=None)
    ProductReview.objects.filter(pk=review).update(product_id=to)
    if other:
        ProductReview.objects.filter(pk=other).update(product_id=back)


def rate(product_ids: Iterable[int]) -> None:
    """Oscar's average of the reviews."""
    for product in Product.objects.filter(pk__in=list(product_ids)):
        Product.objects.filter(pk=product.pk).update(rating=product.calculate_rating())


def image(row: models.Model) -> dict[str, Any]:
    """All columns of a row, as JSON."""
    return {field.attname: _plain(field.value_from_object(row)) for field in row._meta.concrete_fields}


def restore(model: type[models.Model], row: dict[str, Any]) -> None:
    """Write a row exactly as `image` found it, whether it is still there or not."""
    values = {field.attname: field.to_python(row[field.attname]) for field in model._meta.concrete_fields}
    key = model._meta.pk.attname  # type: ignore[union-attr]
    rows = model._default_manager.filter(pk=values[key])
    if not rows.exists():
        model._default_manager.bulk_create([model(**values)])
    rows.update(**{name: value for name, value in values.items() if name != key})  # past `auto_now`


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def images(product_ids: Collection[int]) -> dict[str, list[dict[str, Any]]]:
    """What is written over when titles are folded anew: Oscar's rows, facts, covers to fetch."""
    return {
        model._meta.label: [
            image(row) for row in model._default_manager.filter(pk__in=list(product_ids)).order_by("pk")
        ]
        for model in FOLDED
    }


FOLDED: tuple[type[models.Model], ...] = (Product, ProductFacts, CoverFetch)


def gtin_of(product: Product) -> int | None:
    facts = ProductFacts.objects.filter(pk=product.pk).values_list("gtin", flat=True).first()
    return facts or (int(product.upc) if product.upc and product.upc.isdigit() else None)


def is_emptied(product_id: int) -> bool:
    """Whether it was joined with another title."""
    return ProductRedirect.objects.filter(old_id=product_id).exists()


def instead_of(product: Product) -> Product:
    """The title that it was joined with, else itself."""
    redirect = ProductRedirect.objects.filter(old_id=product.pk).select_related("product").first()
    return redirect.product if redirect else product


def numbers_of(product_id: int) -> list[int]:
    return list(OtherGtin.objects.filter(product_id=product_id).order_by("gtin").values_list("gtin", flat=True))


@dataclass(frozen=True)
class Article:
    """What a shop calls by one number: its stock record, and what its feeds say of it."""

    partner_id: int
    sku: str
    stock_record_id: int | None
    records: tuple[SourceRecord, ...]

    @property
    def key(self) -> str:
        return f"{self.partner_id}:{self.sku}"


def articles_of(product_id: int) -> list[Article]:
    """All of a title, by shop and number. Two queries."""
    said: dict[tuple[int, str], list[SourceRecord]] = {}
    for record in SourceRecord.objects.filter(product_id=product_id).select_related("feed__shop"):
        said.setdefault((record.feed.shop.partner_id, record.sku), []).append(record)
    offers = StockRecord.objects.filter(product_id=product_id)
    sold = {(partner, sku): pk for pk, partner, sku in offers.values_list("pk", "partner_id", "partner_sku")}
    return [
        Article(partner, sku, sold.get((partner, sku)), tuple(said.get((partner, sku), ())))
        for partner, sku in sorted({*said, *sold})
    ]
