"""Votes of the members: a motion is proposed, spoken about, opened with its roll, closed when its time is over. Ballots
are sealed until then, and committed to, so that none can be put in another's place (decision 0031)."""

from __future__ import annotations

import json
import logging
import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.foundation import audit, merkle, secrets
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from shops import queries, vote_mail
from shops.models import Ballot, Motion, MotionVoter, MotionWord, Shop

MOST_CHOICES, MOST_DAYS, MOST_WORDS = 10, 60, 500
logger = logging.getLogger("halles.voting")
_MEMBERS = [Shop.Status.ACTIVE, Shop.Status.PAUSED]


class VotingError(Exception):
    """It cannot be; the message says why, to a person."""


@dataclass(frozen=True)
class Opened:
    """A ballot as everybody sees it after the end: without whose it is."""

    choice: str
    weight: int
    nonce: str
    digest: str


@dataclass(frozen=True)
class Proof:
    """That one's own ballot is among those counted: from its digest along `path` to the motion's root."""

    ballot: Opened
    path: Sequence[tuple[merkle.Side, str]]
    holds: bool


def propose(
    title: str, text: str, choices: Sequence[str], *, by: User, now: datetime, shop: Shop | None = None
) -> Motion:
    """By an owner for their shop, or by the board; the same words again are the form sent twice. Raises VotingError."""
    named = [choice.strip()[:80] for choice in choices if choice.strip()]
    if not 2 <= len(named) <= MOST_CHOICES or len(set(named)) < len(named):
        raise VotingError(_("Give two to ten choices, each another one."))
    if shop is not None and not queries.owns(by, shop):
        raise VotingError(_("An owner proposes for the shop."))
    words = {"title": title[:160], "text": text[:8000], "choices": named, "by": by, "shop": shop}
    with transaction.atomic():
        _one_at_a_time(by)
        if said := Motion.objects.filter(**words, opened_at=None).first():
            return said
        motion = Motion.objects.create(**words, proposed_at=now)
        audit.record("motion.propose", motion, by=by, shop_id=shop.pk if shop else None)
    return motion


def say(motion: Motion, text: str, *, by: User, shop: Shop | None, now: datetime) -> MotionWord:
    """Something about it, until it is closed; the same words again are the form sent twice. Raises VotingError."""
    if motion.closed_at or not text.strip():
        raise VotingError(_("This vote is over.") if motion.closed_at else _("Write something."))
    if motion.words.count() >= MOST_WORDS:
        raise VotingError(_("So much was said about this that it goes on elsewhere."))
    with transaction.atomic():
        _one_at_a_time(by)
        last = motion.words.filter(by=by, shop=shop).order_by("-pk").first()
        if last is not None and last.text == text.strip()[:2000]:
            return last
        return MotionWord.objects.create(motion=motion, shop=shop, by=by, text=text.strip()[:2000], at=now)


def _one_at_a_time(by: User) -> None:
    User.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)


def open_vote(motion: Motion, *, weighing: str, days: int, by: User, now: datetime) -> int:
    """Fix the roll and let them vote, for `days`. Returns how many may vote; raises VotingError."""
    if not 1 <= days <= MOST_DAYS or weighing not in Motion.Weighing.values:
        raise VotingError(_("A vote lasts 1 to 60 days."))
    with transaction.atomic():
        row = Motion.objects.select_for_update().get(pk=motion.pk)
        if row.opened_at:
            raise VotingError(_("This vote is open already."))
        roll = _roll(row, weighing)
        if not roll:
            raise VotingError(_("No shop is a member yet."))
        row.opened_at, row.ends_at, row.weighing = now, now + timedelta(days=days), weighing
        row.save(update_fields=["opened_at", "ends_at", "weighing"])
        MotionVoter.objects.bulk_create(roll)
        audit.record("motion.open", row, by=by, weighing=weighing, days=days, voters=len(roll))
        vote_mail.opened(row, now=now)
    return len(roll)


def _roll(motion: Motion, weighing: str) -> list[MotionVoter]:
    """Shops of one business are one member; their first one votes. By shares each shop has its own."""
    roll, seen = [], set()
    for shop in Shop.objects.filter(status__in=_MEMBERS).order_by("pk"):
        if weighing == Motion.Weighing.SHARE:
            if shop.member_shares:
                roll.append(MotionVoter(motion=motion, shop=shop, weight=shop.member_shares))
        elif shop.business_id is None or shop.business_id not in seen:
            roll.append(MotionVoter(motion=motion, shop=shop, weight=1))
        seen.add(shop.business_id)
    return roll


def cast(motion: Motion, shop: Shop, choice: int, *, by: User, now: datetime) -> Ballot:
    """The shop's ballot; another one before the end takes its place. Raises VotingError."""
    if not queries.owns(by, shop):
        raise VotingError(_("An owner votes for the shop."))
    with transaction.atomic():
        row = Motion.objects.select_for_update().get(pk=motion.pk)
        voter = row.voters.filter(shop=shop).first()
        if voter is None:
            raise VotingError(_("This shop is not on the roll of this vote."))
        if row.closed_at or row.ends_at is None or now >= row.ends_at:
            raise VotingError(_("This vote is over."))
        if not 0 <= choice < len(row.choices):
            raise VotingError(_("Choose one of them."))
        nonce = random.token_hex(16)
        sealed = secrets.seal(json.dumps([choice, nonce]), row=_row_of(voter))
        given = {"sealed": sealed, "digest": digest(row.pk, choice, voter.weight, nonce), "by": by, "cast_at": now}
        ballot, _made = Ballot.objects.update_or_create(voter=voter, defaults=given)
        audit.record("motion.vote", row, by=by, shop_id=shop.pk, digest=ballot.digest)
    return ballot


def digest(motion_id: int, choice: int, weight: int, nonce: str) -> str:
    """What a ballot is committed to: `[motion, choice counted from 0, weight, nonce]` as JSON without spaces."""
    return merkle.leaf(json.dumps([motion_id, choice, weight, nonce], separators=(",", ":")).encode())


def close_motions(now: datetime) -> int:
    """The step: open the ballots of what is over, count them, and write the root of their tree. Returns how many."""
    over = Motion.objects.filter(closed_at=None, ends_at__lte=now).order_by("pk").values_list("pk", flat=True)
    return sum(_closed(pk, now) for pk in over)


def _closed(pk: int, now: datetime) -> bool:
    """One of which a ballot cannot be opened stops no other."""
    try:
        return _close(pk, now)
    except Exception:
        logger.exception("Vote %s cannot be counted; it is tried again.", pk)
        return False


def _close(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        motion = Motion.objects.select_for_update().get(pk=pk)
        if motion.closed_at:
            return False
        ballots = list(_ballots(motion))
        result = [0] * len(motion.choices)
        for ballot in ballots:
            ballot.choice, ballot.nonce = json.loads(secrets.open_sealed(ballot.sealed, row=_row_of(ballot.voter)))
            result[ballot.choice or 0] += ballot.voter.weight
        Ballot.objects.bulk_update(ballots, ["choice", "nonce"])
        motion.root, motion.result = merkle.root([ballot.digest for ballot in ballots]), result
        motion.closed_at = now
        motion.save(update_fields=["root", "result", "closed_at"])
        audit.record("motion.close", motion, root=motion.root, result=result, ballots=len(ballots))
        vote_mail.closed(motion, {ballot.voter_id: ballot.digest for ballot in ballots}, now=now)
        failpoint("motion.before_commit")
    failpoint("motion.after_commit")
    return True


def opened(motion: Motion) -> list[Opened]:
    """All ballots of a closed motion, in the order of the tree; of one that is not closed, none."""
    return [_opened(motion, ballot) for ballot in _ballots(motion)] if motion.closed_at else []


def proof(motion: Motion, shop: Shop) -> Proof | None:
    """Of the shop's own ballot; None: it gave none, or the vote is not closed."""
    ballots = list(_ballots(motion)) if motion.closed_at else []
    leaves = [ballot.digest for ballot in ballots]
    for place, ballot in enumerate(ballots):
        if ballot.voter.shop_id == shop.pk:
            path = merkle.path(leaves, place)
            return Proof(_opened(motion, ballot), path, merkle.leads_to(ballot.digest, path, motion.root))
    return None


def wrong_results() -> list[str]:
    """Invariant: the root and the count of a closed vote are those of its ballots, and none is open before."""
    found = []
    for motion in Motion.objects.exclude(opened_at=None).order_by("pk"):
        ballots = list(_ballots(motion))
        if not motion.closed_at:
            early = [row for row in ballots if row.choice is not None]
            found += [f"motion {motion.pk}: a ballot is open before the end" for _row in early]
        elif _recount(motion, ballots) != (motion.root, motion.result):
            found.append(f"motion {motion.pk}: its result is not that of its ballots")
    return found


def _recount(motion: Motion, ballots: Sequence[Ballot]) -> tuple[str, list[int]]:
    """From the opened ballots alone: each digest is made anew."""
    result = [0] * len(motion.choices)
    leaves = []
    for ballot in ballots:
        choice = ballot.choice if ballot.choice is not None else -1
        leaves.append(digest(motion.pk, choice, ballot.voter.weight, ballot.nonce))
        if 0 <= choice < len(result):
            result[choice] += ballot.voter.weight
    return merkle.root(leaves), result


def _ballots(motion: Motion) -> QuerySet[Ballot]:
    """By digest: not by shop, nor by time."""
    return Ballot.objects.filter(voter__motion=motion).select_related("voter").order_by("digest")


def _opened(motion: Motion, ballot: Ballot) -> Opened:
    return Opened(motion.choices[ballot.choice or 0], ballot.voter.weight, ballot.nonce, ballot.digest)


def _row_of(voter: MotionVoter) -> str:
    return f"shops.ballot:{voter.pk}"


INVARIANTS: dict[str, Any] = {"votes: results are those of the sealed ballots": wrong_results}
