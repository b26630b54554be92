"""A shop is made on the board, and put on sale when nothing is missing."""

from __future__ import annotations

from datetime import time

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import mail
from marketplace.foundation.models import AuditEntry, MailMessage
from shops.channels import testing
from shops.models import Invitation, Shop
from shops.onboarding import checklist
from tests import factories

SAID = {
    "name": "Librairie Neuve",
    "slug": "neuve",
    "line1": "1, rue du Port",
    "city": "Laval",
    "postcode": "H7A 1A1",
    "country": "ca",
    "phone": "+1 514 555 0100",
    "email": "neuve@example.org",
    "timezone": "America/Toronto",
    "language": "fr",
    "owner": "zoe@example.org",
}


def where(name: str, *rest: object) -> str:
    return reverse(f"operations:{name}", args=rest)


def test_shop_is_made_and_its_owner_asked(board):
    assert where("shop-new") in board.get(where("list", "shops")).content.decode()
    page = board.post(where("shop-make"), SAID)
    shop = Shop.objects.get()
    assert (page.url, shop.status, shop.country, shop.partner.code) == (
        where("shop", shop.pk),
        "draft",
        "CA",
        "neuve",
    )
    asked, letter = Invitation.objects.get(), MailMessage.objects.get()
    assert (asked.email, asked.role, letter.to, letter.language) == (
        "zoe@example.org",
        "owner",
        "zoe@example.org",
        "fr",
    )
    assert AuditEntry.objects.filter(action="shop.make", shop_id=shop.pk).count() == 1


def test_shop_that_is_made_has_a_place_a_telephone_and_its_own_time(board):
    assert board.get(where("shop-new")).context["form"]["timezone"].value() == ""
    changes = {"timezone": "", "country": "FR", "postcode": "97400", "city": "Saint-Denis"}
    board.post(where("shop-make"), SAID | changes)
    shop = Shop.objects.get()
    assert (shop.timezone, shop.phone, shop.latitude) == ("Indian/Reunion", "+1 514 555 0100", -20.882)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "taken"),
        ("slug", "www"),
        ("slug", "a b"),
        ("country", "Canada"),
        ("timezone", "Mars"),
        ("owner", "x"),
        ("country", "zz"),
        ("phone", ""),
        ("phone", "call me"),
    ],
)
def test_what_cannot_be_is_refused(board, field, value):
    factories.shop(slug="taken")
    page = board.post(where("shop-make"), SAID | {field: value})
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert Shop.objects.count() == 1


def test_put_on_sale_when_nothing_is_missing(board):
    shop = factories.shop(status=Shop.Status.DRAFT, complete_as_of=None, stripe_account_ready=False)
    made = [
        lambda: factories.member(shop, role="owner"),
        lambda: factories.delivery_option(shop),
        lambda: factories.opening_hours(shop, weekday=0, opens=time(9), closes=time(18)),
        lambda: Shop.objects.update(complete_as_of=timezone.now()),
        lambda: testing.send(shop, by=factories.user(), now=timezone.now()) and mail.send_mail(timezone.now()),
        lambda: Shop.objects.update(stripe_account_ready=True),
    ]
    for step in made:
        board.post(where("shop-put-on-sale", shop.pk))
        shop.refresh_from_db()
        assert (shop.status, checklist.is_ready(shop)) == ("draft", False)
        step()
    board.post(where("shop-put-on-sale", shop.pk))
    shop.refresh_from_db()
    assert shop.status == "active"
    board.post(where("shop-put-on-sale", shop.pk))
    assert AuditEntry.objects.filter(action="shop.put_on_sale").count() == 1


def test_what_is_missing_is_listed(board):
    shop = factories.shop(status=Shop.Status.DRAFT)
    page = board.get(where("shop", shop.pk))
    assert [point.is_done for point in page.context["points"]] == [False, False, True, True, False, True]
    board.post(where("shop-invite", shop.pk), {"email": "max@example.org"})
    assert "max@example.org" in board.get(where("shop", shop.pk)).content.decode()
