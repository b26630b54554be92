"""What is due, by form, ISBN, place and day: examples from the laws, sums that are exact, and refusals."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime
from itertools import combinations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.checkout import checkouts, freezing, invariants, planning, tax, tax_tables
from marketplace.checkout.delivery import Destination
from marketplace.checkout.models import CheckoutLine, TaxRate
from marketplace.checkout.tax_categories import Category
from marketplace.checkout.tax_tables import Component
from marketplace.payments.commission_tax import TaxUnknownError
from shops.models import DeliveryOption
from tests import factories
from tests.checkout.buying import shop_with_delivery

DAY = date(2026, 11, 26)
BEFORE, SINCE = datetime(2025, 4, 1, 2, tzinfo=UTC), datetime(2025, 4, 1, 4, tzinfo=UTC)  # 31 March, 1 April in Halifax
TORONTO, HALIFAX, PARIS = Destination("CA", "M5V 2T6"), Destination("CA", "B3H 1A1"), Destination("FR", "75011")
PRINTED = {"form": "paperback", "is_book": True}
FRENCH = {"country": "FR", "postcode": "69002", "timezone": "Europe/Paris"}


def parts(*wanted, to=None, now=None, posted=False, shop=None, included=False):
    """The taxes of one shop's basket: code → minor units of goods, of delivery; `wanted` are (price, facts)."""
    factories.network(tax_included=included)
    of, pickup, post = shop_with_delivery(**(shop or {}))
    DeliveryOption.objects.filter(pk=post.pk).update(countries=["CA", "FR", "BE", "US"])
    lines = [(factories.stock_record(of, factories.product(**facts), price=price), 1) for price, facts in wanted]
    chosen = {of.pk: post.pk if posted else pickup.pk}
    plan = planning.plan(factories.basket(*lines), now=now or timezone.now(), chosen=chosen, to=to)
    assert all(parcel.option for parcel in plan.parcels)
    return plan


def due(plan):
    return [
        [(part.code, part.rate_milli, part.minor, part.delivery_minor) for part in line.tax_parts]
        for line in plan.lines
    ]


@pytest.mark.django_db
def test_printed_book_collected_in_montreal_pays_gst_only():
    plan = parts(("20.00", PRINTED))
    assert due(plan) == [[("GST", 5_000, 100, 0), ("QST", 0, 0, 0)]]
    assert plan.tax_by_rate == {("GST", 5_000): 100}


@pytest.mark.django_db
def test_printed_book_without_isbn_pays_qst_too():
    assert due(parts(("20.00", {"form": "paperback"}))) == [[("GST", 5_000, 100, 0), ("QST", 9_975, 200, 0)]]


@pytest.mark.django_db
def test_mug_sent_to_toronto_pays_ontarios_tax_with_its_postage():
    assert due(parts(("10.00", {}), to=TORONTO, posted=True)) == [[("HST", 13_000, 130, 55)]]


@pytest.mark.django_db
def test_ebook_is_taxed_where_its_reader_is_however_the_rest_comes():
    plan = parts(("10.00", {"form": "ebook", "is_book": True}), to=Destination("CA", "H2X 1Y4"))
    assert due(plan) == [[("GST", 5_000, 50, 0), ("QST", 9_975, 100, 0)]]
    assert due(parts(("10.00", {"form": "ebook"}), to=PARIS)) == [[("VAT", 5_500, 55, 0)]]


@pytest.mark.django_db
@pytest.mark.parametrize(("now", "rate", "tax_minor"), [(BEFORE, 15_000, 150), (SINCE, 14_000, 140)])
def test_halifax_changes_on_its_own_first_of_april(now, rate, tax_minor):
    """Books pay 5 % before and after; the day is the shop's."""
    lines = [("20.00", PRINTED), ("10.00", {})]
    columns = {"timezone": "America/Halifax", "complete_as_of": now}
    plan = parts(*lines, to=HALIFAX, now=now, posted=True, shop=columns)
    assert [[part[:3] for part in line] for line in due(plan)] == [[("HST", 5_000, 100)], [("HST", rate, tax_minor)]]


@pytest.mark.django_db
def test_french_book_magazine_and_candle_share_the_postage_at_their_own_rates():
    """In 21.10, 3.06 and 12.00, and of 4.20 in 2.45, 0.36 and 1.39."""
    magazine = {"gtin": 9770241239008}
    plan = parts(
        ("21.10", PRINTED), ("3.06", magazine), ("12.00", {}), to=PARIS, posted=True, shop=FRENCH, included=True
    )
    assert due(plan) == [[("VAT", 5_500, 110, 13)], [("VAT", 2_100, 6, 1)], [("VAT", 20_000, 200, 23)]]
    assert [line.delivery_share_minor for line in plan.lines] == [245, 36, 139]
    assert plan.total_minor == 2110 + 306 + 1200 + 420
    assert plan.tax_by_rate == {("VAT", 2_100): 7, ("VAT", 5_500): 123, ("VAT", 20_000): 223}


@pytest.mark.django_db
def test_goods_sent_abroad_are_exported_and_say_so():
    assert due(parts(("20.00", PRINTED), to=PARIS, posted=True)) == [[("GST", 0, 0, 0)]]


@pytest.mark.django_db
def test_unregistered_shop_charges_none_but_what_the_marketplace_collects():
    small = {"tax_registered": False}
    plan = parts(("10.00", {}), to=TORONTO, posted=True, shop=small)
    assert (due(plan), plan.tax_minor, plan.parcels[0].tax_note, plan.untaxed) == ([[]], 0, "small-ca", [])
    vancouver = Destination("CA", "V6B 1A1")
    assert due(parts(("10.00", {}), to=vancouver, posted=True, shop=small)) == [[("PST", 7_000, 70, 29)]]
    # Negative control: registered, it charges both.
    both = due(parts(("10.00", {}), to=vancouver, posted=True))
    assert both == [[("GST", 5_000, 50, 21), ("PST", 7_000, 70, 29)]]


@pytest.mark.django_db
def test_what_no_table_covers_is_refused_with_its_reason_before_paying():
    with translation.override("en"):
        plan = parts(("20.00", PRINTED), to=Destination("FR", "20000"), posted=True, shop=FRENCH)
        assert [line.untaxed for line in plan.untaxed] == [
            "It is not known here what tax is due on printed books with an ISBN in France, postcodes 20…, so this "
            "cannot be sold there."
        ]
        assert "which province" in parts(("20.00", {}), to=Destination("CA", "?"), posted=True).lines[0].untaxed
    shop, pickup, _post = shop_with_delivery(country="FR", postcode="97110")
    basket = factories.basket((factories.stock_record(shop), 1))
    checkout = checkouts.start(basket, None, language="fr", now=timezone.now())
    checkouts.set_person(checkout, email="lea@example.org", name="Léa")
    checkouts.choose_delivery(checkout, {shop.pk: pickup.pk})
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()).reason == "untaxed"
    type(shop).objects.update(postcode="69002")  # negative control: where a row holds, the same is frozen
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None
    assert CheckoutLine.objects.get().tax_parts == [
        {"code": "VAT", "of": "FR", "rate_milli": 20_000, "minor": 400, "delivery_minor": 0}
    ]
    assert invariants.frozen_amounts_are_exact() == []
    CheckoutLine.objects.update(tax_parts=[])
    assert len(invariants.frozen_amounts_are_exact()) == 1


@pytest.mark.django_db
def test_operator_fills_in_another_country_and_its_days_count():
    wanted = ("20.00", PRINTED)
    brussels = Destination("BE", "1000")
    assert parts(wanted, to=brussels, posted=True, shop=FRENCH).untaxed
    row = {"place": "BE", "category": Category.BOOK, "rate_milli": 6_000, "source": "an example"}
    TaxRate.objects.create(**row, since=date(2025, 1, 1), until=date(2025, 12, 31))
    tax.forget()
    assert parts(wanted, to=brussels, posted=True, shop=FRENCH).untaxed
    TaxRate.objects.create(**row, since=date(2026, 1, 1))
    tax.forget()
    assert due(parts(wanted, to=brussels, posted=True, shop=FRENCH)) == [[("VAT", 6_000, 120, 25)]]
    for place, is_theirs in (("FR-20", True), ("BE-export", True), ("FR", False), ("CA-QC", False), ("Belgium", False)):
        taken = TaxRate(**row | {"place": place}, since=DAY)
        with nullcontext() if is_theirs else pytest.raises(ValidationError):
            taken.full_clean()


@pytest.mark.django_db
def test_download_asks_for_an_address_even_if_all_else_is_collected():
    shop, pickup, _post = shop_with_delivery()
    titles = factories.product(**PRINTED), factories.product(form="ebook")
    checkout = checkouts.start(
        factories.basket(*((factories.stock_record(shop, title), 1) for title in titles)),
        None,
        language="fr",
        now=timezone.now(),
    )
    checkouts.set_person(checkout, email="lea@example.org", name="Léa")
    checkouts.choose_delivery(checkout, {shop.pk: pickup.pk})
    assert checkouts.next_step(checkout, checkouts.plan_of(checkout, now=timezone.now())) == "where"


@pytest.mark.django_db
def test_commission_is_a_service_taxed_where_the_shop_is():
    network, montreal = factories.network(), factories.shop()
    assert tax.commission_tax(montreal, network, 1000, DAY) == (
        tax.TaxPart("GST", "CA", 5_000, 50),
        tax.TaxPart("QST", "CA-QC", 9_975, 100),
    )
    vancouver = factories.shop(postcode="V6B 1A1", tax_registered=False)
    assert [part.code for part in tax.commission_tax(vancouver, network, 1000, DAY)] == ["GST", "PST"]
    saskatoon = factories.shop(postcode="S7K 1A1")
    with pytest.raises(TaxUnknownError, match="Saskatchewan"):
        tax.commission_parts(saskatoon, network, 1000, DAY)
    for code, rate in (("GST", 5_000), ("PST", 6_000)):  # what the operator fills in
        row = {"place": "CA-SK", "category": Category.SERVICE, "source": "an example", "since": DAY}
        made = TaxRate(code=code, rate_milli=rate, **row)
        made.full_clean()
        made.save()
    tax.forget()
    assert sorted(tax.commission_parts(saskatoon, network, 1000, DAY)) == [("CA", 50), ("CA-SK", 60)]
    assert tax.commission_tax(montreal, factories.network(tax_registered=False), 1000, DAY) == ()


@pytest.mark.django_db
def test_shop_elsewhere_in_the_union_owes_the_tax_on_its_commission_itself():
    network = factories.network(country="FR", tax_registered=True)
    french, belgian = factories.shop(**FRENCH), factories.shop(country="BE", postcode="1000", tax_number="BE0403019261")
    assert tax.commission_tax(french, network, 1000, DAY) == (tax.TaxPart("VAT", "FR", 20_000, 200),)
    assert tax.commission_tax(belgian, network, 1000, DAY) == (tax.TaxPart("reverse", "BE", 0, 0),)
    belgian.tax_number = ""
    with pytest.raises(tax.NoTaxRowError):
        tax.commission_tax(belgian, network, 1000, DAY)


GST_QST = (Component("GST", "CA", 5_000), Component("QST", "CA-QC", 9_975))


@settings(max_examples=40)
@given(amount=st.integers(0, 10**7), count=st.integers(0, 2))
def test_included_tax_never_changes_what_the_reader_pays(amount, count):
    net, taxes = tax.net_and_taxes(amount, GST_QST[:count], included=True)
    assert net + sum(taxes) == amount
    assert (len(taxes), min(net, *taxes, amount) >= 0) == (count, True)


@pytest.mark.parametrize(
    ("amount", "taxes"), [(1000, (50, 100)), (10, (1, 1)), (200, (10, 20)), (30, (2, 3)), (0, (0, 0))]
)
def test_each_tax_is_on_the_price_and_rounded_half_up(amount, taxes):
    """The last two are what basis points (9.97 % or 9.98 %) would get wrong."""
    assert tax.net_and_taxes(amount, GST_QST, included=False) == (amount, taxes)
    assert tax.net_and_taxes(1_000_000, GST_QST, included=False)[1] == (50_000, 99_750)
    assert tax.net_and_taxes(114_975, GST_QST, included=True) == (100_000, (5_000, 9_975))


def test_rows_never_overlap_and_each_says_its_source():
    assert [row for row in tax_tables.ROWS if not (row.source and row.components and row.categories)] == []
    overlapping = [
        (row, other)
        for row, other in combinations(tax_tables.ROWS, 2)
        if row.place == other.place and row.categories & other.categories
        if row.holds(other.since) or other.holds(row.since)
    ]
    assert overlapping == []
