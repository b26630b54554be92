"""A reader's word is put wherever a reader can write one, by the pages; then they leave, and it is looked for."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.order.models import Order

from marketplace.checkout.models import Checkout
from marketplace.foundation import links
from marketplace.payments import evidence, gift_card_sales
from marketplace.payments.models import Dispute, GiftCardPurchase, Invoice, Payment, RefundRequest
from marketplace.readers import brought, erasing, lists, reviews
from marketplace.readers.models import Alert, SavedSearch
from marketplace.readers.register_tables import PERSONAL
from search import queries
from shops import reservations
from shops.models import Application, Return, ShopOrder, Side
from shops.onboarding import applying
from shops.returns import moving
from shops.threads import files, incidents, writing
from shops.threads.writing import Asker, Words
from tests import factories
from tests.journeys import market as story
from tests.journeys.test_thread import add, desk
from tests.readers import planting, sentinels
from tests.readers.sentinels import PHONE, WORD
from tests.shops.onboarding.test_joining import COMPANY
from tests.shops.onboarding.test_joining import picture as paper
from tests.shops.returns.sending_back import picture

pytestmark = pytest.mark.django_db
EMAIL, OTHER, ALSO = f"{WORD}@example.org", f"aunt-{WORD}@example.org", f"also-{WORD}@example.org"
WHERE = {"line1": f"12 rue {WORD}", "line2": f"apt {WORD}", "city": f"{WORD}ville", "postcode": "H2X 1Y4",
         "country": "CA", "region": "QC"}  # fmt: skip

# What still says it, why, and for how long.
KEPT = {
    "foundation.AuditEntry.reason": "Staff's own words in the trail, which is never changed; ten years, as the books.",
    "payments.Invoice.said": "An invoice stays as it was issued, ten years (Code de commerce, L123-22; ETA 286: six).",
    "fake_stripe.FakeStripeObject.body": "The stand-in is Stripe's side, which keeps by its own law.",
    "fake_stripe.FakeStripeKey.body": "As above.",
}


@pytest.fixture
def market(settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "index"
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.LANGUAGE_CODE = "en"
    queries.engine.cache_clear()
    yield story.open_market()
    queries.engine.cache_clear()


@pytest.fixture
def reader():
    return factories.confirmed_user(EMAIL, first_name=WORD, last_name=WORD)


def bought(client: Client, market, *, email: str = EMAIL) -> Order:
    """By the pages: from the basket to a paid order, half of it declined with a word, the rest sent with a name."""
    add(client, market, market.port, "9782070360024", 2)
    client.post("/checkout/")
    checkout = Checkout.objects.latest("pk")
    base = f"/checkout/{checkout.token}"
    who = {
        "email": email, "name": f"Léa {WORD}", "phone": PHONE, "recipient_name": f"Aunt {WORD}", "way": "sent",
        "recipient_email": OTHER, "gift_note": f"For {WORD}", "purchase_order": WORD,
    }  # fmt: skip
    assert client.post(f"{base}/who/", who).status_code == 302
    assert client.post(f"{base}/where/", WHERE).status_code == 302
    client.post(f"{base}/how/", {f"shop-{market.port.pk}": market.port.delivery_options.get(kind="post").pk})
    seen = client.get(f"{base}/pay/").context["form"].initial["seen"]
    assert client.post(f"{base}/pay/", {"seen": seen}).status_code == 302
    story.pay(Payment.objects.get(checkout=checkout))
    story.work()
    return Order.objects.latest("pk")


def delivered(market, order: Order) -> ShopOrder:
    part, clerk = order.shop_orders.get(), Client()
    clerk.force_login(market.port_clerk)
    base = f"/portal/port/orders/{part.number}"
    [line] = part.lines.all()
    desk(clerk, base, f"/lines/{line.pk}/decline/", units=1, reason="other", note=f"Sorry {WORD}")
    desk(clerk, base, f"/lines/{line.pk}/accept/", units=1)
    desk(clerk, base, "/pack/")
    desk(clerk, base, "/hand-over/", carrier="Postes Canada", tracking=WORD)
    story.work()
    part.refresh_from_db()
    assert part.status == "handed_over"
    return part


def sent_back(part: ShopOrder) -> None:
    number = part.order.number
    at = reverse("storefront:order-return-start", args=[number, links.order_key(number), part.number])
    [line] = part.lines.all()
    said = {
        f"units_{line.pk}": 1,
        "once": "a",
        "reason": "changed",
        "place": str(part.shop_id),
        "note": f"torn, {WORD}",
    }
    photo = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
    answer = Client().post(at, said | {"pictures": photo, "note": f"torn, {WORD}"})
    assert answer.status_code == 302, answer.context["form"].errors
    row = Return.objects.get(shop_order=part)
    assert row.photos.count() == 1
    moving.refuse(row, note=f"No, {WORD}", by="port", now=timezone.now())


def asked_about(payment: Payment) -> None:
    """The bank asked, was answered, and has decided; the network wrote why it gave something back."""
    now = timezone.now()
    row = Dispute.objects.create(
        dispute_id="dp_1", payment=payment, charge_id="ch_1", amount_minor=100, currency="CAD", reason="general",
        status="won", opened_at=now,
    )  # fmt: skip
    row.evidence = evidence.compose(row)
    row.save()
    RefundRequest.objects.filter(payment=payment).update(reason=f"{WORD} asked")


def kept_things(client: Client, reader, market) -> None:
    product = market.product_id("9782070360024")
    assert client.post("/account/addresses/new/", {"name": WORD, **WHERE}).status_code == 302
    found = lists.make(reader, f"For {WORD}")
    lists.put(found, factories.product("Tale"))
    SavedSearch.objects.create(reader=reader, name=WORD, parameters=f"q={WORD}", saved_at=timezone.now())
    Alert.objects.create(
        reader=reader, product_id=product, where="near", latitude=1.0, longitude=1.0, radius_km=5, place=WORD,
        language="fr", created_at=timezone.now(),
    )  # fmt: skip
    title = Product.objects.get(pk=product)
    reviews.write(reader, title, score=4, title=WORD, body=WORD, signed=WORD)
    other = factories.review(title)
    reviews.report(other, by=reviews.reporter(reader.pk, ""), reason="other", note=WORD, now=timezone.now())
    said = brought.Customer(WORD, EMAIL, timezone.now(), WORD)
    whence = lambda: factories.earlier_network(market.port)  # noqa: E731
    assert brought.take(market.port, [said], whence, now=timezone.now()).new == 1
    record = factories.stock_record(market.mile)
    reservation = factories.reservation(record, user=reader, email=ALSO, name=WORD)
    reservations.give_up(reservation, by=f"reader {reader.pk}", now=timezone.now())


def asked_to_join(reader) -> None:
    client = Client()
    client.force_login(reader)
    said = dict.fromkeys(("contact_name", "name", "legal_name", "line1", "city", "registration"), WORD)
    client.post(reverse("joining:join"), COMPANY | said | {"email": EMAIL, "phone": f"+1 {PHONE}", "note": WORD})
    row = Application.objects.get()
    Application.objects.update(applicant=reader)
    applying.confirm(row, now=timezone.now())
    key = [row.pk, applying.key_of(row)]
    papers = SimpleUploadedFile(f"{WORD}.png", paper(), "image/png")
    client.post(reverse("joining:attach", args=key), {"kind": "identity", "file": papers})
    applying.answer(row, f"It is {WORD}", now=timezone.now())
    operator = factories.operator("op@example.org")
    applying.reject(row, f"No, {WORD}", by=operator, now=timezone.now())


def talked(reader, part: ShopOrder) -> None:
    """A thread of the order with a file and an incident that was closed; a question without an order."""
    now, thread = timezone.now(), writing.of_order(part, now=timezone.now())
    said = files.made([files.Sent(f"{WORD}.pdf", b"%PDF- " + WORD.encode())])
    writing.write(thread, Side.READER, Words(WORD, files=said), by=reader, name=WORD, now=now)
    row = incidents.open_one(thread, Side.READER, "other", Words(f"It is {WORD}"), by=reader, who=reader, now=now)
    incidents.close(row, Side.READER, f"Done, {WORD}", by=reader, who=reader, now=now)
    asker = Asker(EMAIL, WORD, "en", user=reader, confirmed=True)
    writing.ask(part.shop, Words(f"Have you {WORD}?"), asker, product_id=None, now=now)


def gift_card() -> None:
    how = {"language": "en", "once": "one", "now": timezone.now()}
    gift_card_sales.start(2000, buyer=(WORD, EMAIL), recipient=(WORD, OTHER), message=WORD, **how)
    GiftCardPurchase.objects.update(state="expired")


def test_reader_who_leaves_is_nowhere(market, reader, caplog, settings, django_capture_on_commit_callbacks):
    caplog.set_level(logging.INFO)  # as `LOGGING` has it
    client = Client(HTTP_USER_AGENT=f"{WORD}/1.0")
    client.post("/accounts/login/", {"login": EMAIL, "password": "password"})
    order = bought(client, market, email=ALSO)
    part = delivered(market, order)
    sent_back(part)
    talked(reader, part)
    asked_about(order.checkout.payment)
    kept_things(client, reader, market)
    asked_to_join(reader)
    gift_card()
    story.work()
    assert len(sentinels.in_tables()) > 60  # the columns in which a reader's word was found
    planted = planting.plant(planting.declared() - sentinels.in_tables(), reader, order, part)
    assert planting.declared() - sentinels.in_tables() == set()  # whatever is declared of readers is looked for
    assert erasing.reasons_to_wait(erasing.of_reader(reader)) == []
    with django_capture_on_commit_callbacks(execute=True):  # files go once nothing points to them
        assert client.post("/account/end/", {"password": "password"}).status_code == 302
    assert {column for column in sentinels.in_tables() if column.startswith(planting.tables(planted))} == set()
    planting.pull_up(planted)
    story.work(timezone.now() + timedelta(minutes=5))
    assert sentinels.in_tables() - set(KEPT) == set()
    assert sentinels.in_files(settings.MEDIA_ROOT, settings.VAR_DIR, settings.SEARCH_INDEX_PATH) == []
    assert queries.engine().suggest(WORD) == []
    assert sentinels.WORD not in caplog.text.casefold()
    assert Invoice.objects.filter(shop_order=part).count() == 1
    order.refresh_from_db()
    assert (order.user_id, order.checkout.total_minor > 0, part.lines.get().handed_over) == (reader.pk, True, 1)
    assert story.nothing_is_wrong()


def test_column_that_is_declared_and_not_planted_is_noticed(monkeypatch):
    """Negative control: one more column of readers in the register is one more to be looked for."""
    before = planting.declared()
    more = PERSONAL["shops.Parcel"]._replace(columns="tracking handed_over_to shelf")
    monkeypatch.setitem(PERSONAL, "shops.Parcel", more)
    assert planting.declared() - before == {"shops.Parcel.shelf"}


def test_guest_is_nowhere_in_an_order_erased_by_its_link(market, settings):
    order = bought(Client(), market)
    at = reverse("storefront:order-erase", args=[order.number, links.order_key(order.number)])
    page = Client().get(at).content.decode()
    assert "A shop still has to hand an order over" in page
    assert Client().post(at, {"sure": "1"}).status_code == 422
    part = delivered(market, order)
    sent_back(part)
    asked_about(order.checkout.payment)
    assert "placing.Checkout.phone" in sentinels.in_tables()
    assert Client().post(at, {}).status_code == 422
    assert Client().post(at, {"sure": "1"}).status_code == 302
    story.work(timezone.now() + timedelta(minutes=5))
    assert sentinels.in_tables() - set(KEPT) == set()
    assert sentinels.in_files(settings.MEDIA_ROOT, settings.VAR_DIR) == []
    assert "Nothing in this order says who you are" in Client().get(at).content.decode()
    assert WORD not in Client().get(links.order_url(order)).content.decode()
    assert story.nothing_is_wrong()


def test_order_of_an_account_is_not_erased_by_its_link(reader):
    order = factories.order(reader)
    at = reverse("storefront:order-erase", args=[order.number, links.order_key(order.number)])
    assert Client().post(at, {"sure": "1"}).status_code == 422


def test_sentinel_is_found_where_it_is_left():
    """Negative control: what is not erased is seen, in a text, in JSON and in a file's name."""
    order = factories.order(email=EMAIL)
    assert order.guest_email == EMAIL
    assert sentinels.in_tables() == {"order.Order.guest_email"}
    assert sentinels.is_said({"a": [f"x {WORD.upper()}"]})
