"""How many units of a stock record may be sold now (DESIGN §5), once in Python and once in SQL."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from oscar.apps.partner.models import StockRecord

from shops.models import Availability, Shop, StockTerms

# An article that the shop would have to order first, or that it cannot say anything about, is no stock.
SELLS = Availability.IN_STOCK
DEFAULT_OPEN_LIMIT = StockTerms._meta.get_field("open_limit").default


def effective_as_of(terms: StockTerms | None, shop: Shop) -> datetime | None:
    """The earliest moment at which the record's number can have been read; None where nobody vouches for it."""
    if terms is None:
        return shop.complete_as_of
    stamps = [terms.as_of, shop.complete_as_of if terms.follows_runs else None]
    return max((stamp for stamp in stamps if stamp is not None), default=None)


def sells(*, shop: Shop, terms: StockTerms | None, now: datetime) -> bool:
    """Whether the record may be sold at all, however many units there are."""
    return is_listed(terms) and shop.status == Shop.Status.ACTIVE and is_vouched(shop=shop, terms=terms, now=now)


def is_listed(terms: StockTerms | None) -> bool:
    """Whether its shop says that it is there at all."""
    return terms is None or (terms.retired_at is None and terms.availability == SELLS)


def is_vouched(*, shop: Shop, terms: StockTerms | None, now: datetime) -> bool:
    """Whether what the shop's feeds said of the record is young enough to count."""
    if (terms is None or terms.follows_runs) and shop.fresh_until is not None and now <= shop.fresh_until:
        return True
    own = terms.as_of if terms is not None else None
    return own is not None and now - own <= timedelta(hours=shop.freshness_hours)


def limit(record: StockRecord, *, shop: Shop, terms: StockTerms | None) -> int:
    """How many units may be promised at the same time: the number less the buffer, or where the number is unknown the
    open units that the shop allows."""
    if record.num_in_stock is None:
        return DEFAULT_OPEN_LIMIT if terms is None else terms.open_limit
    return record.num_in_stock - buffer(shop=shop, terms=terms)


def buffer(*, shop: Shop, terms: StockTerms | None) -> int:
    """Copies kept for the counter."""
    return shop.buffer if terms is None or terms.buffer is None else terms.buffer


def sellable_units(record: StockRecord, *, shop: Shop, terms: StockTerms | None, now: datetime) -> int:
    """Units that a reader may be sold now, 0 or more."""
    if not sells(shop=shop, terms=terms, now=now):
        return 0
    return max(0, limit(record, shop=shop, terms=terms) - (record.num_allocated or 0))


def units_at_desk(record: StockRecord, *, shop: Shop, terms: StockTerms | None) -> int:
    """Units that the shop's own people may use for an order that is open, 0 or more: by its last number, however old it
    is, and whether or not the shop is on sale. Both are promises to new readers; they stand before the shelf."""
    return max(0, limit(record, shop=shop, terms=terms) - (record.num_allocated or 0)) if is_listed(terms) else 0


def annotate_at_desk(queryset: QuerySet[StockRecord]) -> QuerySet[StockRecord]:
    """`units_at_desk` as SQL: adds the column `at_desk`; of a download there is no copy."""
    listed = Q(download__pk=None) & _listed(SELLS)
    return queryset.annotate(at_desk=Case(When(listed, then=_free()), default=0, output_field=IntegerField()))


def _listed(*availabilities: str) -> Q:
    return Q(terms__pk=None) | Q(terms__retired_at=None, terms__availability__in=availabilities)


def _free() -> Greatest:
    allowed = Case(
        When(num_in_stock=None, then=Coalesce("terms__open_limit", DEFAULT_OPEN_LIMIT)),
        default=F("num_in_stock") - Coalesce("terms__buffer", "partner__shop__buffer"),
        output_field=IntegerField(),
    )
    return Greatest(allowed - Coalesce("num_allocated", 0), 0, output_field=IntegerField())


def annotate_sellable(queryset: QuerySet[StockRecord], *, now: datetime) -> QuerySet[StockRecord]:
    """The same as SQL: adds the column `sellable` to a queryset of stock records, with downloads as
    `supplying.supplied` says. Partners without a shop sell 0."""
    # SQLite multiplies durations by plain integers only, not by a PositiveIntegerField.
    hours = ExpressionWrapper(F("partner__shop__freshness_hours"), output_field=IntegerField())
    age = ExpressionWrapper(hours * timedelta(hours=1), output_field=DurationField())
    oldest = ExpressionWrapper(Value(now, output_field=DateTimeField()) - age, output_field=DateTimeField())
    without_terms = Q(terms__pk=None)
    # The shop's own age first: on SQLite `oldest` is worked out in Python, for each row that is asked about it.
    fresh = (without_terms | Q(terms__follows_runs=True)) & Q(partner__shop__fresh_until__gte=now) | Q(
        terms__as_of__gte=oldest
    )
    active = Q(partner__shop__status=Shop.Status.ACTIVE)
    uploaded = _listed(SELLS, Availability.DIGITAL)
    return queryset.annotate(
        sellable=Case(
            When(Q(download__active=True) & active & uploaded, then=Coalesce("download__codes_left", 1)),
            When(Q(download__pk=None) & active & _listed(SELLS) & fresh, then=_free()),
            default=0,
            output_field=IntegerField(),
        )
    )
