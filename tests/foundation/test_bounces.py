"""Mail that comes back later: believed only at the address that the mail was sent from, and only where it says that it
failed for good."""

from __future__ import annotations

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from marketplace.foundation import bounces, mail
from marketplace.foundation.models import MailMessage
from shops.models import Shop, ShopOrder, Transmission
from shops.orders import mailed, routing
from shops.threads import incoming
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

REPORT = """From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: {kind}; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {failed}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 No such user

--b--
"""


@pytest.fixture
def sent(settings) -> MailMessage:
    settings.REPLY_ADDRESS = "reply@halles.example"
    shop = factories.shop()
    order = factories.shop_order(shop, (factories.stock_record(shop), 1), created_at=NOON)
    Transmission.objects.create(shop_order=order, shop=shop, channel="email", due_at=NOON)
    routing.transmit_orders(NOON)
    assert mail.send_mail(NOON) == 1
    return MailMessage.objects.get()


def come(to: str, *, action="failed", status="5.1.1", kind="multipart/report", recipient="", failed="") -> str:
    failed = failed or MailMessage.objects.get().to
    raw = REPORT.format(to=to, action=action, status=status, kind=kind, failed=failed).encode()
    with pytest.raises((incoming.DroppedError, incoming.MailError)) as caught:
        incoming.take(raw, recipient=recipient, sender="", now=timezone.now())
    return str(caught.value)


def is_back() -> bool:
    return MailMessage.objects.get().parked_at is not None


def test_order_mail_comes_back_to_an_address_of_its_own(sent):
    (letter,) = django_mail.outbox
    assert (letter.from_email, letter.message()["From"].endswith("<" + bounces.address(sent) + ">")) == (
        bounces.address(sent),
        False,
    )


def test_whom_the_shop_sends_it_on_to_is_not_its_address(sent):
    come(bounces.address(sent), failed="clerk@elsewhere.example")
    assert not is_back()


@pytest.mark.parametrize("by_envelope", [True, False])
def test_order_whose_mail_came_back_is_not_heard_of(sent, by_envelope):
    to = bounces.address(sent)
    come(to, recipient=to if by_envelope else "")
    row = MailMessage.objects.get()
    assert (row.sent_at, "No such user" in row.last_error) == (None, True)
    assert Shop.objects.get().unreachable == sent.to
    assert ShopOrder.objects.filter(mailed.unheard(timezone.now())).count() == 1
    come(to)  # once more
    assert mail.send_mail(timezone.now()) == 0


def test_report_names_a_domain_in_any_letters_as_servers_do(sent):
    Shop.objects.update(email="commandes@librairie-épinal.example")
    MailMessage.objects.update(to="commandes@librairie-épinal.example")
    come(bounces.address(MailMessage.objects.get()), failed="commandes@xn--librairie-pinal-knb.example")
    assert is_back()


@pytest.mark.parametrize(
    "said",
    [
        {"action": "delayed", "status": "4.4.1"},
        {"action": "delivered", "status": "2.0.0"},
        {"action": "failed", "status": "4.2.2"},
        {"action": "", "status": ""},
        {"kind": "multipart/mixed"},
    ],
)
def test_what_is_no_failure_for_good_changes_nothing(sent, said):
    come(bounces.address(sent), **said)
    assert not is_back()


def test_address_that_is_made_up_or_another_mails_changes_nothing(sent):
    right = bounces.address(sent)
    local, _at, domain = right.partition("@")
    number = f"reply+{sent.pk}-b-"
    for wrong in (
        f"{number}{'0' * 24}@{domain}",
        right.replace(f"+{sent.pk}-", f"+{sent.pk + 1}-"),
        right.replace("-b-", "-r-"),
        f"{local}@elsewhere.example",
        f"reply+{'9' * 18}-b-{'0' * 24}@{domain}",
        "reply@halles.example",
    ):
        come(wrong)
    assert not is_back()
    MailMessage.objects.update(to="other@example.org")  # it was corrected, and sent there
    come(right)
    assert not is_back()


def test_where_no_mail_is_taken_nothing_is_changed(sent, settings):
    settings.REPLY_ADDRESS = ""
    assert (bounces.address(sent), bounces.message_of("reply+1-b-" + "0" * 24 + "@halles.example")) == ("", None)
