"""The operator makes, prints, replaces gift cards, and pays an unused one back."""

from __future__ import annotations

import pytest
from django.utils import timezone

from marketplace.payments import gift_card_sales
from marketplace.payments.models import GiftCard, GiftCardPurchase
from tests import factories
from tests.payments import paying
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
HERE = "/board/gift-cards/"


def test_operator_prints_replaces_and_pays_back(settings):
    settings.LANGUAGE_CODE = "en"
    client, now = signed_in(factories.operator()), timezone.now()
    made = client.post(f"{HERE}issue/", {"amount_minor": "20", "paid_by": "bank", "once": "0123456789abcdef"})
    assert client.post(f"{HERE}print/", {"once": made.context["print_once"]}).content[:5] == b"%PDF-"
    assert client.post(f"{HERE}print/", {"once": "1:0123456789abcdef"}).status_code == 404
    again = client.post(f"{HERE}{GiftCard.objects.get().pk}/replace/", {"once": "fedcba9876543210"})
    assert again.context["code"] != made.context["code"]
    assert client.post(f"{HERE}print/", {"once": again.context["print_once"]}).content[:5] == b"%PDF-"
    how = {"buyer": ("Léa", "lea@example.org"), "once": "a", "language": "fr", "now": now}
    urls = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}
    purchase = gift_card_sales.open_session(gift_card_sales.start(2500, **how), now=now, **urls)
    paying.pay(purchase)
    gift_card_sales.refresh(purchase, now=now)
    assert "Pay back" in client.get(HERE).content.decode()
    for text in ("It is paid back in a moment", "It is not paid, or paid back already."):
        page = client.post(f"{HERE}bought/{purchase.pk}/pay-back/", follow=True)
        assert text in page.content.decode()
    gift_card_sales.watch(timezone.now())
    assert GiftCardPurchase.objects.get().state == "refunded"
