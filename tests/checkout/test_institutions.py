"""Institutions of Quebec buy books from accredited shops of their region, and the year's report counts them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, freezing, institutions
from marketplace.checkout.models import Institution
from shops.models import ShopOrder
from tests import factories
from tests.checkout.buying import ready, two_shop_basket

pytestmark = pytest.mark.django_db
ACCREDITED = {"accreditation": "QC-1", "administrative_region": "06"}


def test_institution_buys_books_only_from_accredited_shops_of_its_region():
    reader = factories.user()
    checkout = ready(two_shop_basket(reader), user=reader)
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    a, b = (parcel.shop for parcel in checkouts.plan_of(checkout, now=timezone.now()).parcels)
    Institution.objects.create(user=reader, name="École", region="06")

    def barred() -> list[str]:
        refusal = freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now())
        return [shop.name for shop in refusal.shops] if refusal else []

    assert barred() == ["Librairie A", "Librairie B"]
    for shop, columns in ((a, ACCREDITED), (b, ACCREDITED | {"administrative_region": "03"})):
        type(shop).objects.filter(pk=shop.pk).update(**columns)
    assert barred() == ["Librairie B"]
    type(b).objects.filter(pk=b.pk).update(**ACCREDITED, accredited_until=datetime(2020, 1, 1).date())
    assert barred() == ["Librairie B"]
    type(b).objects.filter(pk=b.pk).update(accredited_until=None)
    assert barred() == []
    checkout.refresh_from_db()
    assert checkout.state == "paying"


def test_report_counts_books_that_were_not_declined_by_shop_and_year():
    reader = factories.user()
    institution = Institution.objects.create(user=reader, name="=École", region="06")
    order = factories.order(reader)
    book, mug = factories.product(is_book=True), factories.product(is_book=False)
    a, b = factories.shop("Librairie A", **ACCREDITED), factories.shop("Librairie B")
    when = datetime(2026, 12, 31, 23, 0, tzinfo=institutions.QUEBEC)
    lines = (factories.stock_record(a, book, units=3), 3), (factories.stock_record(a, mug), 1)
    of_a = factories.shop_order(a, *lines, placed=order)
    factories.shop_order(b, (factories.stock_record(b, book, price="10.00"), 1), placed=order)
    ShopOrder.objects.update(created_at=when)
    of_a.lines.filter(quantity=3).update(declined=1)
    rows = institutions.bought(institution, 2026)
    assert [(one.shop, one.copies, one.goods_minor, one.accredited) for one in rows] == [
        (a, 2, 4000, True),
        (b, 1, 1000, False),
    ]
    assert institutions.bought(institution, 2027) == []
    assert when.astimezone(UTC).year == 2027
    assert "".join(institutions.report(2026)).splitlines() == [
        "institution,region,shop,accreditation,copies,amount,currency,shops,enough",
        "'=École,Montréal,Librairie A,QC-1,2,40.00,CAD,,",
        "'=École,Montréal,Librairie B,,1,10.00,CAD,,",
        "'=École,Montréal,,,3,,,1,no",
    ]
