"""What every shop system must do with a test order: it is entered and found as any order is, and taken out again where
the system lets us; no order, money or copy of ours is moved by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.records import Lane
from marketplace.foundation.models import AuditEntry
from shops.channels import testing, trying
from shops.channels.system import is_cancelled
from shops.models import Allocation, ShopOrder, TransmissionTry
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import KNOWN
from tests.systems.behaviour_fallback import FallbackBehaviour
from tests.systems.under_test import LOOKS_UP


@pytest.mark.django_db
class TryingBehaviour(FallbackBehaviour):
    def test_test_order_goes_into_the_system_and_out_again(self, monkeypatch):
        monkeypatch.setattr(trying, "PAUSES", (0.0, 0.1, 0.1))
        self.synced()
        self.shop.refresh_from_db()
        stays = not self.channel().cancels
        if stays:
            with pytest.raises(testing.ConfirmError):
                testing.send(self.shop, by=factories.user(), now=timezone.now())
            assert not TransmissionTry.objects.exists()
        tried = testing.send(self.shop, by=factories.user(), now=timezone.now(), stays=stays)
        assert (tried.outcome, tried.channel) == ("sent", self.system.kind)
        found = self.system.orders(f"TEST-{tried.pk}")
        assert [sum(each.units.values()) for each in found] == [1]
        assert self._stands(tried) == stays
        assert AuditEntry.objects.get(action=testing.TESTED).facts["detail"] == tried.error
        assert (ShopOrder.objects.count(), Allocation.objects.count()) == (0, 0)
        if not stays:  # its number is what it was
            self.synced(Lane.STOCK)
            before = {known.sku: known.quantity for known in KNOWN if known.sku in found[0].units}
            assert {sku: self.stands(sku) for sku in before} == {sku: (units, 0) for sku, units in before.items()}
        self._heard()  # what becomes of it there is nobody's answer

    def test_test_order_whose_answer_is_lost_is_found_and_taken_out(self, monkeypatch):
        self.needs(LOOKS_UP)
        monkeypatch.setattr(trying, "PAUSES", (0.0, 0.1, 0.1))
        last = self._writing_calls()
        self.synced()
        self.between.clear()
        self.between.plan = lambda call: (
            faults.LOST if call.writes and sum(each.writes for each in self.between.calls) == last else ""
        )
        tried = self._test_order()
        self.between.clear()
        found = self.system.orders(f"TEST-{tried.pk}")
        assert (tried.outcome, len(found)) == ("sent", 1)
        assert self._stands(tried) != self.channel().cancels

    def test_test_order_that_may_be_there_is_said_to_be(self):
        self.needs(LOOKS_UP)
        last = self._writing_calls()
        self.synced()
        gone: list[faults.Call] = []

        def plan(call: faults.Call) -> str:
            if gone:
                return faults.ERROR
            if call.writes and sum(each.writes for each in self.between.calls) == last:
                gone.append(call)
                return faults.LOST
            return ""

        self.between.clear()
        self.between.plan = plan
        tried = self._test_order()
        assert (tried.outcome, f"TEST-{tried.pk}" in tried.error) == ("unknown", True)
        assert not AuditEntry.objects.filter(action=testing.TESTED).exists()

    def test_test_order_of_which_nobody_understands_what_is_said_is_no_fault_of_ours(self):
        self.synced()
        self.between.plan = lambda call: faults.ODD
        assert self._test_order().outcome == "failed"
        self.between.clear()
        self.between.plan = lambda call: faults.ODD if call.writes else ""
        tried = self._test_order()
        self.between.clear()
        assert (tried.outcome, bool(tried.error)) == ("unknown", True) or self.system.orders(f"TEST-{tried.pk}")

    def test_test_order_that_cannot_be_taken_out_is_said_to_stay(self):
        self._needs_cancelling()
        last = self._writing_calls()
        self.synced()
        self.between.clear()
        self.between.plan = lambda call: (
            faults.ERROR if call.writes and sum(each.writes for each in self.between.calls) > last else ""
        )
        tried = self._test_order()
        assert (tried.outcome, self._stands(tried), "500" in tried.error) == ("sent", True, True)

    def test_test_order_of_a_system_that_is_away_or_has_nothing_says_so(self):
        tried = self._test_order()
        assert (tried.outcome, bool(tried.error)) == ("failed", True)
        self.synced()
        self.system.revoke_key()
        tried = self._test_order()
        assert (tried.outcome, "TEST-" in tried.error) == ("failed", False)
        assert not AuditEntry.objects.filter(action=testing.TESTED).exists()

    def _stands(self, tried: TransmissionTry) -> bool:
        self.between.clear()
        (said,) = self.channel().states_of([f"TEST-{tried.pk}"])
        return not is_cancelled(said)

    def _test_order(self) -> TransmissionTry:
        self.shop.refresh_from_db()
        return testing.send(self.shop, by=factories.user(), now=timezone.now() + timedelta(seconds=1), stays=True)

    def _needs_cancelling(self) -> None:
        if not self.channel().cancels:
            pytest.skip(f"{self.system.kind} lets nobody cancel from outside: told by mail")
