"""A reader pays along in a local currency; shops and the operator credit accounts."""

from __future__ import annotations

from django.utils import timezone

from marketplace.checkout import placing
from marketplace.checkout.invariants import INVARIANTS as OF_CHECKOUTS
from marketplace.payments import sessions
from marketplace.payments.invariants import INVARIANTS as OF_MONEY
from marketplace.payments.models import GiftCardUse, LocalAcceptance, LocalAccount, LocalCurrency, LocalUse, Payment
from marketplace.storefront import gift_card_views, local_views
from shops.models import Shop, ShopMember
from tests import factories
from tests.checkout.buying import ready, two_shop_basket
from tests.payments import paying


def broken() -> dict:
    return {name: texts for name, test in (OF_MONEY | OF_CHECKOUTS).items() if (texts := test())}


def test_reader_pays_a_part_in_local_currency_to_the_placed_order(client, db):
    reader, currency = factories.user(), factories.local_currency()
    account = factories.local_account(reader, currency, 5000)
    checkout = ready(two_shop_basket(reader), user=reader)
    page = f"/checkout/{checkout.token}/pay/"
    client.force_login(reader)
    assert client.get(page).context["local_choices"] == []
    shop = Shop.objects.get(name="Librairie A")
    LocalAcceptance.objects.create(currency=currency, shop=shop, basis_points=2500)
    [[choice, _]] = client.get(page).context["local_choices"]
    sent = {"currency": currency.pk, "units": "10.00"}
    other = type(client)()
    other.post(f"/checkout/{checkout.token}/local/", sent)  # whoever has the address has no account here
    assert LocalUse.objects.count() == 0
    assert client.post(f"/checkout/{checkout.token}/local/", sent).status_code == 302
    found = client.get(page)
    value = found.context["local"].value_minor
    assert value == min(1000, choice.most_minor)
    left = found.context["left_minor"]
    answer = client.post(page, {"seen": found.context["form"].initial["seen"]})
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.other_minor, "fake-stripe" in answer.url) == (left, value, True)
    assert LocalAccount.objects.get(pk=account.pk).balance_minor == 5000 - value
    paying.pay(payment)
    sessions.refresh(payment, now=timezone.now())
    assert placing.place_paid(timezone.now()) == 1
    assert broken() == {}
    order = client.get(f"/checkout/{checkout.token}/paid/", follow=True).content.decode()
    assert "Gonette" in order
    assert "Gonette" in client.get("/account/local/").content.decode()


def test_taken_off_again_and_nonsense_is_told(client, db):
    reader, currency = factories.user(), factories.local_currency()
    factories.local_account(reader, currency)
    checkout = ready(two_shop_basket(reader), user=reader)
    LocalAcceptance.objects.create(currency=currency, shop=Shop.objects.get(name="Librairie A"), basis_points=2500)
    client.force_login(reader)
    address = f"/checkout/{checkout.token}/local/"
    for units in ("", "-1", "0", "1e9", "x"):
        client.post(address, {"currency": currency.pk, "units": units})
    assert LocalUse.objects.count() == 0
    client.post(address, {"currency": currency.pk, "units": "5"})
    assert client.post(f"{address}off/").status_code == 302
    assert LocalUse.objects.count() == 0


def test_operator_makes_a_currency_and_shop_and_operator_credit_accounts(client, db):
    shop, reader = factories.shop(), factories.user("lea@example.org")
    keeper = factories.member(shop, role=ShopMember.Role.OWNER).user
    client.force_login(factories.operator())
    made = {"code": "GON", "name": "Gonette", "rate_numerator": 1, "rate_denominator": 1, "provider": "kept"}
    assert client.post("/board/local/make/", made | {"rate_denominator": 0}).status_code == 422
    assert client.post("/board/local/make/", made | {"provider": "service"}).status_code == 422
    assert client.post("/board/local/make/", made | {"code": "CAD"}).status_code == 422  # the money's own
    assert client.post("/board/local/make/", made).status_code == 302
    currency = LocalCurrency.objects.get()
    credit = {"currency": currency.pk, "email": "LEA@example.org", "units": "20", "payer": "bank", "once": "o" * 20}
    assert [client.post("/board/local/credit/", credit).status_code for _ in range(2)] == [302, 302]
    assert LocalAccount.objects.get(user=reader).balance_minor == 2000
    client.force_login(keeper)
    root = f"/portal/{shop.slug}/local/"
    accept = {"currency": currency.pk, "percent": "30"}
    assert client.post(f"{root}accept/", accept | {"percent": "101"}).status_code == 422
    assert client.post(f"{root}accept/", accept).status_code == 302
    assert LocalAcceptance.objects.get().basis_points == 3000
    assert client.post(f"{root}credit/", credit | {"once": "p" * 20}).status_code == 302
    assert LocalAccount.objects.get(user=reader).balance_minor == 4000
    assert client.get(root).status_code == 200
    assert broken() == {}


def test_frozen_by_another_request_meanwhile_nothing_is_entered_or_taken_off(client, db, monkeypatch):
    """Both read the checkout while it was open; the freezing commits before they write."""
    reader, currency = factories.user(), factories.local_currency()
    factories.local_account(reader, currency)
    checkout = ready(two_shop_basket(reader), user=reader)
    LocalAcceptance.objects.create(currency=currency, shop=Shop.objects.get(name="Librairie A"), basis_points=2500)
    _, code = factories.gift_card_and_code(2000)
    client.force_login(reader)
    here, sent = f"/checkout/{checkout.token}/", {"currency": currency.pk, "units": "5"}
    client.post(f"{here}local/", sent)
    for views in (local_views, gift_card_views):
        monkeypatch.setattr(views, "get_object_or_404", lambda *args, **wanted: checkout)  # still open as it was read
    type(checkout).objects.filter(pk=checkout.pk).update(state="paying")
    client.post(f"{here}local/", sent | {"units": "6"})
    client.post(f"{here}local/off/")
    client.post(f"{here}gift-card/", {"code": code})
    assert (LocalUse.objects.get().wanted_minor, GiftCardUse.objects.count()) == (500, 0)
    type(checkout).objects.filter(pk=checkout.pk).update(state="open")  # control: it was the freezing alone
    client.post(f"{here}local/", sent | {"units": "6"})
    client.post(f"{here}gift-card/", {"code": code})
    assert (LocalUse.objects.get().wanted_minor, GiftCardUse.objects.count()) == (600, 1)
