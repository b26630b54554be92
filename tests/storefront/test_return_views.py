"""The pages on which a reader sends something back, or withdraws, with the key of the order alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import links
from shops.models import Return, Shop, ShopOrder
from shops.returns import moving, photos
from tests import factories
from tests.shops.returns.sending_back import ask, handed_over, picture, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


def address(part: ShopOrder, name: str = "order-return-start") -> str:
    number = part.order.number
    return reverse(f"storefront:{name}", args=[number, links.order_key(number), part.number])


def of(row: Return, *deed: object, name: str = "order-return") -> str:
    number = row.shop_order.order.number
    return reverse(f"storefront:{name}", args=[number, links.order_key(number), row.pk, *deed])


def form(part: ShopOrder, *units: int, **posted: object) -> dict[str, object]:
    lines = part.lines.order_by("pk")
    by_line = {f"units_{line.pk}": count for line, count in zip(lines, units, strict=False)}
    return {"once": "a", "reason": "changed", "place": str(part.shop_id), **by_line, **posted}


def test_guest_withdraws_by_the_orders_page():
    part = handed_over(2, 1, to="FR")
    order_page = shown(Client().get(links.order_url(part.order)))
    assert "Withdraw from the contract here" in order_page
    page = shown(Client().get(address(part)))
    assert [word for word in ("without giving a reason", "Confirm withdrawal") if word not in page] == []
    answer = Client().post(address(part), form(part, 1), follow=True)
    row = Return.objects.get()
    assert (row.basis, row.state) == ("withdrawal", "agreed")
    assert answer.redirect_chain[-1][0] == of(row)
    wanted = ("Your withdrawal is received", row.number, part.shop.line1)
    assert [word for word in wanted if word not in shown(answer)] == []
    assert f"{row.number}</a>: Agreed" in shown(Client().get(links.order_url(part.order)))


def test_outside_europe_the_shops_terms_are_said():
    part = handed_over(1, shop=factories.shop("Port", return_days=10, return_terms_en="Unread, please."))
    page = shown(Client().get(address(part)))
    assert "Port takes back what you do not want to keep until" in page
    assert "Unread, please." in page
    assert "without giving a reason" not in page
    assert "has your question" in shown(Client().post(address(part), form(part, 1), follow=True))


def test_institution_is_no_consumer():
    person = factories.institution().user
    part = handed_over(1, shop=factories.shop("Port", return_days=0), to="FR", placed=factories.order(person))
    page = shown(Client().get(address(part)))
    assert "without giving a reason" not in page
    assert "Confirm withdrawal" not in page
    assert "It has a fault" in page  # the one thing left to ask


@pytest.mark.parametrize(
    ("posted", "problem"),
    [
        ({"reason": ""}, "Say what is wrong with it."),
        ({"reason": "nonsense"}, "Select a valid choice"),
        ({"place": "0"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_said_beside_it(posted, problem):
    part = handed_over(1, to="FR")
    answer = Client().post(f"{address(part)}?wrong=1", form(part, 1, **{"reason": "faulty", **posted}))
    assert (answer.status_code, Return.objects.count()) == (422, 0)
    assert problem in shown(answer)


def test_nothing_chosen_is_said():
    part = handed_over(1, 1, to="FR")
    answer = Client().post(address(part), form(part, 0, 0))
    assert (answer.status_code, Return.objects.count()) == (422, 0)
    assert "Choose what you send back." in shown(answer)


def test_pictures_are_looked_at_and_shown_to_their_reader():
    part = handed_over(1, to="FR")
    good = SimpleUploadedFile("../../x.php", picture(), content_type="text/html")
    bad = SimpleUploadedFile("x.jpg", b"<script>", content_type="image/jpeg")
    assert Client().post(address(part), form(part, 1, pictures=[bad])).status_code == 422
    many = [SimpleUploadedFile(f"{n}.jpg", picture()) for n in range(photos.MOST + 1)]
    assert Client().post(address(part), form(part, 1, pictures=many)).status_code == 422
    Client().post(address(part), form(part, 1, pictures=[good]))
    row = Return.objects.get()
    photo = row.photos.get()
    assert photo.file.name.endswith(".webp")
    answer = Client().get(of(row, photo.pk, name="order-return-photo"))
    assert (answer.status_code, answer["Content-Type"], answer.content[8:12]) == (200, "image/webp", b"WEBP")


def test_places_near_the_reader_that_receive():
    shop = factories.shop("Port", latitude=45.50, longitude=-73.55)
    factories.shop("Near", latitude=45.52, longitude=-73.60, receives_returns=True)
    factories.shop("Far", latitude=48.0, longitude=-70.0, receives_returns=True)
    factories.shop("Not asked", latitude=45.5, longitude=-73.5)
    part = handed_over(1, shop=shop, placed=factories.order())
    page = shown(Client().get(address(part)))
    assert [name for name in ("Port", "Near", "Far", "Not asked") if f"<span>{name}<small" in page] == ["Port", "Near"]
    near = Shop.objects.get(name="Near")
    Client().post(f"{address(part)}?wrong=1", form(part, 1, reason="faulty", place=str(near.pk)))
    assert Return.objects.get().goes_to == near


def test_reader_says_that_it_is_sent_or_keeps_it():
    part = handed_over(2, to="FR")
    row = ask(part, 1)
    assert "I keep it after all" in shown(Client().get(of(row)))
    Client().post(of(row, "send", name="order-return-act"), {"tracking": "Poste 1"})
    row.refresh_from_db()
    assert (row.state, row.tracking) == ("sent", "Poste 1")
    late = Client().post(of(row, "call-off", name="order-return-act"), follow=True)
    assert "On its way back" in shown(late)
    other = ask(part, 1, once="2")
    Client().post(of(other, "call-off", name="order-return-act"))
    other.refresh_from_db()
    assert other.state == "called_off"
    assert Client().post(of(other, "steal", name="order-return-act")).status_code == 404


def test_key_of_another_order_opens_nothing():
    part, other = handed_over(1, to="FR"), handed_over(1, to="FR")
    row = ask(part, 1)
    number, key = other.order.number, links.order_key(other.order.number)
    for name, args in (
        ("order-return", [row.pk]),
        ("order-return-start", [part.number]),
        ("order-return-form", [part.number]),
    ):
        assert Client().get(reverse(f"storefront:{name}", args=[number, key, *args])).status_code == 404
        assert Client().get(reverse(f"storefront:{name}", args=[number, "wrong", *args])).status_code == 404


@pytest.mark.parametrize(("language", "words"), [("en", "I/We (*) hereby give notice"), ("fr", "Je/Nous (*) vous")])
def test_laws_form_is_filled_in_and_can_be_mailed(language, words):
    shop = factories.shop("Port", legal_name="Port SARL")
    part = handed_over(1, shop=shop, to="FR")
    client = Client()
    client.cookies["django_language"] = language
    page = shown(client.get(address(part, "order-return-form")))
    assert [
        word for word in (words, "Port SARL", part.lines.get().title, f"mailto:{shop.email}") if word not in page
    ] == []


def test_refused_and_paid_are_shown():
    part = handed_over(2, to="FR")
    row = ask(part, 1, reason="faulty")
    moving.refuse(row, note="It was like that.", by="port", now=timezone.now() + timedelta(hours=1))
    assert "It was like that." in shown(Client().get(of(row)))


def test_reader_who_is_too_late_is_told_the_shop_and_nobody_of_it():
    part = handed_over(1, to="FR")
    row = ask(part, 1)
    clerk = factories.member(part.shop, factories.user("clerk@example.org")).user
    moving.arrive(row, by=clerk, now=timezone.now())
    page = shown(Client().post(of(row, "call-off", name="order-return-act"), follow=True))
    assert f"“Arrived” meanwhile: {part.shop.name} did that" in page
    assert "clerk@example.org" not in page
