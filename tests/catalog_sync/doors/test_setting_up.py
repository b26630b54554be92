"""A feed that a shop sets up by itself, below its pages."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest
import responses
from django.utils import timezone

from catalog_sync import promises, sync
from catalog_sync.doors import arrivals, locations, setting_up, sftp_logins, trying
from catalog_sync.doors.setting_up import Connection
from catalog_sync.models import Feed, FeedSetup, HostVisit
from marketplace.foundation.models import AuditEntry
from tests import factories
from tests.catalog_sync import lists
from tests.catalog_sync.reading.sftp_server import PASSWORD, serving
from tests.catalog_sync.reading.test_sftp import HOST_KEY

pytestmark = pytest.mark.django_db
ADDRESS = "https://till.example/list.csv"
WRITTEN = {
    "csv": "list.csv",
    "xlsx": "list.xlsx",
    "onix": "list.xml",
    "jsonl": "list.jsonl",
    "google_merchant": "l.xml",
}


@pytest.fixture(autouse=True)
def _var(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def shop():
    return factories.shop("Librairie du Port", slug="port")


def uploaded(shop, content: bytes, name: str = "list.csv") -> FeedSetup:
    now = timezone.now()
    return setting_up.begin_upload(shop, [content], name=name, made_at=now, by=factories.user(), now=now)


def connected(shop, **values: str) -> FeedSetup:
    connection = Connection(**{"location": ADDRESS, **values})
    return setting_up.begin_connection(shop, connection, by=factories.user(), now=timezone.now())


def called(setup: FeedSetup) -> FeedSetup:
    HostVisit.objects.all().delete()
    assert setting_up.look_at_new_feeds(timezone.now() + timedelta(seconds=1)) == 1
    return FeedSetup.objects.select_related("feed").get(pk=setup.pk)


@pytest.mark.parametrize("kind", WRITTEN)
def test_kind_of_an_upload_is_found_and_nothing_is_read(shop, kind):
    setup = uploaded(shop, lists.WRITERS[kind](lists.rows(20)), WRITTEN[kind])
    assert (setup.kind_found, setup.trouble, setup.feed.kind, setup.feed.active) == (kind, {}, kind, False)
    assert sync.sync_feeds(timezone.now() + timedelta(days=2)) == 0


def test_packed_list_and_one_whose_columns_nobody_knows_are_tables(shop):
    assert uploaded(shop, gzip.compress(lists.csv(lists.rows(20))), "list.csv.gz").kind_found == "csv"
    assert uploaded(shop, b"A;B\n1;Nana\n2;Germinal\n3;La Terre\n").kind_found == "csv"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Bonjour,\n\nvoici ma liste.\n", "kind_not_found"),
        (b"<html><title>Connexion</title></html>", "file_is_web_page"),
        (b"PK\x03\x04 broken", "file_damaged"),
    ],
)
def test_what_is_no_list_says_so_and_keeps_the_place(shop, content, code):
    setup = uploaded(shop, content)
    assert (setup.trouble["code"], setup.kind_found) == (code, "")
    setting_up.send_another(setup, [lists.csv(lists.rows(3))], name="b.csv", made_at=timezone.now(), now=timezone.now())
    assert (setup.trouble, setup.kind_found, setup.shown_name) == ({}, "csv", "b.csv")


def test_picture_is_refused_and_leaves_nothing(shop):
    with pytest.raises(arrivals.ArrivalError):
        uploaded(shop, b"\x89PNG" + b"0" * 100)
    assert not Feed.objects.exists()


def test_names_are_nobody_elses_and_only_some_are_open_at_once(shop):
    Feed.objects.create(shop=factories.shop(), name="port-1", kind="csv", location="x/")
    made = [uploaded(shop, lists.csv(lists.rows(2))).feed.name for _ in range(setting_up.MOST_OPEN)]
    assert made == [f"port-{number}" for number in range(2, 2 + setting_up.MOST_OPEN)]
    with pytest.raises(setting_up.SetupError):
        uploaded(shop, lists.csv(lists.rows(2)))


@responses.activate
def test_address_is_called_by_the_step_with_its_login_and_looked_at(shop):
    responses.get(ADDRESS, body=lists.csv(lists.rows(9)))
    setup = connected(shop, user="port", password="s3cret")
    assert len(responses.calls) == 0
    setup = called(setup)
    assert (setup.kind_found, setup.due_at, setup.trouble) == ("csv", None, {})
    assert responses.calls[0].request.headers["Authorization"].startswith("Basic ")
    stored = Feed.objects.filter(pk=setup.feed_id).values().get()
    assert "s3cret" not in str(stored)
    assert setup.feed.password == "s3cret"


@responses.activate
def test_login_goes_to_its_own_host_alone(shop):
    setup = connected(shop, user="port", password="s3cret")
    assert locations.login_of(setup.feed, ADDRESS + "?x=1").password == "s3cret"
    assert locations.login_of(setup.feed, "https://elsewhere.example/list.csv") is None


@responses.activate
@pytest.mark.parametrize(("status", "code"), [(401, "file_not_let_in"), (404, "file_unreachable")])
def test_address_that_gives_nothing_says_why(shop, status, code):
    responses.get(ADDRESS, status=status)
    setup = called(connected(shop))
    assert (setup.trouble["code"], setup.kind_found, setup.due_at) == (code, "", None)


def test_private_address_is_never_called(shop):
    """Addresses come from shops, hence from strangers."""
    for location in ("https://127.0.0.1/list.csv", "https://[::1]/a.csv", "sftp://me@10.0.0.1/list.csv"):
        setup = called(connected(shop, location=location, password="x"))
        assert "private address" in str(setup.trouble), location
        setting_up.give_up(setup, by=None)


def test_sftp_server_is_confirmed_before_anything_is_sent(shop, settings, tmp_path):
    settings.HTTP_ALLOW_PRIVATE = True
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "list.csv").write_bytes(lists.csv(lists.rows(5)))
    with serving(tmp_path / "there", HOST_KEY) as server:
        setup = called(connected(shop, location=server.location("list.csv"), password=PASSWORD))
        assert (setup.trouble["code"], server.seen) == ("sftp_host_new", [])
        shown = sftp_logins.seen_fingerprint(setup.feed)
        assert not setting_up.confirm_host_key(setup, "SHA256:other", by=setup.started_by, now=timezone.now())
        assert setting_up.confirm_host_key(setup, shown, by=setup.started_by, now=timezone.now())
        assert called(setup).kind_found == "csv"


def test_trial_then_go_then_it_is_read(shop):
    setup, by = uploaded(shop, lists.csv(lists.rows(30))), factories.user()
    setting_up.try_it(setup, by=by, now=timezone.now())
    assert trying.try_lists(timezone.now()) == 1
    setup.trial.refresh_from_db()
    assert trying.run_of(setup.trial).new == 30
    assert setting_up.go(setup, by=by, now=timezone.now())
    assert not setting_up.go(setup, by=by, now=timezone.now())
    assert sync.sync_feeds(timezone.now()) == 1
    assert shop.partner.stockrecords.count() == 30
    assert AuditEntry.objects.filter(action="feed.set_up").count() == 1


def test_feed_that_has_not_gone_yet_is_no_paused_one(shop):
    """Setting the articles of a paused feed apart has all other lists of its shop read anew."""
    other = Feed.objects.create(shop=shop, name="other", kind="csv", location="x/", content_hash="kept", active=True)
    setup = uploaded(shop, lists.csv(lists.rows(3)))
    assert promises.follow_promises(timezone.now()) == 0
    other.refresh_from_db()
    assert (other.content_hash, Feed.objects.get(pk=setup.feed_id).lapsed_at) == ("kept", None)


@responses.activate
def test_feed_that_went_is_looked_at_no_more(shop):
    responses.get(ADDRESS, body=lists.csv(lists.rows(3)))
    setup = connected(shop)
    setting_up.go(setup, by=factories.user(), now=timezone.now())
    FeedSetup.objects.update(due_at=timezone.now())
    assert setting_up.look_at_new_feeds(timezone.now() + timedelta(seconds=1)) == 0
    assert len(responses.calls) == 0


def test_what_is_given_up_or_forgotten_goes_with_its_list(shop):
    setup = uploaded(shop, lists.csv(lists.rows(3)))
    folder = locations.feeds_folder() / setup.feed.name
    assert folder.is_dir()
    assert setting_up.give_up(setup, by=factories.user())
    assert (folder.exists(), Feed.objects.count()) == (False, 0)
    old = uploaded(shop, lists.csv(lists.rows(3)))
    FeedSetup.objects.filter(pk=old.pk).update(started_at=timezone.now() - setting_up.KEPT_FOR - timedelta(hours=1))
    setting_up.look_at_new_feeds(timezone.now())
    assert not Feed.objects.exists()
    gone = uploaded(shop, lists.csv(lists.rows(3)))
    setting_up.go(gone, by=factories.user(), now=timezone.now())
    assert not setting_up.give_up(gone, by=factories.user())
