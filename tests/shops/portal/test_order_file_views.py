"""A shop's orders as files: where they are left, said and tried in the portal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse

from shops import drops
from shops.models import ShopMember
from shops.portal.order_file_forms import OrderFilesForm, said_of
from tests import webdav_server
from tests.catalog_sync.reading import sftp_server
from tests.catalog_sync.reading.test_sftp import HOST_KEY
from tests.shops.channels.dropping import GLN, OUR_GLN

SAID = {"kind": "editx", "user": "shop", "password": "word", "gln": GLN, "our_gln": OUR_GLN, "answers": "/out"}


@pytest.fixture
def owned(ours):
    ShopMember.objects.filter(shop=ours.shop).update(role=ShopMember.Role.OWNER)
    return ours


@pytest.fixture
def server(settings, tmp_path) -> Iterator[sftp_server.Server]:
    settings.HTTP_ALLOW_PRIVATE = True
    for name in ("in", "out"):
        (tmp_path / "there" / name).mkdir(parents=True)
    with sftp_server.serving(tmp_path / "there", HOST_KEY) as serving:
        yield serving


def post(stall, name: str, said: dict[str, str] | None = None) -> str:
    """What the page that comes back says."""
    there = reverse(f"portal:{name}", args=[stall.shop.slug])
    return stall.client.post(there, said or {}, follow=True).content.decode()


def test_owner_says_where_confirms_the_server_and_it_is_tried(owned, server):
    address = f"sftp://127.0.0.1:{server.port}/in"
    page = post(owned, "save-order-files", SAID | {"address": address})
    assert (HOST_KEY.fingerprint in page, server.seen) == (True, [])
    owned.shop.refresh_from_db()
    setup = drops.of(owned.shop)
    assert (owned.shop.channel, setup.extra) == ("editx", {"gln": GLN, "our_gln": OUR_GLN})
    where = f"sftp://shop@127.0.0.1:{server.port}"
    assert (setup.location, setup.answers) == (f"{where}/in/", f"{where}/out/")
    page = post(owned, "confirm-order-server", {"fingerprint": HOST_KEY.fingerprint})
    assert ("Le dossier fonctionne" in page, 'value="word"' in page) == (True, False)
    assert list((server.folder / "in").iterdir()) == []
    # An empty password leaves the stored one.
    assert "Le dossier fonctionne" in post(owned, "save-order-files", SAID | {"address": address, "password": ""})
    post(owned, "end-order-files")
    owned.shop.refresh_from_db()
    assert (owned.shop.channel, drops.of(owned.shop).location) == ("email", "")


def test_what_does_not_work_is_said_in_words(owned, settings, tmp_path):
    settings.HTTP_ALLOW_PRIVATE = True
    with webdav_server.serving(tmp_path) as server:
        wrong = SAID | {"address": server.location().replace("dav://", "davs://")}
        assert "ne fonctionne pas" in post(owned, "save-order-files", wrong)
    settings.HTTP_ALLOW_PRIVATE = False
    assert "private address" in post(owned, "test-order-files")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"address": "in"}, "address"),  # no folder of this machine
        ({"address": "file:///etc/"}, "address"),
        ({"address": "sftp://me:word@host/in/"}, "address"),
        ({"address": "sftp://host:99999/in/"}, "address"),
        ({"answers": "sftp://other/out/"}, "answers"),
        ({"answers": "/in/"}, "answers"),
        ({"gln": "3012600000003"}, "gln"),
        ({"kind": "webhook"}, "kind"),
    ],
)
def test_strange_places_and_numbers_are_refused(changed, field):
    form = OrderFilesForm(SAID | {"address": "sftp://host/in/"} | changed)
    assert list(form.errors) == [field]


def test_nothing_is_kept_of_what_is_refused(owned):
    there = reverse("portal:save-order-files", args=[owned.shop.slug])
    page = owned.client.post(there, SAID | {"address": "in"})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["address"])
    owned.shop.refresh_from_db()
    assert (owned.shop.channel, owned.shop.channel_options) == ("email", {})


@pytest.mark.parametrize("address", ["davs://cloud.example/remote.php/dav/in/", "ftps://host:2121/in/"])
def test_form_shows_what_it_stored_without_secrets(address):
    form = OrderFilesForm(SAID | {"address": address, "user": "a b@c"})
    assert form.is_valid()
    stored = form.drop()
    assert ("@" in stored.location, said_of(stored, "editx")["address"]) == (address.startswith("ftps"), address)
    assert not {"password", "private_key"} & said_of(stored, "editx").keys()


def test_page_of_orders_names_the_files(owned):
    page = reverse("portal:channel", args=[owned.shop.slug])
    assert reverse("portal:order-files", args=[owned.shop.slug]) in owned.client.get(page).content.decode()
