"""NULs, which PostgreSQL cannot store: read over in all that is typed, and left to whom programs post to."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from marketplace.storefront.plain_text import PlainTextMiddleware
from shops import voting
from shops.models import DeskAction, ShopMember
from tests import factories
from tests.payments.test_carried_parcels import parcel, sent
from tests.shops.portal.conftest import Stall, signed_in, stall


def through(request: HttpRequest, *, exempt: bool = False) -> HttpRequest:
    """As the view gets it."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    middleware = PlainTextMiddleware(view)
    middleware(request)
    middleware.process_view(request, csrf_exempt(view) if exempt else view, (), {})
    return request


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_what_was_typed_is_read_without(kind):
    body = {"a": "x\0y", "b": "\0"} if kind.startswith("multipart") else "a=x%00y&b=%00"
    sent = {} if kind.startswith("multipart") else {"content_type": kind}
    request = through(RequestFactory().post("/x/?q=a%00b&q=c", body, **sent))
    assert (request.POST.dict(), request.GET.getlist("q")) == ({"a": "xy", "b": ""}, ["ab", "c"])


def test_what_a_program_posts_is_its_views_alone():
    request = through(RequestFactory().post("/hook/", {"a": "\0"}), exempt=True)
    assert b"\0" in request.read()  # nobody has read of it: a signature is made of the bytes as they came


def test_programs_are_told_in_their_own_form():
    assert through(RequestFactory().get("/api/v1/titles/?gtin=%00")).GET["gtin"] == "\0"


@pytest.fixture
def ours(db) -> Stall:
    return stall("Librairie A")


def test_desk_and_its_answers(ours):
    scan = reverse("portal:scan", args=[ours.shop.slug])
    assert ours.client.post(scan, {"q": "bon\0heur", "order": "1\0", "once": "\0"}).status_code == 302
    accept, chosen = reverse("portal:bulk-accept", args=[ours.shop.slug]), f"{ours.order.number}:0"
    assert ours.client.post(accept, {"chosen": chosen + "\0", "once": "a\0b"}).status_code < 400
    assert DeskAction.objects.get().shop_order == ours.order


@pytest.mark.django_db
def test_shelf_of_a_parcel():
    sent(timezone.now())
    shop = parcel().carried_to
    client = signed_in(factories.member(shop).user)
    for deed, shelf in (("arrive", "B\0 3"), ("shelve", "C\0 4")):
        address = reverse(f"portal:parcel-{deed}", args=[shop.slug, parcel().pk])
        assert client.post(address, {"shelf": shelf}).status_code == 302
        assert parcel().shelf == shelf.replace("\0", "")


def test_words_of_a_vote(ours):
    now, shop = timezone.now(), ours.shop
    ShopMember.objects.update(role="owner")
    motion = voting.propose("A", "B", ["Yes", "No"], by=ours.staff, now=now, shop=shop)
    ours.client.post(reverse("portal:motion-say", args=[shop.slug, motion.pk]), {"text": "I\0 am for it."})
    assert motion.words.get().text == "I am for it."


def test_lists_that_are_searched(ours):
    assert ours.client.get(reverse("portal:downloads", args=[ours.shop.slug]), {"q": "\0"}).status_code == 200
    assert Client().get("/search/", {"q": "ca\0mus"}).status_code == 200
