from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation import leases
from marketplace.foundation.models import MailMessage
from shops.models import ShopMember
from tests import factories

pytestmark = pytest.mark.django_db


def message(key: str, **columns) -> MailMessage:
    columns = {
        "to": "a@example.org",
        "language": "fr",
        "kind": "test",
        "subject": "s",
        "text": "t",
        "html": "h",
    } | columns
    return MailMessage.objects.create(dedupe_key=key, **columns)


def test_claim_takes_due_rows_oldest_first():
    now = timezone.now()
    later, sooner = message("a", due_at=now), message("b", due_at=now - timedelta(hours=1))
    message("c", due_at=now + timedelta(hours=1))
    message("d", due_at=None)
    assert leases.claim(MailMessage, now=now) == [sooner, later]


def test_claim_leaves_leased_rows_until_the_lease_ends():
    now = timezone.now()
    row = message("a", due_at=now)
    assert leases.claim(MailMessage, now=now, lease_seconds=60) == [row]
    assert leases.claim(MailMessage, now=now + timedelta(seconds=59)) == []
    assert leases.claim(MailMessage, now=now + timedelta(seconds=61)) == [row]


def test_finish_needs_the_lease():
    now = timezone.now()
    message("a", due_at=now)
    (first,) = leases.claim(MailMessage, now=now, lease_seconds=1)
    (second,) = leases.claim(MailMessage, now=now + timedelta(seconds=2))
    assert not leases.finish(first)
    assert leases.finish(second)
    assert leases.claim(MailMessage, now=now + timedelta(days=1)) == []


def test_postpone_backs_off_and_parks_after_the_last_try():
    now = timezone.now()
    message("a", due_at=now)
    for _ in range(leases.MAX_ATTEMPTS):
        (row,) = leases.claim(MailMessage, now=now)
        leases.postpone(row, error="no answer", now=now)
        now += timedelta(days=1)
    row.refresh_from_db()
    assert (row.parked_at is not None, row.last_error) == (True, "no answer")
    assert leases.claim(MailMessage, now=now + timedelta(days=9)) == []
    assert leases.unpark([row], now=now) == 1
    assert leases.claim(MailMessage, now=now) == [row]


def test_postpone_permanent_parks_at_once():
    now = timezone.now()
    message("a", due_at=now)
    (row,) = leases.claim(MailMessage, now=now)
    leases.postpone(row, error="no such address", now=now, permanent=True)
    assert row.parked_at == now


def test_claim_by_group_serves_one_row_per_group_in_order():
    now = timezone.now()
    first, second, other = (
        message("a", due_at=now),
        message("b", due_at=now),
        message("c", due_at=now, to="b@example.org"),
    )
    assert leases.claim(MailMessage, now=now, group="to") == [first, other]
    assert leases.claim(MailMessage, now=now, group="to") == []
    leases.finish(MailMessage.objects.get(pk=first.pk))
    assert leases.claim(MailMessage, now=now, group="to") == [second]


def test_delay_after_doubles_up_to_six_hours():
    assert 12 <= leases.delay_after(1).total_seconds() <= 18
    assert leases.delay_after(30).total_seconds() <= 6 * 3600 * 1.2


def test_claim_by_group_waits_for_a_younger_row_that_is_leased():
    """An older row may turn up while a younger one is at work: a person unparked it, or its transaction took longer."""
    now = timezone.now()
    parked, younger = message("a", due_at=now, parked_at=now), message("b", due_at=now)
    assert leases.claim(MailMessage, now=now, group="to") == [younger]
    leases.unpark([parked], now=now)
    assert leases.claim(MailMessage, now=now, group="to") == []
    leases.finish(MailMessage.objects.get(pk=younger.pk))
    assert leases.claim(MailMessage, now=now, group="to") == [parked]


def test_whether_anything_waits_is_asked_before_what_it_leads_to(django_assert_num_queries):
    rows = ShopMember.objects.order_by("pk")
    with django_assert_num_queries(1):
        assert leases.waiting(rows, "shop", "user", most=2) == []
    shop = factories.shop()
    first, second, _ = (factories.member(shop) for _ in range(3))
    with django_assert_num_queries(2):
        assert [(row, row.shop, row.user) for row in leases.waiting(rows, "shop", "user", most=2)] == [
            (first, shop, first.user),
            (second, shop, second.user),
        ]
