"""Paused and suspended shops sell nothing, at once; the index is told by the next step."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.catalogue.models import TitleChange
from marketplace.foundation.models import AuditEntry
from shops import lifecycle, stock
from shops.freshness import follow_freshness
from shops.models import Shop
from shops.orders import held
from tests import factories
from tests.shops.portal.conftest import ours, signed_in  # noqa: F401

pytestmark = pytest.mark.django_db


def marked() -> list[int]:
    found = sorted(TitleChange.objects.values_list("product_id", flat=True))
    TitleChange.objects.all().delete()
    return found


@pytest.mark.parametrize("as_of", ["now", None])
def test_search_follows_each_change(as_of):
    now = timezone.now()
    shop, person = factories.shop(**({} if as_of else {"complete_as_of": None})), factories.user()
    record = factories.stock_record(shop)
    follow_freshness(now)
    marked()
    for act, on_sale in ((lifecycle.pause, False), (lifecycle.resume, True), (lifecycle.pause, False)):
        assert act(shop, by=person, now=now)
        sold = stock.sellable_units(record, shop=shop, terms=None, now=now)
        assert (sold > 0) == (on_sale and as_of is not None)
        assert (follow_freshness(now), marked()) == (1, [record.product_id])
        assert (follow_freshness(now), marked()) == (0, [])
    assert lifecycle.resume(shop, by=person, now=now)
    assert lifecycle.pause(shop, by=person, now=now)
    assert (follow_freshness(now), marked()) == (1, [record.product_id])


def test_suspended_shop_stays_so_until_the_network_restores_it():
    now, operator, owner = timezone.now(), factories.user(), factories.user()
    for paused in (False, True):
        shop = factories.shop()
        if paused:
            lifecycle.pause(shop, by=owner, now=now)
        before = shop.status
        assert lifecycle.suspend(shop, reason="Papers", by=operator, now=now)
        assert not lifecycle.resume(shop, by=owner, now=now)
        assert not lifecycle.pause(shop, by=owner, now=now)
        assert (shop.status, shop.status_reason) == ("suspended", "Papers")
        assert lifecycle.restore(shop, reason="Fine", by=operator, now=now)
        assert shop.status == before
        assert not lifecycle.restore(shop, reason="Fine", by=operator, now=now)
    leaver = factories.shop()
    assert lifecycle.ask_to_leave(leaver, reason="", by=owner, now=now)
    assert lifecycle.suspend(leaver, reason="Papers", by=operator, now=now)  # nobody escapes by asking to leave
    assert not lifecycle.stay(leaver, by=owner, now=now)
    assert lifecycle.restore(leaver, reason="Fine", by=operator, now=now)
    assert leaver.status == "leaving"
    draft = factories.shop(status=Shop.Status.DRAFT)
    assert not lifecycle.resume(draft, by=owner, now=now)
    assert not lifecycle.suspend(draft, reason="x", by=operator, now=now)


# s: suspend, r: restore, l: ask to leave, y: stay
@pytest.mark.parametrize(
    ("begins", "acts", "ends"),
    [
        ("active", "lsr", "leaving"),
        ("draft", "lsr", "leaving"),
        ("active", "lsry", "paused"),
        ("draft", "lsry", "draft"),
        ("active", "slyr", "active"),
        ("paused", "slyr", "paused"),
        ("active", "slsry", "paused"),
        ("paused", "srsr", "paused"),
        ("draft", "lylsry", "draft"),
    ],
)
def test_what_was_before_is_known_however_deep(begins, acts, ends):
    by, shop = {"by": factories.user(), "now": timezone.now()}, factories.shop(status=begins)
    for act in acts:
        done = {
            "s": lambda: lifecycle.suspend(shop, reason="x", **by),
            "r": lambda: lifecycle.restore(shop, reason="y", **by),
            "l": lambda: lifecycle.ask_to_leave(shop, reason="", **by),
            "y": lambda: lifecycle.stay(shop, **by),
        }[act]()
        assert done, act
    assert shop.status == ends


def test_open_orders_go_on_while_paused(ours):  # noqa: F811
    lifecycle.pause(ours.shop, by=ours.staff, now=timezone.now())
    line = ours.order.lines.first()
    address = reverse("portal:accept", args=[ours.shop.slug, ours.order.number, line.pk])
    assert ours.client.post(address, {"version": "0", "units": "1"}).status_code == 302
    held.do_desk_actions(timezone.now() + held.UNDO_FOR)
    line.refresh_from_db()
    assert line.accepted == 1


def test_band_is_on_every_page_while_paused(ours, client):  # noqa: F811
    slug, staff = ours.shop.slug, ours.client
    profile = reverse("portal:profile", args=[slug])
    assert "desk-not-selling" not in staff.get(profile).content.decode()
    assert reverse("portal:pause", args=[slug]) in staff.get(profile).content.decode()
    staff.post(reverse("portal:pause", args=[slug]))
    for name in ("desk", "stock", "hours", "money"):
        text = staff.get(reverse(f"portal:{name}", args=[slug])).content.decode()
        assert ("desk-not-selling" in text, ours.staff.email in text) == (True, True)
    assert client.get(ours.shop.get_absolute_url()).status_code == 404
    staff.post(reverse("portal:resume", args=[slug]))
    assert "desk-not-selling" not in staff.get(profile).content.decode()
    done = AuditEntry.objects.filter(action__startswith="shop.").order_by("pk")
    assert list(done.values_list("action", "actor")) == [("shop.pause", ours.staff.pk), ("shop.resume", ours.staff.pk)]


def test_who_only_looks_does_not_pause(ours):  # noqa: F811
    looker = factories.member(ours.shop, role="read_only").user
    assert signed_in(looker).post(reverse("portal:pause", args=[ours.shop.slug])).status_code == 403
    ours.shop.refresh_from_db()
    assert ours.shop.status == Shop.Status.ACTIVE


def test_operator_suspends_with_a_reason_the_shop_reads(ours):  # noqa: F811
    operator = factories.operator()
    board, address = signed_in(operator), reverse("operations:suspend-shop", args=[ours.shop.pk])
    assert board.post(address, {"reason": ""}).status_code == 422
    board.post(address, {"reason": "Papiers manquants"})
    text = ours.client.get(reverse("portal:desk", args=[ours.shop.slug])).content.decode()
    assert ("Papiers manquants" in text, operator.email in text) == (True, False)
    ours.client.post(reverse("portal:resume", args=[ours.shop.slug]))
    ours.shop.refresh_from_db()
    assert ours.shop.status == Shop.Status.SUSPENDED
    page = board.get(reverse("operations:shop", args=[ours.shop.pk])).content.decode()
    assert (operator.email in page, reverse("operations:restore-shop", args=[ours.shop.pk]) in page) == (True, True)
    board.post(reverse("operations:restore-shop", args=[ours.shop.pk]), {"reason": "Reçus"})
    ours.shop.refresh_from_db()
    assert ours.shop.status == Shop.Status.ACTIVE
