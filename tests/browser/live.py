"""A site of its own for the browser: its own database file, a market, and a real server on the loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, Group
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connection, connections
from django.test import Client, override_settings
from django.test.testcases import LiveServerThread
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from demo.editorial import HomeText, Pick, Shelf
from marketplace import schema_template
from marketplace.checkout.models import Checkout
from marketplace.cms.building import build_home
from marketplace.foundation import links
from marketplace.payments.models import Payment
from search import queries
from shops.models import ShopOrder, Side
from shops.threads import writing
from shops.threads.writing import Words
from tests import factories
from tests.journeys import market as story

STRANGER, PRINCE, POEMS, PRIDE = "9782070360024", "9782070612758", "9782264034373", "9780141439518"
WHERE = {"line1": "12 rue des Halles", "city": "Montréal", "postcode": "H2X 1Y4", "country": "CA", "region": "QC"}


@dataclass
class Person:
    """Who looks: the cookies that a browser of theirs would hold."""

    cookies: dict[str, str]


@dataclass
class Site:
    url: str
    market: story.Market
    guest: Person  # with a basket of two shops and a checkout that is filled in, not paid
    clerk: Person  # of Librairie du Port
    operator: Person
    editor: Person
    pages: dict[str, str]  # the main pages' paths by name


@contextmanager
def own_database(worker: str) -> Iterator[None]:
    """Ours instead of the other tests', which are left as they are."""
    before = settings.DATABASES["default"]["NAME"]
    on_sqlite = connection.vendor == "sqlite"
    name = str(Path(os.environ["HALLES_VAR"]) / "browser.sqlite3") if on_sqlite else f"test_browser_{worker}"
    _switch_to(name)
    if on_sqlite:
        schema_template.copy_sqlite(Path(name))
    else:
        schema_template.copy_postgres(os.environ["DATABASE_URL"], name)
    try:
        yield
    finally:
        _switch_to(before)


def _switch_to(name: str) -> None:
    connections.close_all()
    for values in (settings.DATABASES["default"], connection.settings_dict):
        values["NAME"] = name


@contextmanager
def served(index: Path) -> Iterator[str]:
    """The address of a server in a thread of this process; settings know it."""
    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    url = f"http://127.0.0.1:{server.port}"
    queries.engine.cache_clear()
    try:
        with override_settings(SITE_URL=url, WAGTAILADMIN_BASE_URL=url, SEARCH_INDEX_PATH=index):
            yield url
    finally:
        server.terminate()
        queries.engine.cache_clear()


def open_site(url: str) -> Site:
    """The market of the journeys with a home page, a paid order, a filled-in checkout and everyone who signs in."""
    market = story.open_market()
    build_home(
        HomeText("Le marché couvert", "The covered market", "Deux librairies, un panier.", "Two shops, one basket."),
        [
            Shelf("À lire", "To read", "Choisis ici.", "Chosen here.", (STRANGER, PRINCE, POEMS)),
            Shelf("En anglais", "In English", "", "", (PRIDE,)),
        ],
        [Pick(STRANGER, "port", "Maude", "Le soleil, la mer, puis plus rien.", "The sun, the sea, then nothing.")],
    )
    factories.review(Product.objects.get(pk=market.product_id(STRANGER)))
    operator = factories.user("operator@example.org", is_staff=True, is_superuser=True)
    editor = factories.user("editor@example.org")
    editor.groups.add(Group.objects.get(name="Editors"))
    order = paid_order(market)
    guest, checkout = filled_in(market)
    part = ShopOrder.objects.get(order=order, shop=market.port)
    now = timezone.now()
    writing.write(writing.of_order(part, now=now), Side.SHOP, Words("Il est emballé."), by=market.port_clerk, now=now)
    pages = {
        "home": "/",
        "results": "/search/",
        "author": "/author/albert-camus/",
        "title": f"/catalogue/l_{market.product_id(STRANGER)}/",
        "shop": "/shops/port/",
        "shops": "/shops/",
        "basket": "/basket/",
        "checkout who": f"/checkout/{checkout.token}/who/",
        "checkout where": f"/checkout/{checkout.token}/where/",
        "checkout how": f"/checkout/{checkout.token}/how/",
        "checkout pay": f"/checkout/{checkout.token}/pay/",
        "order": f"/orders/{order.number}/{links.order_key(order.number)}/",
        "order words": f"/orders/{order.number}/{links.order_key(order.number)}/words/{part.number}/",
        "sign in": "/accounts/login/",
        "map": "/map/?near=montreal&km=5",
        "place": "/place/",
        "desk": "/portal/port/",
        "desk order": f"/portal/port/orders/{part.number}/",
        "desk words": f"/portal/port/orders/{part.number}/messages/",
        "board": "/board/",
    }
    return Site(url, market, guest, signed_in(market.port_clerk), signed_in(operator), signed_in(editor), pages)


def who_sees(site: Site, page: str) -> Person | None:
    """Whose page it is; nobody's is everyone's."""
    if page == "basket" or page.startswith("checkout"):
        return site.guest
    return {"desk": site.clerk, "desk order": site.clerk, "desk words": site.clerk, "board": site.operator}.get(page)


def signed_in(user: AbstractBaseUser) -> Person:
    client = Client()
    client.force_login(user)
    return _person(client)


def _person(client: Client) -> Person:
    return Person({name: morsel.value for name, morsel in client.cookies.items()})


def add(client: Client, market: story.Market, shop: object, isbn: str) -> None:
    record = StockRecord.objects.get(partner=shop.partner, product_id=market.product_id(isbn))
    client.post("/basket/add/", {"stock_record": record.pk, "quantity": 1})


def filled_in(market: story.Market) -> tuple[Person, Checkout]:
    """A guest before the last button: two shops, an address, a delivery each."""
    client = Client()
    add(client, market, market.port, STRANGER)
    add(client, market, market.mile, PRIDE)
    client.post("/checkout/")
    checkout = Checkout.objects.latest("pk")
    base = f"/checkout/{checkout.token}"
    client.post(f"{base}/who/", {"email": "lea@example.org", "name": "Léa Roy", "way": "sent"})
    client.post(f"{base}/where/", WHERE)
    shops = (market.port, market.mile)
    client.post(f"{base}/how/", {f"shop-{shop.pk}": shop.delivery_options.get(kind="post").pk for shop in shops})
    return _person(client), checkout


def paid_order(market: story.Market) -> object:
    """Collected at two shops; Librairie du Port has not answered yet."""
    client = Client()
    add(client, market, market.port, POEMS)
    add(client, market, market.mile, PRIDE)
    client.post("/checkout/")
    checkout = Checkout.objects.latest("pk")
    base = f"/checkout/{checkout.token}"
    client.post(f"{base}/who/", {"email": "max@example.org", "name": "Max Huot", "way": "collected"})
    seen = client.get(f"{base}/pay/").context["form"].initial["seen"]
    client.post(f"{base}/pay/", {"seen": seen})
    story.pay(Payment.objects.get(checkout=checkout))
    story.work()
    checkout.refresh_from_db()
    return checkout.order
