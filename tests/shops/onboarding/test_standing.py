"""Owners are told by mail when the network suspends, restores or puts on sale, and when its agreement changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from marketplace.foundation.models import MailMessage
from shops import lifecycle
from shops.models import Shop
from shops.onboarding import agreement, standing
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 3, 30, tzinfo=UTC)  # 22:30 in Montréal


def owned(*, language: str = "fr", **columns: object) -> Shop:
    shop = factories.shop(language=language, quiet_from="22:00", quiet_until="07:00", **columns)
    factories.member(shop, role="owner")
    factories.member(shop)
    return shop


def letters(kind: str) -> list[tuple[str, str]]:
    return list(MailMessage.objects.filter(kind=kind).order_by("pk").values_list("to", "text"))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_suspended_and_restored_with_the_reason_at_once(language):
    shop, by = owned(language=language), factories.user()
    owner = shop.members.get(role="owner").user
    assert standing.suspend(shop, reason="Sans adresse <b>", by=by, now=NOW)
    assert not standing.suspend(shop, reason="Encore", by=by, now=NOW)
    ((to, text),) = letters("shop_suspended")
    assert (to, "Sans adresse <b>" in text, f"/portal/{shop.slug}/" in text) == (owner.email, True, True)
    assert standing.restore(shop, reason="Réglé", by=by, now=NOW)
    assert not standing.restore(shop, reason="Encore", by=by, now=NOW)
    ((to, text),) = letters("shop_restored")
    assert (to, "Réglé" in text) == (owner.email, True)
    assert set(MailMessage.objects.values_list("language", "due_at")) == {(language, NOW)}


def test_put_on_sale_is_told_once_and_to_the_shop_where_it_has_no_owner():
    shop, by = factories.shop(status="draft"), factories.user()
    assert standing.put_on_sale(shop, by=by, now=NOW)
    assert not standing.put_on_sale(shop, by=by, now=NOW)
    ((to, text),) = letters("shop_on_sale")
    assert (to, shop.get_absolute_url() in text) == (shop.email, True)


def test_restored_as_paused_says_so():
    shop, by = owned(status="paused", language="en"), factories.user()
    standing.suspend(shop, reason="x", by=by, now=NOW)
    standing.restore(shop, reason="x", by=by, now=NOW)
    assert "paused" in letters("shop_restored")[0][1]


def test_restored_as_leaving_says_so():
    shop, by = owned(language="en"), factories.user()
    lifecycle.ask_to_leave(shop, reason="", by=by, now=NOW)
    standing.suspend(shop, reason="x", by=by, now=NOW)
    standing.restore(shop, reason="x", by=by, now=NOW)
    assert "leaves the network, as before" in " ".join(letters("shop_restored")[0][1].split())


def change(words: str) -> None:
    """As the board does it."""
    board = Client()
    board.force_login(factories.operator())
    form = board.get("/board/network/").context["form"]
    shown = {name: form[name].value() for name in form.fields if name != "logo"}
    kept = {name: value for name, value in shown.items() if value is not None and value is not False}
    assert board.post("/board/network/", kept | {"shop_agreement_fr": words}).status_code == 302


def test_changed_agreement_is_told_once_and_shown_until_it_is_accepted(client):
    factories.network(shop_agreement_fr="Un")
    shop, draft = owned(), owned(status="draft")
    owner = shop.members.get(role="owner").user
    client.force_login(owner)
    assert agreement.accept(shop, agreement.version(), by=owner, now=NOW)
    desk = f"/portal/{shop.slug}/"
    assert b"#agreement" not in client.get(desk).content
    change("Deux")
    change("Deux")
    ((to, text),) = letters("agreement_changed")
    assert (to, f"{desk}start/" in text) == (owner.email, True)
    assert b"#agreement" in client.get(desk).content
    assert agreement.holds_from() is not None
    client.post(f"{desk}start/agree/", {"version": agreement.version()})
    assert b"#agreement" not in client.get(desk).content
    change("Un")  # accepted before
    assert (b"#agreement" in client.get(desk).content, len(letters("agreement_changed"))) == (False, 1)
    change("")
    assert not agreement.waits(Shop.objects.get(pk=draft.pk))
