"""Which rule is taken, what is kept, and that a sale keeps what was agreed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from marketplace.checkout import placing
from marketplace.payments import commission
from marketplace.payments.commission import Sale, Terms, amounts
from marketplace.payments.models import CommissionRule, LineCommission
from marketplace.payments.worth import commission as kept
from shops.models import ShopOrderLine
from tests import factories
from tests.checkout.buying import paid, shop_with_delivery

JANUARY, FEBRUARY, MARCH = (factories.NOON.replace(month=month) for month in (1, 2, 3))


def rules() -> list[CommissionRule]:
    """From the widest to the narrowest: each beats all that are before it."""
    narrower = [
        {"label": "all"},
        {"label": "all, later", "begins_at": FEBRUARY},
        {"label": "large", "turnover_minor": 100_000},
        {"label": "fiction", "subject": "F"},
        {"label": "comics", "subject": "FX"},
        {"label": "digital", "form": "digital"},
        {"label": "widget", "channel": "widget"},
        {"label": "shop", "shop_id": 7},
        {"label": "shop and fiction", "shop_id": 7, "subject": "F"},
        {"label": "shop and widget", "shop_id": 7, "channel": "widget"},
    ]
    return [
        CommissionRule(**({"pk": pk, "basis_points": pk, "begins_at": JANUARY} | columns))
        for pk, columns in enumerate(narrower, start=1)
    ]


@pytest.mark.parametrize(
    ("sale", "at", "label"),
    [
        (Sale(1), JANUARY, "all"),
        (Sale(1), JANUARY - timedelta(days=1), None),
        (Sale(1), MARCH, "all, later"),
        (Sale(1, turnover_minor=99_999), MARCH, "all, later"),
        (Sale(1, turnover_minor=100_000), MARCH, "large"),
        (Sale(1, "FBA", turnover_minor=100_000), MARCH, "fiction"),
        (Sale(1, "FXA"), MARCH, "comics"),
        (Sale(1, "XA"), MARCH, "all, later"),
        (Sale(1, "FXA", "digital"), MARCH, "digital"),
        (Sale(1, "FXA", "digital", "widget"), MARCH, "widget"),
        (Sale(7, "", "digital", "web", 100_000), MARCH, "shop"),
        (Sale(7, "FXA", "digital", "web", 100_000), MARCH, "shop and fiction"),
        (Sale(7, "FXA", "digital", "widget", 100_000), MARCH, "shop and widget"),
    ],
)
def test_rule_the_most_specific_wins(sale, at, label):
    for given in (rules(), rules()[::-1]):
        found = commission.rule_for(sale, given, at)
        assert (found.label if found else None) == label


def test_rule_that_ended_fits_nothing():
    rule = CommissionRule(basis_points=1, begins_at=JANUARY, ends_at=MARCH)
    assert [commission.fits(rule, Sale(1), at) for at in (JANUARY, MARCH - timedelta(seconds=1), MARCH)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("terms", "goods", "expected"),
    [
        (Terms(800), [(1, 33), (1, 33), (1, 33)], [3, 3, 2]),  # 7.92 → 8, not 3 × 3
        (Terms(800), [(2, 2000), (1, 1000)], [160, 80]),
        (Terms(None, 25), [(3, 2000), (1, 10)], [75, 10]),  # never more than the goods
        (Terms(800, floor_minor=100), [(2, 1000), (1, 2000)], [200, 160]),
        (Terms(800, cap_minor=50), [(2, 2000), (1, 500)], [100, 40]),
        (Terms(0), [(1, 100)], [0]),
    ],
)
def test_amounts_are_shared_exactly_and_bounded_by_copy(terms, goods, expected):
    lines = [ShopOrderLine(quantity=units, goods_minor=minor) for units, minor in goods]
    assert amounts(terms, lines) == expected


def order_of(*subjects: str):
    """Placed with one line of two copies at 20.00 for each subject, all from one shop."""
    shop = shop_with_delivery()[0]
    records = [factories.stock_record(shop, factories.product(subject_codes=[code], is_book=True)) for code in subjects]
    return placing.place(paid(factories.basket(*((record, 2) for record in records))).pk, now=timezone.now())


def test_sale_keeps_what_was_agreed_and_a_part_of_it_for_part_of_a_line(db):
    factories.network(commission_basis_points=800)
    begins = timezone.now() - timedelta(days=1)
    comics = CommissionRule.objects.create(label="comics", subject="X", basis_points=333, begins_at=begins)
    part = order_of("XAB", "FB").shop_orders.get()
    agreed = list(LineCommission.objects.order_by("pk").values_list("rule", "basis_points", "amount_minor"))
    assert agreed == [(comics.pk, 333, 133), (None, 800, 320)]
    CommissionRule.objects.update(basis_points=5000)
    factories.network(commission_basis_points=5000)
    assert kept(part, part.lines.all()) == 453
    ShopOrderLine.objects.update(declined=F("declined") + 1)
    assert kept(part, part.lines.all()) == 453 - 66 - 160


def test_tier_is_the_month_before_of_that_shop_alone(db):
    shop, other = factories.shop(), factories.shop()
    now = factories.NOON.replace(month=1)  # the month before is another year's
    CommissionRule.objects.create(label="large", turnover_minor=4000, basis_points=100, begins_at=now)
    record = factories.stock_record(shop, units=9)
    factories.shop_order(shop, (record, 2), created_at=now.replace(year=2025, month=12, day=31))
    parts = [
        factories.shop_order(shop, (record, 1), created_at=now),
        factories.shop_order(other, (factories.stock_record(other), 1), created_at=now),
        factories.shop_order(shop, (record, 1), created_at=now + timedelta(days=31)),  # sold only 20.00 before
    ]
    found = [commission.frozen(list(part.lines.all())).popitem()[1].basis_points for part in parts]
    assert found == [100, 800, 800]
