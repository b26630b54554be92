"""Each licence code is handed out once, however many want it at the same time."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from marketplace.catalogue.models import TitleChange
from shops import invariants, stock
from shops.downloads import codes
from shops.models import Download, LicenceCode
from tests import factories
from tests.shops.racing import at_once

BUYERS = 12


def of_codes(number: int) -> Download:
    record = factories.stock_record(factories.shop(), units=None, availability="digital")
    return factories.download(record, "\n".join(f"K-{position}" for position in range(number)), kind="codes")


def taken() -> list[str]:
    return sorted(LicenceCode.objects.exclude(hold_key="").values_list("code", flat=True))


def test_hold_is_all_or_nothing_and_once(db):
    one, other = of_codes(2), of_codes(1)
    wanted = [(one.pk, 2), (other.pk, 2)]
    assert codes.hold(wanted, key="checkout:1") == [stock.Shortage(other.pk, 2, 0)]
    assert taken() == []
    assert (codes.hold([(one.pk, 2)], key="checkout:1"), codes.hold([(one.pk, 2)], key="checkout:1")) == ([], [])
    assert (codes.held("checkout:1"), taken()) == ({one.pk: 2}, ["K-0", "K-1"])
    assert invariants.codes_that_differ() == []
    TitleChange.objects.all().delete()
    assert codes.release_hold("checkout:1") == 2
    assert Download.objects.get(pk=one.pk).codes_left == 2
    assert TitleChange.objects.filter(product_id=one.stock_record.product_id).count() == 1  # it is on sale again
    assert invariants.codes_that_differ() == []


def test_adding_passes_over_what_was_there(db):
    download = of_codes(2)
    assert codes.add(download, ["K-1", "K-2", "K-2"]) == 1
    assert Download.objects.get().codes_left == 3


@pytest.mark.parametrize("number", [1, 5])
def test_no_code_goes_to_two_of_twelve_buyers(committed_db, number: int):
    download = of_codes(number)
    results = at_once(lambda buyer: codes.hold([(download.pk, 1)], key=f"checkout:{buyer}"), BUYERS)
    assert sorted(len(result) for result in results) == [0] * number + [1] * (BUYERS - number)
    assert LicenceCode.objects.exclude(hold_key="").count() == number
    assert invariants.codes_that_differ() == []


def test_without_the_guard_two_are_sold_the_same_code(committed_db):
    """Negative control: look for a free code, then take it."""
    download, both_looked = of_codes(1), threading.Barrier(2)

    def buy(buyer: int) -> int:
        code = LicenceCode.objects.filter(download=download, hold_key="").first()
        both_looked.wait(30)
        return LicenceCode.objects.filter(pk=code.pk).update(hold_key=f"checkout:{buyer}")

    assert at_once(buy, 2) == [1, 1], connection.vendor
    assert invariants.codes_that_differ() != []
