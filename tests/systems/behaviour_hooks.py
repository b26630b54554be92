"""What every shop system that posts webhooks must have from us, as a test class to inherit: issue 8, point 8. A message
says only that something changed; the number is read from the system itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors import hooks
from catalog_sync.models import Feed, StockLane, Webhook
from catalog_sync.records import Lane
from shops.models import Shop
from shops.stock import sellable_now
from shops.systems import keeping
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, SystemBehaviour, found
from tests.systems.under_test import NAMES_EVENTS, POSTS_NEWS


@pytest.mark.django_db
class HookBehaviour(SystemBehaviour):
    @pytest.fixture(autouse=True)
    def _hooked(self, _fresh: None) -> None:
        """A connected shop whose lanes have been read, and are not due for hours."""
        self.needs(POSTS_NEWS)
        self.shop = factories.shop(stock_kind=Shop.StockKind.AVAILABLE)
        keeping.keep(self.shop.pk, found(self.door.access), now=timezone.now())
        kind = {"kind": self.system.kind, "location": self.between.address, "mode": Feed.Mode.DELTA}
        self.feed = Feed.objects.create(shop=self.shop, name="theirs", currency="CAD", **kind)
        StockLane.objects.create(feed=self.feed, mode=Feed.Mode.DELTA)
        for lane in Lane:
            assert sync.run(self.feed, now=timezone.now(), lane=lane).state == "done"
        self.rest()
        form, secret = Webhook.Form(self.system.hook_form), self.system.hook_secret
        hooks.make(self.feed, form=form, given=secret, by=factories.user(), now=timezone.now())

    def rest(self) -> None:
        for model in (Feed, StockLane):
            model.objects.update(due_at=timezone.now() + timedelta(hours=5))

    def due(self) -> list[bool]:
        soon = timezone.now() + timedelta(seconds=1)
        return [model.objects.filter(due_at__lte=soon).exists() for model in (Feed, StockLane)]

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        where = reverse("hook", args=[Webhook.objects.get().slug])
        return (
            Client(enforce_csrf_checks=True)
            .post(where, body, content_type="application/json", headers=headers)
            .status_code
        )

    def sellable(self, sku: str) -> int:
        stock = self.shop.partner.stockrecords.get(partner_sku=sku)
        return sellable_now(stock, now=timezone.now())

    def test_signed_news_of_a_sale_has_its_number_read(self):
        self.system.sell(FIRST.sku, 2)
        status = self.post(*self.system.news(FIRST.sku, self.system.hook_secret))
        assert (200 <= status < 300, self.due()) == (True, [True, True])
        assert sync.run(self.feed, now=timezone.now(), lane=Lane.STOCK).state == "done"
        assert self.sellable(FIRST.sku) == FIRST.quantity - 2

    def test_forged_changed_and_unsigned_news_are_refused(self):
        body, headers = self.system.news(FIRST.sku, self.system.hook_secret)
        forged = self.system.news(FIRST.sku, "another-secret-of-somebody")
        unsigned = {"X-Something": "else"}
        for sent in (forged, (body + b" ", headers), (body, unsigned), (b"{}", headers)):
            assert self.post(*sent) == 401
        assert self.due() == [False, False]

    def test_news_that_come_again_have_nothing_read_twice_in_a_minute(self):
        """Whoever has seen one may send it again; that is a reading a minute at most, of what is true, and none where
        the signed body tells its event from others."""
        sent = self.system.news(FIRST.sku, self.system.hook_secret)
        self.post(*sent)
        self.rest()  # it has been read
        for _again in range(3):
            assert 200 <= self.post(*sent) < 300
        assert self.due() == [False, False]
        later = timezone.now() + hooks.NEWS_EVERY
        is_heard_again = NAMES_EVENTS not in self.system.can
        assert StockLane.objects.filter(due_at__lte=later).exists() == is_heard_again
        assert self.sellable(FIRST.sku) == FIRST.quantity

    def test_lost_news_are_made_up_for_by_the_next_reading(self):
        self.system.sell(SECOND.sku, 1)
        later = timezone.now() + timedelta(hours=6)
        sync.sync_feeds(later)
        sync.sync_feeds(later + timedelta(minutes=1))  # a host is left in peace between two calls
        assert self.sellable(SECOND.sku) == SECOND.quantity - 1
