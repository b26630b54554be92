"""A run in words, and a list that awaits a person."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation
from oscar.apps.partner.models import StockRecord

from catalog_sync import decisions, runs, sampling, sync
from catalog_sync.models import RecordIssue, SyncRun
from catalog_sync.reasons import reason
from marketplace.foundation.models import AuditEntry
from shops.portal.feed_views import words_of
from tests import factories
from tests.catalog_sync import memory
from tests.shops.portal.conftest import signed_in


def run_address(stall, name: str = "run") -> str:
    return reverse(f"portal:{name}", args=[stall.shop.slug, stall.run.pk])


def test_feeds_lead_to_what_awaits_approval(ours):
    response = ours.client.get(reverse("portal:feeds", args=[ours.shop.slug]))
    assert list(response.context["awaiting"]) == [ours.run]
    assert run_address(ours) in response.content.decode()


def test_run_speaks_the_language_of_whoever_reads_it():
    note = runs.note_of(reason("run_drop", gone=60, known=100))
    with translation.override("en"):
        assert words_of(note).startswith("60 of 100 articles are missing from the list.")


def test_note_of_an_unknown_code_is_shown_as_it_was_written():
    assert words_of({"code": "gone_since", "text": "Ce qui fut dit"}) == "Ce qui fut dit"


def test_issues_are_paged_and_filtered(ours):
    RecordIssue.objects.bulk_create(
        RecordIssue(run=ours.run, kind="warning", code="gtin_several", position=f"row {n}", text="…")
        for n in range(150)
    )
    client = ours.client
    first = client.get(run_address(ours))
    assert [(kind, count) for kind, _word, count in first.context["kinds"]] == [("refused", 1), ("warning", 150)]
    assert len(first.context["issues"]) == 100
    assert len(client.get(run_address(ours), {"page": "2"}).context["issues"]) == 51
    assert len(client.get(run_address(ours), {"kind": "refused"}).context["issues"]) == 1
    assert len(client.get(run_address(ours), {"kind": "nonsense"}).context["issues"]) == 100


@pytest.mark.parametrize(("name", "most"), [("feeds", 18), ("run", 14)])
def test_page_asks_the_same_number_of_queries_however_many_rows(
    name, most, ours, django_assert_num_queries, django_assert_max_num_queries
):
    client = ours.client
    where = run_address(ours) if name == "run" else reverse("portal:feeds", args=[ours.shop.slug])
    client.get(where)
    with django_assert_max_num_queries(most) as asked:
        client.get(where)
    for _ in range(29):
        row = SyncRun.objects.create(feed=ours.run.feed, state="done", started_at=ours.run.started_at)
        RecordIssue.objects.create(run=ours.run, kind="refused", code="title_missing", text=f"of {row.pk}")
    with django_assert_num_queries(len(asked)):
        client.get(where)


def test_reject_changes_the_run_alone_and_once(ours):
    ours.client.post(run_address(ours, "reject"))
    ours.run.refresh_from_db()
    assert ours.run.state == SyncRun.State.REJECTED
    ours.client.post(run_address(ours, "reject"))
    assert list(AuditEntry.objects.filter(action="sync_run.reject").values_list("actor_label", flat=True)) == [
        ours.staff.email
    ]


def test_run_that_does_not_await_approval_cannot_be_approved(ours):
    SyncRun.objects.filter(pk=ours.run.pk).update(state=SyncRun.State.FAILED)
    ours.client.post(run_address(ours, "approve"))
    assert not AuditEntry.objects.filter(action="sync_run.approve").exists()


def test_approving_a_list_that_is_gone_says_so(ours):
    SyncRun.objects.filter(pk=ours.run.pk).update(unchanged=400)
    ours.client.post(run_address(ours, "approve"))
    decisions.follow_decisions(timezone.now())
    response = ours.client.get(run_address(ours))
    assert response.status_code == 200
    assert response.context["run"].state == SyncRun.State.FAILED
    assert response.context["notes"]


@pytest.fixture
def shelf(ours, monkeypatch):
    """A feed of ours that has listed ten articles and now lists four: its run awaits approval."""
    memory.register(monkeypatch)
    feed = memory.feed(ours.shop)
    listed = [memory.article(f"s{n}") for n in range(10)]
    memory.shelve(feed, *listed)
    sync.run(feed, now=memory.NOON)
    later = memory.NOON + timedelta(days=1)
    memory.shelve(feed, *listed[:4], at=later)
    return sync.run(feed, now=later)


def follow(*, days: int) -> None:
    assert decisions.follow_decisions(memory.NOON + timedelta(days=days, hours=1)) == 1


def run_address_of(ours, run) -> str:
    return reverse("portal:run", args=[ours.shop.slug, run.pk])


def test_a_reading_is_undone_when_asked_for_once(ours, shelf):
    first = SyncRun.objects.filter(feed=shelf.feed).earliest("pk")
    page, button = run_address_of(ours, first), reverse("portal:undo", args=[ours.shop.slug, first.pk])
    assert button in ours.client.get(page).content.decode()
    assert not ours.client.get(run_address_of(ours, shelf)).context["can_undo"]
    for _ in range(2):
        ours.client.post(button)
    assert button not in ours.client.get(page).content.decode()
    follow(days=1)
    first.refresh_from_db()
    assert (first.state, first.undone_by.get().changed) == (SyncRun.State.UNDONE, 10)
    assert AuditEntry.objects.get(action="sync_run.undo").actor == ours.staff
    assert not ours.client.get(page).context["can_undo"]


def test_only_person_of_a_shop_signs_in_again_where_much_is_touched(ours, shelf):
    client, where = ours.client, reverse("portal:approve", args=[ours.shop.slug, shelf.pk])
    response = client.post(where)
    assert response.url.partition("?")[0] == reverse("account_reauthenticate")
    assert not SyncRun.objects.exclude(approved_at=None).exists()
    response = client.post(response.url, {"password": "password"}, follow=True)
    assert response.redirect_chain[-1][0] == run_address_of(ours, shelf)
    shelf.refresh_from_db()
    assert (shelf.approved_by, shelf.approved_at is not None) == (ours.staff, True)


def test_approved_list_is_applied_once(ours, shelf):
    """The shop has two people: then the operator is the second to agree."""
    factories.member(ours.shop, factories.user())
    client, where = ours.client, reverse("portal:approve", args=[ours.shop.slug, shelf.pk])
    assert shelf.state == SyncRun.State.AWAITING
    client.post(where)
    assert decisions.follow_decisions(memory.NOON) == 0
    operator = signed_in(factories.operator())
    page = reverse("operations:run", args=[shelf.pk])
    assert reverse("operations:approve-run", args=[shelf.pk]) in operator.get(page).content.decode()
    assert operator.post(reverse("operations:approve-run", args=[shelf.pk])).url == page
    client.post(where)
    response = client.get(run_address_of(ours, shelf))
    assert response.context["run"].approved_at is not None
    assert reverse("portal:reject", args=[ours.shop.slug, shelf.pk]) not in response.content.decode()
    follow(days=1)
    shelf.refresh_from_db()
    assert (shelf.state, shelf.gone, shelf.approved_by) == (SyncRun.State.DONE, 6, ours.staff)
    assert StockRecord.objects.filter(partner=ours.shop.partner, terms__availability="unknown").count() == 6
    assert AuditEntry.objects.filter(action="sync_run.approve").count() == 2


def test_prices_that_moved_far_can_be_vouched_for(ours, shelf):
    feed, day = shelf.feed, memory.NOON + timedelta(days=2)
    listed = [memory.article(f"s{n}", at=day) for n in range(9)]
    memory.shelve(feed, *listed, memory.article("s9", at=day, price=9900), at=day)
    run = sync.run(feed, now=day)
    client, page = ours.client, reverse("portal:run", args=[ours.shop.slug, run.pk])
    assert (run.state, client.get(page).context["can_approve_prices"]) == (SyncRun.State.DONE, True)
    client.post(reverse("portal:approve", args=[ours.shop.slug, run.pk]))
    follow(days=2)
    assert StockRecord.objects.get(partner=ours.shop.partner, partner_sku="s9").price == Decimal("99.00")
    assert client.get(page).context["can_approve_prices"] is False


def test_what_would_change_is_shown_before_it_is_approved(ours, shelf):
    response = ours.client.get(run_address_of(ours, shelf))
    ((word, articles),) = response.context["sample"]
    assert (word, [row["sku"] for row in articles]) == (sampling.WORDS["gone"], ["s4", "s5", "s6", "s7", "s8"])
    assert "Title s4" in response.content.decode()


def test_errors_come_as_a_file(ours):
    response = ours.client.get(run_address(ours, "errors"))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{ours.run.feed.name}-{ours.run.pk}.csv"'
    assert len(response.content.splitlines()) == 1 + ours.run.issues.count()


def test_a_list_is_sent_by_hand_and_read(ours, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    feed = ours.run.feed
    type(feed).objects.filter(pk=feed.pk).update(kind="csv", location="ours/")
    where = reverse("portal:send", args=[ours.shop.slug, feed.name])
    assert where in ours.client.get(reverse("portal:feeds", args=[ours.shop.slug])).content.decode()
    sent = SimpleUploadedFile("stock.csv", "sku;titre;prix;quantité\na;Nana;20,00;2\n".encode())
    made_at = timezone.localtime(timezone.now() - timedelta(hours=3), ZoneInfo(ours.shop.timezone))
    response = ours.client.post(where, {"file": sent, "made_at": f"{made_at:%Y-%m-%dT%H:%M}"})
    assert response.url == reverse("portal:feeds", args=[ours.shop.slug])
    assert sync.sync_feeds(timezone.now() + timedelta(seconds=1)) == 1
    run = SyncRun.objects.filter(feed=feed).latest("pk")
    assert (run.state, run.new) == (SyncRun.State.DONE, 1)
    assert run.as_of == made_at.replace(second=0, microsecond=0) - timedelta(minutes=15)
    assert AuditEntry.objects.get(action="feed.send").actor == ours.staff


@pytest.mark.parametrize("sent", [{}, {"made_at": "yesterday"}])
def test_what_is_wrong_with_a_sent_list_is_said(ours, sent):
    where = reverse("portal:send", args=[ours.shop.slug, ours.run.feed.name])
    response = ours.client.post(where, sent, follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert not AuditEntry.objects.filter(action="feed.send").exists()


def test_question_is_asked_and_answered(ours, monkeypatch):
    memory.register(monkeypatch)
    feed = memory.feed(ours.shop, name="stall")
    for day, gtin in enumerate((9782070360024, 9782070368228)):
        at = memory.NOON + timedelta(days=day)
        memory.shelve(feed, memory.article("a", gtin=gtin), memory.article("b"), memory.article("c"), at=at)
        sync.run(feed, now=at)
    page = reverse("portal:questions", args=[ours.shop.slug])
    assert page in ours.client.get(reverse("portal:feeds", args=[ours.shop.slug])).content.decode()
    shown = ours.client.get(page)
    assert [question.sku for question in shown.context["questions"]] == ["a"]
    where = reverse("portal:answer-question", args=[ours.shop.slug, "stall"])
    assert where in shown.content.decode()
    for choice, tag in (("nonsense", "info"), ("same", "success"), ("same", "info")):
        response = ours.client.post(where, {"sku": "a", "choice": choice}, follow=True)
        assert [message.level_tag for message in response.context["messages"]] == [tag]
    assert page not in ours.client.get(reverse("portal:feeds", args=[ours.shop.slug])).content.decode()
