from __future__ import annotations

import time
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from marketplace.payments import gateway
from marketplace.payments.fake_stripe.database import DatabaseStore
from tests.payments.stand_in import StandIn

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data.split()

    def values(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes[attribute] for name, attributes in self.tags if name == tag and attribute in attributes]

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def stand_in():
    stand_in = StandIn(DatabaseStore())
    stand_in.now = int(time.time())  # the pages have the real clock
    with stand_in.in_use():
        yield stand_in


@pytest.fixture
def reader() -> Client:
    return Client(HTTP_ACCEPT_LANGUAGE="en")


def _path(url: str) -> str:
    return url.removeprefix("https://halles.example.org")


def test_the_page_says_that_it_is_a_demonstration(stand_in, reader):
    session = stand_in.open_session(1290)
    response = reader.get(_path(session.url))
    page = Page(response.content.decode())
    assert response.status_code == 200
    assert response["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    with translation.override("fr"):
        assert str(translation.gettext("No card is asked for and no money moves.")) in page.text
    assert "Halles" in page.text
    assert "L’Étranger" in page.text
    assert page.values("html", "lang") == ["fr"]
    assert page.values("button", "value") == ["approved", "declined"]
    assert page.values("a", "href") == ["https://halles.example.org/basket/"]


def test_the_page_has_no_inline_script_or_style_and_asks_nobody_else(stand_in, reader):
    page = Page(reader.get(_path(stand_in.open_session().url)).content.decode())
    assert [tag for tag, _ in page.tags if tag in {"script", "style"}] == []
    assert [attributes for _, attributes in page.tags if "style" in attributes] == []
    assert page.values("link", "href") == ["/static/css/fake_stripe.css"]
    css = Path(settings.BASE_DIR, "static/css/fake_stripe.css").read_text()
    assert ("url(" in css, "@import" in css) == (False, False)


def test_paying_completes_and_leads_to_the_success_address(stand_in, reader):
    session = stand_in.open_session(1290)
    response = reader.post(_path(session.url), {"card": "approved"})
    success = f"https://halles.example.org/paid/?session={session.id}"
    assert (response.status_code, response["Location"]) == (302, success)
    complete = gateway.retrieve_session(session.id)
    assert gateway.is_paid(gateway.retrieve_intent(complete.intent_id))
    for again in (reader.post(_path(session.url), {"card": "declined"}), reader.get(_path(session.url))):
        assert (again.status_code, again["Location"]) == (302, success)
    assert stand_in.event_kinds().count("checkout.session.completed") == 1


def test_a_declined_card_stays_on_the_page_and_says_so(stand_in, reader):
    session = stand_in.open_session(1290)
    first = Page(reader.get(_path(session.url)).content.decode())
    assert ("alert" in first.values("p", "role")) is False
    response = reader.post(_path(session.url), {"card": "declined"}, follow=True)
    assert response.redirect_chain == [(_path(session.url), 302)]
    assert "alert" in Page(response.content.decode()).values("p", "role")
    reader.post(_path(session.url), {"card": "approved"})
    assert gateway.retrieve_session(session.id).status == "complete"


def test_an_ended_session_leads_back(stand_in, reader):
    session = stand_in.open_session()
    gateway.expire_session(session.id, idempotency_key="e")
    for response in (reader.get(_path(session.url)), reader.post(_path(session.url), {"card": "approved"})):
        assert response.status_code == 410
        assert Page(response.content.decode()).values("a", "href") == ["https://halles.example.org/basket/"]


def test_an_unknown_session_is_not_found(reader):
    assert reader.get("/fake-stripe/pay/cs_test_none/").status_code == 404
    assert reader.get("/fake-stripe/onboarding/none/").status_code == 404


def test_paying_needs_the_token_of_the_form(stand_in):
    session = stand_in.open_session()
    assert Client(enforce_csrf_checks=True).post(_path(session.url), {"card": "approved"}).status_code == 403
    assert gateway.retrieve_session(session.id).status == "open"


def test_names_are_escaped(stand_in, reader):
    session = gateway.create_checkout_session(
        [gateway.SessionLine("<script>alert(1)</script>", 1000, description="<b>")],
        currency="CAD",
        expires_at=datetime.fromtimestamp(stand_in.now + 31 * 60, UTC),
        success_url="https://halles.example.org/paid/",
        cancel_url="https://halles.example.org/basket/",
        client_reference_id="1",
        transfer_group="1",
        metadata={},
        locale="en",
        display_name="<i>Halles</i>",
        idempotency_key="k",
    )
    page = Page(reader.get(_path(session.url)).content.decode())
    assert {tag for tag, _ in page.tags} & {"script", "b", "i"} == set()
    assert page.values("html", "lang") == ["en"]


def test_onboarding_lets_the_account_receive_and_its_link_is_spent(stand_in, reader):
    account = stand_in.shop_account(active=False)
    link = gateway.account_link(
        account.id,
        refresh_url="https://halles.example.org/portal/money/link/",
        return_url="https://halles.example.org/portal/money/",
        idempotency_key="l",
    )
    assert reader.get(_path(link.url)).status_code == 200
    assert not gateway.retrieve_account(account.id).can_receive
    assert reader.post(_path(link.url))["Location"] == "https://halles.example.org/portal/money/"
    assert gateway.retrieve_account(account.id).can_receive
    assert reader.get(_path(link.url))["Location"] == "https://halles.example.org/portal/money/link/"
