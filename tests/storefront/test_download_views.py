"""What a reader does with a download, on its page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.foundation import links
from marketplace.payments import refunds
from marketplace.payments.models import Payment, RefundRequest
from shops.downloads import handing_out
from shops.models import Handout
from tests import factories
from tests.checkout.downloading import e_book, placed


@pytest.fixture(autouse=True)
def _files_of_this_test(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def sold(*what: str) -> tuple[Handout, str]:
    """A download that was bought, and its page."""
    placed(factories.basket((e_book(factories.shop(), *what), 1)))
    handout = Handout.objects.get()
    return handout, f"/downloads/{handout.line_id}/{links.download_key(handout.line_id)}/"


def test_file_is_fetched_as_often_as_is_told(db, client: Client):
    handout, page = sold()
    assert "You can download it 5 more times, until" in client.get(page, headers={"Accept-Language": "en"}).text
    answer = client.post(page)
    assert (b"".join(answer.streaming_content).decode(), answer.status_code) == ("Il était une fois", 200)
    assert answer["Content-Disposition"] == 'attachment; filename="conte.epub"'
    assert (answer["X-Content-Type-Options"], answer["Content-Length"]) == ("nosniff", "18")
    assert "no-store" in answer["Cache-Control"]
    handout.refresh_from_db()
    assert (handout.times_left, handout.shown_at is None) == (handing_out.TIMES - 1, False)
    Handout.objects.update(times_left=0)
    assert client.post(page).status_code == 410
    Handout.objects.update(times_left=1, expires_at=timezone.now() - timedelta(seconds=1))
    assert client.post(page).status_code == 410


def test_file_that_cannot_be_read_counts_nothing(db, client: Client):
    handout, page = sold()
    handout.download.file.storage.delete(handout.download.file.name)
    assert client.post(page).status_code == 503
    assert Handout.objects.get().times_left == handing_out.TIMES


@pytest.mark.parametrize(("kind", "content"), [("codes", "K-1"), ("link", "https://example.org/book")])
def test_link_and_codes_are_shown_once_asked_for(db, client: Client, kind: str, content: str):
    """Mail programs look at addresses: looking at the page tells nothing and ends no right to withdraw."""
    _, page = sold(content, kind)
    assert content not in client.get(page).text
    assert Handout.objects.get().shown_at is None
    assert content in client.post(page, follow=True).text
    assert Handout.objects.get().shown_at is not None


def test_other_keys_open_nothing(db, client: Client):
    handout, page = sold("K-1", "codes")
    assert client.post(page.replace(f"/{handout.line_id}/", f"/{handout.line_id + 1}/")).status_code == 404
    assert client.post(page[:-3] + "x/").status_code == 404


def test_reader_takes_back_what_was_not_fetched(db, client: Client):
    handout, page = sold("K-1", "codes")
    assert client.post(page + "take-back/").status_code == 302
    assert RefundRequest.objects.count() == 0  # nothing is charged yet
    payment = Payment.objects.get()
    Payment.objects.update(state=Payment.State.CAPTURED, captured_minor=payment.amount_minor)
    for _ in range(2):
        client.post(page + "take-back/")
    assert RefundRequest.objects.get().amount_minor == payment.amount_minor
    assert "K-1" not in client.post(page, follow=True).text
    handout.refresh_from_db()
    assert (handout.withdrawn_at is None, handout.shown_at) == (False, None)


def test_rest_of_what_was_paid_back_in_part_is_taken_back(db, client: Client):
    placed(factories.basket((e_book(factories.shop(), "K-1\nK-2", "codes"), 2)))
    handout, payment = Handout.objects.get(), Payment.objects.get()
    Payment.objects.update(state=Payment.State.CAPTURED, captured_minor=payment.amount_minor)
    payment.refresh_from_db()
    wanted = refunds.Wanted("line", handout.line.shop_order, handout.line, units=1)
    refunds.ask(payment, wanted, reason="x", by=None, once="a" * 20, now=timezone.now())
    client.post(f"/downloads/{handout.line_id}/{links.download_key(handout.line_id)}/take-back/")
    assert sum(row.amount_minor for row in RefundRequest.objects.all()) == payment.amount_minor
    handout.refresh_from_db()
    assert (handout.withdrawn_at is None, handout.download.codes_left) == (False, 2)


def test_what_was_fetched_cannot_be_taken_back(db, client: Client):
    _, page = sold()
    list(client.post(page).streaming_content)
    Payment.objects.update(state=Payment.State.CAPTURED, captured_minor=Payment.objects.get().amount_minor)
    client.post(page + "take-back/")
    assert (RefundRequest.objects.count(), Handout.objects.get().withdrawn_at) == (0, None)
