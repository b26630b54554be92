"""Votes of the members: the roll, sealed ballots, the count, and that each finds its own in it."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from marketplace.foundation import merkle, secrets
from marketplace.foundation.models import MailMessage
from marketplace.foundation.secrets import SecretError
from marketplace.models import User
from shops import invariants, vote_mail, voting
from shops.models import Ballot, Business, Motion, MotionVoter, Shop, ShopAddress, ShopMember
from shops.voting import VotingError
from tests import factories

pytestmark = pytest.mark.django_db
YES, NO = 0, 1


def member(name: str, **columns: object) -> tuple[Shop, User]:
    shop = factories.shop(name, **columns)
    return shop, factories.member(shop, role=ShopMember.Role.OWNER).user


def opened(*, weighing: str = "member") -> Motion:
    board = factories.operator()
    motion = voting.propose("Dues", "Lower them", ["Yes", "No"], by=board, now=timezone.now())
    voting.open_vote(motion, weighing=weighing, days=7, by=board, now=timezone.now())
    motion.refresh_from_db()
    return motion


def after(motion: Motion) -> Motion:
    assert motion.ends_at is not None
    voting.close_motions(motion.ends_at)
    motion.refresh_from_db()
    return motion


def test_counted_and_each_finds_its_own():
    people = [member(f"Shop {number}") for number in range(5)]
    motion = opened()
    for (shop, owner), choice in zip(people, [YES, NO, YES, YES], strict=False):
        voting.cast(motion, shop, choice, by=owner, now=timezone.now())
    digests = {row.voter.shop_id: row.digest for row in Ballot.objects.select_related("voter")}
    motion = after(motion)
    assert motion.result == [3, 1]
    for (shop, _owner), choice in zip(people, ["Yes", "No", "Yes", "Yes"], strict=False):
        found = voting.proof(motion, shop)
        assert found is not None
        assert (found.ballot.choice, found.ballot.digest, found.holds) == (choice, digests[shop.pk], True)
    assert voting.proof(motion, people[4][0]) is None
    leaves = [
        voting.digest(motion.pk, motion.choices.index(one.choice), one.weight, one.nonce)
        for one in voting.opened(motion)
    ]
    assert merkle.root(leaves) == motion.root, "anybody can count again from what is shown"
    assert voting.close_motions(timezone.now() + timedelta(days=99)) == 0


def test_nothing_is_readable_before_the_end():
    shop, owner = member("Port")
    motion = opened()
    voting.cast(motion, shop, NO, by=owner, now=timezone.now())
    row = Ballot.objects.get()
    assert (row.choice, row.nonce, motion.result, voting.opened(motion), voting.proof(motion, shop)) == (
        *(None, "", [], [], None),
    )
    with pytest.raises(SecretError):
        secrets.open_sealed(row.sealed, row=f"shops.ballot:{row.voter_id + 1}")
    digests = {voting.digest(motion.pk, choice, 1, "") for choice in (YES, NO)}
    assert row.digest not in digests, "a nonce stands between two choices and their digests"


def test_last_ballot_before_the_end_counts():
    shop, owner = member("Port")
    motion = opened()
    for choice in (NO, YES):
        voting.cast(motion, shop, choice, by=owner, now=timezone.now())
    assert after(motion).result == [1, 0]


def test_by_shares_each_weighs_its_own():
    (one, first), (two, second) = member("A", member_shares=5), member("B", member_shares=2)
    member("C", member_shares=0)
    motion = opened(weighing="share")
    voting.cast(motion, one, NO, by=first, now=timezone.now())
    voting.cast(motion, two, YES, by=second, now=timezone.now())
    assert MotionVoter.objects.count() == 2
    assert after(motion).result == [2, 5]


def test_shops_of_one_business_are_one_member():
    business = Business.objects.create(legal_name="Both", made_at=timezone.now())
    (first, owner), (branch, other) = member("A", business=business), member("B", business=business)
    member("C", status=Shop.Status.DRAFT)
    motion = opened()
    assert list(MotionVoter.objects.values_list("shop", "weight")) == [(first.pk, 1)]
    with pytest.raises(VotingError):
        voting.cast(motion, branch, YES, by=other, now=timezone.now())
    voting.cast(motion, first, YES, by=owner, now=timezone.now())


@pytest.mark.parametrize("wrong", ["staff", "other shop", "choice", "late", "not open", "joined later"])
def test_what_is_no_vote(wrong):
    shop, owner = member("Port")
    other, stranger = member("Other")
    motion, now, by, choice = opened(), timezone.now(), owner, YES
    if wrong == "staff":
        by = factories.member(shop).user
    elif wrong == "other shop":
        by = stranger
    elif wrong == "choice":
        choice = 2
    elif wrong == "late":
        now = now + timedelta(days=8)
    elif wrong == "not open":
        motion = voting.propose("x", "y", ["Yes", "No"], by=owner, now=now, shop=shop)
    else:
        shop, by = member("Later")
    with pytest.raises(VotingError):
        voting.cast(motion, shop, choice, by=by, now=now)
    assert (Ballot.objects.count(), other.pk is not None) == (0, True)


@pytest.mark.parametrize("choices", [["Yes"], ["Yes", "Yes"], [" ", "Yes"], [str(n) for n in range(11)]])
def test_choices_are_two_to_ten_and_differ(choices):
    with pytest.raises(VotingError):
        voting.propose("x", "y", choices, by=factories.user(), now=timezone.now())


@pytest.mark.parametrize("change", [{"choice": NO}, {"nonce": "0" * 32}, {"choice": None}])
def test_verify_finds_a_changed_ballot(change):
    """Negative control of the proof."""
    shop, owner = member("Port")
    motion = opened()
    voting.cast(motion, shop, YES, by=owner, now=timezone.now())
    after(motion)
    check = invariants.INVARIANTS["votes: results are those of the sealed ballots"]
    assert check() == []
    Ballot.objects.update(**change)
    assert len(check()) == 1


def test_tree_is_that_of_rfc_6962():
    """The roots of the standard's own test vectors, for the first leaves."""
    contents = [b"", b"\x00", b"\x10", b"\x20\x21"]
    leaves = [merkle.leaf(content) for content in contents]
    assert [merkle.root(leaves[:number]) for number in range(1, 5)] == [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    for place, leaf in enumerate(leaves):
        assert merkle.leads_to(leaf, merkle.path(leaves, place), merkle.root(leaves))
    assert not merkle.leads_to(leaves[0], merkle.path(leaves, 1), merkle.root(leaves))


def test_vote_that_cannot_be_counted_stops_no_later_one():
    shop, owner = member("A")
    first, second = opened(), opened()
    for motion in (first, second):
        voting.cast(motion, shop, YES, by=owner, now=timezone.now())
    Ballot.objects.filter(voter__motion=first).update(sealed="of another key")
    later = timezone.now() + timedelta(days=8)
    assert voting.close_motions(later) == 1
    assert [one.closed_at for one in Motion.objects.order_by("pk")] == [None, later]


def told(kind: str) -> list[MailMessage]:
    return list(MailMessage.objects.filter(kind=kind).order_by("shop_id"))


class TestMail:
    def test_members_hear_of_it_as_it_opens_and_of_the_result_with_the_proof_once(self):
        people = [member(f"Shop {number}", email=f"{number}@example.org", language="en") for number in range(3)]
        ShopAddress.objects.create(shop=people[0][0], kind=ShopAddress.Kind.ORDERS, email="orders@example.org")
        member("Draft", status=Shop.Status.DRAFT)
        motion = opened()
        assert [mail.to for mail in told("motion_opened")] == ["0@example.org", "1@example.org", "2@example.org"]
        shop = people[0][0]
        first = told("motion_opened")[0]
        assert (f"/portal/{shop.slug}/votes/{motion.pk}/" in first.text, "- Yes\n- No" in first.text) == (True, True)
        for (shop, owner), choice in zip(people, [YES, NO], strict=False):
            voting.cast(motion, shop, choice, by=owner, now=timezone.now())
        motion = after(motion)
        after(motion)
        mails = told("motion_closed")
        assert [mail.shop_id for mail in mails] == [shop.pk for shop, _owner in people]
        for (shop, _owner), mail in zip(people[:2], mails, strict=False):
            proof = voting.proof(motion, shop)
            assert proof is not None
            (_side, other), *_ = proof.path
            assert [text in mail.text for text in (proof.ballot.digest, other, motion.root)] == [True] * 3
            assert proof.ballot.nonce not in mail.text + mail.html, "what they voted is nobody's who reads the mail"
        assert ("Your shop did not vote." in mails[2].text, motion.root in mails[2].text) == (True, True)
        assert ("- Yes: 1" in mails[2].text, "- No: 1" in mails[2].text) == (True, True)

    def test_who_has_not_voted_is_reminded_a_day_before_the_end_once(self):
        (voted, owner), (silent, _other) = member("A"), member("B")
        motion = opened()
        assert motion.ends_at is not None
        voting.cast(motion, voted, YES, by=owner, now=timezone.now())
        near = motion.ends_at - timedelta(hours=24)
        turns = [near - timedelta(minutes=1), near, near + timedelta(hours=1), motion.ends_at]
        assert [vote_mail.remind_voters(now) for now in turns] == [0, 1, 0, 0]
        assert [mail.shop_id for mail in told("motion_reminder")] == [silent.pk]

    def test_vote_of_one_day_is_not_told_twice_at_once(self):
        shop, owner = member("A")
        motion = voting.propose("x", "y", ["Yes", "No"], by=owner, now=timezone.now(), shop=shop)
        voting.open_vote(motion, weighing="member", days=1, by=owner, now=timezone.now())
        assert (vote_mail.remind_voters(timezone.now() + timedelta(hours=1)), len(told("motion_opened"))) == (0, 1)

    def test_quiet_hours_are_kept_unless_the_vote_would_be_over(self):
        quiet = {"quiet_from": time(20), "quiet_until": time(8), "timezone": "UTC"}
        member("A", **quiet)
        motion = opened()
        evening = timezone.now().replace(hour=21, minute=0) + timedelta(days=3)
        Motion.objects.update(ends_at=evening + timedelta(hours=23))
        vote_mail.remind_voters(evening)
        [mail] = told("motion_reminder")
        assert mail.due_at.hour == 8
        MailMessage.objects.all().delete()
        Motion.objects.update(ends_at=evening + timedelta(hours=9))
        vote_mail.remind_voters(evening)
        assert [mail.due_at for mail in told("motion_reminder")] == [evening]
        assert motion.pk == Motion.objects.get().pk

    def test_one_mail_that_cannot_be_written_stops_no_other(self, monkeypatch):
        (first, _owner), (second, _other) = member("A"), member("B")
        motion = opened()
        assert motion.ends_at is not None
        post = vote_mail._post

        def failing(kind, motion, voter, *rest, **more):
            if voter.shop_id == first.pk:
                raise ValueError("no")
            post(kind, motion, voter, *rest, **more)

        monkeypatch.setattr(vote_mail, "_post", failing)
        assert vote_mail.remind_voters(motion.ends_at - timedelta(hours=2)) == 1
        assert [mail.shop_id for mail in told("motion_reminder")] == [second.pk]


@pytest.mark.django_db
def test_what_is_proposed_or_said_twice_is_one():
    """The form was sent again."""
    board, now = factories.operator(), timezone.now()
    made = [voting.propose("Dues", "Lower them", ["Yes", "No"], by=board, now=now) for _ in range(2)]
    assert made[0] == made[1]
    for text in ("Why?", "Why? ", "How?", "Why?"):
        voting.say(made[0], text, by=board, shop=None, now=now)
    assert list(made[0].words.order_by("pk").values_list("text", flat=True)) == ["Why?", "How?", "Why?"]
