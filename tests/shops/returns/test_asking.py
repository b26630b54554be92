"""What can be sent back, and what is written down when it is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from PIL import Image

from marketplace.foundation.models import AuditEntry, MailMessage
from shops.models import Return, ReturnPhoto, Shop, ShopOrder
from shops.returns import asking, moving, photos
from shops.returns.rights import Basis
from tests import factories
from tests.shops.returns.sending_back import ask, case, handed_over, picture

pytestmark = pytest.mark.django_db
State = Return.State


def day_at(part: ShopOrder, moment: datetime) -> date:
    return timezone.localtime(moment, ZoneInfo(part.shop.timezone)).date()


def letters() -> list[tuple[str, str]]:
    return list(MailMessage.objects.order_by("pk").values_list("kind", "to"))


def test_withdrawal_stands_as_it_is_said_and_both_are_told():
    part = handed_over(2, 1, to="FR")
    row = ask(part, 1, 0, note="too blue")
    assert (row.basis, row.state, row.number) == ("withdrawal", "agreed", f"{part.number}-R1")
    assert list(row.lines.values_list("line", "units")) == [(part.lines.first().pk, 1)]
    assert letters() == [("return_reader", "lea@example.org"), ("return_shop", part.shop.email)]
    said = MailMessage.objects.first().text
    assert [word for word in (part.shop.line1, "too blue", f"{row.asked_at:%Y}") if word not in said] == []
    assert AuditEntry.objects.filter(action="return.ask", shop=part.shop).count() == 1


def test_order_keeps_the_rights_that_its_reader_was_told():
    told = handed_over(1, to="FR")
    Shop.objects.filter(pk=told.shop_id).update(is_professional=False)
    assert ask(ShopOrder.objects.get(pk=told.pk), 1).basis == "withdrawal"
    private = handed_over(1, to="FR", by_professional=False)
    assert ask(private, 1, reason="damaged").basis == "fault"
    with pytest.raises(asking.ReturnError):
        ask(handed_over(1, to="FR", by_professional=False, shop=factories.shop(return_days=0)), 1)


@pytest.mark.parametrize(("waits", "state"), [(True, "asked"), (False, "agreed")])
def test_shop_answers_what_its_terms_allow_if_it_wants_to(waits, state):
    part = handed_over(1, shop=factories.shop(returns_need_answer=waits, return_days=10))
    row = ask(part, 1)
    assert (row.basis, row.state, row.watch_at is not None) == ("terms", state, waits)


def test_what_is_wrong_with_it_is_answered_by_its_shop():
    row = ask(handed_over(1, to="FR"), 1, reason="damaged", pictures=[picture(3000, 2000)])
    assert (row.basis, row.state, row.shop_bears_postage) == ("fault", "asked", True)
    with row.photos.get().file.open() as file, Image.open(file) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("WEBP", (1600, 1067), {})


def test_form_sent_twice_asks_once():
    part = handed_over(2, to="FR")
    assert ask(part, 1) == ask(part, 1)
    assert Return.objects.count() == 1
    assert ask(handed_over(1, to="FR"), 1).shop_order != part  # the same form's word, of another order


def test_units_go_back_once():
    part = handed_over(2, to="FR")
    first = ask(part, 1)
    with pytest.raises(asking.ReturnError):
        ask(part, 2, once="2")
    ask(part, 1, once="2")
    assert asking.returnable(part, case(part), kept={}) == []
    moving.call_off(first, by="reader 1", now=timezone.now())
    assert [row.units for row in asking.returnable(part, case(part), kept={})] == [1]


def test_units_paid_back_otherwise_or_still_in_the_shop_do_not_go_back():
    part = handed_over(3, to="FR")
    line = part.lines.get()
    assert [row.units for row in asking.returnable(part, case(part), kept={line.pk: 1})] == [1]
    line.handed_over = line.packed = 2
    line.save()
    assert [row.units for row in asking.returnable(part, case(part), kept={})] == [2]


@pytest.mark.parametrize(("units", "reason"), [((0, 0), "changed"), ((5, 0), "changed"), ((-1, 0), "faulty")])
def test_nonsense_is_not_written_down(units, reason):
    part = handed_over(2, 1, to="FR")
    with pytest.raises(asking.ReturnError):
        ask(part, *units, reason=reason)
    assert (Return.objects.count(), letters()) == (0, [])


def test_newspaper_is_not_withdrawn_from_nor_mixed_with_what_is():
    part = handed_over(1, 1, to="FR", shop=factories.shop(return_days=0))
    part.lines.filter(pk=part.lines.last().pk).update(gtin=9771234567003)
    assert [row.has(Basis.WITHDRAWAL) for row in asking.returnable(part, case(part), kept={})] == [True, False]
    for units in ((1, 1), (0, 1)):
        with pytest.raises(asking.ReturnError):
            ask(part, *units)
    assert ask(part, 0, 1, reason="damaged").basis == "fault"


def test_other_place_is_one_that_receives():
    part, other = handed_over(1, to="FR"), factories.shop("Mile End")
    with pytest.raises(asking.ReturnError):
        ask(part, 1, goes_to=other)
    type(other).objects.filter(pk=other.pk).update(receives_returns=True)
    assert ask(part, 1, goes_to=other).goes_to == other
    assert letters()[-1] == ("return_shop", other.email)


def test_days_begin_when_the_last_parcel_was_there():
    now = timezone.now()
    part = handed_over(1, days_ago=20, to="FR")
    assert asking.returnable(part, case(part, now), kept={})[0].has(Basis.WITHDRAWAL) is False
    parcel = part.parcels.get()
    parcel.pk, parcel.handed_over_at = None, now - timedelta(days=3)
    parcel.save()
    assert asking.returnable(part, case(part, now), kept={})[0].has(Basis.WITHDRAWAL)
    assert asking.received_on(part, list(part.parcels.all()), now=now) == day_at(part, now - timedelta(days=2))


def test_what_waits_at_another_counter_has_not_begun_to_count():
    now = timezone.now()
    part = handed_over(1, days_ago=40, to="FR")
    part.parcels.update(carried_to=factories.shop())
    assert asking.received_on(part, list(part.parcels.all()), now=now) == day_at(part, now)
    part.parcels.update(collected_at=now - timedelta(days=30))
    assert asking.received_on(part, list(part.parcels.all()), now=now) == day_at(part, now - timedelta(days=30))


def test_lost_parcel_keeps_no_right_open_and_the_first_of_several_gives_one():
    now = timezone.now()
    part = handed_over(1, days_ago=40, to="FR")
    part.parcels.update(carried_to=factories.shop(), missing_at=now, missing_ended_at=now)
    assert asking.received_on(part, list(part.parcels.all()), now=now) == day_at(part, part.handed_over_at)
    part.handed_over_at = None  # more is to come
    assert asking.received_on(part, [], now=now) is None
    part.parcels.update(carried_to=None, missing_at=None, missing_ended_at=None)
    assert asking.received_on(part, list(part.parcels.all()), now=now) == day_at(part, now)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a" + b"x" * 100, picture(20, 20)])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(photos.PhotoError):
        photos.made(content)


def test_pictures_go_a_quarter_after_the_end():
    row = ask(handed_over(1, to="FR"), 1, pictures=[picture()])
    moving.call_off(row, by="reader 1", now=timezone.now())
    assert photos.forget(timezone.now()) == 0
    storage, name = (kept := row.photos.get().file).storage, kept.name
    assert photos.forget(timezone.now() + timedelta(days=91)) == 1
    assert ReturnPhoto.objects.count() == 0
    assert storage.exists(name)  # until the transaction is over
