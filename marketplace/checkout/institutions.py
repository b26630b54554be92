"""What institutions of Quebec buy (Act respecting the development of Quebec firms in the book industry, CQLR chapter
D-8.1, section 3, with the regulation on the acquisition of books that is made under it): books from accredited shops of
their own administrative region, from at least three of them in a year, at the regular price."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

from django.db.models import F, Sum

from marketplace.checkout.models import Institution
from marketplace.checkout.planning import Plan
from marketplace.foundation import money
from shops.models import Shop, ShopOrderLine

LEAST_SHOPS = 3
QUEBEC = ZoneInfo("America/Toronto")  # the year of the report is that of its clocks


@dataclass(frozen=True)
class Bought:
    """What an institution bought in one shop in a year: books that were not declined, worth as shown to the reader.
    `accredited`: at this moment, in the institution's region."""

    shop: Shop
    copies: int
    goods_minor: int
    currency: str
    accredited: bool


def institution_of(user_id: int | None) -> Institution | None:
    return Institution.objects.filter(user_id=user_id).first() if user_id else None


def is_bound(user_id: int | None) -> bool:
    """Whether the Act binds it: then books cost their regular price, without a voucher."""
    found = institution_of(user_id)
    return bool(found and found.region)


def is_accredited(shop: Shop, *, region: str, on: date) -> bool:
    """Whether an institution of `region` may buy books there."""
    holds = shop.accredited_until is None or on <= shop.accredited_until
    return bool(shop.accreditation) and holds and shop.administrative_region == region


def barred(institution: Institution, plan: Plan, *, now: datetime) -> list[Shop]:
    """The shops of a plan from which the institution may not buy the books in it: they are not accredited in its
    region, or a book costs less than its regular price. Other goods are free."""
    if not institution.region:
        return []
    on = now.astimezone(QUEBEC).date()
    return [
        parcel.shop
        for parcel in plan.parcels
        if (books := [line for line in parcel.lines if _is_book(line.record.product)])
        and (
            not is_accredited(parcel.shop, region=institution.region, on=on)
            or any(line.discount_minor for line in books)
        )
    ]


def bought(institution: Institution, year: int) -> list[Bought]:
    """By shop, most first; one query."""
    lines = ShopOrderLine.objects.filter(
        shop_order__order__user_id=institution.user_id,
        product__facts__is_book=True,
        shop_order__created_at__gte=datetime(year, 1, 1, tzinfo=QUEBEC),
        shop_order__created_at__lt=datetime(year + 1, 1, 1, tzinfo=QUEBEC),
        quantity__gt=F("declined"),
    )
    sums = lines.values("shop_order__shop_id", "shop_order__currency").annotate(
        copies=Sum(F("quantity") - F("declined")),
        # A line's goods less what was declined of it; exact, since every copy of a line costs the same.
        goods=Sum(F("goods_minor") - F("declined") * F("unit_price_minor")),
    )
    shops = Shop.objects.in_bulk([row["shop_order__shop_id"] for row in sums])
    today = datetime.now(QUEBEC).date()
    found = []
    for row in sums:
        shop = shops[row["shop_order__shop_id"]]
        accredited = is_accredited(shop, region=institution.region, on=today)
        found.append(Bought(shop, row["copies"], row["goods"], row["shop_order__currency"], accredited))
    return sorted(found, key=lambda one: (-one.goods_minor, one.shop.name))


def distinct_shops(rows: Sequence[Bought]) -> int:
    """The accredited shops of its region that an institution bought from; the law wants LEAST_SHOPS at least."""
    return sum(one.accredited for one in rows)


def report(year: int) -> Iterator[str]:
    """CSV, a line for each institution and shop, and one that counts each institution's shops."""
    yield _line("institution", "region", "shop", "accreditation", "copies", "amount", "currency", "shops", "enough")
    for institution in Institution.objects.exclude(region="").order_by("name", "pk"):
        rows = bought(institution, year)
        region = institution.get_region_display()
        for one in rows:
            number = one.shop.accreditation if one.accredited else ""
            amount = money.to_decimal(one.goods_minor, one.currency)
            yield _line(institution.name, region, one.shop.name, number, one.copies, amount, one.currency, "", "")
        count = distinct_shops(rows)
        copies = sum(one.copies for one in rows)
        yield _line(institution.name, region, "", "", copies, "", "", count, "yes" if count >= LEAST_SHOPS else "no")


def _is_book(product: object) -> bool:
    return bool(getattr(getattr(product, "facts", None), "is_book", False))


def _line(*cells: object) -> str:
    """One line of CSV; a text that a spreadsheet would take for a formula is marked as text (OWASP, CSV injection)."""
    written = StringIO()
    texts = [f"'{cell}" if str(cell)[:1] in ("=", "+", "-", "@", "\t") else cell for cell in cells]
    csv.writer(written).writerow(texts)
    return written.getvalue()
