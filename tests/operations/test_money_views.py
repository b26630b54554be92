"""The operator's page of money: refunds, what came back, disputes, incidents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from marketplace.payments import incidents, refunds
from marketplace.payments.fake_stripe import banks
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import BankPayout, Dispute, Dues, MoneyCall, MoneyIncident, RefundRequest
from shops.models import ReturnRefund, ShopMember
from shops.returns import moving
from tests import factories
from tests.operations.conftest import waiting
from tests.payments import paying
from tests.shops.portal.conftest import signed_in
from tests.shops.returns.sending_back import ask, check, handed_over

PAGE = "/board/money/"


@pytest.fixture
def payment(db):
    return paying.captured(timezone.now() - timedelta(minutes=1))


def seconds() -> int:
    return int(timezone.now().timestamp())


def test_operator_gives_back_once_however_often_the_form_is_sent(board, payment):
    part = paying.parts_of(payment)[0]
    page = f"{PAGE}orders/{part.number}/refund/"
    once = board.get(page).context["form"]["once"].value()
    sent = {"what": "other", "amount": "5.00", "reason": "sorry", "borne_by": "network", "once": once}
    for _ in range(2):
        assert board.post(page, sent, headers={"Accept-Language": "en"}).status_code == 302
    request = RefundRequest.objects.get()
    assert (request.amount_minor, request.borne_by, request.by.email) == (500, "network", "operation@example.org")
    for wrong in ({"amount": "99999"}, {"amount": ""}, {"what": "line-0"}, {"amount": "-1"}, {"reason": ""}):
        assert board.post(page, sent | {"once": "other"} | wrong).status_code == 422
    assert RefundRequest.objects.count() == 1


def test_shops_owner_and_accounts_give_back_and_staff_do_not(payment):
    part, other = paying.parts_of(payment)
    page = f"/portal/{part.shop.slug}/orders/{part.number}/refund/"
    line = part.lines.first()
    for role, status in ((ShopMember.Role.ACCOUNTS, 302), (ShopMember.Role.STAFF, 403)):
        client = signed_in(factories.member(part.shop, role=role).user)
        sent = {"what": f"line-{line.pk}", "units": "1", "reason": "damp", "once": role}
        assert client.post(page, sent).status_code == status
        assert client.get(page.replace(part.number, other.number)).status_code == 404
    request = RefundRequest.objects.get()
    assert (request.amount_minor, request.line, request.borne_by) == (1050, line, "shop")


def test_dispute_is_answered_and_borne_from_its_page(board, payment):
    banks.dispute(DatabaseStore(), payment.charge_id, seconds(), amount_minor=2000)
    paying.work(timezone.now())
    row = Dispute.objects.get()
    page = f"{PAGE}disputes/{row.pk}/"
    assert waiting(board, PAGE) == 1
    assert board.get(page).context["evidence"]["customer_email_address"] == "reader@example.org"
    board.post(f"{page}evidence/")
    row.refresh_from_db()
    assert row.due_at is not None
    banks.decide(DatabaseStore(), row.dispute_id, seconds(), won=False)
    paying.work(timezone.now())
    part = paying.parts_of(payment)[0]
    share = {"shop_order": part.pk, "amount": "20.00", "reason": "no proof"}
    assert board.post(page, share | {"amount": "50.00"}).status_code == 422
    assert board.post(page, share).status_code == 302
    (debt,) = board.get(PAGE).context["debts"]
    assert (debt.shop, debt.amount_minor) == (part.shop, 2000)
    assert AuditEntry.objects.get(action="payment.dispute_share").reason == "no proof"


def test_refund_that_came_back_and_incident_wait_for_a_word(board, operator, payment):
    refunds.ask(
        payment,
        refunds.Wanted("other", amount_minor=700),
        reason="x",
        by=None,
        once="1",
        now=timezone.now() - timedelta(minutes=1),
    )
    paying.work(timezone.now())
    call = MoneyCall.objects.get(kind="refund")
    banks.fail_refund(DatabaseStore(), call.stripe_id, seconds())
    paying.work(timezone.now())
    incidents.report("k", "Something", now=timezone.now())
    incident = MoneyIncident.objects.get()
    assert waiting(board, PAGE) == 2
    for how in ("", "by transfer"):
        board.post(f"{PAGE}refunds/{call.pk}/", {"how": how})
        board.post(f"{PAGE}incidents/{incident.pk}/close/", {"how": how})
        assert waiting(board, PAGE) == (0 if how else 2)


def test_payout_that_the_bank_refused_is_ended_with_its_reason(board):
    shop = factories.shop("Librairie B")
    common = {
        "shop": shop,
        "currency": "CAD",
        "holder": "B",
        "iban": "DE89370400440532013000",
        "asked_at": timezone.now(),
    }
    row = BankPayout.objects.create(end_to_end_id="H1-1", amount_minor=2308, **common)
    listed = board.get("/board/exports/").content.decode()
    page = f"/board/exports/payouts/{row.pk}/"
    assert (page in listed, board.get(page).status_code) == (True, 200)
    for wrong in ({"paid_minor": "0"}, {"paid_minor": "-1", "reason": "x"}, {"reason": "x"}):
        assert board.post(page, wrong).status_code == 422
    sent = {"paid_minor": "3.08", "reason": "account closed"}
    assert [board.post(page, sent).status_code for _ in range(2)] == [302, 422]
    row.refresh_from_db()
    entry = AuditEntry.objects.get(action="bank.payout_ended")
    assert (row.state, row.paid_minor, entry.reason) == ("ended", 308, "account closed")
    assert page not in board.get("/board/exports/").content.decode()


def test_return_is_named_where_money_goes_back_and_ended_without_any(board):
    part = handed_over(1, to="FR")
    factories.payment(part.order)
    row = ask(part, 1)
    page, end = f"{PAGE}orders/{part.number}/refund/", f"{PAGE}returns/{row.pk}/end/"
    owner = signed_in(factories.member(part.shop, role=ShopMember.Role.OWNER).user)
    portal = owner.get(f"/portal/{part.shop.slug}/orders/{part.number}/refund/").content.decode()
    shown = board.get(page).content.decode()
    assert (row.number in portal, row.number in shown, end in shown) == (True, True, False)
    board.post(end, {"how": "not looked at yet"})
    moving.arrive(row, by="port", now=timezone.now())
    check(row, 1)
    assert end in board.get(page).content.decode()
    assert end not in owner.get(f"/portal/{part.shop.slug}/orders/{part.number}/refund/").content.decode()
    board.post(end, {"how": ""})
    row.refresh_from_db()
    assert row.state == "checked"
    assert board.post(end, {"how": "the same copy"}).url == page
    row.refresh_from_db()
    assert (row.state, ReturnRefund.objects.get().due_at) == ("refunded", None)
    assert AuditEntry.objects.get(action="return.paid_by_hand").reason == "the same copy"
    assert end not in board.get(page).content.decode()


def test_dues_that_are_sent_twice_are_charged_once(board):
    shop = factories.shop()
    sent = {"shop": shop.pk, "amount_minor": "20", "every": "month", "next_on": "2030-01-01"}
    for _ in range(2):
        assert board.post("/board/accounts/dues/", sent).status_code == 302
    assert Dues.objects.get().shop == shop
