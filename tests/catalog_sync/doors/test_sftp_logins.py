"""A feed at an SFTP server: nothing is read until a person has said that the server is the right one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors import sftp_logins
from catalog_sync.models import Feed, HostVisit, SftpLogin, SyncRun
from marketplace.foundation.models import AuditEntry
from tests.catalog_sync import memory
from tests.catalog_sync.reading.sftp_server import PASSWORD, Server, serving
from tests.catalog_sync.reading.test_sftp import CLIENT_KEY, HOST_KEY
from tests.shops.portal.conftest import Stall, stall

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(tmp_path, settings) -> Iterator[Server]:
    settings.HTTP_ALLOW_PRIVATE, settings.VAR_DIR = True, tmp_path
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "list.csv").write_text("sku;titre;prix;quantité\na;Nana;20,00;2\n")
    with serving(tmp_path / "there", HOST_KEY) as serving_:
        yield serving_


@pytest.fixture
def ours(db) -> Stall:
    return stall("Librairie du Port")


@pytest.fixture
def feed(server, ours) -> Feed:
    made = memory.feed(ours.shop, name="far", kind="csv", location=server.location("list.csv"), due_at=timezone.now())
    made.keep_password(PASSWORD)
    return made


def state_of(feed: Feed) -> str:
    return SyncRun.objects.filter(feed=feed).latest("pk").state


def read_again(feed: Feed) -> None:
    Feed.objects.filter(pk=feed.pk).update(due_at=timezone.now(), parked_at=None)
    HostVisit.objects.all().delete()
    assert sync.sync_feeds(timezone.now() + timedelta(seconds=1)) == 1
    feed.refresh_from_db()


def test_server_is_confirmed_once_and_then_read(feed, ours, server):
    read_again(feed)
    assert (state_of(feed), feed.parked_at is not None, server.seen) == ("failed", True, [])
    page = reverse("portal:feeds", args=[ours.shop.slug])
    where = reverse("portal:confirm-host-key", args=[ours.shop.slug, "far"])
    shown = ours.client.get(page).content.decode()
    assert (HOST_KEY.fingerprint in shown, where in shown) == (True, True)
    ours.client.post(where, {"fingerprint": "SHA256:of-another"})
    assert SftpLogin.objects.get().host_key == ""
    ours.client.post(where, {"fingerprint": HOST_KEY.fingerprint})
    feed.refresh_from_db()
    assert (feed.parked_at, SftpLogin.objects.get().confirmed_by) == (None, ours.staff)
    assert AuditEntry.objects.get(action="sftp_key.confirm").facts["fingerprint"] == HOST_KEY.fingerprint
    HostVisit.objects.all().delete()
    assert sync.sync_feeds(timezone.now() + timedelta(seconds=1)) == 1
    assert state_of(feed) == "done"
    assert where not in ours.client.get(page).content.decode()


def test_another_key_later_stops_the_feed_until_it_is_confirmed(feed, ours, server):
    sftp_logins.saw(feed, CLIENT_KEY.shown, now=timezone.now())
    assert sftp_logins.confirm(feed, CLIENT_KEY.fingerprint, by=ours.staff, now=timezone.now())
    read_again(feed)
    run = SyncRun.objects.filter(feed=feed).latest("pk")
    assert (run.notes[-1]["code"], feed.parked_at is not None, server.seen) == ("sftp_host_changed", True, [])
    assert not sftp_logins.confirm(feed, CLIENT_KEY.fingerprint, by=ours.staff, now=timezone.now())
    assert sftp_logins.confirm(feed, HOST_KEY.fingerprint, by=ours.staff, now=timezone.now())
    read_again(feed)
    assert state_of(feed) == "done"


def test_private_key_is_kept_encrypted(feed, server):
    sftp_logins.keep_private_key(feed, CLIENT_KEY.text)
    assert CLIENT_KEY.text.split()[3] not in SftpLogin.objects.get().sealed_key
    assert sftp_logins.login_of(feed).private_key == CLIENT_KEY.text
    sftp_logins.keep_private_key(feed, "")
    assert sftp_logins.login_of(feed).private_key == ""
