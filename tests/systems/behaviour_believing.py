"""What may not be believed of any shop system, as a test class to inherit: prices that are entered otherwise than they
were, and answers of another form than any that it has."""

from __future__ import annotations

import pytest

from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane
from tests.systems.behaviour_chain import ConnectedBehaviour
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
