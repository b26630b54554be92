"""What a partner had of a sale, and what was borne for another shop, go back with the sale; of an order that is over
nothing is left."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import invariants_rerouting
from marketplace.payments import commission_tax, invariants, invariants_orders, ledger, ledger_corrections, refunds
from marketplace.payments.models import LedgerEntry, LineCommission, Payment
from marketplace.payments.refunds import Wanted
from shops.models import ShopOrder
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=8)
INVARIANTS = invariants.INVARIANTS | invariants_rerouting.INVARIANTS


@pytest.fixture(autouse=True)
def untaxed(monkeypatch):
    monkeypatch.setattr(commission_tax, "_rules", [])


def broken() -> list[str]:
    return sorted(name for name, test in INVARIANTS.items() if test())


def rerouted(now) -> tuple[Payment, ShopOrder]:
    """C supplies two copies for 28.00 that A sold for 24.00; the network bears 4.00. A partner has 0.84 of 2.24."""
    payment = paying.placed(now)
    part = paying.take_over(
        paying.lines_of(payment)[0], 2, 2800, shop=factories.shop("Librairie C"), bearer=None, now=now
    )
    partner = {"partner": factories.partner("P"), "partner_minor": 84}
    LineCommission.objects.create(line=part.lines.get(), amount_minor=224, basis_points=800, **partner)
    paying.answer(payment, 2, 0, 0, 0)
    paying.work(now)
    paying.handed_over(payment, now)
    return Payment.objects.get(pk=payment.pk), part


def balances(part: ShopOrder) -> list[int]:
    """Shop C with what was transferred, commission of its order, the partner, the network's share of the difference."""
    entries = LedgerEntry.objects.filter(order=part.order_id)
    of_c = entries.filter(shop_order=part)
    partner = LineCommission.objects.get(line__shop_order=part).partner_id

    def sums(rows, account: str) -> int:
        credits = sum(rows.filter(credit=account).values_list("amount_minor", flat=True))
        return credits - sum(rows.filter(debit=account).values_list("amount_minor", flat=True))

    paid = of_c.exclude(kind__in=["transfer", "reversal"])
    accounts = [ledger.partner_account(partner), ledger.PROMOTIONS]
    return [
        sums(paid, ledger.shop_account(part.shop_id)),
        sums(of_c, ledger.COMMISSION),
        *(sums(entries, account) for account in accounts),
    ]


@pytest.mark.parametrize("is_transferred", [False, True])
def test_one_of_two_copies_takes_half_of_everything_along(is_transferred):
    now = timezone.now()
    payment, part = rerouted(now)
    if is_transferred:
        paying.work(now + WEEK)
        assert balances(part) == [2800 - 224, 224, 84, -400]
    asked = refunds.ask(
        payment, Wanted("line", part, part.lines.get(), units=1), reason="x", by=None, once="1", now=now
    )
    paying.work(now + WEEK)
    assert (asked.amount_minor, asked.borne_minor) == (1200, 200)
    assert (balances(part), broken()) == ([1400 - 112, 112, 42, -200], [])
    refunds.ask(payment, Wanted("line", part, part.lines.get(), units=1), reason="x", by=None, once="2", now=now)
    paying.work(now + WEEK)
    assert (balances(part), broken()) == ([0, 0, 0, 0], [])


def test_amount_beside_takes_the_partners_share_along_and_leaves_the_difference():
    """6.00 of 28.00: of the commission 0.48, of the share 0.18; what the network gives leaves both."""
    now = timezone.now()
    payment, part = rerouted(now)
    paying.work(now + WEEK)
    refunds.ask(payment, Wanted("other", part, amount_minor=600), reason="x", by=None, once="1", now=now)
    paying.work(now + WEEK)
    assert (balances(part), broken()) == ([2800 - 224 - 552, 224 - 48, 84 - 18, -400], [])
    wanted = Wanted("line", part, part.lines.get(), units=1)
    refunds.ask(payment, wanted, reason="x", by=None, once="2", now=now, borne_by="network")
    paying.work(now + WEEK)
    assert (balances(part), broken()) == ([2800 - 224 - 552, 224 - 48, 84 - 18, -400], [])


def test_shares_that_do_not_go_back_are_noticed(monkeypatch):
    """Negative control of both invariants: nothing is booked back to the partner, nor to who bore the difference."""
    monkeypatch.setattr(ledger_corrections, "_record_shares_back", lambda *_, **__: None)
    now = timezone.now()
    payment, part = rerouted(now)
    paying.work(now + WEEK)
    assert invariants_orders.finished_orders_hold_nothing() == []
    refunds.ask(payment, Wanted("line", part, part.lines.get(), units=1), reason="x", by=None, once="1", now=now)
    paying.work(now + WEEK)
    assert broken() == ["every refund by a person is borne", "of a finished order no money is left over"]
    [left] = invariants_orders.finished_orders_hold_nothing()
    assert left == f"order {part.order_id} is over, and 200 CAD of it are nobody's"
