"""To whom of a shop its mail goes, and when none does."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import mailing
from shops.channels.email import EmailChannel
from shops.models import Shop, ShopAddress
from tests import factories

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 27, 3, 30, tzinfo=UTC)  # 22:30 in Montréal
MORNING = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # 7:00 there


@pytest.fixture
def shop() -> Shop:
    return factories.shop(quiet_from=time(22), quiet_until=time(7), timezone="America/Toronto")


@pytest.mark.parametrize(
    ("begins", "ends", "at", "until"),
    [
        ("22:00", "07:00", "2026-11-26 21:59", None),
        ("22:00", "07:00", "2026-11-26 22:00", "2026-11-27 07:00"),
        ("22:00", "07:00", "2026-11-27 06:59", "2026-11-27 07:00"),
        ("22:00", "07:00", "2026-11-27 07:00", None),
        ("12:00", "14:00", "2026-11-26 13:00", "2026-11-26 14:00"),
        ("12:00", "14:00", "2026-11-26 14:00", None),
        ("12:00", "14:00", "2026-11-26 23:00", None),
        ("12:00", "12:00", "2026-11-26 12:00", None),
        (None, None, "2026-11-26 12:00", None),
    ],
)
def test_quiet_hours_are_the_shops_own(begins, ends, at, until):
    hours = [time.fromisoformat(one) if one else None for one in (begins, ends)]
    shop = Shop(timezone="America/Toronto", quiet_from=hours[0], quiet_until=hours[1])
    toronto = "-05:00"
    said = mailing.not_before(shop, datetime.fromisoformat(f"{at}{toronto}"))
    assert said == (datetime.fromisoformat(f"{until}{toronto}") if until else None)


def sent(shop: Shop, due: datetime) -> MailMessage:
    order = factories.shop_order(shop, (factories.stock_record(shop, units=1), 1), answer_due_at=due)
    EmailChannel(shop).send(order, now=NIGHT)
    return MailMessage.objects.get(kind="shop_order_new", dedupe_key__endswith=order.number)


def test_new_order_waits_for_the_morning_unless_its_deadline_does_not(shop):
    assert sent(shop, MORNING + timedelta(hours=5)).due_at == MORNING
    assert sent(shop, MORNING + timedelta(minutes=59)).due_at == NIGHT


def test_each_kind_goes_to_whom_the_shop_named(shop):
    ShopAddress.objects.create(shop=shop, kind="orders", email="desk@example.org")
    assert sent(shop, MORNING).to == "desk@example.org"
    assert mailing.address(shop, mailing.About.LATE) == shop.email


def test_who_is_told_changes_and_the_shops_own_address_hears_of_it(shop):
    quiet = (time(21), time(8))
    wanted = {"orders": "desk@example.org", "money": "", "late": shop.email, "feeds": ""}
    assert mailing.set_up(shop, wanted, quiet, by="test", now=NIGHT)
    assert not mailing.set_up(shop, wanted, quiet, by="test", now=NIGHT)
    assert list(ShopAddress.objects.values_list("kind", "email")) == [("orders", "desk@example.org")]
    told = MailMessage.objects.get()
    assert (told.kind, told.to, told.due_at) == ("shop_mail_changed", shop.email, NIGHT)  # at once, at night too
    assert "desk@example.org" in told.text
    assert mailing.set_up(shop, wanted, (None, None), by="test", now=NIGHT)
    assert MailMessage.objects.count() == 1
    assert AuditEntry.objects.filter(action="shop.mail").count() == 2
    shop.refresh_from_db()
    assert shop.quiet_from is None
