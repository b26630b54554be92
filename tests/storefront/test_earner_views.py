"""The reader chooses who earns the network's downloads, and agrees to have them at once."""

from __future__ import annotations

from django.utils import timezone

from marketplace.checkout import checkouts
from marketplace.checkout.models import Checkout
from tests import factories
from tests.checkout.downloading import broken, e_book, freeze, ready
from tests.storefront.buying_pages import guest_with


def test_shop_or_pool_is_chosen_before_one_pays(db):
    network, mine = factories.shop("Halles", sells_for_all=True), factories.shop("Mine")
    basket = factories.basket((e_book(network), 1))
    checkout = ready(basket, agreed=False)
    client, page = guest_with(basket), f"/checkout/{checkout.token}/"

    def sellers() -> list[str]:
        return [parcel.shop.name for parcel in client.get(f"{page}pay/").context["plan"].parcels]

    assert sellers() == ["Halles"]
    for wanted, seller in (
        (mine.pk, "Mine"),
        ("", "Halles"),
        (network.pk, "Halles"),
        ("x", "Halles"),
        (mine.pk, "Mine"),
    ):
        assert client.post(f"{page}earner/", {"shop": wanted}).url == f"{page}pay/"
        assert sellers() == [seller]
    shown = client.get(f"{page}pay/").content.decode()
    assert f'<option value="{mine.pk}" selected>' in shown


def test_each_download_is_earned_by_whom_the_reader_says(db):
    network, mine, other = factories.shop("Halles", sells_for_all=True), factories.shop("Mine"), factories.shop("Other")
    records = [e_book(network) for _ in range(3)]
    basket = factories.basket(*((record, 1) for record in records), (e_book(other), 1))
    checkout = ready(basket, agreed=False)
    client, page = guest_with(basket), f"/checkout/{checkout.token}/"

    def sellers() -> dict[str, int]:
        plan = client.get(f"{page}pay/").context["plan"]
        return {parcel.shop.name: len(parcel.lines) for parcel in plan.parcels}

    first, second, _third = (f"line-{record.pk}" for record in records)
    for sent, expected in (
        ({"shop": mine.pk, first: "pool"}, {"Halles": 1, "Mine": 2, "Other": 1}),
        ({"shop": "", first: mine.pk, second: other.pk}, {"Halles": 1, "Mine": 1, "Other": 2}),
        ({"shop": mine.pk, first: "x" * 99, "line-99999": other.pk}, {"Halles": 1, "Mine": 2, "Other": 1}),
        ({"shop": mine.pk}, {"Mine": 3, "Other": 1}),
    ):
        assert client.post(f"{page}earner/", sent).url == f"{page}pay/"
        assert sellers() == expected
    client.post(f"{page}earner/", {"shop": mine.pk, first: "pool", second: other.pk})
    shown = client.get(f"{page}pay/").content.decode()
    assert shown.count(" selected>") == 3
    paid_for = Checkout.objects.get()
    checkouts.agree_to_download(paid_for, now=timezone.now())
    assert freeze(paid_for) is None
    rows = paid_for.parcels.order_by("shop__name").values_list("shop__name", "is_download")
    assert list(rows) == [("Halles", True), ("Mine", True), ("Other", True)]
    assert broken() == {}


def test_own_shop_earns_unless_the_reader_says_otherwise(db):
    factories.shop("Halles", sells_for_all=True)
    mine, basket = factories.shop("Mine"), factories.basket()
    made = checkouts.start(basket, None, language="en", now=timezone.now(), shop_id=mine.pk)
    assert made.earning_shop == mine


def test_paying_for_downloads_asks_for_consent(db):
    basket = factories.basket((e_book(factories.shop()), 1))
    checkout = ready(basket, agreed=False)
    client, page = guest_with(basket), f"/checkout/{checkout.token}/pay/"
    seen = client.get(page).context["form"].initial["seen"]
    answer = client.post(page, {"seen": seen})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["agree_to_download"])
    client.post(page, {"seen": seen, "agree_to_download": "on"})
    kept = Checkout.objects.get(pk=checkout.pk)
    assert (kept.state, kept.agreed_to_download_at is None) == ("paying", False)
