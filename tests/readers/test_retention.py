"""Each rule of the table forgets what is older than it says, once, and nothing younger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace import worker
from marketplace.checkout.models import Checkout
from marketplace.foundation.models import MailMessage
from marketplace.payments.models import StripeEvent
from marketplace.readers import retention
from marketplace.readers.models import Consent
from shops.models import Application, ApplicationDocument, DeskAction, Invitation, Parcel
from tests import factories
from tests.shops.onboarding.test_joining import COMPANY
from tests.shops.returns.sending_back import handed_over

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def days(name: str) -> timedelta:
    return timedelta(days=next(retention.days_of(rule) for rule in retention.RULES if rule.name == name))


def mail(kind: str, age: timedelta) -> MailMessage:
    said = {"to": "a@example.org", "language": "fr", "subject": "s", "text": "t", "html": "h"}
    at = timezone.now() - age
    return MailMessage.objects.create(kind=kind, dedupe_key=f"{kind}:{age}", sent_at=at, due_at=None, **said)


def test_every_step_named_is_one():
    assert {rule.step for rule in retention.RULES} <= {step.name for step in worker.STEPS}
    assert len({rule.name for rule in retention.RULES}) == len(retention.RULES)


def test_words_of_mails_go_after_their_days():
    factories.network(shop_sight_days=20)
    to_shop = [mail("shop_order_new", timedelta(days=20) + DAY), mail("shop_order_new", timedelta(days=19))]
    others = [mail("order_placed", days("mails") + DAY), mail("order_placed", days("mails") - DAY)]
    gone = mail("order_placed", days("mail_rows") + DAY)
    assert retention.keep(timezone.now()) == 4  # the oldest lost its words, and went
    assert retention.keep(timezone.now()) == 0
    for row in (*to_shop, *others):
        row.refresh_from_db()
    assert [row.text for row in (*to_shop, *others)] == ["", "t", "", "t"]
    assert not MailMessage.objects.filter(pk=gone.pk).exists()


def test_what_was_given_up_has_an_end_too():
    """A mail that no server took; an invitation that only ran out."""
    parked = mail("order_placed", days("mails"))
    MailMessage.objects.filter(pk=parked.pk).update(sent_at=None, parked_at=timezone.now() - days("mails") - DAY)
    shop = factories.shop()
    asked = Invitation.objects.create(
        shop=shop, email="zoe@example.org", role="staff", language="fr", made_at=timezone.now() - 400 * DAY,
        ends_at=timezone.now() - days("invitations") - DAY,
    )  # fmt: skip
    retention.keep(timezone.now())
    parked.refresh_from_db(), asked.refresh_from_db()
    assert (parked.text, asked.email) == ("", "")


def test_works_in_batches(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 1)
    for age in (1, 2, 3):
        mail("order_placed", days("mails") + DAY * age)
    assert [retention.keep(timezone.now()) for _ in range(4)] == [1, 1, 1, 0]


def test_old_orders_are_nobodys_and_open_ones_wait():
    old, now = timezone.now() - days("orders") - DAY, timezone.now()
    orders = [factories.order(email=f"{n}@example.org", date_placed=at) for n, at in enumerate((old, old, now))]
    for order in orders:
        factories.payment(order, checkout={"email": "lea@example.org", "name": "Léa"})
    shop = factories.shop()
    factories.shop_order(shop, (factories.stock_record(shop), 1), placed=orders[1])  # not answered
    assert (retention.keep(now), retention.keep(now)) == (1, 0)
    assert list(Checkout.objects.order_by("pk").values_list("name", flat=True)) == ["", "Léa", "Léa"]
    orders[0].refresh_from_db()
    assert orders[0].guest_email == ""


def test_what_was_typed_and_told_goes():
    part = handed_over(1, days_ago=200)
    at = timezone.now() - timedelta(days=200)
    Parcel.objects.update(handed_over_to="Léa")
    DeskAction.objects.create(
        shop=part.shop, shop_order=part, once="1", deed="hand_over", asked={"code": "K7M3QX"}, version=0, language="fr",
        made_at=at, done_at=at,
    )  # fmt: skip
    StripeEvent.objects.create(event_id="e", type="t", payload={"email": "x"}, received_at=at, applied_at=at)
    assert (retention.keep(timezone.now()), retention.keep(timezone.now())) == (3, 0)
    assert (DeskAction.objects.get().asked, StripeEvent.objects.get().payload) == ({}, {})
    assert Parcel.objects.get().handed_over_to == ""


def application(**columns: object) -> Application:
    said = {name: COMPANY[name] for name in ("kind", "contact_name", "email", "legal_name", "registration", "name",
            "line1", "city", "postcode", "country", "phone")}  # fmt: skip
    return Application.objects.create(language="fr", state="approved", **said, **columns)


def paper(of: Application, kind: str) -> ApplicationDocument:
    from django.core.files.base import ContentFile

    row = ApplicationDocument(application=of, kind=kind, name="a.pdf", content_type="x", size=1, at=of.made_at)
    row.file.save("a.pdf", ContentFile(b"%PDF"), save=True)
    return row


def test_papers_of_approved_applications_have_an_end(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.VAR_DIR = tmp_path
    now = timezone.now()
    long_ago = now - days("identity") - DAY
    staying = application(made_at=long_ago, changed_at=long_ago, shop=factories.shop())
    gone_shop = factories.shop(status="left", status_since=now - days("applications") - DAY)
    left = application(made_at=long_ago, changed_at=long_ago, shop=gone_shop)
    rows = [paper(of, kind) for of in (staying, left) for kind in ("identity", "registration")]
    with django_capture_on_commit_callbacks(execute=True):
        retention.keep(now)
    assert retention.keep(now) == 0
    assert list(ApplicationDocument.objects.values_list("pk", flat=True)) == [rows[1].pk]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [rows[1].file.name.split("/")[-1]]
    left.refresh_from_db()
    staying.refresh_from_db()
    assert (left.contact_name, left.email, staying.contact_name) == ("", "", "Zoé Roy")


def test_consents_are_proof_for_a_while_after_their_end():
    now, user = timezone.now(), factories.user()
    for over in (None, now - days("consents") - DAY, now):
        Consent.objects.create(user=user, purpose="download", version="v", words="w", given_at=now, withdrawn_at=over)
    assert retention.keep(now) == 1
    assert Consent.objects.count() == 2
