"""A feed's password: stored encrypted, opened for its own feed alone, never shown."""

import pytest
from django.contrib.admin.sites import site
from django.urls import reverse

from catalog_sync.models import Feed
from marketplace.foundation.secrets import SecretError
from tests import factories
from tests.catalog_sync.memory import feed
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db


def test_password_is_sealed_and_opens_for_its_feed_alone():
    books, other = feed(), feed()
    assert books.password == ""
    books.keep_password("s3cret")
    stored = Feed.objects.get(pk=books.pk)
    assert (stored.password, "s3cret" in stored.sealed_password) == ("s3cret", False)
    Feed.objects.filter(pk=other.pk).update(sealed_password=stored.sealed_password)
    with pytest.raises(SecretError):
        assert Feed.objects.get(pk=other.pk).password


def test_operator_sets_it_and_never_sees_it():
    books = feed(kind="pass_culture", location="https://example.org/stocks")
    client = signed_in(factories.user(is_staff=True, is_superuser=True))
    where = reverse("admin:catalog_sync_feed_change", args=[books.pk])
    form = site.get_model_admin(Feed).get_form(None)(instance=books)
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    sent = {name: value for name, value in sent.items() if value not in (None, False)} | {"options": "{}"}
    sent |= {"stock_lane-TOTAL_FORMS": "0", "stock_lane-INITIAL_FORMS": "0"}
    assert client.post(where, sent | {"password": "s3cret"}).status_code == 302
    assert Feed.objects.get(pk=books.pk).password == "s3cret"
    assert client.post(where, sent).status_code == 302
    assert Feed.objects.get(pk=books.pk).password == "s3cret"
    assert "s3cret" not in client.get(where).content.decode()


def test_first_list_that_an_operator_adds_to_a_typing_shop_has_a_day_to_know_of_its_orders():
    shop = factories.own_article(factories.shop(booking_lag_minutes=0)).feed.shop
    client = signed_in(factories.user(is_staff=True, is_superuser=True))
    form = site.get_model_admin(Feed).get_form(None)(instance=Feed(shop=shop, name="till", kind="csv", location="t/"))
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    sent = {name: value for name, value in sent.items() if value not in (None, False)} | {"options": "{}"}
    sent |= {"stock_lane-TOTAL_FORMS": "0", "stock_lane-INITIAL_FORMS": "0"}
    assert client.post(reverse("admin:catalog_sync_feed_add"), sent).status_code == 302
    shop.refresh_from_db()
    assert shop.booking_lag_minutes == 1440
