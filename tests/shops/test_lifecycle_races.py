"""Two persons change a shop's status at once."""

from __future__ import annotations

from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops import lifecycle
from shops.models import Shop
from tests import factories
from tests.shops.racing import at_once


def test_of_two_at_once_one_wins(committed_db):
    shop, person, now = factories.shop(), factories.user(), timezone.now()
    acts = (lambda s: lifecycle.pause(s, by=person, now=now),) * 2
    assert sorted(at_once(lambda n: acts[n](Shop.objects.get(pk=shop.pk)), 2)) == [False, True]
    assert AuditEntry.objects.filter(action="shop.pause").count() == 1
