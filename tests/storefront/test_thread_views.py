"""A reader writes to the shop of an order, and is answered."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import links
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments.models import RefundRequest
from shops.models import Incident, Message, MessageFile, Shop, ShopAddress, ShopOrder, Side, Thread
from shops.orders import fulfilment
from shops.returns import moving
from shops.threads import writing
from shops.threads.writing import Words
from tests import factories
from tests.shops.returns.sending_back import ask, handed_over, picture, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings, tmp_path):
    settings.LANGUAGE_CODE = "en"
    settings.VAR_DIR = tmp_path


@pytest.fixture
def part() -> ShopOrder:
    shop = factories.shop("Port")
    placed = factories.order(email="lea@example.org")
    return factories.shop_order(shop, (factories.stock_record(shop), 1), placed=placed)


def address(part: ShopOrder, name: str = "order-words", *more: object) -> str:
    order = part.order
    return reverse(f"storefront:{name}", args=[order.number, links.order_key(order.number), part.number, *more])


def page_of(client: Client, part: ShopOrder) -> str:
    order = part.order
    return shown(client.get(reverse("storefront:order", args=[order.number, links.order_key(order.number)])))


def test_guest_writes_and_is_answered(client, part):
    hostile = "Is it <script>alert(1)</script>\u202e signed?"
    assert client.post(address(part), {"text": hostile, "once": "a"}).status_code == 302
    client.post(address(part), {"text": hostile, "once": "a"})
    message = Message.objects.get()
    assert (message.text, message.side) == ("Is it <script>alert(1)</script> signed?", "reader")
    [told] = MailMessage.objects.filter(kind="thread_shop")
    assert (told.to, "signed?" in told.text) == (part.shop.email, True)
    thread = Thread.objects.get()
    assert thread.waits_since == message.at
    page = client.get(address(part)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    later = timezone.now()
    staff = factories.member(part.shop, factories.user("zoe@example.org", first_name="Zoé")).user
    writing.write(thread, Side.SHOP, Words("Yes, it is."), by=staff, name="Zoé", now=later)
    answer, thread = Message.objects.get(side="shop"), Thread.objects.get()
    assert (thread.waits_since, answer.waited_since, answer.by) == (None, message.at, staff)
    assert MailMessage.objects.get(kind="thread_reader").to == "lea@example.org"
    page = page_of(client, part)
    assert [word for word in ("Yes, it is.", "Port · Zoé") if word not in page] == []
    assert "zoe@example.org" not in page
    assert Thread.objects.get().seen_by_reader == answer.pk


def test_shop_is_told_after_its_quiet_hours_and_whoever_it_named_for_orders(part):
    at_23h = datetime(2026, 3, 2, 23, tzinfo=UTC)
    Shop.objects.update(timezone="UTC", quiet_from=time(20), quiet_until=time(8))
    ShopAddress.objects.create(shop=part.shop, kind="orders", email="orders@port.example.org")
    thread = writing.of_order(ShopOrder.objects.get(pk=part.pk), now=at_23h)
    writing.write(thread, Side.READER, Words("Bonsoir"), by=None, name="Léa", now=at_23h)
    told = MailMessage.objects.get(kind="thread_shop")
    assert (told.to, told.due_at) == ("orders@port.example.org", at_23h + timedelta(hours=9))


def test_steps_of_the_order_stand_in_the_thread_without_being_copied(client, part):
    now = timezone.now()
    fulfilment.accept_all(part, by="port", now=now)
    part.refresh_from_db()
    page = page_of(client, part)
    assert [word for word in ("Ordered", "Accepted by the shop") if word not in page] == []
    assert Thread.objects.count() == 0


def test_files_are_made_anew_or_downloaded_and_theirs_alone(client, part):
    pdf = b"%PDF-1.4 <script>"
    sent = [
        SimpleUploadedFile("../../a.b/photo.jpg", picture(), "image/jpeg"),
        SimpleUploadedFile("bill\r\nX: y.pdf.html", pdf, "text/html"),
    ]
    assert client.post(address(part), {"text": "", "attached": sent}).status_code == 302
    photo, paper = MessageFile.objects.order_by("pk")
    assert (photo.kind, photo.name, paper.kind, paper.name) == ("webp", "photo.webp", "pdf", "bill.pdf")
    shown_picture = client.get(address(part, "order-words-file", photo.pk))
    assert (shown_picture["Content-Type"], shown_picture.content[:4]) == ("image/webp", b"RIFF")
    down = client.get(address(part, "order-words-file", paper.pk))
    assert (down["Content-Type"], down["X-Content-Type-Options"], down.content) == ("application/pdf", "nosniff", pdf)
    assert down["Content-Disposition"].startswith("attachment")
    assert "sandbox" in down["Content-Security-Policy"]
    shop = factories.shop()
    other = factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order())
    assert client.get(address(other, "order-words-file", paper.pk)).status_code == 404
    wrong = address(part, "order-words-file", paper.pk).replace(links.order_key(part.order.number), "x" * 22)
    assert client.get(wrong).status_code == 404
    assert not photo.file.name.startswith("../")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"text": "  "}, "Write something first."),
        ({"text": "x" * 5001}, "at most 5000"),
        ({"text": "x", "attached": [SimpleUploadedFile("a.exe", b"MZ")]}, "neither a picture"),
        ({"text": "x", "attached": [SimpleUploadedFile(f"{n}.pdf", b"%PDF-") for n in range(5)]}, "At most 4 files"),
    ],
)
def test_what_cannot_be_sent_is_said(client, part, sent, why):
    answer = client.post(address(part), sent)
    assert (answer.status_code, why in shown(answer), Message.objects.count()) == (422, True, 0)


def test_too_many_words_from_one_address_wait(client, part):
    answers = [client.post(address(part), {"text": str(number)}).status_code for number in range(7)]
    assert answers == [302] * 6 + [429]


def test_incident_is_opened_and_settled_by_its_reader(client, part):
    where = address(part, "order-incident")
    assert client.post(where, {"text": "torn"}).status_code == 422
    assert client.post(where, {"reason": "damaged", "text": "page 7 is torn"}).status_code == 302
    row = Incident.objects.get()
    assert (row.reason, row.opened_by, row.due_at > row.opened_at) == ("damaged", "reader", True)
    assert (
        "It came damaged" in MailMessage.objects.get(kind="thread_shop").text
        or "abîmé" in MailMessage.objects.get().text
    )
    again = client.post(where, {"reason": "other", "text": "again"})
    assert (again.status_code, Incident.objects.count(), Message.objects.count()) == (422, 1, 1)
    assert client.post(address(part, "order-settle"), {"done": ""}).status_code == 422
    client.post(address(part, "order-settle"), {"done": "they sent another"})
    row.refresh_from_db()
    assert (row.closed_by, row.done) == ("reader", "they sent another")
    actions = AuditEntry.objects.filter(subject_type="shops.incident").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["incident.open", "incident.close"]
    page = page_of(client, part)
    assert [word for word in ("It came damaged", "they sent another") if word not in page] == []


def test_order_page_costs_the_same_however_much_was_written(client, django_assert_max_num_queries):
    order = factories.order()
    for number in range(3):
        shop = factories.shop()
        made = factories.shop_order(
            shop, (factories.stock_record(shop), 1), placed=order, number=f"{order.number}-{'ABC'[number]}"
        )
        for count in range(4):
            writing.write(
                writing.of_order(made, now=timezone.now()), Side.SHOP, Words(str(count)), by=None, now=timezone.now()
            )
    where = reverse("storefront:order", args=[order.number, links.order_key(order.number)])
    client.get(where)
    with django_assert_max_num_queries(40):
        client.get(where)


def test_returns_and_money_given_back_are_steps_too(client):
    part = handed_over(1, placed=factories.order(email="lea@example.org"))
    row = ask(part, 1, reason="faulty")
    now = timezone.now()
    moving.agree(row, note="", by="port", now=now)
    payment = factories.payment(part.order)
    RefundRequest.objects.create(
        payment=payment, shop_order=part, kind="amount", amount_minor=250, reason="torn", asked_at=now, once="x"
    )
    page = page_of(client, part)
    assert [word for word in (f"{row.number} · Asked for", f"{row.number} · Agreed", "$2.50") if word not in page] == []
