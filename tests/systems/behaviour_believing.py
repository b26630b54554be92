"""What may not be believed of any shop system, as a test class to inherit: prices that are entered otherwise than they
were, and answers of another form than any that it has."""

from __future__ import annotations

import pytest

from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane
from tests.systems import faults
from tests.systems.behaviour_chain import ConnectedBehaviour
from tests.systems.faults import between
from tests.systems.known import KNOWN
from tests.systems.under_test import SAYS_TAX


@pytest.mark.django_db
class BelievingBehaviour(ConnectedBehaviour):
    def test_prices_that_are_entered_with_tax_from_now_on_are_refused(self):
        self.needs(SAYS_TAX)
        self.synced()
        self.system.enter_with_tax()
        with pytest.raises(FeedError) as caught:
            self.read(tax_included=False)
        assert (caught.value.reason.code, caught.value.permanent) == ("system_prices", True)
        assert len(self.read(tax_included=True).records) == len(self.read(Lane.STOCK).records) == len(KNOWN)

    def test_another_address_gets_nothing_of_ours_and_is_told(self):
        """As of a site that has moved to "www.": what asks by POST is not led there, and no key is sent after it."""
        with between(self.between.there.geturl()) as elsewhere:
            self.between.leads_to = elsewhere.address.replace("127.0.0.1", "localhost")
            self.between.plan = lambda call: faults.MOVED
            error = self._refused()
            assert (error.reason.code, error.permanent) == ("system_address", True)
            assert self.between.leads_to in str(error)
            assert elsewhere.calls == []

    def _refused(self) -> FeedError:
        with pytest.raises(FeedError) as caught:
            self.read()
        self.no_secret_in(str(caught.value))
        assert caught.value.reason is not None
        return caught.value
