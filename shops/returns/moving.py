"""What becomes of a return: each change is a compare-and-set on its state, with who and when in the audit trail. Of two
answers at once one counts, and the other person is told which.

Money is not touched here: a checked return leaves a `ReturnRefund`, a due row, in the same transaction; the step
`refund_returns` of the payments takes it up. Nor is a stock number: a copy that lies on the shelf again is counted by
its shop's next number (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.models import AuditEntry
from marketplace.models import User
from shops.models import Return, ReturnLine, ReturnRefund, Shop, ShopMember
from shops.returns import letters, rights
from shops.returns.asking import ReturnError

Changes = Mapping[str, Any]
State = Return.State
Basis = Return.Basis
OF_READERS = {"return.ask", "return.send", "return.call_off"}
_OF_NETWORK = {"return.refund", "return.paid_by_hand"}
REMIND_BEFORE = timedelta(days=4)
NEVER_CAME = timedelta(days=28)
"""From being agreed, or sent without a number: twice the time in which the law has it sent (directive 2011/83/EU,
article 14 (1))."""


@dataclass(frozen=True)
class Checked:
    """What a shop found of one line: units as they had left, units otherwise, units that it pays back."""

    good: int
    worn: int
    refunded: int
    restocked: bool = False


def agree(row: Return, *, note: str = "", by: object, now: datetime) -> None:
    """The shop takes it back; the reader is told where to."""
    said = {"agreed_at": now, "desk_note": note, "watch_at": None}
    with transaction.atomic():
        _move(row, [State.ASKED], State.AGREED, by=by, action="agree", changes=said)
        letters.agreed(row, now=now)


def refuse(row: Return, *, note: str, excepted: str = "", by: object, now: datetime) -> None:
    """The shop does not take it back, in words to the reader. A withdrawal asks nobody: it is refused only where the
    law itself excepts the goods (`excepted`), or once it was never sent."""
    if not note.strip():
        raise ReturnError(_("Say why: the reader reads it."))
    may, where = [State.ASKED], models.Q()
    if row.basis == Basis.WITHDRAWAL and excepted:
        may = [State.AGREED, State.SENT, State.ARRIVED]
    elif never_came(row, now=now):
        may, where = [State(row.state)], models.Q(tracking="")
    elif row.basis == Basis.WITHDRAWAL:
        raise ReturnError(_("A withdrawal asks nobody. Say which exception of the law holds, or take it back."))
    with transaction.atomic():
        changes = {"desk_note": note, "excepted": excepted, "ended_at": now, "watch_at": None, "refund_by": None}
        _move(row, may, State.REFUSED, by=by, action="refuse", reason=note, changes=changes, where=where)
        letters.refused(row, now=now)


def never_came(row: Return, *, now: datetime) -> bool:
    """Agreed, or said to be sent without a number that shows it, so long ago that nobody waits for it any longer."""
    since = row.agreed_at if row.state == State.AGREED else None
    if row.state == State.SENT and not row.tracking:
        since = row.sent_at
    return since is not None and since + NEVER_CAME < now


def send(row: Return, *, tracking: str = "", by: object, now: datetime) -> None:
    """The reader has sent it: with a number that is the proof for which a shop has to wait no longer (article
    13 (3)). Said again it corrects the number."""
    shown = now if tracking else None
    due = rights.refund_by(Basis(row.basis), asked_at=row.asked_at, sent_at=shown, arrived_at=None)
    with transaction.atomic():
        sent_at, due = row.sent_at or now, row.refund_by or due
        watch_at = _reminder(due, now) or (None if tracking else sent_at + NEVER_CAME)
        first = {"sent_at": sent_at, "tracking": tracking, "refund_by": due, "watch_at": watch_at}
        _move(row, [State.AGREED, State.SENT], State.SENT, by=by, action="send", changes=first)


def arrive(row: Return, *, note: str = "", at_seller: bool = False, by: object, now: datetime) -> None:
    """It is at the shop that it goes to; the reader is told, and so is the seller, where that is another one. The
    seller says it too (`at_seller`), wherever it was to go: it has it then."""
    due = row.refund_by or rights.refund_by(
        Basis(row.basis), asked_at=row.asked_at, sent_at=row.sent_at, arrived_at=now
    )
    here = {"arrived_at": now, "refund_by": due, "watch_at": _reminder(due, now), "place_note": note}
    facts = {"at_seller": at_seller or not row.is_elsewhere}
    if facts["at_seller"]:
        here["home_at"] = now
    with transaction.atomic():
        _move(row, [State.AGREED, State.SENT], State.ARRIVED, by=by, action="arrive", facts=facts, changes=here)
        letters.arrived(row, now=now)


def forward(row: Return, *, by: object, now: datetime) -> None:
    """From the shop that received it on to the one that sold it. What the money does meanwhile waits for neither."""
    there = models.Q(forwarded_at=None, home_at=None) & ~models.Q(arrived_at=None)
    with transaction.atomic():
        _set(row, there, by=by, action="forward", changes={"forwarded_at": now})


def come_home(row: Return, *, by: object, now: datetime) -> None:
    """The shop that sold it has it again."""
    with transaction.atomic():
        _set(
            row,
            models.Q(home_at=None) & ~models.Q(arrived_at=None),
            by=by,
            action="come_home",
            changes={"home_at": now},
        )


def check(row: Return, found: Mapping[int, Checked], *, note: str = "", by: object, now: datetime) -> None:
    """What came, by id of the return's lines, and what of it the shop pays. Its money is due now, as a row; where it
    pays nothing, the return is refused. Raises ReturnError."""
    with transaction.atomic():
        lines = {line.pk: line for line in ReturnLine.objects.filter(of=row)}
        _check_counts(row, lines, found, note)
        pays = any(one.refunded for one in found.values())
        changes: dict[str, Any] = {"checked_at": now, "desk_note": note, "watch_at": None}
        if not pays:
            changes |= {"ended_at": now, "refund_by": None}
        state = State.CHECKED if pays else State.REFUSED
        facts = {"refunded": {str(lines[pk].line_id): one.refunded for pk, one in found.items()}}
        _move(row, [State.ARRIVED], state, by=by, action="check", facts=facts, changes=changes)
        for pk, one in found.items():
            ReturnLine.objects.filter(pk=pk).update(**vars(one))
        if pays:
            ReturnRefund.objects.create(of=row, by=by if isinstance(by, User) else None, due_at=now)
        letters.checked(row, now=now)
        failpoint("return_check.before_commit")
    failpoint("return_check.after_commit")


def refunded(row: Return, *, by: object = "system", action: str = "refund", reason: str = "", now: datetime) -> None:
    """The money of it is on its way: by the step of the payments, in its transaction; or went back by hand, as an
    operator says."""
    over = {"ended_at": now, "refund_by": None}
    _move(row, [State.CHECKED], State.REFUNDED, by=by, action=action, reason=reason, changes=over)


def call_off(row: Return, *, by: object, now: datetime) -> None:
    """The reader keeps it after all, as long as it has not been sent."""
    with transaction.atomic():
        over = {"ended_at": now, "watch_at": None, "refund_by": None}
        _move(row, [State.ASKED, State.AGREED], State.CALLED_OFF, by=by, action="call_off", changes=over)
        letters.called_off(row, now=now)


def _check_counts(row: Return, lines: Mapping[int, ReturnLine], found: Mapping[int, Checked], note: str) -> None:
    if set(found) != set(lines):
        raise ReturnError(_("Say of each line what came."))
    for pk, one in found.items():
        came = one.good + one.worn
        if min(one.good, one.worn, one.refunded) < 0 or came > lines[pk].units or one.refunded > came:
            raise ReturnError(_("At most what is coming can have come, and at most what came be paid back."))
    short = any(one.refunded < lines[pk].units for pk, one in found.items())
    if short and not note.strip():
        raise ReturnError(_("Not all of it is paid back: say why, the reader reads it."))


def _move(
    row: Return,
    froms: list[State],
    to: State,
    *,
    by: object,
    action: str,
    reason: str = "",
    facts: Mapping[str, object] | None = None,
    changes: Changes,
    where: models.Q | None = None,
) -> None:
    _set(
        row,
        models.Q(state__in=froms) & (where or models.Q()),
        by=by,
        action=action,
        reason=reason,
        facts=facts,
        changes={**changes, "state": to},
    )


def _set(
    row: Return,
    where: models.Q,
    *,
    by: object,
    action: str,
    reason: str = "",
    facts: Mapping[str, object] | None = None,
    changes: Changes,
) -> None:
    if not Return.objects.filter(where, pk=row.pk).update(**changes):
        raise ReturnError(_what_was_done(row, by))
    for name, value in changes.items():
        setattr(row, name, value)
    shop_id = row.shop_order.shop_id
    audit.record(f"return.{action}", row, by=by, reason=reason, shop_id=shop_id, number=row.number, **(facts or {}))


def _reminder(due: datetime | None, now: datetime) -> datetime | None:
    return max(now, due - REMIND_BEFORE) if due else None


def _what_was_done(row: Return, asked: object) -> str:
    """Who changed it last, and what it is now, to whoever asked for something else."""
    now = Return.objects.select_related("shop_order__shop", "goes_to").get(pk=row.pk)
    last, sides = history(row).last(), [now.shop_order.shop, now.goes_to]
    mine = (
        set(ShopMember.objects.filter(user=asked).values_list("shop_id", flat=True)) if isinstance(asked, User) else {}
    )
    to = next((shop for shop in sides if shop and shop.pk in mine), None)
    said = {"state": now.get_state_display(), "who": who(last, now, to=to) if last else ""}
    return _("It is “%(state)s” meanwhile: %(who)s did that.") % said


def who(entry: AuditEntry, row: Return, *, to: Shop | None) -> str:
    """Who did it, as told to the people of a shop, or to the reader (None): a person is named to their colleagues
    alone, the reader to the seller alone."""
    seller = row.shop_order.shop
    if entry.action in OF_READERS:
        return entry.actor_label if to == seller else _("the reader")
    if entry.action in _OF_NETWORK:
        return _("the network")
    place = entry.action == "return.forward" or (
        entry.action == "return.arrive" and not entry.facts.get("at_seller", not row.is_elsewhere)
    )
    shop = row.goes_to if place and row.goes_to else seller
    return entry.actor_label if to == shop else shop.name


def history(row: Return) -> models.QuerySet[AuditEntry]:
    """Who did what with it, oldest first."""
    about = {"subject_type": Return._meta.label_lower, "subject_id": str(row.pk)}
    return AuditEntry.objects.filter(**about).order_by("pk")
