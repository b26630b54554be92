"""Members hear of a vote by mail: as it opens, a day before its end where they have not voted, and how it ended, with
what their own ballot is found by among those counted. What they voted is in no mail."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import links, merkle
from marketplace.foundation.models import MailMessage
from shops import mailing
from shops.models import Motion, MotionVoter

logger = logging.getLogger("halles.voting")
BEFORE_THE_END = timedelta(days=1)
OPENED, REMINDER, CLOSED = "motion_opened", "motion_reminder", "motion_closed"


def opened(motion: Motion, *, now: datetime) -> None:
    """To all who may vote, in the transaction that opens it."""
    for voter in _voters(motion):
        _post(OPENED, motion, voter, _until(motion, voter), now=now)


def remind_voters(now: datetime) -> int:
    """Step: a day before the end, those who have not voted. Of a shorter vote they have just heard.
    Returns how many."""
    soon = Motion.objects.filter(closed_at=None, ends_at__gt=now, ends_at__lte=now + BEFORE_THE_END)
    return sum(_remind(motion, now) for motion in soon.order_by("pk") if _is_long(motion))


def closed(motion: Motion, digests: Mapping[int, str], *, now: datetime) -> None:
    """To all who could vote, in the transaction that counts. `digests`: of the ballots, by voter, as in the tree."""
    leaves = list(digests.values())
    results = list(zip(motion.choices, motion.result, strict=True))
    for voter in _voters(motion):
        own = digests.get(voter.pk, "")
        way = merkle.path(leaves, leaves.index(own)) if own else []
        context = {"results": results, "cast": len(leaves), "root": motion.root, "own": own, "way": way}
        _post(CLOSED, motion, voter, context, now=now)


def _remind(motion: Motion, now: datetime) -> int:
    """One whose mail cannot be written stops no other."""
    silent = [voter for voter in _voters(motion) if getattr(voter, "ballot", None) is None]
    begins = f"{REMINDER}:{motion.pk}:"
    told = set(MailMessage.objects.filter(dedupe_key__startswith=begins).values_list("dedupe_key", flat=True))
    sent = 0
    for voter in silent:
        if _key(REMINDER, motion, voter) in told:
            continue
        try:
            _post(REMINDER, motion, voter, _until(motion, voter), now=now, answer_by=motion.ends_at)
            sent += 1
        except Exception:
            logger.exception("Shop %s cannot be reminded of vote %s; it is tried again.", voter.shop_id, motion.pk)
    return sent


def _is_long(motion: Motion) -> bool:
    assert motion.opened_at is not None
    assert motion.ends_at is not None
    return motion.ends_at - motion.opened_at > BEFORE_THE_END


def _voters(motion: Motion) -> Iterable[MotionVoter]:
    return motion.voters.select_related("shop", "ballot").order_by("pk")


def _until(motion: Motion, voter: MotionVoter) -> dict[str, object]:
    """By when, as it is said where the shop is."""
    assert motion.ends_at is not None
    with override(voter.shop.language):
        until = date_format(localtime(motion.ends_at, ZoneInfo(voter.shop.timezone)), "DATETIME_FORMAT")
    return {"until": until}


def _key(kind: str, motion: Motion, voter: MotionVoter) -> str:
    return f"{kind}:{motion.pk}:{voter.shop_id}"


def _post(
    kind: str,
    motion: Motion,
    voter: MotionVoter,
    context: Mapping[str, object],
    *,
    now: datetime,
    answer_by: datetime | None = None,
) -> None:
    """To the shop's own address: owners vote, whoever reads of its orders."""
    where = links.absolute(f"/portal/{voter.shop.slug}/votes/{motion.pk}/")
    mailing.post(
        kind,
        voter.shop,
        None,
        dedupe_key=_key(kind, motion, voter),
        context={"motion": motion, "voter": voter, "url": where, **context},
        now=now,
        answer_by=answer_by,
    )
