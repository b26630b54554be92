"""The network's word to the shops: who sees it until when, and who gets a mail."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops import announcing
from shops.models import Announcement, Shop
from tests import factories
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
WORDS = {
    "subject_fr": "Fermé lundi",
    "subject_en": "Closed on Monday",
    "text_fr": "Le réseau.",
    "text_en": "The network.",
}


def announced(shop: Shop | None = None, *, important: bool = False, days_ago: int = 0) -> Announcement:
    now = timezone.now() - timedelta(days=days_ago)
    return announcing.announce(WORDS, shop=shop, is_important=important, by=factories.operator(), now=now)


def test_each_person_sees_it_until_they_have_read_it():
    shop, other = factories.shop("Port"), factories.shop("Other")
    zoe, max_ = factories.member(shop).user, factories.member(shop, role="viewer").user
    row = announced()
    client = signed_in(max_)
    page = f"/portal/{shop.slug}/"
    assert "Closed on Monday" in client.get(page, headers={"Accept-Language": "en"}).content.decode()
    assert "Fermé lundi" in client.get(page, headers={"Accept-Language": "fr"}).content.decode()
    assert client.post(f"{page}announcements/{row.pk}/read/").status_code == 302
    assert "Closed on Monday" not in client.get(page, headers={"Accept-Language": "en"}).content.decode()
    assert "Closed on Monday" in client.get(f"{page}announcements/", headers={"Accept-Language": "en"}).content.decode()
    now = timezone.now()
    seen = [announcing.unread(person, of, now=now).exists() for person, of in ((zoe, shop), (max_, shop), (zoe, other))]
    assert seen == [True, False, True]


def test_to_one_shop_is_seen_by_no_other():
    shop, other = factories.shop("Port"), factories.shop("Other")
    row, reader = announced(shop), factories.member(other).user
    assert list(announcing.of_shop(shop)) == [row]
    assert not announcing.of_shop(other).exists()
    assert signed_in(reader).post(f"/portal/{other.slug}/announcements/{row.pk}/read/").status_code == 404


@pytest.mark.parametrize("gone", ["old", "taken down"])
def test_is_not_shown_for_ever(gone):
    shop = factories.shop()
    row = announced(days_ago=61 if gone == "old" else 0)
    if gone == "taken down":
        assert [announcing.end(row, by=factories.user(), now=timezone.now()) for _ in range(2)] == [True, False]
    assert not announcing.unread(factories.member(shop).user, shop, now=timezone.now()).exists()


def test_important_goes_by_mail_in_the_shops_language():
    factories.shop("Port", email="port@example.org", language="fr")
    factories.shop("Quay", email="quay@example.org", language="en")
    factories.shop("Gone", email="gone@example.org", status=Shop.Status.LEFT)
    announced()
    assert not MailMessage.objects.exists()
    announced(important=True)
    assert sorted(MailMessage.objects.values_list("to", "subject")) == [
        ("port@example.org", "Fermé lundi"),
        ("quay@example.org", "Closed on Monday"),
    ]


def test_mail_of_it_waits_for_the_end_of_the_quiet_hours():
    at_23h = datetime(2026, 3, 2, 23, tzinfo=UTC)
    shop = factories.shop("Port", timezone="UTC", quiet_from=time(20), quiet_until=time(8))
    announcing.announce(WORDS, shop=shop, is_important=True, by=factories.operator(), now=at_23h)
    assert MailMessage.objects.get(kind="announcement").due_at == at_23h + timedelta(hours=9)


def test_form_that_is_sent_twice_announces_once():
    shop, by, now = factories.shop("Port"), factories.operator(), timezone.now()
    for later in (timedelta(0), timedelta(minutes=1), timedelta(days=2)):
        announcing.announce(WORDS, shop=shop, is_important=True, by=by, now=now + later)
    assert (Announcement.objects.count(), MailMessage.objects.count()) == (2, 2)
