"""What is wrong with an order goes to the network when its shop's time is over; what nobody needs any more goes."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.readers import leaving
from shops.models import Incident, Message, MessageFile, Side, Thread
from shops.orders import answer_times
from shops.threads import files, forgetting, incidents, lines, writing
from shops.threads.writing import Asker, ThreadError, Words
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def order_of(reader=None, **columns):
    shop = factories.shop(**columns)
    return factories.shop_order(
        shop, (factories.stock_record(shop), 1), placed=factories.order(reader), status="handed_over"
    )


def opened(part, now=NOON, side=Side.READER) -> Incident:
    thread = writing.of_order(part, now=now)
    return incidents.open_one(thread, side, "not_arrived", Words("where is it?"), by=None, who="reader", now=now)


def test_deadline_counts_the_hours_in_which_the_shop_is_open():
    factories.network(answer_within_hours=24)
    part, closed = order_of(), order_of()
    factories.opening_hours(closed.shop, weekday=4, opens=time(10), closes=time(18))  # Fridays alone: eight hours
    answer_times.forget()
    assert opened(part).due_at == NOON + timedelta(hours=24)
    assert opened(closed).due_at > NOON + timedelta(days=4)


def test_it_goes_to_the_network_once_its_time_is_over():
    row = opened(order_of())
    assert incidents.escalate_incidents(row.due_at - timedelta(seconds=1)) == 0
    assert [incidents.escalate_incidents(row.due_at), incidents.escalate_incidents(row.due_at)] == [1, 0]
    row.refresh_from_db()
    assert row.escalated_at == row.due_at
    told = MailMessage.objects.filter(dedupe_key__endswith=":escalated").order_by("kind")
    assert list(told.values_list("kind", flat=True)) == ["thread_reader", "thread_shop"]
    assert AuditEntry.objects.filter(action="incident.escalate").count() == 1
    said = [line.text for line in lines.of(Thread.objects.get(), Side.SHOP)]
    assert len(said) == 4  # ordered (after: the test's clock is March), said, the words, the network
    with pytest.raises(ThreadError):
        incidents.close(row, Side.SHOP, "done", by=None, who="shop", now=row.due_at)
    incidents.close(row, Side.NETWORK, "paid back", by=None, who="network", now=row.due_at)
    assert incidents.escalate_incidents(row.due_at + timedelta(days=9)) == 0


def test_two_close_it_one_counts():
    row = opened(order_of())
    other = Incident.objects.select_related("thread__shop").get(pk=row.pk)
    incidents.close(row, Side.READER, "it came", by=None, who="reader", now=NOON)
    with pytest.raises(ThreadError):
        incidents.close(other, Side.SHOP, "sent again", by=None, who="shop", now=NOON)
    other.refresh_from_db()
    assert other.done == "it came"


def test_question_has_no_incident():
    asker = Asker("lea@example.org", "Léa", "fr", confirmed=True)
    thread = writing.ask(factories.shop(), Words("?"), asker, product_id=None, now=NOON)
    with pytest.raises(ThreadError):
        incidents.open_one(thread, Side.READER, "other", Words("x"), by=None, who="reader", now=NOON)


def test_reader_takes_their_words_along_and_leaves_none(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.VAR_DIR = tmp_path
    reader = factories.user("lea@example.org")
    row = opened(order_of(reader))
    thread = row.thread
    pdf = files.made([files.Sent("a.pdf", b"%PDF- SENTINEL")])
    writing.write(thread, Side.READER, Words("SENTINEL", files=pdf), by=reader, now=NOON)
    asker = Asker("lea@example.org", "SENTINEL", "fr", user=reader, confirmed=True)
    writing.ask(factories.shop(), Words("SENTINEL?"), asker, product_id=None, now=NOON)
    MailMessage.objects.filter(kind="thread_shop").update(to="other@example.org")
    kept = MessageFile.objects.get().file
    found = leaving.export(reader)["words"]
    assert [(len(one["messages"]), len(one["incidents"])) for one in found] == [(2, 1), (1, 0)]
    assert found[0]["messages"][1]["files"] == ["a.pdf"]
    assert leaving.leave(reader, now=NOON) == ["incident"]
    incidents.close(row, Side.READER, "SENTINEL done", by=reader, who=reader, now=NOON)
    with django_capture_on_commit_callbacks(execute=True):
        assert leaving.leave(reader, now=NOON) == []
    assert (Thread.objects.count(), Message.objects.count(), Incident.objects.count()) == (0, 0, 0)
    assert not kept.storage.exists(kept.name)
    assert MailMessage.objects.filter(text__contains="SENTINEL").count() == 0


def test_what_nobody_needs_any_more_goes():
    now, asked = timezone.now(), {"product_id": None}
    shop = factories.shop()
    unconfirmed = writing.ask(shop, Words("a"), Asker("a@example.org", "", "fr"), now=now, **asked)
    question = writing.ask(shop, Words("b"), Asker("b@example.org", "", "fr", confirmed=True), now=now, **asked)
    row = opened(order_of(), now=now)
    assert forgetting.forget_old(now + timedelta(days=6)) == 0
    assert forgetting.forget_old(now + timedelta(days=8)) == 1
    assert not Thread.objects.filter(pk=unconfirmed.pk).exists()
    assert forgetting.forget_old(now + timedelta(days=366)) == 1
    assert not Thread.objects.filter(pk=question.pk).exists()
    assert forgetting.forget_old(now + timedelta(days=1100)) == 0  # something is still wrong with it
    incidents.close(row, Side.READER, "x", by=None, who="reader", now=now)
    assert forgetting.forget_old(now + timedelta(days=1100)) == 1
