"""Labels: an address to stick on what is sent; for what waits, initials, a last day and the code."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from shops.models import ShopOrder
from shops.orders import fulfilment
from shops.portal import labels, order_views
from tests import factories
from tests.shops.portal.test_order_views import accept_everything, address


@pytest.mark.parametrize(
    ("name", "short"), [("Léa Roy", "L. R."), ("jean-luc de la Rue", "J. R."), ("Ada", "A."), ("", ""), ("7 (x)", "")]
)
def test_name_on_a_shelf_is_initials(name, short):
    assert labels.initials(name) == short


def test_what_waits_has_initials_last_day_and_code(ours):
    accept_everything(ours)
    ours.order.refresh_from_db()
    fulfilment.pack(ours.order, by=ours.staff, now=timezone.now())
    factories.payment(ours.order.order, checkout={"name": "Léa Roy", "email": "lea@example.org"})
    answer = ours.client.get(address(ours, "label"))
    assert (answer.content[:5], answer["Cache-Control"]) == (b"%PDF-", "no-store, private")
    with translation.override("en"):
        first, until, copies, code = labels.shelf_lines(ShopOrder.objects.get(pk=ours.order.pk))
    assert (first, until[:11], copies, code) == ("L. R.", "Kept until ", "3 copies", ours.order.pickup_code)


def test_what_is_sent_has_its_address_and_all_are_printed_at_once(ours):
    post = factories.delivery_option(ours.shop, "post")
    order = factories.shop_order(ours.shop, (factories.stock_record(ours.shop), 1), delivery_option=post)
    factories.payment(order.order, checkout={"name": "Max", "email": "max@example.org"})
    fulfilment.accept_all(order, by=ours.staff, now=timezone.now())
    sender, handed_to, lines = labels.address_lines(ShopOrder.objects.get(pk=order.pk))
    assert (ours.shop.line1 in sender, handed_to, lines[0]) == (True, "", "Max")
    every = labels.labels_pdf([order, ShopOrder.objects.get(pk=ours.order.pk)], now=timezone.now())
    assert every.count(b"/Type /Page\n") == 2
    at_once = ours.client.get(reverse("portal:labels", args=[ours.shop.slug]))
    assert (at_once.status_code, at_once.content.count(b"/Type /Page\n")) == (200, 1)


def test_more_than_are_printed_at_once_are_said_on_a_last_page(ours, monkeypatch):
    monkeypatch.setattr(order_views, "AT_ONCE", 1)
    accept_everything(ours)
    where = reverse("portal:labels", args=[ours.shop.slug])
    assert ours.client.get(where).content.count(b"/Type /Page\n") == 1
    more = factories.shop_order(ours.shop, (factories.stock_record(ours.shop), 1))
    fulfilment.accept_all(more, by=ours.staff, now=timezone.now())
    assert ours.client.get(where).content.count(b"/Type /Page\n") == 2
    with translation.override("en"):
        assert labels.said_of_beyond(1) == "1 more order has its label once these are handed over."


def test_labels_are_reached_once_all_is_packed(ours):
    accept_everything(ours)
    fulfilment.pack(ShopOrder.objects.get(pk=ours.order.pk), by=ours.staff, now=timezone.now())
    where = reverse("portal:labels", args=[ours.shop.slug])
    for page in ("desk", "pick-list"):
        assert where in ours.client.get(reverse(f"portal:{page}", args=[ours.shop.slug])).content.decode()


def test_what_another_shop_hands_over_is_addressed_to_it(ours, theirs):
    option = factories.delivery_option(ours.shop, "other_shop", receiving_shop=theirs.shop)
    order = factories.shop_order(ours.shop, (factories.stock_record(ours.shop), 1), delivery_option=option)
    factories.payment(order.order, checkout={"name": "Max", "email": "max@example.org"})
    _sender, handed_to, lines = labels.address_lines(ShopOrder.objects.get(pk=order.pk))
    assert (handed_to, lines[0]) == ("Max", theirs.shop.name)


def test_long_address_gets_smaller_and_stays_on_its_page():
    paper = labels.Labels(title="x", language="fr", made_at=timezone.now())
    paper.add_page()
    paper.said("\n".join(["Une très longue ligne d’adresse, appartement 12, bâtiment C"] * 9), size=17, most_mm=52)
    assert (paper.get_y() < 8 + 52 + 1, len(paper.pages)) == (True, 1)
    assert paper.bytes()  # or its fonts stay open
