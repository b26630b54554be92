"""The network sets right whether a shop's seller is a trader."""

from __future__ import annotations

import pytest

from marketplace.foundation.models import AuditEntry
from search import directory
from shops.models import Business, Shop
from tests import factories


def business(kind: str, **columns: object) -> Business:
    return Business.objects.create(kind=kind, legal_name="Zoé Roy", made_at=factories.NOON, **columns)


def test_seller_is_corrected_for_all_shops_of_a_business(board):
    of = business("individual")
    one, other = (factories.shop(business=of) for _ in range(2))
    where = f"/board/shops/{one.pk}/seller/"
    for said, is_professional in (("0", False), ("0", False), ("x", False), ("1", True), ("0", False)):
        assert board.post(where, {"is_professional": said}).status_code == 302
        of.refresh_from_db()
        assert {of.is_professional, *Shop.objects.values_list("is_professional", flat=True)} == {is_professional}
        assert directory.active()[one.pk].seller.is_professional is is_professional
    entries = AuditEntry.objects.filter(action="shop.seller").order_by("pk")
    assert [entry.facts["is_professional"] for entry in entries] == [False, True, False]
    assert b'name="is_professional" value="1"' in board.get(f"/board/shops/{other.pk}/").content


@pytest.mark.parametrize("of", ["company", ""])
def test_company_is_never_a_private_person(board, of):
    """Nor what has a number in a register, where nothing else is known."""
    shop = factories.shop(registration="1140000000", business=business(of) if of else None)
    assert b'name="is_professional"' not in board.get(f"/board/shops/{shop.pk}/").content
    board.post(f"/board/shops/{shop.pk}/seller/", {"is_professional": "0"})
    shop.refresh_from_db()
    assert shop.is_professional
