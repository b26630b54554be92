"""A partner's signed link is followed, kept for 30 days, frozen with the sale; its share is booked, stated and paid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import placing, referrals
from marketplace.checkout.models import Checkout
from marketplace.payments import bank, ledger, partners
from marketplace.payments.models import BankPayout, CommissionRule, LedgerEntry, LineCommission
from marketplace.payments.worth import earning
from shops.models import Partner, ShopOrder
from tests import factories
from tests.checkout.buying import paid, ready, two_shop_basket

pytestmark = pytest.mark.django_db
IBAN = "FR7630006000011234567890189"


def rule(partner: Partner, **columns) -> CommissionRule:
    how = {"label": "r", "basis_points": 800, "partner_basis_points": 300, "begins_at": timezone.now()}
    return CommissionRule.objects.create(partner=partner, **how | columns)


def sale(partner: Partner, channel: str = "referral") -> ShopOrder:
    """A's part of an order that this partner brought: 2 × 12.90 and 8.00."""
    checkout = paid(two_shop_basket())
    Checkout.objects.filter(pk=checkout.pk).update(partner=partner, channel=channel)
    order = placing.place(checkout.pk, now=timezone.now())
    return order.shop_orders.get(shop__name="Librairie A")


def earn(part: ShopOrder) -> None:
    found = earning(part, part.lines.all())
    amounts = {"earned_minor": found.shop_minor, "commission_minor": found.kept_minor, "taxes": []}
    ledger.record_earning(part, key=f"transfer:{part.number}", now=timezone.now(), **amounts)


def test_token_is_ours_alone():
    one = factories.partner()
    token = referrals.token(one, "widget")
    assert referrals.read(token) == (one.pk, "widget")
    assert [referrals.read(said) for said in ("", "r1", f"r{one.pk}:x", token[:-1], "w" + token)] == [None] * 5


def test_link_is_kept_in_the_session_for_thirty_days(client):
    one, session, now = factories.partner(), {}, timezone.now()
    assert referrals.note(session, referrals.token(one), now=now)
    assert referrals.noted(session, now=now + timedelta(days=29)) == (one.pk, "referral")
    assert referrals.noted(session, now=now + timedelta(days=31)) is None
    client.get("/shops/", {"via": "r1:forged"})
    assert "sessionid" not in client.cookies
    client.get("/shops/", {"via": referrals.token(one)})
    assert client.session["via"][:2] == [one.pk, "referral"]


def test_link_of_an_ended_partner_counts_for_nobody():
    one, session = factories.partner(active=False), {}
    assert not referrals.note(session, referrals.token(one), now=timezone.now())
    session = {"via": [one.pk, "referral", int(timezone.now().timestamp()) + 60]}
    checkout = ready(two_shop_basket())
    referrals.freeze(checkout, session, now=timezone.now())
    assert Checkout.objects.get().partner is None


def test_checkout_begun_after_a_link_knows_the_partner(client):
    one, basket = factories.partner(), two_shop_basket()
    client.get("/shops/", {"via": referrals.token(one, "widget")})
    checkout = ready(basket)
    referrals.freeze(checkout, client.session, now=timezone.now())
    found = Checkout.objects.get(pk=checkout.pk)
    assert (found.partner, found.channel) == (one, "widget")


def test_share_is_frozen_booked_stated_and_paid():
    one = factories.partner("Radio", holder="Radio", iban=IBAN, account_changed_at=timezone.now() - timedelta(days=4))
    rule(one)
    rule(factories.partner("Autre"), partner_basis_points=500)
    part = sale(one)
    rows = LineCommission.objects.filter(line__shop_order=part)
    assert sum(row.partner_minor for row in rows) == 101  # 3 % of 33.80, out of the 8 %
    earn(part), earn(part)
    entry = LedgerEntry.objects.get(kind="referral")
    assert (entry.debit, entry.credit, entry.amount_minor) == ("referrals", f"partner:{one.pk}", 101)
    made = partners.statement(one, timezone.now(), currency="CAD")
    assert (made.opening_minor, made.earned_minor, made.closing_minor) == (0, 101, 101)
    assert [row.split(",")[1:4:2] for row in partners.csv_lines(made)][1:] == [
        ["opening", "0.00"], ["referral", "1.01"], ["closing", "1.01"],
    ]  # fmt: skip
    export, content = bank.ask_payouts(debtor="Halles", iban=IBAN, bic="", by=None, now=timezone.now())
    row = BankPayout.objects.get()
    assert (row.partner, row.shop, row.amount_minor, export.rows) == (one, None, 101, 1)
    assert b"<EndToEndId>" + row.end_to_end_id.encode() in content
    day = timezone.now().date()
    assert bank.match([bank.BankLine(row.end_to_end_id, -101, "CAD", day)], by=None, now=timezone.now()) == []
    assert ledger.balance(f"partner:{one.pk}", currency="CAD") == 0


def test_share_goes_with_declined_units_and_is_never_more_than_the_commission():
    one = factories.partner()
    rule(one, basis_points=200, partner_basis_points=5000)
    part = sale(one)
    assert [row.partner_minor == row.amount_minor for row in LineCommission.objects.filter(line__shop_order=part)] == [
        True, True,
    ]  # fmt: skip
    part.lines.filter(quantity=2).update(declined=1)
    earn(part)
    entries = dict(LedgerEntry.objects.values_list("kind", "amount_minor"))
    assert entries["referral"] <= entries["commission"]


def test_widget_hands_the_token_on_without_a_cookie(client, reindex):
    title = factories.product("L'Étranger", gtin=9782070360024)
    factories.stock_record(factories.shop(), title)
    token = referrals.token(factories.partner(), "widget")
    answer = client.get("/widget/buy/9782070360024/", {"via": token})
    assert (f"?via={token.replace(':', '%3A')}" in answer.content.decode(), "sessionid" in client.cookies) == (
        True, False,
    )  # fmt: skip
    assert "via=" not in client.get("/widget/buy/9782070360024/", {"via": "w1:forged"}).content.decode()


def test_partner_gets_no_share_of_what_it_buys():
    one = factories.partner(email="Lea@example.org")  # the buyer's own
    rule(one)
    sale(one)
    assert set(LineCommission.objects.values_list("partner_minor", flat=True)) == {0}


def test_link_counts_only_on_a_page(client):
    """A crawler's hit on anything else leaves no row."""
    for address in ("/robots.txt", "/no-such-page/"):
        client.get(address, {"via": referrals.token(factories.partner())})
        assert "sessionid" not in client.cookies
