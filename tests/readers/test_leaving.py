"""A reader takes their data along, and leaves."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from oscar.apps.catalogue.reviews.models import ProductReview

from marketplace.checkout.models import Checkout, VoucherUse
from marketplace.foundation import audit, chaining, invariants
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.models import User
from marketplace.payments import receivables
from marketplace.payments.models import LocalUse, Receivable
from marketplace.readers import addresses, alerts, leaving, lists
from marketplace.readers.models import Alert
from shops.returns import moving
from tests import factories
from tests.shops.returns.sending_back import ask, handed_over, picture

pytestmark = pytest.mark.django_db


def someone_who_kept_things() -> User:
    reader = factories.user("lea@example.org", first_name="Léa")
    shop = factories.shop()
    record = factories.stock_record(shop)
    order = factories.shop_order(shop, (record, 1), placed=factories.order(reader), status="handed_over").order
    factories.payment(order, checkout={"user": reader, "email": reader.email, "name": "Léa"})
    lists.put(lists.make(reader, "Mine"), record.product)
    alerts.ask(reader, record.product, language="fr", now=timezone.now())
    factories.review(record.product, reader)
    addresses.keep(reader, dict.fromkeys(addresses.FIELDS, "") | {"line1": "1, rue du Port", "country": "CA"})
    return reader


def test_export_holds_what_is_kept():
    found = leaving.export(someone_who_kept_things())
    assert {name: len(value) for name, value in found.items()} == {
        "account": 3, "addresses": 1, "orders": 1, "reservations": 0, "lists": 1, "searches": 0, "alerts": 1,
        "reviews": 1, "mails": 0, "checkouts": 0, "vouchers": 0, "downloads": 0, "local": 0, "returns": 0,
        "words": 0, "gift_cards": 2, "sign_ins": 0, "receivables": 0, "consents": 0,
        "brought_by_shops": 0,
    }  # fmt: skip
    assert found["orders"][0]["given"] == {"email": "lea@example.org", "name": "Léa"}
    assert len(found["orders"][0]["shops"][0]["lines"]) == 1


def test_leaving_ends_sessions_and_keeps_orders_without_names():
    reader = someone_who_kept_things()
    order = reader.orders.get()
    client, other_device = Client(), Client()
    for device in (client, other_device):
        device.force_login(reader)
    assert client.post("/account/end/", {"password": "wrong"}).status_code == 422
    assert client.post("/account/end/", {"password": "password"}).url == "/"
    assert [device.get("/account/").status_code for device in (client, other_device)] == [302, 302]
    reader.refresh_from_db()
    assert (reader.email, reader.first_name, reader.is_active) == (f"gone-{reader.pk}@invalid", "", False)
    order.refresh_from_db()
    assert (order.user_id, order.checkout.name, order.total_incl_tax > 0) == (reader.pk, "", True)
    assert (Alert.objects.count(), ProductReview.objects.count(), addresses.of(reader)) == (0, 0, [])
    assert lists.lists_of(reader).count() == 0
    assert MailMessage.objects.filter(to="lea@example.org").exclude(sent_at=None).count() == 0


def test_leaving_takes_the_name_out_of_the_audit_trail_and_breaks_nothing():
    reader = factories.user("lea@example.org", first_name="Léa", last_name="Roy")
    other = factories.user("zoe@example.org")
    audit.record("review.write", reader, by=reader, stars=4)
    audit.record("member.invite", other, by=other, reason="For Léa Roy", email="lea@example.org")
    audit.record("member.invite", other, by=other, email="max@example.org")
    chaining.chain_audit(timezone.now())
    assert leaving.leave(reader, now=timezone.now()) == []
    chaining.chain_audit(timezone.now())
    trail = list(AuditEntry.objects.order_by("pk").values_list("action", "actor", "actor_label", "reason", "facts"))
    assert trail[:3] == [
        ("review.write", reader.pk, "(erased)", "", {"stars": 4}),
        ("member.invite", other.pk, "zoe@example.org", "", {}),
        ("member.invite", other.pk, "zoe@example.org", "", {"email": "max@example.org"}),
    ]
    assert [word for row in trail for word in ("lea@", "Léa") if word in str(row)] == []
    assert [text for check in invariants.INVARIANTS.values() for text in check()] == []


def test_leaving_touches_nobody_whose_address_only_ends_the_same():
    reader, other = factories.user("ana@example.org"), factories.user("diana@example.org")
    audit.record("member.invite", other, by=other, reason="diana@example.org asked", email="ana@example.org.uk")
    assert leaving.leave(reader, now=timezone.now()) == []
    kept = AuditEntry.objects.order_by("pk").values_list("actor_label", "reason", "facts").first()
    assert kept == ("diana@example.org", "diana@example.org asked", {"email": "ana@example.org.uk"})


def test_address_that_nobody_confirmed_opens_and_erases_nothing():
    """Anybody can register an address; a guest has bought with it."""
    stranger, now = factories.user("lea@example.org"), timezone.now()
    EmailAddress.objects.create(user=stranger, email="lea@example.org", verified=False, primary=True)
    audit.record("order.erase", stranger, by="lea@example.org", reason="lea@example.org asked")
    MailMessage.objects.create(
        dedupe_key="order_placed:100012", to="lea@example.org", language="fr", kind="order_placed", subject="100012",
        due_at=now,
    )  # fmt: skip
    assert leaving.export(stranger)["mails"] == []
    assert leaving.leave(stranger, now=now) == []
    assert MailMessage.objects.filter(to="lea@example.org").exists()
    assert AuditEntry.objects.filter(actor_label="lea@example.org", reason="lea@example.org asked").exists()


def test_leaving_takes_vouchers_and_mails_to_other_addresses_of_the_account_along():
    reader, shop, now = someone_who_kept_things(), factories.shop(), timezone.now()
    left = Checkout.objects.create(
        token="left", currency="CAD", created_at=now, user=reader, email="work@example.org", name="Léa"
    )
    use = VoucherUse.objects.create(checkout=left, voucher=factories.voucher(), held=True, reader="work@example.org")
    number = reader.orders.get().shop_orders.get().number
    keys = {
        f"shop_order_ready:{number}:2": True,
        f"order_placed:{reader.orders.get().number}": True,
        f"payment_returned:{left.pk}": True,
        "shop_order_ready:999999-A:1": False,
        f"refund_made:{left.pk}": False,
    }
    for key in keys:
        mail = {"to": "Work@example.org", "language": "fr", "kind": key.split(":")[0], "dedupe_key": key}
        MailMessage.objects.create(due_at=now, **mail)
    MailMessage.objects.create(to="lea@example.org", language="fr", kind="x", dedupe_key="x", last_error="parked")
    MailMessage.objects.create(to=shop.email, language="fr", kind="x", dedupe_key=f"shop_order_new:{number}:1")
    found = leaving.export(reader)
    assert [(row["state"], row["given"]["name"]) for row in found["checkouts"]] == [("open", "Léa")]
    assert ([row["code"] for row in found["vouchers"]], len(found["mails"])) == ([use.voucher.code], 4)
    assert leaving.leave(reader, now=now) == []
    use.refresh_from_db()
    left.refresh_from_db()
    assert (use.reader, left.email, left.name) == ("", "", "")
    rest = MailMessage.objects.order_by("pk").values_list("dedupe_key", flat=True)
    assert list(rest) == [*(key for key, theirs in keys.items() if not theirs), f"shop_order_new:{number}:1"]


def test_nobody_leaves_while_a_shop_has_something_for_them():
    reader, shop = factories.user(), factories.shop()
    factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order(reader))
    factories.reservation(factories.stock_record(shop), user=reader)
    factories.member(shop, reader)
    assert leaving.leave(reader, now=timezone.now()) == ["order", "reservation", "works"]
    reader.refresh_from_db()
    assert reader.is_active


def test_nobody_leaves_what_is_owed_behind():
    reader = factories.user()
    account = factories.local_account(reader, factories.local_currency(), 5000)
    assert leaving.leave(reader, now=timezone.now()) == ["local"]
    [found] = leaving.export(reader)["local"]
    assert (found["balance_minor"], [row["amount_minor"] for row in found["entries"]]) == (5000, [5000])
    type(account).objects.update(balance_minor=0)
    assert leaving.leave(reader, now=timezone.now()) == []


@pytest.mark.parametrize(("came_in", "reasons"), [(0, ["invoice"]), (6140, []), (7000, ["invoice"])])
def test_institution_leaves_once_nothing_is_owed_either_way(came_in, reasons):
    institution, now = factories.institution(), timezone.now()
    factories.network(bank_details="IBAN")
    columns = {"total_minor": 6140, "by_invoice": True, "user": institution.user}
    payment = factories.payment(factories.order(), checkout=columns, amount_minor=6140)
    assert receivables.hold(payment.checkout, amount_minor=6140, now=now)
    receivables.book(payment.checkout_id, order_id=payment.checkout.order_id, order_number="100042", now=now)
    row = Receivable.objects.get()
    if came_in:
        receivables.receive(row, came_in, kind="hand", on=now.date(), key="k", by=None, now=now)
    [found] = leaving.export(institution.user)["receivables"]
    assert (found["reference"], found["received_minor"]) == (row.reference, came_in)
    assert leaving.leave(institution.user, now=now) == reasons


def test_word_for_an_outside_service_goes_with_its_payer():
    reader, currency = factories.user(), factories.local_currency(provider="service", service_address="https://x.org")
    payment = factories.payment(factories.order(reader), checkout={"user": reader})
    use = LocalUse.objects.create(
        checkout=payment.checkout, currency=currency, wanted_minor=1, service_account="lea", service_code="sealed"
    )
    factories.shop_order(factories.shop(), placed=payment.checkout.order, status="handed_over")
    assert leaving.leave(reader, now=timezone.now()) == []
    use.refresh_from_db()
    assert (use.service_account, use.service_code) == ("", "")


def test_what_is_on_its_way_back_keeps_the_account_and_its_words_go_with_it():
    reader = factories.user()
    part = handed_over(1, placed=factories.order(reader))
    row = ask(part, 1, reason="faulty", note="for my aunt", pictures=[picture()])
    assert leaving.export(reader)["returns"][0]["note"] == "for my aunt"
    assert leaving.leave(reader, now=timezone.now()) == ["return"]
    moving.refuse(row, note="no", by="port", now=timezone.now())
    assert leaving.leave(reader, now=timezone.now()) == []
    row.refresh_from_db()
    assert (row.note, row.photos.count()) == ("", 0)
