"""A shop makes its own vouchers, and learns nothing of others'."""

from __future__ import annotations

import pytest

from marketplace.checkout.models import Voucher
from shops.portal.voucher_views import TRIES
from tests import factories
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db


def test_codes_of_others_are_not_guessed_from_many_addresses():
    shop, person = factories.shop(), factories.user()
    factories.member(shop, person)
    factories.voucher("NOEL")
    client, here = signed_in(person), f"/portal/{shop.slug}/vouchers/make/"
    guess = {"code": "NOEL", "label": "x", "percent": "10"}
    answers = [client.post(here, guess, REMOTE_ADDR=f"10.0.0.{number}").status_code for number in range(TRIES * 2 + 1)]
    assert set(answers[:TRIES]) == {422}
    assert 429 in answers  # the clock's minute may turn once
    assert Voucher.objects.count() == 1
